"""Text as Go writes it: JSON, quoted strings and `%v`.

Used by the languages of the engine and the scopes. Tags put such text into documents and steps read it, so a map must
come out with the same bytes as on a cluster. Sources: encoding/json, strconv.Quote and fmt of Go.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from workflows.engine.gonumbers import json_number, shortest, to_float

_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_QUOTED = {**_SHORT, "\a": "\\a", "\v": "\\v"}
_LINES = "\u2028\u2029"
_HTML = "<>&"
_STRING_OR_SPACE = re.compile(r'("(?:[^"\\]|\\.)*")|\s+')
_LONELY = re.compile("[\ud800-\udfff]")
SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


def encode(value: object, *, indent: bool = False, html: bool = True) -> str:
    """Return the JSON of plain values, maps sorted by key; `html` escapes < > &, as Go does unless told not to.

    Raises ValueError for NaN, infinities, other objects and what is nested too deeply.
    """
    try:
        encoded = _encode(value, "\n" if indent else "")
    except RecursionError:
        raise ValueError("nested too deeply for JSON") from None
    return _escaped(encoded, _HTML) if html else encoded


def _escaped(encoded: str, characters: str) -> str:
    for character in characters:  # outside of strings JSON has none of them
        encoded = encoded.replace(character, f"\\u{ord(character):04x}")
    return encoded


def compact(text: str) -> str:
    """Return JSON text without white space, otherwise as it stands, as Go does with raw JSON. Raises ValueError."""
    decode(text)
    return _escaped(_STRING_OR_SPACE.sub(lambda match: match[1] or "", text), _HTML + _LINES)


def _encode(value: object, line: str) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return '"' + "".join(map(_character, value)) + '"'
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return json_number(value)
    if isinstance(value, Mapping):
        colon = ": " if line else ":"
        pairs = (f"{_encode(key, '')}{colon}{_encode(value[key], _deeper(line))}" for key in sorted(value))
        return _block("{}", list(pairs), line)
    if isinstance(value, list | tuple):
        return _block("[]", [_encode(element, _deeper(line)) for element in value], line)
    raise ValueError(f"json: unsupported value: {shown(value)}")


def _block(brackets: str, parts: list[str], line: str) -> str:
    if not parts:
        return brackets
    inner = _deeper(line)
    return brackets[0] + inner + f",{inner}".join(parts) + line + brackets[1]


def _deeper(line: str) -> str:
    return line and line + "  "


def _character(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    return f"\\u{ord(character):04x}" if character < " " or character in _LINES else character


def decode(text: str) -> Any:
    """Read JSON; every number is a float, half a surrogate pair is U+FFFD. Raises ValueError."""
    try:
        loaded = json.loads(text, parse_int=to_float, parse_float=to_float, parse_constant=_refuse)
        return _mended(loaded) if "\\u" in text else loaded
    except RecursionError:
        raise ValueError("nested too deeply for JSON") from None


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return _LONELY.sub("\ufffd", value)
    if isinstance(value, list):
        return [_mended(element) for element in value]
    return {_mended(key): _mended(member) for key, member in value.items()} if isinstance(value, dict) else value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def quoted(text: str) -> str:
    """Return `text` in double quotes as strconv.Quote does; `\\a`, `\\v` and `\\x…` in it are not JSON."""
    return '"' + "".join(map(_quoted, text)) + '"'


def _quoted(character: str) -> str:
    if character in _QUOTED:
        return _QUOTED[character]
    if character == " " or character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def shown(value: object) -> str:
    """Print as `%v` does."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return shortest(value)
    if isinstance(value, list | tuple):
        return f"[{' '.join(map(shown, value))}]"
    if isinstance(value, Mapping):
        return f"map[{' '.join(f'{key}:{shown(value[key])}' for key in sorted(value))}]"
    return str(value)


def upper(text: str) -> str:
    """Return capital letters, a letter for a letter (ß stays)."""
    return "".join(c.upper() if len(c.upper()) == 1 else c for c in text)


def lower(text: str) -> str:
    """Return small letters, a letter for a letter."""
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
