"""Loops: the items of `withItems`, `withParam` and `withSequence`, their names and their variables.

Called by the DAG. An item is kept as its JSON text, as Argo keeps it, because names and `{{item.…}}` show that text: a
producer that escapes `é` passes the escape on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from workflows.engine.model import Sequence

MOST = 1_000_000  # a longer sequence is a slip of the pen, and would take the machine's memory
_STRING_OR_SPACE = re.compile(r'("(?:\\.|[^"\\])*")|\s+')
_ESCAPES = {"&": "\\u0026", "<": "\\u003c", ">": "\\u003e", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def items_of(values: Iterable[Any]) -> list[str]:
    """`withItems` as item texts."""
    return [json.dumps(value, ensure_ascii=False, separators=(",", ":")) for value in values]


def items_in(text: str) -> list[str]:
    """`withParam`'s text as item texts; ValueError if it is not a JSON list."""
    if not isinstance(_DECODER.decode(text), list):
        raise ValueError("not a JSON list")
    return [_compact(raw) for raw in _elements(text, text.index("[") + 1)]


def items_counted(sequence: Sequence) -> list[str]:
    """`withSequence`'s items, strings; ValueError if a bound is not a number (expandSequence)."""
    start = int(sequence.start or 0)
    if sequence.end is not None:
        end = int(sequence.end)
    elif sequence.count is not None:
        if int(sequence.count) == 0:
            return []
        end = start + int(sequence.count) - 1
    else:
        raise ValueError("neither end nor count was specified in withSequence")
    if abs(end - start) >= MOST:
        raise ValueError(f"a sequence of more than {MOST} items")
    numbers = range(start, end + 1) if start <= end else range(start, end - 1, -1)
    try:
        return [json.dumps((sequence.format or "%d") % number) for number in numbers]
    except TypeError as error:
        raise ValueError(f"the format {sequence.format!r} does not fit a number: {error}") from None


def name_of(task: str, index: int, item: str) -> str:
    """The expanded task's name, `task(0:foo)`; keys sorted in maps, no parentheses (generateNodeName)."""
    if item.startswith("{"):
        text = ",".join(sorted(f"{key}:{_plain(value)}" for key, value in _members(item).items()))
    elif item.startswith("["):
        text = "[" + " ".join(_plain(value) for value in _elements(item, 1)) + "]"
    else:
        text = _plain(item)
    return f"{task}({index}:{text.replace('(', '').replace(')', '')})"


def variables_of(item: str) -> dict[str, str]:
    """`item` and, for a map, `item.<key>`."""
    if item.startswith("{"):
        members = {f"item.{key}": _plain(value) for key, value in _members(item).items()}
        ordered = sorted(_members(item).items())
        return {"item": _escaped("{" + ",".join(f"{json.dumps(k)}:{v}" for k, v in ordered) + "}"), **members}
    if item.startswith("["):
        return {"item": _escaped(item)}
    return {"item": json.loads(item) if item.startswith('"') else item}


def _compact(raw: str) -> str:
    return _STRING_OR_SPACE.sub(lambda match: match[1] or "", raw)


def _escaped(text: str) -> str:
    return re.sub("[&<>\u2028\u2029]", lambda match: _ESCAPES[match[0]], text)


def _plain(item: str) -> str:
    """What Go's `%v` prints: JSON text, a string's without its quotes but with its escapes."""
    return item[1:-1] if item.startswith('"') else item


def _elements(text: str, position: int) -> list[str]:
    found: list[str] = []
    while True:
        position = _skip(text, position)
        if text[position] == "]":
            return found
        _, end = _DECODER.raw_decode(text, position)
        found.append(text[position:end])
        position = end


def _members(text: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    position = 1
    while True:
        position = _skip(text, position)
        if text[position] == "}":
            return found
        key, end = _DECODER.raw_decode(text, position)
        position = _skip(text, end)
        _, end = _DECODER.raw_decode(text, position)
        found[key] = text[position:end]
        position = end


def _skip(text: str, position: int) -> int:
    """Past white space, commas and colons between values."""
    while text[position] in " \t\r\n,:":
        position += 1
    return position
