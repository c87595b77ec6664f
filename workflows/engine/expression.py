"""The language of `{{=…}}`, of retryStrategy.expression and valueFrom.expression: a subset of expr-lang 1.17.

Called by template, dependency, the state machine and the validator. What the subset lacks is refused by name, never
evaluated differently, because a tag that Argo would resolve must not stay literal here.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from workflows.engine.expression_builtins import KNOWN, PREDICATES, apply
from workflows.engine.expression_check import check
from workflows.engine.expression_grammar import parse
from workflows.engine.expression_tree import (
    Binary,
    Call,
    Chain,
    Conditional,
    ExpressionError,
    ListOf,
    Literal,
    MapOf,
    Member,
    Name,
    Node,
    Pointer,
    Predicate,
    Slice,
    Unary,
    dotted,
)
from workflows.engine.expression_tree import identifiers as _identifiers
from workflows.engine.expression_values import (
    UnsupportedError,
    add,
    arithmetic,
    compare,
    contains,
    cut,
    described,
    equal,
    fetch,
    negate,
    spread,
    text,
)
from workflows.engine.regex import compiled

__all__ = ["ExpressionError", "decide", "evaluate", "expand", "identifiers", "misfit"]


def evaluate(source: str, environment: Mapping[str, object]) -> object:
    """Evaluate `source`; `environment` is nested mappings, lists and plain values (`expand` makes one of a flat scope).

    Returns str, bool, int, float, list, dict or None. Raises ExpressionError with `stage` "syntax", "check" (before it
    runs: unknown name, types that never fit), "run" or "unsupported".
    """
    try:
        tree = parse(source)
        check(tree, environment)
        return _Evaluator(environment).value(tree)
    except RecursionError:
        raise ExpressionError("the expression is nested too deeply", stage="syntax") from None
    except UnsupportedError as error:
        raise ExpressionError(str(error), stage="unsupported") from None
    except ValueError as error:
        raise ExpressionError(f"{error} in {source!r}", stage="run") from None


def decide(source: str, environment: Mapping[str, object]) -> bool:
    """Evaluate `source` to a boolean, for retryStrategy.expression and depends; anything else is an ExpressionError."""
    result = evaluate(source, environment)
    if not isinstance(result, bool):
        raise ExpressionError(f"{source!r} gives {described(result)}, not true or false", stage="run")
    return result


def expand(variables: Mapping[str, object]) -> dict[str, object]:
    """Nest flat dotted keys; where both `a` and `a.b` exist, the less specific `a` is dropped.

    Source: util/expand/expand.go.
    """
    nested: dict[str, Any] = {}
    for path in sorted(variables):
        level = nested
        *parents, last = path.split(".")
        for parent in parents:
            if not isinstance(level.get(parent), dict):
                level[parent] = {}
            level = level[parent]
        level[last] = variables[path]
    return nested


def identifiers(source: str) -> tuple[str, ...]:
    """Return the dotted names an expression cannot do without, as Argo sees them.

    Members that `??` and `?.` guard are left out, and so are functions. Raises ExpressionError for a syntax error.
    """
    try:
        return _identifiers(parse(source), KNOWN)
    except RecursionError:
        raise ExpressionError("the expression is nested too deeply", stage="syntax") from None


def misfit(source: str, texts: Container[str]) -> str:
    """Say why the expression can never work, whatever it is given; empty if it may.

    `texts` are the dotted paths that hold text. Argo leaves the tag of such an expression as it is.
    """
    try:
        tree = parse(source)
        check(tree, dict.fromkeys((name.partition(".")[0] for name in identifiers(source)), ...), texts)
    except ExpressionError as error:
        return error.message if error.stage == "check" else ""
    return ""


class _Absent(Exception):  # noqa: N818 - a jump out of a chain, not an error
    """Something before a `?.` was nil: the whole chain is."""


class _Evaluator:
    """Walks the tree; holds the elements that predicates look at, innermost last."""

    def __init__(self, environment: Mapping[str, object]) -> None:
        self._environment = environment
        self._elements: list[tuple[int, Any]] = []

    def value(self, node: Node) -> Any:
        """Return what `node` gives. Raises ValueError."""
        match node:
            case Literal(value):
                return value
            case Name(name):
                return self._environment.get(name)
            case Pointer(name):
                return self._elements[-1][0 if name else 1]
            case Member(base, key, optional):
                return self._member(base, key, optional)
            case Chain(inner):
                try:
                    return self.value(inner)
                except _Absent:
                    return None
            case Slice(base, low, high):
                return cut(self.value(base), low and self.value(low), high and self.value(high))
            case Call(callee, arguments):
                return self._call(dotted(callee) or "", arguments)
            case Predicate(inner):
                return self.value(inner)
            case Unary(operator, inner):
                return _unary(operator, self.value(inner))
            case Binary(operator, left, right):
                return self._binary(operator, left, right)
            case Conditional(condition, yes, no):
                return self.value(yes if _truth(self.value(condition)) else no)
            case ListOf(items):
                return [self.value(item) for item in items]
            case MapOf(items):
                parts = [self.value(item) for item in items]
                return {text(key): value for key, value in zip(parts[::2], parts[1::2], strict=True)}

    def _member(self, base: Node, key: Node, optional: bool) -> Any:
        found = self.value(base)
        if optional and found is None:
            raise _Absent
        return fetch(found, self.value(key))

    def _call(self, name: str, arguments: tuple[Node, ...]) -> Any:
        if name not in PREDICATES:
            return apply(name, [self.value(argument) for argument in arguments])
        values = self.value(arguments[0])
        if not isinstance(values, list):
            raise ValueError(f"{name} takes a list, not {described(values)}")

        def test(index: int, value: Any) -> Any:
            if len(arguments) == 1:
                return value
            self._elements.append((index, value))
            try:
                return self.value(arguments[1])
            finally:
                self._elements.pop()

        return PREDICATES[name][0](values, test)

    def _binary(self, operator: str, left: Node, right: Node) -> Any:
        if operator in ("&&", "and", "||", "or"):
            return self._logic(left, right, settles=operator in ("||", "or"))
        first = self.value(left)
        if operator == "??":
            return self.value(right) if first is None else first
        if operator == "in" and _all_text(right):
            first = text("" if first is None else first)  # Argo makes a set of such a list; only text can be in it
        return _operate(operator, first, self.value(right))

    def _logic(self, left: Node, right: Node, *, settles: bool) -> Any:
        """Combine two conditions; `settles` is the value that decides alone.

        A side that is written out as true or false is folded away first, so that `x && true` gives x, of any kind.
        """
        if _is(left, settles) or _is(right, settles):
            return settles
        if _is(right, not settles):
            return self.value(left)
        if _is(left, not settles) or _truth(self.value(left)) != settles:
            return self.value(right)
        return settles


def _is(node: Node, value: bool) -> bool:
    return isinstance(node, Literal) and node.value is value


def _all_text(node: Node) -> bool:
    if not isinstance(node, ListOf) or not node.items:
        return False
    return all(isinstance(item, Literal) and isinstance(item.value, str) for item in node.items)


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError(f"{described(value)} is neither true nor false")


def _unary(operator: str, value: Any) -> Any:
    if operator in ("!", "not"):
        return not _truth(value)
    return negate(value) if operator == "-" else value


def _operate(operator: str, left: Any, right: Any) -> Any:
    if operator in ("==", "!="):
        return equal(left, right) == (operator == "==")
    if operator in ("<", "<=", ">", ">="):
        return compare(operator, left, right)
    if operator == "in":
        return contains(left, right)
    if operator == "..":
        return spread(left, right)
    if operator in ("matches", "contains", "startsWith", "endsWith"):
        return left is not None and right is not None and _textual(operator, text(left), text(right))
    return add(left, right) if operator == "+" else arithmetic(operator, left, right)


def _textual(operator: str, left: str, right: str) -> bool:
    if operator == "matches":
        return compiled(right).search(left) is not None
    if operator == "contains":
        return right in left
    return left.startswith(right) if operator == "startsWith" else left.endswith(right)
