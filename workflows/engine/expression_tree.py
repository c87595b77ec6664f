"""What an expression is made of once it has been read: values that the checker, the evaluator and the validator walk.

Made by expression_grammar, in the shape expr-lang gives its own tree, because what Argo counts as an identifier of an
expression depends on that shape.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, fields

from workflows.errors import RetrainError


class ExpressionError(RetrainError):
    """An expression that has no value. `stage` is "syntax", "check", "run" or "unsupported"; `at` an offset, or -1."""

    def __init__(self, message: str, *, stage: str, at: int = -1, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.stage = stage
        self.at = at


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, text, true, false or nil."""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Name:
    """A variable of the environment."""

    name: str


@dataclass(frozen=True, slots=True)
class Pointer:
    """The element a predicate looks at: `#`; `name` is "index" for its position."""

    name: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """`base.key`, `base[key]`; `optional` for `?.`."""

    base: Node
    key: Node
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Chain:
    """The extent of a `?.`: nil in there makes all of it nil."""

    inner: Node


@dataclass(frozen=True, slots=True)
class Slice:
    """`base[low:high]`."""

    base: Node
    low: Node | None
    high: Node | None


@dataclass(frozen=True, slots=True)
class Call:
    """`name(…)`, `sprig.name(…)`, or `value | name(…)`."""

    callee: Node
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Predicate:
    """An argument that is evaluated for every element, such as `{# > 1}`."""

    inner: Node


@dataclass(frozen=True, slots=True)
class Unary:
    """`!`, `not`, `-`, `+`."""

    operator: str
    inner: Node


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands and what is between them."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Conditional:
    """`condition ? yes : no`."""

    condition: Node
    yes: Node
    no: Node


@dataclass(frozen=True, slots=True)
class ListOf:
    """`[a, b]`."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class MapOf:
    """`{a: 1, "b": 2, (c): 3}`: keys and values in turn."""

    items: tuple[Node, ...]


Node = (
    Literal | Name | Pointer | Member | Chain | Slice | Call | Predicate | Unary | Binary | Conditional | ListOf | MapOf
)


def children(node: Node) -> Iterator[Node]:
    """Yield what `node` is made of, in order."""
    for field in fields(node):
        value = getattr(node, field.name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, Node):
                yield part


def walk(node: Node) -> Iterator[Node]:
    """Yield everything in `node`, then `node`."""
    for child in children(node):
        yield from walk(child)
    yield node


def dotted(node: Node) -> str | None:
    """Return the path of a name or of a member whose keys are all written out and not optional; else None."""
    parts: list[str] = []
    while isinstance(node, Member):
        if node.optional or not isinstance(node.key, Literal) or not isinstance(node.key.value, str):
            return None
        parts.append(node.key.value)
        node = node.base
    return ".".join([node.name, *reversed(parts)]) if isinstance(node, Name) else None


def identifiers(tree: Node, functions: Container[str]) -> tuple[str, ...]:
    """Return the dotted names `tree` cannot do without, as Argo sees them; `??` and `?.` guard members, never bases.

    Names in `functions` that are called do not count. Source: getIdentifiers in util/template/expression_template.go.
    """
    passed: set[int] = set()
    for node in walk(tree):
        if isinstance(node, Binary) and node.operator == "??":
            passed |= {id(inner) for inner in walk(node.left) if isinstance(inner, Member)}
        if isinstance(node, Member) and node.optional and isinstance(node.base, Member):
            passed.add(id(node.base))
        if isinstance(node, Call) and dotted(node.callee) in functions:
            passed |= {id(inner) for inner in walk(node.callee)}
    found: dict[str, None] = {}
    for node in walk(tree):
        path = None if id(node) in passed else dotted(node)
        if path is not None:
            found[path] = None
    return tuple(found)
