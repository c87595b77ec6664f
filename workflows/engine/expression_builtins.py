"""The functions an expression may call: expr-lang's own, those Argo adds, and which names are refused.

Read by the checker and the evaluator. A function that expr-lang or Sprig has and this table has not is refused by name:
`now` and the like because a replayed run must decide the same, the rest because no document of ours needs them.
Source: builtin/ of expr-lang 1.17.8 and util/expr/env/env.go of Argo.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from workflows.engine.expression_sprig import SPRIG, SPRIG_NAMES
from workflows.engine.expression_values import add, compare, count, equal, fetch, is_number, number, text, texts, whole
from workflows.engine.gonumbers import to_float, to_int, truncate
from workflows.engine.gotext import SPACES, decode, encode, lower, shown, upper
from workflows.engine.jsonpath import query


@dataclass(frozen=True, slots=True)
class Function:
    """`call` takes the arguments and raises ValueError; `returns` is the kind of its result, None if it varies."""

    call: Callable[..., Any]
    least: int
    most: int
    returns: str | None = None


def _int(value: object) -> int:
    if isinstance(value, str):
        try:
            return to_int(value)
        except ValueError:
            raise ValueError(f"invalid operation: int({value})") from None
    if not is_number(value):
        raise ValueError(f"invalid operation: int({shown(value)})")
    return value if isinstance(value, int) else truncate(number(value))


def _float(value: object) -> float:
    if isinstance(value, str):
        try:
            return to_float(value)
        except ValueError:
            raise ValueError(f"invalid operation: float({value})") from None
    return number(value)


def _length(value: object) -> int:
    if isinstance(value, str | list | Mapping):
        return len(value)
    raise ValueError(f"invalid argument for len: {shown(value)}")


def _type(value: object) -> str:
    names = {bool: "bool", int: "int", float: "float", str: "string", list: "array", dict: "map"}
    return "nil" if value is None else names[type(value)]


def _absolute(value: object) -> Any:
    return abs(whole(value)) if isinstance(value, int) else abs(number(value))


def _round(value: object) -> float:
    exact = number(value)
    return math.copysign(math.floor(abs(exact) + 0.5), exact) if abs(exact) < 2**52 else exact


def _rounded(toward: Callable[[float], int]) -> Callable[[object], float]:
    def function(value: object) -> float:
        exact = number(value)
        return float(toward(exact)) if math.isfinite(exact) else exact

    return function


def _strip(value: object, characters: object = None) -> str:
    return text(value).strip(SPACES) if characters is None else text(value).strip(text(characters))


def _split(value: object, separator: object, limit: object = None) -> list[str]:
    limit_ = -1 if limit is None else whole(limit)
    if limit_ == 0:
        return []
    whole_text, between = text(value), text(separator)
    if not between:
        letters = list(whole_text)
        return (
            letters
            if limit_ < 0 or limit_ >= len(letters)
            else [*letters[: limit_ - 1], "".join(letters[limit_ - 1 :])]
        )
    return whole_text.split(between, limit_ - 1 if limit_ > 0 else -1)


def _replace(value: object, old: object, new: object, times: object = None) -> str:
    limit = -1 if times is None else whole(times)
    return text(value).replace(text(old), text(new), limit if limit >= 0 else -1)


def _repeat(value: object, times: object) -> str:
    repeated, number_of = text(value), whole(times)
    if number_of < 0:
        raise ValueError(f"invalid argument for repeat: {number_of}")
    count(len(repeated) * number_of)
    return repeated * number_of


def _join(values: object, glue: object = "") -> str:
    return text(glue).join(texts(values))


def _find(finder: Callable[[bytes, bytes], int]) -> Callable[[object, object], int]:
    return lambda value, part: finder(text(value).encode(), text(part).encode())


def _from_base64(value: object) -> str:
    try:
        return base64.b64decode(text(value), validate=True).decode(errors="replace")
    except binascii.Error as error:
        raise ValueError(f"illegal base64 data: {error}") from None


def _elements(value: object) -> list[Any]:
    if isinstance(value, list):
        return value
    raise ValueError(f"a list is needed, not {shown(value)}")


def _mapping(value: object) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    raise ValueError(f"a map is needed, not {shown(value)}")


def _get(value: object, key: object) -> Any:
    if value is None:
        return None
    if isinstance(value, list | str):
        at = whole(key)
        return fetch(value, at) if -len(value) <= at < len(value) else None
    return fetch(value, key)


def _edge(at: int) -> Callable[[object], Any]:
    def function(value: object) -> Any:
        return fetch(value, at) if isinstance(value, list | str) and value else None

    return function


def _flat(values: Iterable[Any]) -> list[Any]:
    return [leaf for value in values for leaf in (_flat(value) if isinstance(value, list) else [value])]


def _extreme(better: str) -> Callable[..., Any]:
    def function(*values: Any) -> Any:
        if len(values) == 1 and not isinstance(values[0], list):
            return values[0]
        best = None
        for value in _flat(values):
            number(value)
            if best is None or compare(better, value, best):
                best = value
        return best

    return function


def _mean(*values: Any) -> float:
    numbers = [number(value) for value in _flat(values)]
    return sum(numbers) / len(numbers) if numbers else 0.0


def _unique(values: object) -> list[Any]:
    seen: list[Any] = []
    for value in _elements(values):
        if not any(equal(value, other) for other in seen):
            seen.append(value)
    return seen


_MANY = 1_000
FUNCTIONS: dict[str, Function] = {
    "asInt": Function(_int, 1, 1),
    "asFloat": Function(_float, 1, 1),
    "toJson": Function(encode, 1, 1, "string"),
    "jsonpath": Function(lambda document, path: query(text(document), text(path)), 2, 2),
    "int": Function(_int, 1, 1, "int"),
    "float": Function(_float, 1, 1, "float"),
    "string": Function(shown, 1, 1, "string"),
    "type": Function(_type, 1, 1, "string"),
    "len": Function(_length, 1, 1, "int"),
    "abs": Function(_absolute, 1, 1),
    "ceil": Function(_rounded(math.ceil), 1, 1, "float"),
    "floor": Function(_rounded(math.floor), 1, 1, "float"),
    "round": Function(_round, 1, 1, "float"),
    "min": Function(_extreme("<"), 1, _MANY),
    "max": Function(_extreme(">"), 1, _MANY),
    "mean": Function(_mean, 1, _MANY),
    "trim": Function(_strip, 1, 2, "string"),
    "trimPrefix": Function(lambda value, part=" ": text(value).removeprefix(text(part)), 1, 2, "string"),
    "trimSuffix": Function(lambda value, part=" ": text(value).removesuffix(text(part)), 1, 2, "string"),
    "upper": Function(lambda value: upper(text(value)), 1, 1, "string"),
    "lower": Function(lambda value: lower(text(value)), 1, 1, "string"),
    "split": Function(_split, 2, 3, "list"),
    "replace": Function(_replace, 3, 4, "string"),
    "repeat": Function(_repeat, 2, 2, "string"),
    "join": Function(_join, 1, 2, "string"),
    "indexOf": Function(_find(bytes.find), 2, 2, "int"),
    "lastIndexOf": Function(_find(bytes.rfind), 2, 2, "int"),
    "hasPrefix": Function(lambda value, part: text(value).startswith(text(part)), 2, 2, "bool"),
    "hasSuffix": Function(lambda value, part: text(value).endswith(text(part)), 2, 2, "bool"),
    "toJSON": Function(lambda value: encode(value, indent=True), 1, 1, "string"),
    "fromJSON": Function(lambda document: decode(text(document)), 1, 1),
    "toBase64": Function(lambda value: base64.b64encode(text(value).encode()).decode(), 1, 1, "string"),
    "fromBase64": Function(_from_base64, 1, 1, "string"),
    "first": Function(_edge(0), 1, 1),
    "last": Function(_edge(-1), 1, 1),
    "get": Function(_get, 2, 2),
    "take": Function(lambda values, most: _elements(values)[: max(whole(most), 0)], 2, 2, "list"),
    "keys": Function(lambda value: sorted(_mapping(value)), 1, 1, "list"),
    "values": Function(lambda value: [_mapping(value)[key] for key in sorted(_mapping(value))], 1, 1, "list"),
    "reverse": Function(lambda values: _elements(values)[::-1], 1, 1, "list"),
    "uniq": Function(_unique, 1, 1, "list"),
    "concat": Function(lambda *lists: [value for part in lists for value in _elements(part)], 1, _MANY, "list"),
    "flatten": Function(lambda values: _flat(_elements(values)), 1, 1, "list"),
    **{f"sprig.{name}": Function(call, least, most) for name, (call, least, most) in SPRIG.items()},
}


def apply(name: str, arguments: list[Any]) -> Any:
    """Call a function. Raises ValueError for an unknown one, a wrong number of arguments and whatever it refuses."""
    function = FUNCTIONS.get(name)
    if function is None:
        raise ValueError(f"unknown function {name!r}")
    if not function.least <= len(arguments) <= function.most:
        raise ValueError(f"{name} takes {function.least} to {function.most} arguments, not {len(arguments)}")
    return function.call(*arguments)


Test = Callable[[int, Any], Any]


def _true(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError(f"a predicate must be true or false, not {shown(value)}")


def _holds(values: list[Any], test: Test) -> Iterable[bool]:
    return (_true(test(index, value)) for index, value in enumerate(values))


def _sum(values: list[Any], test: Test) -> Any:
    total: Any = 0
    for index, value in enumerate(values):
        total = add(total, test(index, value))
    return total


PREDICATES: dict[str, tuple[Callable[[list[Any], Test], Any], str | None]] = {
    "all": (lambda values, test: all(_holds(values, test)), "bool"),
    "any": (lambda values, test: any(_holds(values, test)), "bool"),
    "none": (lambda values, test: not any(_holds(values, test)), "bool"),
    "one": (lambda values, test: sum(_holds(values, test)) == 1, "bool"),
    "count": (lambda values, test: sum(_holds(values, test)), "int"),
    "filter": (lambda values, test: [v for i, v in enumerate(values) if _true(test(i, v))], "list"),
    "map": (lambda values, test: [test(i, v) for i, v in enumerate(values)], "list"),
    "find": (lambda values, test: next((v for i, v in enumerate(values) if _true(test(i, v))), None), None),
    "findIndex": (lambda values, test: next((i for i, v in enumerate(values) if _true(test(i, v))), None), None),
    "sum": (_sum, None),
}
WITHOUT_PREDICATE = ("count", "sum")

_EXPR_NAMES = (
    "bitand bitnand bitnot bitor bitshl bitshr bitushr bitxor date duration findLast findLastIndex fromPairs groupBy "
    "median now reduce sort sortBy splitAfter timezone toPairs"
)
UNSUPPORTED = frozenset(_EXPR_NAMES.split()) | {f"sprig.{name}" for name in SPRIG_NAMES if name not in SPRIG}
KNOWN = frozenset(FUNCTIONS) | frozenset(PREDICATES) | UNSUPPORTED
