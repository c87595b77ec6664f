"""What operators do to values: expr-lang's arithmetic, equality, order, membership and access.

Used by the evaluator and the functions. Integers and floats stay apart as in Go, and nothing is coerced: text plus a
number is an error there, so it is one here. Every error is a ValueError. Source: vm/runtime of expr-lang 1.17.8.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows.engine.gonumbers import divide, power, truncate, wrap
from workflows.engine.gotext import shown

_BUDGET = 1_000_000  # elements one expression may make, as expr-lang's memory budget


class UnsupportedError(ValueError):
    """Argo could do it, this engine cannot: never to be taken for an unresolved tag."""


def is_number(value: object) -> bool:
    """Say whether `value` is an int or a float (a boolean is not)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def number(value: object) -> float:
    """Return a number as a float, or raise."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise ValueError(f"a number is needed, not {described(value)}")


def whole(value: object) -> int:
    """Return a number as an integer, or raise."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return truncate(number(value))


def text(value: object) -> str:
    """Return text, or raise."""
    if isinstance(value, str):
        return value
    raise ValueError(f"text is needed, not {described(value)}")


def texts(value: object) -> list[str]:
    """Return a list of text, or raise."""
    if isinstance(value, list):
        return [text(element) for element in value]
    raise ValueError(f"a list is needed, not {described(value)}")


def described(value: object) -> str:
    """Name a value in an error."""
    return repr(value) if isinstance(value, str) else shown(value)


def count(size: int) -> None:
    """Refuse to make more than an expression may."""
    if size >= _BUDGET:
        raise ValueError("memory budget exceeded")


def _mismatch(operator: str, left: object, right: object) -> ValueError:
    return ValueError(f"invalid operation: {described(left)} {operator} {described(right)}")


def add(left: Any, right: Any) -> Any:
    """Add numbers, or join text."""
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    return arithmetic("+", left, right)


def arithmetic(operator: str, left: Any, right: Any) -> Any:
    """Calculate with two numbers: + - * / % ** ^."""
    if not is_number(left) or not is_number(right):
        raise _mismatch(operator, left, right)
    if operator in ("**", "^"):
        return power(float(left), float(right))
    if operator == "/":
        return divide(float(left), float(right))
    if operator == "%":
        return _modulo(left, right)
    result = {"+": left + right, "-": left - right, "*": left * right}[operator]
    return result if isinstance(result, float) else wrap(result)


def _modulo(left: Any, right: Any) -> int:
    if not isinstance(left, int) or not isinstance(right, int):
        raise _mismatch("%", left, right)
    if right == 0:
        raise ValueError("integer divide by zero")
    return abs(left) % abs(right) * (-1 if left < 0 else 1)


def negate(value: Any) -> Any:
    """Return minus a number."""
    number(value)
    return -value if isinstance(value, float) else wrap(-value)


def equal(left: Any, right: Any) -> bool:
    """Compare: 1 equals 1.0, but text never equals a number; lists element by element, maps strictly."""
    if is_number(left) and is_number(right):
        return float(left) == float(right) if isinstance(left, float) or isinstance(right, float) else left == right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    return identical(left, right)


def identical(left: Any, right: Any) -> bool:
    """Compare without seeing 1 and 1.0 as one (reflect.DeepEqual)."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(identical(left[key], right[key]) for key in left)
    if type(left) is not type(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(map(identical, left, right))
    return bool(left == right)


def compare(operator: str, left: Any, right: Any) -> bool:
    """Order two numbers or two texts (by their bytes)."""
    if isinstance(left, str) and isinstance(right, str):
        a: Any = left.encode("utf-8", "surrogatepass")
        b: Any = right.encode("utf-8", "surrogatepass")
    elif is_number(left) and is_number(right):
        mixed = isinstance(left, float) or isinstance(right, float)
        a, b = (float(left), float(right)) if mixed else (left, right)
    else:
        raise _mismatch(operator, left, right)
    return bool({"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[operator])


def contains(needle: Any, among: Any) -> bool:
    """Say whether a list holds a value or a map a key; nothing is in nil."""
    if among is None:
        return False
    if isinstance(among, list):
        return any(equal(element, needle) for element in among)
    if isinstance(among, Mapping) and isinstance(needle, str):
        return needle in among
    raise _mismatch("in", needle, among)


def fetch(base: Any, key: Any) -> Any:
    """Return a member: nil for a key a map lacks, an error for an index a list lacks and for anything of nil."""
    if isinstance(base, Mapping):
        if not isinstance(key, str):
            raise ValueError(f"cannot fetch {described(key)} from a map")
        return base.get(key)
    if isinstance(base, list | str):
        elements = base if isinstance(base, list) else base.encode()
        at = whole(key)
        if not -len(elements) <= at < len(elements):
            raise ValueError(f"index out of range: {at} (array length is {len(elements)})")
        return elements[at]
    raise ValueError(f"cannot fetch {shown(key)} from {described(base)}")


def cut(base: Any, low: Any, high: Any) -> Any:
    """Return a part of a list, or of text by bytes."""
    if not isinstance(base, list | str):
        raise ValueError(f"cannot slice {described(base)}")
    elements = base if isinstance(base, list) else base.encode()
    size = len(elements)
    start, end = 0 if low is None else whole(low), size if high is None else whole(high)
    end = min(max(end + size if end < 0 else end, 0), size)
    start = min(max(start + size if start < 0 else start, 0), end)
    part = elements[start:end]
    return part.decode(errors="replace") if isinstance(part, bytes) else part


def spread(low: Any, high: Any) -> list[int]:
    """Return the integers from `low` to `high`, both included."""
    first, last = whole(low), whole(high)
    count(last - first + 1)
    return list(range(first, last + 1))
