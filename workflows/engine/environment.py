"""The environment of a step's process, and the words of its command, as Kubernetes makes them.

Used by the executor. A step gets what its template declares, what its image would set, and of this machine only what it
needs to run and to reach the store: a variable of the developer's shell that a cluster lacks must not decide anything.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from workflows.engine.container import Container, EnvFromSource, EnvVar
from workflows.engine.objects import Objects
from workflows.engine.values import KeySelector
from workflows.errors import RetrainError

Lookup = Callable[[str], Mapping[str, str] | None]
PASSED = frozenset({"HOME", "LANG", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"})
# OPENBLAS_* describes the processor: without it older builds compute wrong results on some.
PASSED_PREFIXES = ("AWS_", "SSL_", "OPENBLAS_")
INTERPRETER = Path(sys.executable)
NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
REFERENCE = re.compile(r"\$(?:\(([^)]*)\)|(.))", re.DOTALL)


class ContainerConfigError(RetrainError):
    """The container's environment cannot be made; names the ConfigMap or Secret, never a value."""


def machine_environment(temporary: Path, ambient: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return what a step gets of this machine. The engine's own interpreter comes first in PATH."""
    passed = {name: value for name, value in ambient.items() if name in PASSED or name.startswith(PASSED_PREFIXES)}
    path = os.pathsep.join((str(INTERPRETER.parent), ambient.get("PATH", os.defpath)))
    return {**passed, "PATH": path, "TMPDIR": str(temporary)}


def declared_environment(container: Container, pod_name: str, objects: Objects) -> dict[str, str]:
    """Return what `envFrom` and then `env` say; a value may refer to variables before it with `$(NAME)`.

    Raises ContainerConfigError for a ConfigMap, Secret or key that is missing and not optional.
    """
    environment: dict[str, str] = {}
    for source in container.env_from:
        environment |= _from_source(source, objects)
    for variable in container.env:
        value = _value(variable, environment, pod_name, objects)
        if value is not None:
            environment[variable.name] = value
    return environment


def _from_source(source: EnvFromSource, objects: Objects) -> dict[str, str]:
    found: dict[str, str] = {}
    for kind, reference, lookup in (
        ("configmap", source.config_map_ref, objects.config_map),
        ("secret", source.secret_ref, objects.secret),
    ):
        if reference is None:
            continue
        data = lookup(reference.name)
        if data is None and not reference.optional:
            raise ContainerConfigError(f'{kind} "{reference.name}" not found')
        # Kubernetes leaves out keys that cannot be variables.
        found |= {f"{source.prefix}{key}": value for key, value in (data or {}).items() if NAME.fullmatch(key)}
    return found


def _value(variable: EnvVar, before: Mapping[str, str], pod_name: str, objects: Objects) -> str | None:
    source = variable.value_from
    if source is None:
        return expanded(variable.value or "", before)
    if source.field_ref is not None:
        return pod_name
    if source.secret_key_ref is not None:
        return _key("secret", source.secret_key_ref, objects.secret)
    if source.config_map_key_ref is not None:
        return _key("configmap", source.config_map_key_ref, objects.config_map)
    return ""


def _key(kind: str, selector: KeySelector, lookup: Lookup) -> str | None:
    data = lookup(selector.name)
    if data is not None and selector.key in data:
        return data[selector.key]
    if selector.optional:
        return None
    if data is None:
        raise ContainerConfigError(f'{kind} "{selector.name}" not found')
    raise ContainerConfigError(f'couldn\'t find key {selector.key} in {kind} "{selector.name}"')


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """Replace `$(NAME)`; an unknown name stays as it is, and `$$(NAME)` is a literal `$(NAME)`.

    Source: k8s.io/kubernetes/third_party/forked/golang/expansion.
    """

    def replaced(match: re.Match[str]) -> str:
        name, other = match.groups()
        if name is not None:
            return variables.get(name, match.group())
        return "$" if other == "$" else match.group()

    return REFERENCE.sub(replaced, text)
