"""How a column is distributed, small enough to keep in `report.json`: the next run compares its data against it.

Numbers are counted in bins of equally many rows, other columns by value. A personal column has none: edges and values
would give people away.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from steps.contract import Column, Contract

BINS = 10
VALUES = 50
"""Values counted by name; the rest is one."""
QUANTILES = 100


@dataclass(frozen=True, slots=True)
class Distribution:
    """`edges` are the inner borders of bins of numbers, a value on a border counts above it; or `names` of values.

    `counts` is one longer than `edges`, or one longer than `names`: the last is of all other values. Nulls are
    `missing`. `quantiles` of numbers are those in the middle of so many equal parts of the rows.
    """

    counts: tuple[int, ...]
    missing: int
    edges: tuple[float, ...] = ()
    names: tuple[str, ...] = ()
    quantiles: tuple[float, ...] = ()

    @property
    def rows(self) -> int:
        return sum(self.counts) + self.missing

    def to_json(self) -> dict[str, Any]:
        borders: dict[str, Any] = {"names": list(self.names)} if self.names else {"edges": list(self.edges)}
        kept = {"quantiles": list(self.quantiles)} if self.quantiles else {}
        return {**borders, "counts": list(self.counts), "missing": self.missing, **kept}


def distributions(frame: pd.DataFrame, contract: Contract) -> dict[str, Distribution]:
    """Return the distribution of each column of typed rows that is not personal."""
    return {name: of(frame[name], column) for name, column in contract.columns.items() if not column.personal}


def of(values: pd.Series[Any], column: Column) -> Distribution:
    """Return the distribution of one column in bins of its own."""
    if column.dtype in ("integer", "number"):
        return like(values, Distribution((), 0, edges=_edges(_numbers(values))))
    names = tuple(str(name) for name in _texts(values).value_counts().head(VALUES).index)
    return like(values, Distribution((), 0, names=tuple(sorted(names))))


def like(values: pd.Series[Any], other: Distribution) -> Distribution:
    """Return the distribution of the values in the bins of another."""
    missing = int(values.isna().sum())
    if other.names:
        found = _texts(values).value_counts()
        counts = [int(found.get(name, 0)) for name in other.names]
        return Distribution((*counts, int(found.sum()) - sum(counts)), missing, names=other.names)
    if not pd.api.types.is_numeric_dtype(values.dtype):
        return Distribution((int(values.notna().sum()),), missing, edges=other.edges)
    numbers = _numbers(values)
    bins = np.searchsorted(np.array(other.edges), numbers, side="right")
    counts = np.bincount(bins, minlength=len(other.edges) + 1).tolist()
    return Distribution(tuple(counts), missing, edges=other.edges, quantiles=_quantiles(numbers))


def read(value: Any) -> Distribution | None:
    """Return the distribution of a report, None for anything that is none: the file may be of any age or hand."""
    if not isinstance(value, Mapping):
        return None
    counts, missing = value.get("counts"), value.get("missing")
    edges, names, points = value.get("edges", []), value.get("names", []), value.get("quantiles", [])
    if not (isinstance(counts, list) and isinstance(edges, list) and isinstance(names, list)):
        return None
    if not isinstance(points, list) or len(points) not in (0, QUANTILES):
        return None
    if not all(_is_count(count) for count in [*counts, missing]) or len(counts) != len(names or edges) + 1:
        return None
    if not all(_is_number(number) for number in [*edges, *points]) or (edges, points) != (
        sorted(edges),
        sorted(points),
    ):
        return None
    if not all(isinstance(name, str) for name in names):
        return None
    return Distribution(
        tuple(counts), int(missing or 0), tuple(map(float, edges)), tuple(names), tuple(map(float, points))
    )


def _edges(numbers: NDArray[np.float64]) -> tuple[float, ...]:
    """Return the inner deciles, and one border above the largest: what was never so large has a bin of its own.

    Few values have a bin each: deciles of a rare one would not see it.
    """
    if not len(numbers):
        return ()
    values = np.unique(numbers)
    inner = values if len(values) <= BINS else np.quantile(numbers, np.linspace(0, 1, BINS + 1)[1:-1])
    return tuple(float(edge) for edge in np.unique([*inner, np.nextafter(numbers.max(), np.inf)]) if np.isfinite(edge))


def _quantiles(numbers: NDArray[np.float64]) -> tuple[float, ...]:
    if not len(numbers):
        return ()
    middles = (np.arange(QUANTILES) + 0.5) / QUANTILES
    return tuple(float(value) for value in np.quantile(numbers, middles, method="inverted_cdf"))


def _numbers(values: pd.Series[Any]) -> NDArray[np.float64]:
    numbers: NDArray[np.float64] = np.asarray(values.dropna(), dtype=np.float64)
    return np.asarray(numbers[np.isfinite(numbers)])


def _texts(values: pd.Series[Any]) -> pd.Series[Any]:
    dated = pd.api.types.is_datetime64_any_dtype(values.dtype)
    return values.dropna().dt.strftime("%Y-%m-%d") if dated else values.dropna().astype("string").astype(object)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: object) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool) and abs(value) < math.inf
