"""The columns of the batch as the card shows them: role, what is missing, how values look, a small histogram.

The facts are those of `steps.profile`, which also keeps personal columns to counts; only the bars are made here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from steps.card.facts import Column
from steps.card.text import number, plain
from steps.document import Document

BARS = 14
COMMONEST = 3


def columns(frame: pd.DataFrame, document: Document, profile: Mapping[str, Mapping[str, Any]]) -> tuple[Column, ...]:
    """Return the contract's columns: the target first, then the sensitive one, the features, the rest."""
    found = [_column(name, frame, document, profile[name]) for name in document.contract.columns]
    return tuple(sorted(found, key=lambda column: ROLES.index(column.role)))


ROLES = ("target", "sensitive", "feature", "not used")


def _column(name: str, frame: pd.DataFrame, document: Document, facts: Mapping[str, Any]) -> Column:
    column = document.contract.columns[name]
    return Column(
        name=name,
        role=_role(name, document),
        dtype=column.dtype,
        missing=int(facts["missing"]),
        distinct=int(facts["distinct"]),
        looks="personal: not shown" if column.personal else _looks(facts),
        bars=() if column.personal else _bars(frame[name]),
    )


def _role(name: str, document: Document) -> str:
    model = document.model
    if name == model.target:
        return "target"
    if name == model.sensitive:
        return "sensitive"
    return "feature" if name in model.features else "not used"


def _looks(facts: Mapping[str, Any]) -> str:
    if "median" in facts:
        return f"{number(facts['min'])} to {number(facts['max'])}, median {number(facts['median'])}"
    commonest = list(facts.get("commonest", {}).items())
    if not commonest:
        return "no values"
    said = [f"{plain(name, 24)} {count:,}" for name, count in commonest[:COMMONEST]]
    more = int(facts["distinct"]) - len(said)
    return ", ".join(said) + (f" and {more:,} more" if more > 0 else "")


def _bars(values: pd.Series[Any]) -> tuple[int, ...]:
    """Return how many values lie in each of `BARS` equal parts of the range, or how often each of few values is.

    Texts are counted by value, the commonest if there are many; a constant has no bars.
    """
    if pd.api.types.is_bool_dtype(values.dtype) or pd.api.types.is_string_dtype(values.dtype):
        commonest = values.dropna().astype("string").value_counts().head(BARS).sort_index()
        return tuple(int(rows) for rows in commonest) if len(commonest) > 1 else ()
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        values = values.dropna().astype("int64")
    numbers = values.dropna().to_numpy(dtype=np.float64)
    numbers = numbers[np.isfinite(numbers)]
    if not len(numbers) or numbers.min() == numbers.max():
        return ()
    numbers = numbers / np.abs(numbers).max()  # so that no difference is too large for a number
    whole = np.unique(numbers)
    if len(whole) <= BARS:
        return tuple(int((numbers == value).sum()) for value in whole)
    edges = np.unique(np.linspace(numbers.min(), numbers.max(), BARS + 1))
    return tuple(int(count) for count in np.histogram(numbers, bins=edges)[0])
