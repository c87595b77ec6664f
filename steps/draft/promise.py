"""The contract of a draft: what the sample showed of each column, with slack, and a comment that says what was seen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from steps.contract import Scalar
from steps.draft.column import Facts

SLACK = 0.5
"""Bounds lie this share of the range seen beyond what was seen, but never on the other side of zero."""
MORE_NULLS = 2.0
NULLS_ADDED = 0.02
FEWER_ROWS = 0.5
FORBIDDEN = ("{{", "$(")
"""What no document may hold: Argo would expand it."""


def promise(column: Facts, *, used: bool, listed: bool, personal: bool) -> tuple[dict[str, Any], str]:
    """Return the contract's entry and what is to be said of it.

    A column that is not `used` only keeps its dtype: ids grow, and nobody depends on the rest. `listed` wants each
    value named.
    """
    entry: dict[str, Any] = {"dtype": column.dtype}
    if column.missing:
        entry |= {"nullable": True, **_nulls(column)}
    if used and _lists(column, listed=listed):
        entry["allowed"] = sorted((value for value, _ in column.values), key=lambda value: (str(type(value)), value))
    elif used:
        entry |= _bounds(column)
    if personal:
        entry["personal"] = True
    return entry, _seen(column, entry)


def least_rows(rows: int) -> int:
    """Return the fewest rows of a batch: half the sample's, to two digits."""
    return max(1, int(_down(rows * FEWER_ROWS, 2)))


def _lists(column: Facts, *, listed: bool) -> bool:
    if not column.values or any(mark in str(value) for value, _ in column.values for mark in FORBIDDEN):
        return False
    return listed or column.dtype == "string" or (column.dtype == "integer" and column.distinct <= 2)


def _nulls(column: Facts) -> Mapping[str, float]:
    share = math.ceil(100 * (MORE_NULLS * column.missing / column.rows + NULLS_ADDED)) / 100
    return {"max_null_fraction": share} if share < 1 else {}


def _bounds(column: Facts) -> dict[str, Scalar]:
    if column.low is None or column.high is None or not column.width:
        return {}
    room = SLACK * column.width
    digits = _digits(room)
    low, high = _floor(column.low - room, digits), -_floor(-(column.high + room), digits)
    low, high = (0.0 if column.low >= 0 > low else low), (0.0 if column.high <= 0 < high else high)
    if column.dtype == "integer" or (low.is_integer() and high.is_integer()):
        return {"min": math.floor(low), "max": math.ceil(high)}
    return {"min": low, "max": high}


def _seen(column: Facts, entry: Mapping[str, Any]) -> str:
    said = []
    if "max" in entry and column.low is not None and column.high is not None:
        said.append(f"{_short(column.low)} to {_short(column.high)} seen")
    elif column.dtype in ("string", "date") and "allowed" not in entry:
        said.append(f"{column.distinct:,} values seen")
    if 2 * column.numbers > column.present > column.numbers:
        said.append(f"text: {column.present - column.numbers:,} of {column.present:,} values read as no number")
    if column.missing:
        said.append(f"{column.missing / column.rows:.1%} missing")
    return ", ".join(said)


def _digits(room: float) -> int:
    """Return the decimal place of the second significant digit: negative to the left of the point."""
    return 1 - math.floor(math.log10(room))


def _floor(value: float, digits: int) -> float:
    scale = 10.0**digits
    return round(math.floor(value * scale) / scale, max(digits, 0))


def _down(value: float, significant: int) -> float:
    return _floor(value, significant - 1 - math.floor(math.log10(value))) if value >= 1 else 0.0


def _short(value: float) -> str:
    return f"{value:,.0f}" if value.is_integer() else f"{value:.4g}"
