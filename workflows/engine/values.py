"""What Argo documents are made of below the template: parameters, artifacts, and the base of every model.

The loader builds these from YAML, the state machine and the executor copy them into node statuses. They live apart from
`model.py` because statuses (`nodes.py`) need them and documents need statuses.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, StrictBool, StrictInt, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError


class Model(BaseModel):
    """A frozen value whose aliases are Argo's field names; an unknown field is an error, never dropped."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, extra="forbid", frozen=True)

    def to_dict(self) -> dict[str, Any]:
        """Argo's own JSON shape: camelCase, without what was never said."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)

    def to_json(self, indent: int | None = None) -> str:
        """`to_dict` as text; templates are substituted on this text."""
        return self.model_dump_json(by_alias=True, exclude_defaults=True, indent=indent)


def unsupported(what: str) -> PydanticCustomError:
    """The error of a field or value that Argo knows and this engine does not."""
    return PydanticCustomError("unsupported", "the engine does not support {what} yet", {"what": what})


def any_string(value: object) -> object:
    """Text as Argo's AnyString reads it: booleans lower-case, numbers plain without exponent.

    Maps and lists are handed on, so that pydantic refuses them: Argo would silently make them empty.
    Source: pkg/apis/workflow/v1alpha1/anystring.go.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        text = format(Decimal(repr(float(value))), "f")
        return text.removesuffix(".0") if "." in text else text
    return value


class Ineffective:
    """Marks a field that Kubernetes honours and a local process has no use for; `effect.no_effect` reports it."""


AnyString = Annotated[str, BeforeValidator(any_string)]
IntOrString = StrictInt | str
NoEffect = Annotated[JsonValue, Ineffective()]


class KeySelector(Model):
    """One key of a ConfigMap or Secret."""

    name: str
    key: str
    optional: StrictBool = False


class ValueFrom(Model):
    """Where a parameter's value comes from: a file, a reference, an expression, or the default when there is none."""

    path: str | None = None
    parameter: str | None = None
    expression: str | None = None
    default: AnyString | None = None


class Parameter(Model):
    """A named text; in inputs a declaration, in arguments a value, in outputs both."""

    name: str
    value: AnyString | None = None
    default: AnyString | None = None
    value_from: ValueFrom | None = None
    enum: tuple[AnyString, ...] | None = None
    description: str | None = None
    global_name: str | None = None


class S3Artifact(Model):
    """A key (object or directory prefix) in a bucket; what is left out comes from the artifact repository.

    Endpoint and credentials come from the engine's own AWS environment.
    """

    key: str | None = None
    bucket: str | None = None
    endpoint: str | None = None
    insecure: NoEffect = None
    region: NoEffect = None
    access_key_secret: NoEffect = None
    secret_key_secret: NoEffect = None
    session_token_secret: NoEffect = None
    ca_secret: NoEffect = None
    role_arn: NoEffect = Field(default=None, alias="roleARN")
    use_sdk_creds: NoEffect = Field(default=None, alias="useSDKCreds")
    addressing_style: NoEffect = None
    encryption_options: NoEffect = None


class RawArtifact(Model):
    """Content that stands in the document itself; tags in it are substituted."""

    data: str


class NoneStrategy(Model):
    """Stored as it is: a file as one object, a directory as a prefix."""


class TarStrategy(Model):
    """Stored as a gzipped tarball, which is the default."""

    compression_level: StrictInt | None = None


class ZipStrategy(Model):
    """Stored as a zip archive."""


class ArchiveStrategy(Model):
    """How an output artifact is packed; exactly one."""

    none: NoneStrategy | None = None
    tar: TarStrategy | None = None
    zip: ZipStrategy | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_fields_set) > 1:
            raise PydanticCustomError("archive", "an archive is one of none, tar and zip, not several")
        return self


class Artifact(Model):
    """A named file or directory; `path` in the pod, and one location in storage."""

    name: str
    path: str | None = None
    mode: StrictInt | None = None
    optional: StrictBool = False
    archive: ArchiveStrategy | None = None
    s3: S3Artifact | None = None
    raw: RawArtifact | None = None
    from_: str | None = Field(default=None, alias="from")
    sub_path: str | None = None
    global_name: str | None = None
    artifact_gc: NoEffect = Field(default=None, alias="artifactGC")


class Inputs(Model):
    """What a template declares it takes, or what a node was given."""

    parameters: tuple[Parameter, ...] = ()
    artifacts: tuple[Artifact, ...] = ()


class Outputs(Model):
    """What a template declares it makes, or what a node made."""

    parameters: tuple[Parameter, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    result: str | None = None
    exit_code: str | None = None


class Arguments(Model):
    """What a caller passes."""

    parameters: tuple[Parameter, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
