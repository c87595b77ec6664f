"""The tokens of a `when` condition and the order they may come in, as govaluate reads them.

Used by condition alone. Written by hand, character by character, because govaluate's own rules (what ends a word, what
a backslash does, which token may follow which) are a procedure and not a grammar. Source: parsing.go, lexerState.go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from workflows.engine.condition_dates import seconds
from workflows.engine.gonumbers import to_float
from workflows.engine.regex import compiled


class Kind(StrEnum):
    """What a token is."""

    START = "UNKNOWN"
    PREFIX = "PREFIX"
    NUMERIC = "NUMERIC"
    BOOLEAN = "BOOLEAN"
    STRING = "STRING"
    PATTERN = "PATTERN"
    TIME = "TIME"
    VARIABLE = "VARIABLE"
    ACCESSOR = "ACCESSOR"
    COMPARATOR = "COMPARATOR"
    LOGICALOP = "LOGICALOP"
    MODIFIER = "MODIFIER"
    CLAUSE = "CLAUSE"
    CLAUSE_CLOSE = "CLAUSE_CLOSE"
    TERNARY = "TERNARY"
    SEPARATOR = "SEPARATOR"


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `value` is a number, a boolean, text, a compiled pattern, or the operator's symbol."""

    kind: Kind
    value: object = None


class TokenError(ValueError):
    """The text is not a condition; the message is govaluate's."""


_OPERATORS = (Kind.MODIFIER, Kind.COMPARATOR, Kind.LOGICALOP, Kind.CLAUSE_CLOSE, Kind.SEPARATOR)
_OPERANDS = (Kind.PREFIX, Kind.NUMERIC, Kind.BOOLEAN, Kind.VARIABLE, Kind.ACCESSOR, Kind.CLAUSE)
_TEXTS = (Kind.STRING, Kind.TIME)
_VALUE = frozenset((*_OPERATORS, Kind.TERNARY))

_NEXT: dict[Kind, frozenset[Kind]] = {
    Kind.START: frozenset((*_OPERANDS, *_TEXTS, Kind.PATTERN)),
    Kind.CLAUSE: frozenset((*_OPERANDS, *_TEXTS, Kind.PATTERN, Kind.CLAUSE_CLOSE)),
    Kind.CLAUSE_CLOSE: frozenset((*_VALUE, *_OPERANDS, *_TEXTS, Kind.PATTERN)) - {Kind.PREFIX, Kind.ACCESSOR},
    Kind.NUMERIC: _VALUE,
    Kind.BOOLEAN: _VALUE,
    Kind.STRING: _VALUE,
    Kind.VARIABLE: _VALUE,
    Kind.TIME: frozenset(_OPERATORS),
    Kind.PATTERN: frozenset(_OPERATORS),
    Kind.ACCESSOR: _VALUE | {Kind.CLAUSE},
    Kind.MODIFIER: frozenset((*_OPERANDS, Kind.STRING, Kind.CLAUSE_CLOSE)),
    Kind.COMPARATOR: frozenset((*_OPERANDS, *_TEXTS, Kind.PATTERN, Kind.CLAUSE_CLOSE)),
    Kind.LOGICALOP: frozenset((*_OPERANDS, *_TEXTS, Kind.CLAUSE_CLOSE)),
    Kind.PREFIX: frozenset((*_OPERANDS, Kind.CLAUSE_CLOSE)) - {Kind.PREFIX},
    Kind.TERNARY: frozenset((*_OPERANDS, *_TEXTS, Kind.SEPARATOR)),
    Kind.SEPARATOR: frozenset((*_OPERANDS, *_TEXTS)),
}
_MAY_END = frozenset(kind for kind, following in _NEXT.items() if Kind.SEPARATOR in following) - {Kind.TERNARY}
_SYMBOLS = {
    **dict.fromkeys(("+", "-", "*", "/", "%", "**", "&", "|", "^", ">>", "<<"), Kind.MODIFIER),
    **dict.fromkeys(("&&", "||"), Kind.LOGICALOP),
    **dict.fromkeys(("==", "!=", ">", ">=", "<", "<=", "=~", "!~"), Kind.COMPARATOR),
    **dict.fromkeys(("?", ":", "??"), Kind.TERNARY),
}
_PREFIXES = ("-", "!", "~")


def tokens(text: str) -> tuple[Token, ...]:
    """Return the tokens of `text`, bare words still VARIABLE. Raises TokenError."""
    found = tuple(_read(text))
    parentheses = sum({Kind.CLAUSE: 1, Kind.CLAUSE_CLOSE: -1}.get(token.kind, 0) for token in found)
    if parentheses:
        raise TokenError("Unbalanced parenthesis")
    check_order(found)
    return found


def check_order(found: tuple[Token, ...]) -> None:
    """Refuse a token that may not stand where it does. Raises TokenError."""
    last = Token(Kind.START)
    for token in found:
        if token.kind not in _NEXT[last.kind]:
            if last.kind is Kind.VARIABLE and token.kind is Kind.CLAUSE:
                raise TokenError(f"Undefined function {last.value}")
            raise TokenError(f"Cannot transition token types from {_shown(last)} to {_shown(token)}")
        last = token
    if last.kind not in _MAY_END:
        raise TokenError("Unexpected end of expression")


def with_patterns(found: tuple[Token, ...]) -> tuple[Token, ...]:
    """Compile the text right of =~ and !~. Raises TokenError for a regular expression that RE2 refuses."""
    pairs = zip((Token(Kind.START), *found), found, strict=False)
    return tuple(
        Token(Kind.PATTERN, pattern(str(token.value)))
        if last.kind is Kind.COMPARATOR and last.value in ("=~", "!~") and token.kind is Kind.STRING
        else token
        for last, token in pairs
    )


def pattern(text: str) -> object:
    """Compile a regular expression as Go does. Raises TokenError."""
    try:
        return compiled(text)
    except ValueError as error:
        raise TokenError(str(error)) from None


def _shown(token: Token) -> str:
    return f"{token.kind} [{'<nil>' if token.value is None else token.value}]"


def _read(text: str) -> Iterator[Token]:
    at, state = 0, Kind.START
    while at < len(text):
        if _is_space(text[at]):
            at += 1
            continue
        token, at = _token(text, at, state)
        yield token
        state = token.kind


def _token(text: str, at: int, state: Kind) -> tuple[Token, int]:
    character = text[at]
    if _is_numeric(character):
        return _number(text, at)
    if character == ",":
        return Token(Kind.SEPARATOR, ","), at + 1
    if character == "[":
        word, at = _enclosed(text, at + 1, lambda c: c != "]", "Unclosed parameter bracket")
        return Token(Kind.VARIABLE, word), at
    if character.isalpha():
        return _word(text, at)
    if character in "'\"":
        quoted, at = _enclosed(text, at + 1, lambda c: c not in "'\"", "Unclosed string literal")
        moment = seconds(quoted)
        return (Token(Kind.STRING, quoted) if moment is None else Token(Kind.TIME, moment)), at
    if character in "()":
        return Token(Kind.CLAUSE if character == "(" else Kind.CLAUSE_CLOSE, character), at + 1
    symbol, at = _run(text, at, _is_symbol)
    if symbol in _PREFIXES and Kind.PREFIX in _NEXT[state]:
        return Token(Kind.PREFIX, symbol), at
    if symbol not in _SYMBOLS:
        raise TokenError(f"Invalid token: '{symbol}'")
    return Token(_SYMBOLS[symbol], symbol), at


def _number(text: str, at: int) -> tuple[Token, int]:
    if text.startswith("0x", at) and at + 2 < len(text):
        digits, at = _run(text, at + 2, lambda c: c.isdecimal() or c.lower() in "abcdef")
        if not re.fullmatch("[0-9a-fA-F]+", digits) or int(digits, 16) >= 1 << 64:
            raise TokenError(f"Unable to parse hex value '{digits}' to uint64")
        return Token(Kind.NUMERIC, float(int(digits, 16))), at
    digits, at = _run(text, at, _is_numeric)
    try:
        return Token(Kind.NUMERIC, to_float(digits)), at
    except ValueError:
        raise TokenError(f"Unable to parse numeric value '{digits}' to float64") from None


def _word(text: str, at: int) -> tuple[Token, int]:
    word, at = _run(text, at, lambda c: c.isalpha() or c.isdecimal() or c in "_.")
    if word.find(".") > 0:
        if word.endswith("."):
            raise TokenError(f"Hanging accessor on token '{word}'")
        for field in word.split(".")[1:]:
            if field[:1] != field[:1].upper():
                raise TokenError(f"Unable to access unexported field '{field}' in token '{word}'")
        return Token(Kind.ACCESSOR, word), at
    if word in ("in", "IN"):
        return Token(Kind.COMPARATOR, "in"), at
    if word in ("true", "false"):
        return Token(Kind.BOOLEAN, word == "true"), at
    return Token(Kind.VARIABLE, word), at


def _run(text: str, at: int, accepts: Callable[[str], bool]) -> tuple[str, int]:
    """Read while `accepts`, up to white space; a backslash lets any character through."""
    taken: list[str] = []
    while at < len(text):
        if text[at] == "\\":
            taken.append(_escaped(text, at))
            at += 2
        elif _is_space(text[at]):
            at += 1
            if taken:
                break
        elif accepts(text[at]):
            taken.append(text[at])
            at += 1
        else:
            break
    return "".join(taken), at


def _enclosed(text: str, at: int, inside: Callable[[str], bool], unclosed: str) -> tuple[str, int]:
    taken: list[str] = []
    while at < len(text):
        if text[at] == "\\":
            taken.append(_escaped(text, at))
            at += 2
        elif inside(text[at]):
            taken.append(text[at])
            at += 1
        else:
            return "".join(taken), at + 1
    raise TokenError(unclosed)


def _escaped(text: str, at: int) -> str:
    if at + 1 == len(text):
        raise TokenError("a backslash at the end escapes nothing")
    return text[at + 1]


def _is_space(character: str) -> bool:
    return character.isspace() and not "\x1c" <= character <= "\x1f"  # Go's unicode.IsSpace


def _is_numeric(character: str) -> bool:
    return character.isdecimal() or character == "."


def _is_symbol(character: str) -> bool:
    return not (character.isdecimal() or character.isalpha() or character in "()[]'\"")
