"""Walks an object field by field: is there such a field, and is its value of the field's type? Without a cluster.

Called by `retrain lint`. Kubernetes' own kinds are typed by its client library, Argo's by `fieldtypes`. It finds what a
strict dry run by the API server would refuse, and what no server checks: the CRDs of Argo Events.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from workflows.cluster.fieldtypes import EVENTS, OPEN, TYPES, UNKNOWN, WORKFLOWS

UNCHECKED = "what is in it is not checked here"
ARGO = "argoproj.io/v1alpha1"
_EVENT_KINDS = frozenset(EVENTS) & {"EventSource", "Sensor", "EventBus"}
_QUANTITY = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?")
_CONTAINER = re.compile(r"(List|Dict)\[(?:str, ?)?(.+)\]")

Wrong = tuple[str, str, str]
"""A place below the object, what is wrong there, and a hint."""


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _quantity(value: object) -> bool:
    return _whole(value) or (isinstance(value, str) and _QUANTITY.fullmatch(value) is not None)


_PLAIN: Mapping[str, tuple[str, Callable[[object], bool]]] = {
    "str": ("text", lambda value: isinstance(value, str)),
    "bytes": ("text", lambda value: isinstance(value, str)),
    "datetime": ("text", lambda value: isinstance(value, str)),
    "int": ("a whole number", _whole),
    "float": ("a number", _number),
    "number": ("a number", _number),
    "bool": ("true or false", lambda value: isinstance(value, bool)),
    "int-or-string": ("a whole number or text", lambda value: _whole(value) or isinstance(value, str)),
    "quantity": ("a quantity such as 500m or 2Gi", _quantity),
}


def known(api_version: str, kind: str) -> bool:
    """Whether the walk knows the kind."""
    return _type_of(api_version, kind) is not None


def walk(thing: Mapping[str, Any]) -> tuple[Wrong, ...]:
    """What is wrong in the object; nothing for a kind that is not known."""
    kind = _type_of(str(thing.get("apiVersion")), str(thing.get("kind")))
    return tuple(_value(thing, kind, "")) if kind else ()


def _type_of(api_version: str, kind: str) -> str | None:
    if api_version == ARGO:
        return kind if kind in _EVENT_KINDS or kind in WORKFLOWS else None
    builtin = api_version == "v1" or re.fullmatch(r"[a-z]+/v1|[a-z.]+\.k8s\.io/v1", api_version)
    return f"V1{kind}" if builtin and _fields(f"V1{kind}") else None


def _value(value: Any, kind: str, place: str) -> Iterator[Wrong]:
    if value is None or kind == "object":
        return
    if kind == UNKNOWN:
        yield place, UNCHECKED, "see `argo-events lint`"
    elif kind in _PLAIN:
        expected, fits = _PLAIN[kind]
        if not fits(value):
            quoted = kind in ("str", "datetime") and isinstance(value, int | float)
            yield place, f"expected {expected}, got {value!r:.60}", "put it in quotes" if quoted else ""
    elif found := _CONTAINER.fullmatch(kind):
        yield from _several(value, found[1], found[2], place)
    elif not isinstance(value, dict):
        yield place, f"expected a mapping, got {value!r:.60}", ""
    else:
        yield from _mapping(value, kind, place)


def _several(value: Any, container: str, inner: str, place: str) -> Iterator[Wrong]:
    if container == "List" and isinstance(value, list):
        for index, child in enumerate(value):
            name = child.get("name", index) if isinstance(child, dict) else index
            yield from _value(child, inner, f"{place}[{name}]")
    elif container == "Dict" and isinstance(value, dict):
        for key, child in value.items():
            yield from _value(child, inner, f"{place}[{key}]")
    else:
        yield place, f"expected {'a list' if container == 'List' else 'a mapping'}, got {value!r:.60}", ""


def _mapping(value: Mapping[str, Any], kind: str, place: str) -> Iterator[Wrong]:
    fields = _fields(kind)
    if fields is None:
        return
    for name, child in value.items():
        here = f"{place}.{name}".lstrip(".")
        if name in fields:
            yield from _value(child, fields[name], here)
        elif OPEN not in fields and not (place == "" and name == "status"):
            near = difflib.get_close_matches(name, fields, n=1)
            yield here, f"unknown field {name!r}", f"did you mean {near[0]!r}?" if near else ""


@cache
def _fields(kind: str) -> Mapping[str, str] | None:
    """The fields of a type by their names in YAML; None for a type that nobody knows, or that is any JSON."""
    if kind in TYPES:
        return TYPES[kind]
    from kubernetes.client import models  # half a second, and only where an object is walked

    model = getattr(models, kind, None)
    if model is None:
        return None
    return {model.attribute_map[name]: typed for name, typed in model.openapi_types.items()}
