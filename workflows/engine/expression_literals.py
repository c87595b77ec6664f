"""The literals of an expression: numbers and text, from what stands in the source to their values.

Used by expression_grammar alone. Source: parser/lexer of expr-lang 1.17.8, which is stricter than Python about escapes.
"""

from __future__ import annotations

import re

from lark import Token

from workflows.engine.expression_tree import ExpressionError
from workflows.engine.gonumbers import wrap

_SIMPLE = {
    **dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True)),
    **{quoted: quoted for quoted in "\\'\""},
}
_H = "[0-9a-fA-F]"
_ESCAPE = re.compile(
    rf"\\(?:x({_H}{{2}})|u\{{({_H}{{1,6}})\}}|u({_H}{{4}})|U({_H}{{8}})|([0-3][0-7]{{2}})|(.))", re.DOTALL
)
_SURROGATES = range(0xD800, 0xE000)


def wrong(token: Token, message: str) -> ExpressionError:
    """Return the syntax error at `token`."""
    return ExpressionError(message, stage="syntax", at=token.start_pos or 0)


def number(token: Token) -> int | float:
    """Return the value of a number. Raises ExpressionError for one that Go cannot hold in 64 bits."""
    text = token.replace("_", "")
    try:
        if text[:2].lower() in ("0x", "0o", "0b"):
            value: int | float = int(text, 0)
        else:
            value = float(text) if re.search("[.eE]", text) else int(text)
    except ValueError:
        raise wrong(token, f"{str(token)!r} is not a number") from None
    if value != value or value == float("inf") or (isinstance(value, int) and wrap(value) != value):
        raise wrong(token, f"{str(token)!r} is too large a number")
    return value


def string(token: Token) -> str:
    """Return text without its quotes and escapes. Raises ExpressionError for an unknown escape."""
    text = str(token)[1:-1]
    other = "'" if token[0] == '"' else '"'

    def character(match: re.Match[str]) -> str:
        digits = match[1] or match[2] or match[3] or match[4]
        try:
            if digits:
                return "\ufffd" if int(digits, 16) in _SURROGATES else chr(int(digits, 16))
            if match[5]:
                return chr(int(match[5], 8))
            if match[6] == other:
                raise ValueError
            return _SIMPLE[match[6]]
        except (ValueError, KeyError, OverflowError):
            raise wrong(token, f"invalid escape {match[0]!r} in {token!s}") from None

    return _ESCAPE.sub(character, text)
