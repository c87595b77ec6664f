"""The part of a template that runs: containers, scripts and the environment they get.

Read by the executor (command, environment) and the validator. Apart from `model.py` because it is Kubernetes'
vocabulary rather than Argo's.
"""

from __future__ import annotations

from pydantic import StrictBool, field_validator

from workflows.engine.values import KeySelector, Model, NoEffect, unsupported


class FieldRef(Model):
    """A fact about the pod."""

    field_path: str
    api_version: str | None = None

    @field_validator("field_path")
    @classmethod
    def _known(cls, path: str) -> str:
        if path != "metadata.name":
            raise unsupported(f"fieldPath {path!r}")
        return path


class EnvVarSource(Model):
    """Where an environment variable's value comes from."""

    secret_key_ref: KeySelector | None = None
    config_map_key_ref: KeySelector | None = None
    field_ref: FieldRef | None = None


class EnvVar(Model):
    """One environment variable."""

    name: str
    value: str | None = None
    value_from: EnvVarSource | None = None


class EnvReference(Model):
    """A whole ConfigMap or Secret as environment."""

    name: str
    optional: StrictBool = False


class EnvFromSource(Model):
    """Every key of a ConfigMap or Secret as environment variables."""

    prefix: str = ""
    config_map_ref: EnvReference | None = None
    secret_ref: EnvReference | None = None


class Container(Model):
    """What runs in the main container. `command` is required locally: there is no image to ask for its entrypoint."""

    name: str | None = None
    image: str | None = None
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[EnvVar, ...] = ()
    env_from: tuple[EnvFromSource, ...] = ()
    image_pull_policy: NoEffect = None
    resources: NoEffect = None
    security_context: NoEffect = None
    volume_mounts: NoEffect = None
    ports: NoEffect = None
    termination_message_path: NoEffect = None
    termination_message_policy: NoEffect = None


class Script(Container):
    """A container whose last argument is a file with `source` in it."""

    source: str = ""
