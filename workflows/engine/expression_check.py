"""What can be known of an expression before it runs: unknown names, refused functions, types that never fit.

Called by expression before every evaluation, because Argo compiles first: `int(x) == '5'` is an error there, not false.
Kinds are "bool", "int", "float", "string", "list", "map", "nil", or None where only running can tell.
Source: checker/checker.go of expr-lang 1.17.8.
"""

from __future__ import annotations

import difflib
from collections.abc import Container, Iterable, Mapping

from workflows.engine.expression_builtins import FUNCTIONS, KNOWN, PREDICATES, UNSUPPORTED, WITHOUT_PREDICATE
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
    walk,
)
from workflows.engine.regex import compiled

Kind = str | None
_NUMBERS = ("int", "float")
_KINDS = {bool: "bool", int: "int", float: "float", str: "string", list: "list", type(None): "nil"}
_RESULTS: dict[str, Kind] = {"/": "float", "**": "float", "^": "float", "%": "int", "..": "list"}
_FITTING: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("&&", "||", "and", "or"), ("bool",)),
    **dict.fromkeys(("<", ">", "<=", ">=", "+"), ("int", "float", "string")),
    **dict.fromkeys(("-", "*", "/", "**", "^"), _NUMBERS),
    **dict.fromkeys(("%", ".."), ("int",)),
    **dict.fromkeys(("matches", "contains", "startsWith", "endsWith"), ("string",)),
}


_REFUSED: dict[tuple[str | None, int], tuple[str, ...]] = {
    **dict.fromkeys((("int", 0), ("float", 0)), ("nil", "bool", "list", "map")),
    ("len", 0): ("nil", "bool", *_NUMBERS),
    **dict.fromkeys((("first", 0), ("last", 0)), ("nil", "bool", "string", "map", *_NUMBERS)),
    **dict.fromkeys((("min", 0), ("max", 0), ("mean", 0)), ("bool", "string", "map")),
    ("abs", 0): ("nil", "bool", "string", "list", "map"),
    ("repeat", 1): ("float",),
}


def check(tree: Node, environment: Mapping[str, object], texts: Container[str] = ()) -> None:
    """Refuse what cannot work. Raises ExpressionError with stage "check" or "unsupported".

    `texts` are dotted paths known to hold text; Argo's own check knows no kind of a member, and fails when it runs.
    """
    _Checker(environment, texts).kind(tree)


def kind_of(value: object) -> Kind:
    """Return the kind of a value."""
    return "map" if isinstance(value, Mapping) else _KINDS.get(type(value))


def _error(message: str, hint: str = "") -> ExpressionError:
    return ExpressionError(message, stage="check", hint=hint)


class _Checker:
    """Walks the tree; remembers how deep in predicates it is."""

    def __init__(self, environment: Mapping[str, object], texts: Container[str]) -> None:
        self._environment = environment
        self._texts = texts
        self._loops: list[str] = []

    def kind(self, node: Node) -> Kind:
        """Return the kind of what `node` gives, or raise."""
        match node:
            case Literal(value):
                return kind_of(value)
            case Name(name):
                return self._name(name)
            case Pointer(name):
                return self._pointer(name)
            case Member(base, key, _):
                kind = self._member(base, key)
                return "string" if dotted(node) in self._texts else kind
            case Chain(inner) | Predicate(inner):
                return self.kind(inner)
            case Slice(base, low, high):
                return self._slice(base, [part for part in (low, high) if part is not None])
            case Call(callee, arguments):
                return self._call(callee, arguments)
            case Unary(operator, inner):
                return self._unary(operator, self.kind(inner))
            case Binary(operator, left, right):
                return self._binary(node, self.kind(left), self.kind(right))
            case Conditional():
                return self._conditional(node)
            case ListOf(items) | MapOf(items):
                for item in items:
                    self.kind(item)
                return "list" if isinstance(node, ListOf) else "map"

    def _name(self, name: str) -> Kind:
        if name in self._environment:
            return kind_of(self._environment[name])
        if name in KNOWN or name == "sprig":
            raise _error(f"{name!r} is a function; call it")
        raise _error(f"unknown name {name!r}", _nearest(name, self._environment))

    def _pointer(self, name: str) -> Kind:
        if name and (name, self._loops[-1]) != ("index", "map"):
            raise _error(f"unknown pointer #{name}")
        return "int" if name else None

    def _member(self, base: Node, key: Node) -> Kind:
        if dotted(base) == "sprig":
            raise _error("a function of sprig can only be called")
        base_kind, key_kind = self.kind(base), self.kind(key)
        if base_kind is None:
            return None
        if base_kind not in ("map", "list"):
            raise _error(f"a {base_kind} has no member")
        wanted = "string" if base_kind == "map" else "int"
        if key_kind not in (wanted, None):
            raise _error(f"a {base_kind} has no member of kind {key_kind}")
        return None

    def _slice(self, base: Node, bounds: Iterable[Node]) -> Kind:
        base_kind = self.kind(base)
        if base_kind not in ("string", "list", None):
            raise _error(f"cannot slice a {base_kind}")
        if any(self.kind(bound) not in ("int", None) for bound in bounds):
            raise _error("a slice goes from one integer to another")
        return base_kind

    def _call(self, callee: Node, arguments: tuple[Node, ...]) -> Kind:
        name = dotted(callee)
        if name is None:
            raise _unsupported("methods of values")
        if name in UNSUPPORTED:
            raise _unsupported(name)
        if name in PREDICATES:
            return self._predicate(name, arguments)
        function = FUNCTIONS.get(name)
        if function is None:
            raise _error(f"unknown function {name!r}", _nearest(name, FUNCTIONS))
        if not function.least <= len(arguments) <= function.most:
            raise _error(f"{name} takes {function.least} to {function.most} arguments, not {len(arguments)}")
        if name.startswith("sprig."):
            _only_known(arguments)  # Argo sees no types there: even an unknown name is nil
            return None
        for position, argument in enumerate(arguments):
            kind = self.kind(argument)
            if kind in _REFUSED.get((name, position), ()):
                raise _error(f"invalid argument for {name}: a {kind}")
        return function.returns

    def _predicate(self, name: str, arguments: tuple[Node, ...]) -> Kind:
        least = 1 if name in WITHOUT_PREDICATE else 2
        if not least <= len(arguments) <= 2:
            raise _error(f"{name} takes a list and a predicate")
        if self.kind(arguments[0]) not in ("list", None):
            raise _error(f"{name} takes only a list")
        self._loops.append(name)
        result = self.kind(arguments[1]) if len(arguments) == 2 else None
        self._loops.pop()
        if name not in ("map", "sum") and len(arguments) == 2 and result not in ("bool", None):
            raise _error(f"the predicate of {name} must be true or false, not a {result}")
        return PREDICATES[name][1]

    def _unary(self, operator: str, inner: Kind) -> Kind:
        wanted = _NUMBERS if operator in "+-" else ("bool",)
        if inner is not None and inner not in wanted:
            raise _error(f"invalid operation: {operator} on a {inner}")
        return inner if operator in "+-" else "bool"

    def _conditional(self, node: Conditional) -> Kind:
        condition = self.kind(node.condition)
        if condition not in ("bool", None):
            raise _error(f"a {condition} is used as a condition")
        yes, no = self.kind(node.yes), self.kind(node.no)
        if "nil" in (yes, no):
            return no if yes == "nil" else yes
        return yes if yes == no else None

    def _binary(self, node: Binary, left: Kind, right: Kind) -> Kind:
        operator = node.operator
        if operator == "??":
            if "nil" in (left, right):
                return right if left == "nil" else left
            return left if left == right else None
        if operator == "in":
            return self._membership(node.right, left, right)
        if operator in ("==", "!="):
            fits = _comparable(left, right)
        else:
            wanted = _FITTING[operator]
            fits = all(kind is None or kind in wanted for kind in (left, right))
            fits = fits and (left is None or right is None or _group(left) == _group(right))
        if not fits:
            raise _error(f"invalid operation: {operator} (mismatched kinds {left} and {right})")
        if operator == "matches" and isinstance(node.right, Literal):
            _regular(node.right)
        if operator in ("+", "-", "*"):
            return None if left is None or right is None else "float" if "float" in (left, right) else left
        return _RESULTS.get(operator, "bool")

    def _membership(self, among: Node, left: Kind, right: Kind) -> Kind:
        elements = {self.kind(item) for item in among.items} if isinstance(among, ListOf) else set()
        if right == "map" and left not in ("string", None):
            raise _error(f"a {left} is no key of a map")
        if len(elements) == 1 and not _comparable(left, elements.pop()):
            raise _error(f"a {left} cannot be in such a list")
        if right not in ("map", "list", None) and not (left is None and right == "string"):
            raise _error(f"invalid operation: in (mismatched kinds {left} and {right})")
        return "bool"


def _only_known(nodes: Iterable[Node]) -> None:
    for node in (inner for outer in nodes for inner in walk(outer)):
        if isinstance(node, Call) and dotted(node.callee) in UNSUPPORTED:
            raise _unsupported(dotted(node.callee))


def _unsupported(name: str | None) -> ExpressionError:
    return ExpressionError(f"the engine does not support {name} in expressions", stage="unsupported")


def _group(kind: Kind) -> Kind:
    return "number" if kind in _NUMBERS else kind


def _comparable(left: Kind, right: Kind) -> bool:
    return left is None or right is None or "nil" in (left, right) or _group(left) == _group(right)


def _regular(pattern: Literal) -> None:
    if isinstance(pattern.value, str):
        try:
            compiled(pattern.value)
        except ValueError as error:
            raise _error(str(error)) from None


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]!r}?" if near else ""
