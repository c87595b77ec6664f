"""Which columns a model should not learn from, each with the reason as it will stand in the document.

Left out are columns that say nothing, that name a row instead of describing it, and that give the target away. All stay
in the contract: they come with the data, and a person may well know better.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from steps.draft.column import FEW, Facts
from steps.draft.sample import Sample
from steps.draft.target import Target

IDENTIFIES = re.compile(r"(?i:(?:^|[ _.\-])(?:id|uuid|guid|rownames|row_?number|index|unnamed(?:: ?0)?)$)|[a-z]I[Dd]$")
PERSONAL = re.compile(
    r"(?i)(?:^|[ _.\-])(?:e?mail|phone|mobile|iban|ssn|passport|address|street|(?:first|last|full|sur)?[ _]?name|dob)"
)
TOO_GOOD = 0.999
"""A column that ranks the rows this well by itself (area under the ROC curve), or correlates so, knows the answer."""
LEAST_OF_A_CLASS = 10
ROWS_A_VALUE = 10
"""With fewer rows a value, categories explain any target by chance."""
MANY_TEXTS = 0.5
"""From this share of different texts on, a column names rows rather than groups them."""


def left_out(sample: Sample, found: Mapping[str, Facts], wanted: Target, sensitive: str) -> dict[str, str]:
    """Return why, by column, in the order of the file; the target and the sensitive column are no question."""
    truth = answers(sample.rows[wanted.name], wanted)
    reasons = {}
    for name, column in found.items():
        if name not in (wanted.name, sensitive):
            why = _silent(column) or _naming(column) or _leak(sample.rows[name], column, truth, wanted)
            if why:
                reasons[name] = why
    return reasons


def personal(column: Facts, reasons: Collection[str]) -> bool:
    """Say whether values should be masked in reports: the name says so, or it is text that names its row."""
    if column.dtype != "string":
        return bool(PERSONAL.search(column.name)) and column.distinct > FEW
    names = column.distinct > MANY_TEXTS * column.present and column.name in reasons
    return names or (bool(PERSONAL.search(column.name)) and not column.values)


def answers(values: pd.Series[Any], wanted: Target) -> NDArray[np.float64]:
    """Return the target as numbers: 1 for the positive class and 0 for the rest, or the values themselves."""
    if wanted.task == "classification":
        return np.asarray((values == wanted.positive).fillna(False), dtype=np.float64)
    return values.to_numpy(dtype=np.float64, na_value=np.nan)


def _silent(column: Facts) -> str:
    if not column.present:
        return "is empty in every row"
    return "has one value only" if column.distinct == 1 else ""


def _naming(column: Facts) -> str:
    every = column.distinct == column.present
    if column.dtype == "date":
        return "is a date: as a number it only grows; turn it into an age or a season, or split by it (model.time)"
    if column.dtype == "integer" and every and column.width + 1 == column.present:
        return "numbers the rows"
    if column.dtype in ("integer", "string") and IDENTIFIES.search(column.name):
        return "identifies a row, by its name"
    if column.dtype == "string" and column.distinct > MANY_TEXTS * column.present and not column.values:
        return "is a text of its own in nearly every row"
    return ""


def _leak(values: pd.Series[Any], column: Facts, truth: NDArray[np.float64], wanted: Target) -> str:
    """Return what gives the target away: the values, or that there are none."""
    if column.missing and _tells(_numbers(values.isna()), truth, wanted):
        return f"gives the target away by being empty; is it known before {wanted.name}?"
    known = np.asarray(values.notna(), dtype=np.bool_)
    alone = column.dtype in ("integer", "number") and _tells(_numbers(values[known]), truth[known], wanted)
    if alone or (_groups(column) and _tells(_means(values, truth), truth, wanted)):
        return f"gives the target away, all by itself; is it known before {wanted.name}?"
    return ""


def _groups(column: Facts) -> bool:
    return column.dtype not in ("number", "date") and column.distinct * ROWS_A_VALUE <= column.present


def _means(values: pd.Series[Any], truth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each row the mean of the target over the rows of its value; having none is a value."""
    texts = values.astype("string").fillna("")
    return _numbers(pd.Series(truth, index=values.index).groupby(texts).transform("mean"))


def _numbers(values: pd.Series[Any]) -> NDArray[np.float64]:
    return np.asarray(values.to_numpy(dtype=np.float64), dtype=np.float64)


def _tells(numbers: NDArray[np.float64], truth: NDArray[np.float64], wanted: Target) -> bool:
    if len(truth) < 2 or np.ptp(numbers) == 0 or np.ptp(truth) == 0:
        return False
    if wanted.task == "regression":
        ranks = (pd.Series(numbers).rank(), pd.Series(truth).rank())
        straight = abs(float(np.corrcoef(numbers, truth)[0, 1]))
        return max(straight, abs(float(np.corrcoef(*ranks)[0, 1]))) >= TOO_GOOD
    if min(truth.sum(), len(truth) - truth.sum()) < LEAST_OF_A_CLASS:
        return False
    area = float(roc_auc_score(truth, numbers))
    return max(area, 1 - area) >= TOO_GOOD
