"""The language of `when`: govaluate, quirks included, as Argo uses it (bare words are strings).

Called by the state machine after substitution, and by the validator. It is not the language of `{{=…}}`: the two differ
in quoting, equality and dates, so each has its own module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workflows.engine.condition_tokens import Kind, Token, TokenError, check_order, pattern, tokens, with_patterns
from workflows.engine.gonumbers import divide, power, remainder, truncate
from workflows.engine.gotext import shown
from workflows.errors import RetrainError


class ConditionError(RetrainError):
    """A `when` that cannot be judged: the node is Error. `stage` is "parse", "eval" or "nonbool"."""

    def __init__(self, message: str, *, stage: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.stage = stage


class _EvaluationError(ValueError):
    """Operands that do not fit their operator; the message is govaluate's."""


@dataclass(frozen=True, slots=True)
class _Operation:
    """An operator and its sides; a side is another operation, a token, or None where the text has nothing."""

    symbol: str
    left: _Stage
    right: _Stage


_Stage = _Operation | Token | None

# From loosest to tightest, each folded from the left. Source: stagePlanner.go.
_LEVELS: tuple[tuple[Kind, frozenset[str]], ...] = (
    (Kind.SEPARATOR, frozenset(",")),
    (Kind.TERNARY, frozenset(("?", ":", "??"))),
    (Kind.LOGICALOP, frozenset(("||",))),
    (Kind.LOGICALOP, frozenset(("&&",))),
    (Kind.COMPARATOR, frozenset(("==", "!=", ">", ">=", "<", "<=", "=~", "!~", "in"))),
    (Kind.MODIFIER, frozenset("^&|")),
    (Kind.MODIFIER, frozenset((">>", "<<"))),
    (Kind.MODIFIER, frozenset("+-")),
    (Kind.MODIFIER, frozenset("*/%")),
    (Kind.MODIFIER, frozenset(("**",))),
)


def judge(text: str) -> bool:
    """Say whether `text`, a `when` after substitution, holds; empty text does.

    Raises ConditionError with `stage` "parse", "eval" or "nonbool"; its message is Argo's node message.
    """
    if not text:
        return True
    try:
        result = _evaluate(_Plan(_parse(text)).stage(0))
    except TokenError as error:
        quote = 'wrap the part that is not a plain word in quotes (")' if "Invalid token" in str(error) else ""
        raise ConditionError(f"Invalid 'when' expression '{text}': {error}", stage="parse", hint=quote) from None
    except _EvaluationError as error:
        raise ConditionError(f"Failed to evaluate 'when' expresion '{text}': {error}", stage="eval") from None
    except RecursionError:
        raise ConditionError("Invalid 'when' expression: it is nested too deeply", stage="parse") from None
    if not isinstance(result, bool):
        message = f"Expected boolean evaluation for '{text}'. Got {_shown(result)}"
        raise ConditionError(message, stage="nonbool", hint="compare the value, for example with == true")
    return result


def _parse(text: str) -> tuple[Token, ...]:
    """Read twice as Argo does: once as it stands, once with bare words as strings."""
    found = with_patterns(tokens(text))
    found = tuple(Token(Kind.STRING, token.value) if token.kind is Kind.VARIABLE else token for token in found)
    check_order(found)
    return with_patterns(found)


class _Plan:
    """Turns tokens into nested operations. What follows a complete condition is left unread, as govaluate does."""

    def __init__(self, found: tuple[Token, ...]) -> None:
        self._tokens = found
        self._at = 0

    def stage(self, level: int) -> _Stage:
        """Read operations of `level` and tighter ones."""
        if level == len(_LEVELS):
            return self._value()
        left = self.stage(level + 1)
        kind, symbols = _LEVELS[level]
        while (token := self._peek()) is not None and token.kind is kind and token.value in symbols:
            self._at += 1
            left = _Operation(str(token.value), left, self.stage(level + 1))
        return left

    def _peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _value(self) -> _Stage:
        token = self._peek()
        if token is None or token.kind is Kind.CLAUSE_CLOSE:
            return None
        self._at += 1
        if token.kind is Kind.CLAUSE:
            inner = self.stage(0)
            self._at += 1
            return _Operation("()", None, inner)
        if token.kind is Kind.PREFIX:
            return _Operation(f"prefix {token.value}", None, self._value())
        if token.kind is Kind.ACCESSOR:
            following = self._peek()
            called = self.stage(0) if following is not None and following.kind is Kind.CLAUSE else None
            return _Operation("accessor", token, called)
        if token.kind is Kind.SEPARATOR:
            raise TokenError(f"Unable to plan token kind: '{token.kind}', value: '{token.value}'")
        return token


def _evaluate(stage: _Stage) -> Any:
    if stage is None:
        return None
    if isinstance(stage, Token):
        return stage.value
    if stage.symbol == "accessor":
        _evaluate(stage.right)
        name = str(stage.left.value).partition(".")[0] if isinstance(stage.left, Token) else ""
        raise _EvaluationError(f"No parameter '{name}' found.")
    left = _evaluate(stage.left)
    if _settled(stage.symbol, left):
        return None if stage.symbol == "?" else left
    return _operate(stage.symbol, left, _evaluate(stage.right))


def _settled(symbol: str, left: object) -> bool:
    """Say whether the left side alone decides."""
    if symbol in ("&&", "?"):
        return left is False
    if symbol == "||":
        return left is True
    return symbol in (":", "??") and left is not None


def _operate(symbol: str, left: Any, right: Any) -> Any:
    if symbol in ("()", "?", ":", "??"):
        if symbol == "?":
            _need(bool, left, symbol, "ternary operator")
        return right
    if symbol in ("&&", "||"):
        _need(bool, left, symbol, "logical operator")
        _need(bool, right, symbol, "logical operator")
        return right  # the left side did not settle it
    if symbol == ",":
        return [*(left if isinstance(left, list) else [left]), right]
    if symbol.startswith("prefix "):
        return _prefixed(symbol.removeprefix("prefix "), right)
    if symbol in ("==", "!="):
        return _same(left, right) == (symbol == "==")
    if symbol in ("<", "<=", ">", ">=", "in", "=~", "!~"):
        return _compare(symbol, left, right)
    return _calculate(symbol, left, right)


def _need(kind: type, value: object, symbol: str, role: str) -> None:
    if not isinstance(value, kind):
        raise _misfit(value, symbol, role, "bool" if kind is bool else "number")


def _misfit(value: object, symbol: str, role: str, wanted: str = "number") -> _EvaluationError:
    return _EvaluationError(f"Value '{_shown(value)}' cannot be used with the {role} '{symbol}', it is not a {wanted}")


def _prefixed(symbol: str, right: Any) -> Any:
    if not isinstance(right, bool if symbol == "!" else float):
        raise _EvaluationError(f"Value '{_shown(right)}' cannot be used with the prefix '{symbol}'")
    if symbol == "!":
        return not right
    return -right if symbol == "-" else float(~truncate(right))


def _same(left: Any, right: Any) -> bool:
    """Compare without coercion (reflect.DeepEqual)."""
    if type(left) is not type(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return bool(left == right)


def _compare(symbol: str, left: Any, right: Any) -> bool:
    if symbol == "in":
        _need(list, right, symbol, "comparator")
        if isinstance(left, list) and any(isinstance(value, list) for value in right):
            raise _EvaluationError("a list cannot be looked for in a list of lists")
        return any(_same(left, value) for value in right)
    if symbol in ("=~", "!~"):
        _need(str, left, symbol, "comparator")
        if isinstance(right, str):
            try:
                right = pattern(right)
            except TokenError as error:
                raise _EvaluationError(f"Unable to compile regexp pattern: {error}") from None
        if not hasattr(right, "search"):
            _need(str, right, symbol, "comparator")
        return (right.search(left) is not None) == (symbol == "=~")
    if type(left) is not type(right) or not isinstance(left, float | str):
        raise _misfit(left, symbol, "comparator")
    left, right = (_bytes(left), _bytes(right)) if isinstance(left, str) else (left, right)
    return bool({"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[symbol])


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # Go orders text by its bytes


def _calculate(symbol: str, left: Any, right: Any) -> Any:
    if symbol == "+" and (isinstance(left, str) or isinstance(right, str)):
        return _shown(left) + _shown(right)
    if not isinstance(left, float) or not isinstance(right, float):
        culprit = right if isinstance(left, float) and symbol != "+" else left
        raise _misfit(culprit, symbol, "modifier")
    if symbol in ("&", "|", "^"):
        a, b = truncate(left), truncate(right)
        return float({"&": a & b, "|": a | b, "^": a ^ b}[symbol])
    if symbol in ("<<", ">>"):
        a, b = truncate(left) % (1 << 64), truncate(right) % (1 << 64)
        shifted = 0 if b >= 64 else a << b if symbol == "<<" else a >> b
        return float(shifted % (1 << 64))
    if symbol in ("*", "-", "+"):
        return {"*": left * right, "-": left - right, "+": left + right}[symbol]
    return {"/": divide, "%": remainder, "**": power}[symbol](left, right)


def _shown(value: object) -> str:
    """Print as `%v` does, a regular expression as its text."""
    return shown(getattr(value, "pattern", value))
