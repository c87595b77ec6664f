"""The facts of one column of a sample: what the contract, the roles and the comments of a draft are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from steps import dtypes
from steps.contract import Dtype, Scalar
from steps.draft.sample import Sample

FEW = 30
"""Up to so many values stand in the contract one by one."""


@dataclass(frozen=True, slots=True)
class Facts:
    """`low` and `high` of numbers only; `values` are (value, rows), commonest first, where there are at most `FEW`.

    `numbers` says in how many rows a text reads as a number.
    """

    name: str
    dtype: Dtype
    rows: int
    missing: int
    distinct: int
    low: float | None = None
    high: float | None = None
    values: tuple[tuple[Scalar, int], ...] = ()
    numbers: int = 0

    @property
    def present(self) -> int:
        return self.rows - self.missing

    @property
    def width(self) -> float:
        """Return how far apart the least and the largest number are, 0 where there is none."""
        return 0.0 if self.low is None or self.high is None else self.high - self.low


def facts(sample: Sample) -> dict[str, Facts]:
    """Return the facts of every column, by name."""
    return {name: _facts(sample.rows[name], name, kind) for name, kind in sample.kinds.items()}


def _facts(values: pd.Series[Any], name: str, kind: Dtype) -> Facts:
    real = values.dropna()
    distinct = int(real.nunique())
    numeric = kind in ("integer", "number") and len(real) > 0
    counts: tuple[tuple[Scalar, int], ...] = ()
    if kind in ("integer", "boolean", "string") and distinct <= FEW:
        counted = [(_plain(value, kind), int(count)) for value, count in real.value_counts().items()]
        counts = tuple(sorted(counted, key=lambda pair: (-pair[1], str(pair[0]))))
    return Facts(
        name=name,
        dtype=kind,
        rows=len(values),
        missing=len(values) - len(real),
        distinct=distinct,
        low=float(real.min()) if numeric else None,
        high=float(real.max()) if numeric else None,
        values=counts,
        numbers=int(real.str.match(dtypes.PATTERN["number"]).sum()) if kind == "string" else 0,
    )


def _plain(value: Any, kind: Dtype) -> Scalar:
    if kind == "boolean":
        return bool(value)
    return int(value) if kind == "integer" else str(value)
