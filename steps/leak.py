"""Features that tell too much or nothing: the target in other words is refused, what says nothing is noted.

`batch` asks for leaks, `train` and `evaluate` tell notices. A model of a leak passes every gate and is worthless, for
nobody knows the target when the model is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from steps.document import Model
from steps.violation import Violation

if TYPE_CHECKING:
    from steps.model import Truth

ROWS = 30
"""Fewer rows may agree by chance."""
VALUES = 20
ROWS_A_VALUE = 10
"""A column of at most so many values, in so many rows each on average, is judged as categories; an id is not."""
ENOUGH = 1000
"""Rows that are looked at first: more than `VALUES` among them are more among all."""
ALIKE = 1 - 1e-9
"""The least correlation of numbers that is the target in other units; the rest is rounding."""


def leaks(frame: pd.DataFrame, model: Model, truth: Truth) -> list[Violation]:
    """Return a violation for each feature that says exactly what the target says, missing values counted as one."""
    if len(frame) < ROWS:
        return []
    tells = _same_numbers if model.task == "regression" else _same_classes
    found = [name for name in model.features if tells(frame[name], truth)]
    says = f"tells the target {model.target!r} exactly (perfect correlation); take it out of model.features"
    return [Violation(name, "leak", says, len(frame)) for name in found]


def notices(frame: pd.DataFrame, model: Model) -> dict[str, str]:
    """Return what is to be said of the features of these rows, by feature; nothing of it stops a run."""
    found = {}
    most = model.prepare.max_categories
    for name in model.features:
        values = frame[name].dropna()
        if values.empty:
            found[name] = "is missing in every row: it tells the model nothing"
            continue
        if len(values) == len(frame) and bool((values == values.iloc[0]).all()):
            found[name] = "is the same in every row: it tells the model nothing"
        elif pd.api.types.is_string_dtype(values.dtype) and (distinct := values.nunique()) > most:
            found[name] = f"has {distinct:,} values: the model tells the {most - 1} commonest apart and no others"
    return found


def _same_classes(column: pd.Series[Any], truth: Truth) -> bool:
    if column.iloc[:ENOUGH].nunique(dropna=False) > VALUES:
        return False
    codes, values = pd.factorize(column, use_na_sentinel=False)
    if not 2 <= len(values) <= min(VALUES, len(column) // ROWS_A_VALUE):
        return False
    positive = np.bincount(codes, weights=truth, minlength=len(values))
    return bool(np.isin(positive, [0]).any() and ((positive == 0) | (positive == np.bincount(codes))).all())


def _same_numbers(column: pd.Series[Any], truth: Truth) -> bool:
    if not pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
        return False
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.isfinite(values)
    if known.sum() < ROWS or not np.ptp(values[known]) or not np.ptp(truth[known]):
        return False
    return bool(abs(np.corrcoef(values[known], truth[known])[0, 1]) >= ALIKE)
