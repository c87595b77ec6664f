"""What an API server would refuse of objects when they are applied, or when their pods are made, told without one.

Called by `retrain lint`: fields that do not exist or have another type, and pods below the level of Pod Security that a
Namespace among the objects enforces.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from workflows.cluster.fieldwalk import UNCHECKED, walk
from workflows.cluster.podsecurity import pods, violations
from workflows.engine.problem import Problem

ENFORCE = "pod-security.kubernetes.io/enforce"
RESTRICTED = "restricted"

Thing = Mapping[str, Any]


def refused(things: Sequence[Thing]) -> tuple[Problem, ...]:
    """Every problem of the objects, in their order."""
    return (*_fields(things), *_pods(things))


def _fields(things: Iterable[Thing]) -> Iterator[Problem]:
    for thing in things:
        for place, message, hint in walk(thing):
            here = f"{_title(thing)}, field {place!r}"
            yield Problem(here, message, hint, "warning" if message == UNCHECKED else "error")


def _pods(things: Sequence[Thing]) -> Iterator[Problem]:
    enforcing = next((thing for thing in things if thing["kind"] == "Namespace" and _level(thing) == RESTRICTED), None)
    if enforcing is None:
        return
    for name, pod in (found for thing in things for found in pods(thing)):
        for violation in violations(pod):
            message = f"{_title(enforcing)} enforces Pod Security {RESTRICTED!r} and refuses its pods: {violation}"
            yield Problem(name, message)


def _level(namespace: Thing) -> str:
    labels = (namespace.get("metadata") or {}).get("labels") or {}
    return str(labels.get(ENFORCE))


def _title(thing: Thing) -> str:
    return f"{thing['kind']} {(thing.get('metadata') or {}).get('name')!r}"
