"""YAML as a person would write it: flow mappings a line, comments in a column. Pure text; `composition` calls it.

Values are the sample's and column names the user's, so every text that could be read as something else is quoted, and
a comment holds printable characters only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

WIDTH = 120
COMMENT_AT = 60
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nan", "inf"})


def scalar(value: object) -> str:
    """Return one value; a text stands in quotes unless it can only be read as itself."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return repr(value)
    text = str(value)
    return text if PLAIN.fullmatch(text) and text.casefold() not in WORDS else f'"{"".join(map(_escaped, text))}"'


def flow(value: Any) -> str:
    """Return mappings and lists in flow style, on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(inner) for inner in value) + "]"
    return scalar(value)


def line(text: str, comment: str = "", indent: int = 0) -> str:
    """Return a line, its comment at a common place where there is room."""
    start = " " * indent + text
    if not comment:
        return start
    return f"{start.ljust(COMMENT_AT - 2)}  # {printable(comment)}" if text else f"{' ' * indent}# {printable(comment)}"


def listed(key: str, values: Sequence[object], indent: int) -> list[str]:
    """Return a flow list, broken into lines that fit."""
    lines, current = [], f"{' ' * indent}{key}: ["
    for number, value in enumerate(values):
        part = flow(value) + ("]" if number == len(values) - 1 else ",")
        if len(current) + len(part) + 1 > WIDTH:
            lines.append(current.rstrip())
            current = " " * (indent + 2)
        current += part if current.endswith(("[", "  ")) else f" {part}"
    return [*lines, current]


def document(parts: Iterable[str | Iterable[str]]) -> str:
    """Return the lines as one text."""
    lines: list[str] = []
    for part in parts:
        lines += [part] if isinstance(part, str) else part
    return "\n".join(lines) + "\n"


def printable(text: str) -> str:
    """Return the text without line breaks and other characters that are none to see."""
    return "".join(character if character.isprintable() else "�" for character in text)


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
