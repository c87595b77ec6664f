"""A profile of the batch for the report: per column how much is missing, and its range or its commonest values.

Columns marked personal show counts only.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from steps.contract import Column, Contract
from steps.gates import rounded
from steps.violation import shown

COMMONEST = 5
QUANTILES = {"min": 0.0, "median": 0.5, "max": 1.0}


def profile(frame: pd.DataFrame, contract: Contract) -> dict[str, Any]:
    """Return the profile of typed rows, JSON-able, by column."""
    return {name: _column(frame[name], column) for name, column in contract.columns.items()}


def _column(values: pd.Series[Any], column: Column) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "dtype": column.dtype,
        "missing": int(values.isna().sum()),
        "distinct": int(values.nunique()),
    }
    if column.personal or not values.notna().any():
        return facts
    if column.dtype in ("integer", "number"):
        numbers = values.dropna().astype("float64")
        return {**facts, **{name: rounded(float(numbers.quantile(at))) for name, at in QUANTILES.items()}}
    texts = values.dt.strftime("%Y-%m-%d") if column.dtype == "date" else values.astype("string")
    commonest = texts.value_counts().head(COMMONEST)
    return {**facts, "commonest": {shown(value, None)[1:-1]: int(count) for value, count in commonest.items()}}
