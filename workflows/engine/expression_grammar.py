"""Reads the text of an expression into a tree: the grammar of the expr-lang subset and its table of precedences.

Used by expression alone. The grammar leaves a run of operators flat and `_Chain` folds it by precedence, as expr-lang's
own parser does: `|` and `??` follow rules that nested grammar levels cannot say.
Source: parser/parser.go, parser/operator and parser/lexer of expr-lang 1.17.8.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any, cast

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from workflows.engine.expression_literals import number, string, wrong
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
    children,
    dotted,
)

_GRAMMAR = r"""
?start: expression
?expression: chain
    | chain "?" expression ":" expression -> conditional
    | chain "?" ":" expression            -> otherwise
chain: _unit (_infix _unit | pipe)*
_unit: (SIGN | BANG | NOT)* _operand
_operand: operand | constant
_infix: SIGN | OPERATOR | WORD | negated
negated: NOT WORD
pipe: "|" NAME "(" _arguments? ")"

?operand: atom | operand_dot | operand_index | operand_slice
operand_dot: [operand] DOT NAME ["(" arguments ")"]
operand_index: operand OPTIONAL_INDEX expression "]" | operand "[" expression "]"
operand_slice: operand "[" [expression] ":" [expression] "]"

?constant: NUMBER -> number
    | CONSTANT      -> constant
?atom: "(" expression ")"
    | STRING                   -> string
    | RAW                      -> raw
    | POINTER                  -> pointer
    | NAME                     -> name
    | NAME "(" _arguments? ")" -> call
    | "[" [_expressions] "]"   -> list_of
    | "{" [_pairs] "}"         -> map_of

arguments: _arguments?
_arguments: _argument ("," _argument)* ","?
_argument: expression | predicate
predicate: "{" expression "}"
_expressions: expression ("," expression)* ","?
_pairs: _pair ("," _pair)* ","?
_pair: key ":" expression
key: NAME | CONSTANT | STRING | NUMBER | "(" expression ")"

NUMBER: /(?>0[xX][0-9a-fA-F_]*|0[oO][0-7_]*|0[bB][01_]*
    |([0-9][0-9_]*(\.(?!\.)[0-9_]*)?|\.[0-9][0-9_]*)([eE][+-]?[0-9_]*)?)(?![\w$])/x
STRING: /'([^'\\\n]|\\.)*'|"([^"\\\n]|\\.)*"/
RAW: /`([^`]|``)*`/
POINTER: /#[\w$]*/
NAME: /[^\W\d][\w$]*|\$[\w$]*/
CONSTANT.2: /(true|false|nil)(?![\w$])/
WORD.2: /(in|or|and|matches|contains|startsWith|endsWith)(?![\w$])/
NOT.2: /not(?![\w$])/
BANG: "!"
SIGN: "+" | "-"
OPERATOR: /==|!=|<=|>=|<|>|&&|\|\||\.\.|\*\*|\*|\/|%|\^|\?\?/
DOT: /\?\.|\.(?!\.)/
OPTIONAL_INDEX.2: /\?\.\s*\[/
COMMENT.3: /\/\/[^\n]*|\/\*(.|\n)*?\*\//
%ignore COMMENT
%ignore /\s+/
"""

_PRECEDENCE = {
    **dict.fromkeys(("or", "||"), 10),
    **dict.fromkeys(("and", "&&"), 15),
    **dict.fromkeys(("==", "!=", "<", ">", ">=", "<=", "in", "matches", "contains", "startsWith", "endsWith"), 20),
    "..": 25,
    **dict.fromkeys("+-", 30),
    **dict.fromkeys("*/%", 60),
    **dict.fromkeys(("**", "^"), 100),
    "??": 500,
}
_UNARY = {"not": 50, "!": 50, "-": 90, "+": 90}
_COMPARISONS = ("<", ">", "<=", ">=")
_RESERVED = ("in", "or", "and", "not", "matches", "contains", "startsWith", "endsWith", "else")
_LOOPING = "all any none one count filter map sum find findIndex findLast findLastIndex groupBy sortBy reduce"
_LOOPS = frozenset(_LOOPING.split())
_UNSUPPORTED = ("let", "if")
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "nil": None}
_SUBSET = "the engine's subset of expr-lang has no let, if, ';', '::' or b'…'; it has ?: and map, filter, any, all"


@lru_cache(maxsize=512)
def parse(text: str) -> Node:
    """Read an expression. Raises ExpressionError with stage "syntax", or "unsupported" for what the subset lacks."""
    try:
        tree = cast(Node, _parser().parse(text))
    except UnexpectedInput as error:
        raise _unreadable(text, error) from None
    _place(tree, text, inside=False)
    return tree


def _place(node: Node, text: str, *, inside: bool) -> None:
    """Refuse elements outside of predicates, and braces where no predicate is taken."""
    if isinstance(node, Pointer) and not inside:
        at = max(text.find("#"), 0)
        raise ExpressionError(f"an element, '#' or '.name', has no meaning here in {text!r}", stage="syntax", at=at)
    looping = isinstance(node, Call) and dotted(node.callee) in _LOOPS
    for position, child in enumerate(children(node)):
        tested = looping and position == 2  # the callee, the list, the predicate
        if isinstance(child, Predicate) and not tested:
            raise ExpressionError(f"braces around an argument mean a predicate in {text!r}", stage="syntax")
        _place(child, text, inside=inside or tested)


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer="contextual", maybe_placeholders=True, transformer=_Tree())


def _unreadable(text: str, error: UnexpectedInput) -> ExpressionError:
    at = error.pos_in_stream or 0
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return ExpressionError(f"{text!r} ends too early", stage="syntax", at=len(text))
    found = text[at : at + 1] if isinstance(error, UnexpectedCharacters) else str(getattr(error, "token", ""))
    return ExpressionError(f"unexpected {found!r} at {at + 1} of {text!r}", stage="syntax", at=at, hint=_SUBSET)


class _Chain:
    """Folds a flat run of prefixes, operands and operators by precedence."""

    def __init__(self, parts: list[Any]) -> None:
        self._parts = parts
        self._at = 0

    def fold(self, level: int) -> Node:
        left = self._operand()
        previous = ""
        while self._at < len(self._parts):
            part = self._parts[self._at]
            piped, negated = isinstance(part, Call), isinstance(part, tuple)
            token = part[0] if negated else part
            precedence = 0 if piped else _PRECEDENCE[str(token)]
            if precedence < level:
                break
            self._at += 1
            if piped:
                left, previous = Call(part.callee, (left, *part.arguments)), "|"
                continue
            operator = str(token)
            if previous == "??" and operator != "??":
                raise wrong(token, f"{operator!r} and '??' cannot be mixed; put one of them in parentheses")
            left = self._binary(left, operator, precedence)
            left = Unary("not", left) if negated else left
            previous = operator
        return left

    def _binary(self, left: Node, operator: str, precedence: int) -> Node:
        if operator not in _COMPARISONS:
            right = self.fold(precedence if operator in ("**", "^") else precedence + 1)
            return Binary(operator, left, right)
        result: Node | None = None
        while True:  # a < b < c means a < b && b < c
            right = self.fold(precedence + 1)
            compared = Binary(operator, left, right)
            result = compared if result is None else Binary("&&", result, compared)
            left = right
            following = self._parts[self._at] if self._at < len(self._parts) else None
            if not isinstance(following, Token) or str(following) not in _COMPARISONS:
                return result
            operator = str(following)
            self._at += 1

    def _operand(self) -> Node:
        part = self._parts[self._at]
        self._at += 1
        if isinstance(part, Token):
            return Unary(str(part), self.fold(_UNARY[str(part)]))
        return cast(Node, part)


@v_args(inline=True)
class _Tree(Transformer[Token, Node]):
    """Builds the tree while the parser reads; a method a rule of the grammar."""

    def chain(self, *parts: Any) -> Node:
        return _Chain(list(parts)).fold(0)

    def negated(self, _not: Token, word: Token) -> tuple[Token]:
        if word in ("and", "or"):
            raise wrong(word, f"'not {word}' is no operator")
        return (word,)

    def conditional(self, condition: Node, yes: Node, no: Node) -> Node:
        return Conditional(condition, yes, no)

    def otherwise(self, condition: Node, no: Node) -> Node:
        return Conditional(condition, condition, no)

    def pipe(self, name: Token, *arguments: Node) -> Node:
        return Call(Name(_checked(name)), arguments)

    def call(self, name: Token, *arguments: Node) -> Node:
        return Call(Name(_checked(name)), arguments)

    def arguments(self, *arguments: Node) -> tuple[Node, ...]:
        return arguments

    def predicate(self, inner: Node) -> Node:
        return Predicate(inner)

    def operand_dot(self, base: Node | None, dot: Token, name: Token, arguments: tuple[Node, ...] | None) -> Node:
        chained = isinstance(base, Chain)
        inner = base.inner if isinstance(base, Chain) else base or Pointer()
        member: Node = Member(inner, Literal(str(name)), optional=dot == "?.")
        member = member if arguments is None else Call(member, arguments)
        return Chain(member) if chained or dot == "?." else member

    def operand_index(self, base: Node, *rest: Any) -> Node:
        if len(rest) == 2:
            return Chain(Member(base, rest[1], optional=True))
        return Member(base, rest[0])

    def operand_slice(self, base: Node, low: Node | None, high: Node | None) -> Node:
        return Slice(base, low, high)

    def number(self, token: Token) -> Node:
        return Literal(number(token))

    def string(self, token: Token) -> Node:
        return Literal(string(token))

    def raw(self, token: Token) -> Node:
        return Literal(token[1:-1].replace("``", "`"))

    def pointer(self, token: Token) -> Node:
        return Pointer(token[1:])

    def constant(self, token: Token) -> Node:
        return Literal(_CONSTANTS[str(token)])

    def name(self, token: Token) -> Node:
        return Name(_checked(token))

    def list_of(self, *items: Node | None) -> Node:
        return ListOf(tuple(item for item in items if item is not None))

    def map_of(self, *items: Node | None) -> Node:
        return MapOf(tuple(item for item in items if item is not None))

    def key(self, key: Any) -> Node:
        if not isinstance(key, Token):
            return cast(Node, key)
        return Literal(string(key) if key.type == "STRING" else str(key))


def _checked(token: Token) -> str:
    if token in _RESERVED:
        raise wrong(token, f"unexpected {str(token)!r}")
    if token in _UNSUPPORTED:
        raise ExpressionError(f"the engine does not support {str(token)!r} in expressions", stage="unsupported")
    return str(token)
