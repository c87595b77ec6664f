"""Numbers written and read as Go does, where Python's habits differ.

Used by the three languages of the engine: a metric has to come out of a tag, a condition or an item with exactly the
digits it has on a cluster. Sources: strconv, fmt and encoding/json of Go.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal

_DECIMAL = re.compile(r"[+-]?(\d(_?\d)*)?(\.\d*)?([eE][+-]?\d+)?", re.ASCII)
_HEXADECIMAL = re.compile(r"[+-]?0[xX][0-9a-fA-F]*\.?[0-9a-fA-F]*[pP][+-]?\d+", re.ASCII)
_INFINITE = re.compile(r"[+-]?inf(inity)?|nan", re.IGNORECASE)


def shortest(number: float) -> str:
    """Print as `%v` does: the fewest digits that read back, an exponent below 1e-4 and from 1e6 on."""
    return _written(number, low=1e-4, high=1e6, exponent_digits=2)


def json_number(number: float) -> str:
    """Print as encoding/json does: plain from 1e-6 to 1e21, else with an exponent. `number` is finite."""
    return _written(number, low=1e-6, high=1e21, exponent_digits=1)


def _written(number: float, *, low: float, high: float, exponent_digits: int) -> str:
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "+Inf" if number > 0 else "-Inf"
    if number == 0 or low <= abs(number) < high:
        return format(Decimal(repr(number)), "f").removesuffix(".0")
    mantissa, _, exponent = format(Decimal(repr(number)), "e").partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    digits = exponent[1:].rjust(2 if exponent_digits == 2 or exponent[0] == "+" else 1, "0")
    return f"{mantissa}e{exponent[0]}{digits}"


def to_float(text: str) -> float:
    """Read as strconv.ParseFloat does. Raises ValueError, also for a number beyond the range of a float."""
    if _INFINITE.fullmatch(text):
        return float(text)
    if _HEXADECIMAL.fullmatch(text):
        return float.fromhex(text)
    if "_" in text or not _DECIMAL.fullmatch(text) or not any(c.isdigit() for c in text.lower().partition("e")[0]):
        raise ValueError(text)
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


def to_int(text: str) -> int:
    """Read as strconv.Atoi does: decimal digits and a sign, 64 bits. Raises ValueError."""
    if not re.fullmatch(r"[+-]?\d+", text, re.ASCII) or wrap(int(text)) != int(text):
        raise ValueError(text)
    return int(text)


def wrap(number: int) -> int:
    """Return `number` as 64 bits hold it."""
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


def truncate(number: float) -> int:
    """Convert to 64 bits as int(x) does on amd64: what does not fit is the smallest integer."""
    if math.isnan(number) or math.isinf(number) or not -(2.0**63) <= number < 2.0**63:
        return -(1 << 63)
    return int(number)


def power(base: float, exponent: float) -> float:
    """Raise as math.Pow does: no errors, but infinities and NaN."""
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf
    except ValueError:
        if base == 0:
            odd = exponent == math.floor(exponent) and exponent % 2 == 1
            return math.copysign(math.inf, base) if odd else math.inf
        return math.nan


def divide(left: float, right: float) -> float:
    """Divide as IEEE 754 says: by zero there is an infinity, or NaN."""
    if right != 0:
        return left / right
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def remainder(left: float, right: float) -> float:
    """Return what math.Mod returns: the sign of `left`, NaN for a division by zero."""
    if right == 0 or math.isinf(left):
        return math.nan
    return math.fmod(left, right)
