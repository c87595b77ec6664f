"""Paths into event data and resources, as Argo Events reads (gjson) and sets (sjson) them.

`a.b`, `list.0`, `a\\.b` and `list.#(name=="x")`. Used by the sensor for filters and parameters. A subset, because the
rest of gjson (wildcards, modifiers, pipes) is a language of its own; a path that uses more is refused when the document
is read. Source: tidwall/gjson and sjson.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from typing import Any

from workflows.engine.gonumbers import json_number
from workflows.engine.gotext import encode

_QUERY = re.compile(r'#\((?P<key>[A-Za-z0-9_-]+)\s*==\s*"(?P<text>[^"\\]*)"\)')
_RESERVED = frozenset("*?|@!{}[]#()=<>%~\"'")
LARGEST_INDEX = 9_999


class PathError(ValueError):
    """The path is not of the subset, or leads to where nothing can be set."""


class Absent:
    """What a path that leads nowhere gives; not None, which is JSON's null."""


ABSENT = Absent()


@dataclass(frozen=True, slots=True)
class Match:
    """The first element of a list whose `key` is `text`."""

    key: str
    text: str


Step = str | Match


def parse(path: str) -> tuple[Step, ...]:
    """The steps of a path. Raises PathError for what is not of the subset."""
    steps: list[Step] = []
    at = 0
    while True:
        query = _QUERY.match(path, at)
        if query:
            steps.append(Match(query["key"], query["text"]))
            at = query.end()
        else:
            name, at = _name(path, at)
            steps.append(name)
        if at == len(path):
            return tuple(steps)
        if path[at] != ".":
            raise PathError(f"path {path!r}: expected '.' after the query, got {path[at]!r}")
        at += 1


def _name(path: str, at: int) -> tuple[str, int]:
    name = ""
    start = at
    while at < len(path) and path[at] != ".":
        if path[at] == "\\" and at + 1 < len(path):
            at += 1
        elif path[at] in _RESERVED or path[at] == "\\" or (path[at] == ":" and at == start):
            raise PathError(
                f"path {path!r}: {path[at]!r} is not supported here; escape it with a backslash if it is meant"
            )
        name += path[at]
        at += 1
    if not name:
        raise PathError(f"path {path!r} has an empty part")
    return name, at


def get(value: Any, path: str) -> Any:
    """What the path leads to, or ABSENT."""
    return follow(value, parse(path))


def follow(value: Any, steps: tuple[Step, ...]) -> Any:
    """What the steps lead to, or ABSENT."""
    for step in steps:
        value = _child(value, step)
    return value


def _child(value: Any, step: Step) -> Any:
    if isinstance(value, list):
        index = _index(value, step)
        return value[index] if index is not None and 0 <= index < len(value) else ABSENT
    if isinstance(value, dict) and isinstance(step, str):
        return value.get(step, ABSENT)
    return ABSENT


def _index(values: list[Any], step: Step) -> int | None:
    if isinstance(step, Match):
        return next((i for i, v in enumerate(values) if isinstance(v, dict) and v.get(step.key) == step.text), None)
    return int(step) if step.isascii() and step.isdigit() else None


def put(document: Any, path: str, value: Any) -> Any:
    """A copy of the document with the value at the path; missing parents are made, a list is padded with null.

    A query that finds nothing changes nothing, as in sjson. Raises PathError where a text or a number is in the way,
    for a name in a list and for an index above 9999.
    """
    steps = parse(path)
    if any(isinstance(step, Match) for step in steps) and get(document, path) is ABSENT:
        return document
    changed = copy.deepcopy(document)
    return _put(changed, steps, value, path)


def _put(parent: Any, steps: tuple[Step, ...], value: Any, path: str) -> Any:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if parent is ABSENT:
        parent = [] if isinstance(step, str) and step.isascii() and step.isdigit() else {}
    if isinstance(parent, dict) and isinstance(step, str):
        parent[step] = _put(parent.get(step, ABSENT), rest, value, path)
        return parent
    if not isinstance(parent, list):
        raise PathError(f"path {path!r}: nothing can be set inside {parent!r}")
    index = len(parent) if step == "-1" else _index(parent, step)
    if index is None or index > LARGEST_INDEX:
        raise PathError(f"path {path!r}: {step!r} is no index of a list")
    while len(parent) < index:
        parent.append(None)
    inner = _put(parent[index] if index < len(parent) else ABSENT, rest, value, path)
    parent[index : index + 1] = [inner]
    return parent


def text(value: Any) -> str:
    """The value as gjson's String: text as it is, null as nothing, a map or list as compact JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return json_number(value)
    return encode(value)
