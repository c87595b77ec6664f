"""The whole batch: all clean files as one table, and the rules that no single file can break. For `train`, `evaluate`.

Only here are rows counted, values compared across files and both sides of the split looked at.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from steps import leak, split, table
from steps.contract import Contract
from steps.document import Document, Model
from steps.source import Unreadable
from steps.split import Split
from steps.verdict import Reason, Verdict
from steps.violation import EXAMPLES, Violation, evidence, shown, summary

if TYPE_CHECKING:
    from steps.model import Truth

CLEAN_FILE = r"[0-9]{4}\.parquet"


def load(folder: Path, contract: Contract) -> pd.DataFrame:
    """Return the rows of all clean files, in the order of the files' names.

    Raises `ValueError` for anything in the folder that `validate` did not leave there.
    """
    files = sorted(folder.iterdir())
    strange = [file.name for file in files if not re.fullmatch(CLEAN_FILE, file.name)]
    if strange or not files:
        raise ValueError(f"expected clean files 0000.parquet … in {folder.name}, found {strange or 'none'}")
    try:
        return table.clean(files, contract)
    except Unreadable as error:
        raise ValueError(f"a clean file cannot be read: {error}") from error


def check(frame: pd.DataFrame, document: Document) -> Split:
    """Return the batch as train and holdout; raises `Verdict` (contract) if it breaks a rule of the whole."""
    contract = document.contract
    violations = [
        *_rows(frame, contract),
        *_unique(frame, contract),
        *_categories(frame, contract),
        *_target(frame, document.model),
        *_learnable(frame, document.model, "the batch"),
    ]
    if not violations:
        parts = split.split(frame, document.model.seed, document.model.holdout, document.model.time)
        violations = [
            *leak.leaks(frame, document.model, truth(frame, document.model)),
            *_learnable(parts.train, document.model, "train"),
            *_learnable(parts.holdout, document.model, "holdout"),
        ]
    if violations:
        message = summary("the batch", violations)
        raise Verdict(Reason.CONTRACT, message, rows=len(frame), **evidence(violations))
    return parts


def truth(frame: pd.DataFrame, model: Model) -> Truth:
    """Return the target as what is learned: `labels`, or the numbers of a regression."""
    if model.task == "classification":
        return labels(frame, model)
    return frame[model.target].to_numpy(dtype=np.float64, na_value=np.nan)


def labels(frame: pd.DataFrame, model: Model) -> NDArray[np.int64]:
    """Return 1 where the target is the document's `positive`, else 0."""
    return np.asarray((frame[model.target] == model.positive).fillna(False), dtype=np.int64)


def groups(frame: pd.DataFrame, sensitive: str) -> pd.Series[str]:
    """Return the group of each row as text; rows without one form a group of their own."""
    return frame[sensitive].astype("string").fillna("(missing)").astype(object)


def _rows(frame: pd.DataFrame, contract: Contract) -> list[Violation]:
    least, most = contract.rows.min, contract.rows.max
    if least is not None and len(frame) < least:
        return [Violation("", "rows", f"has {len(frame)} rows; the contract wants at least {least}")]
    if most is not None and len(frame) > most:
        return [Violation("", "rows", f"has {len(frame)} rows; the contract wants at most {most}")]
    return []


def _unique(frame: pd.DataFrame, contract: Contract) -> list[Violation]:
    found = []
    for name, column in contract.columns.items():
        if column.unique:
            rows = np.flatnonzero((frame[name].duplicated() & frame[name].notna()).to_numpy(dtype=bool))
            examples = tuple((int(row) + 1, shown(frame[name].iloc[row], column)) for row in rows[:EXAMPLES])
            if len(rows):
                says = "stands in more than one row of the batch"
                found.append(Violation(name, "field_uniqueness", says, len(rows), examples))
    return found


def _categories(frame: pd.DataFrame, contract: Contract) -> list[Violation]:
    found = []
    for name, column in contract.columns.items():
        most = column.max_distinct
        if most is not None and (distinct := int(frame[name].nunique())) > most:
            says = f"has {distinct:,} different values; the contract wants {most:,} at most"
            found.append(Violation(name, "max_distinct", says))
    return found


def _target(frame: pd.DataFrame, model: Model) -> list[Violation]:
    found = []
    for name, role in ((model.target, "target"), *([(model.time, "time")] if model.time else [])):
        missing = int(frame[name].isna().sum())
        if missing:
            found.append(Violation(name, role, f"is the {role} and missing in {missing} rows", missing))
    return found


def _learnable(frame: pd.DataFrame, model: Model, side: str) -> list[Violation]:
    if model.task == "classification":
        return _classes(frame, model, side)
    distinct = frame[model.target].nunique()
    if distinct > 1:
        return []
    has = f"{len(frame)} rows, all with the same number" if distinct else "no row"
    return [Violation(model.target, "numbers", f"is the target, and {side} has {has}; training needs more than one")]


def _classes(frame: pd.DataFrame, model: Model, side: str) -> list[Violation]:
    positive = int(labels(frame, model).sum())
    if 0 < positive < len(frame):
        return []
    only = "no row" if not len(frame) else f"{len(frame)} rows, {'all' if positive else 'none'} of them"
    says = f"is the target, and {side} has {only} {'positive' if len(frame) else ''}".rstrip()
    return [Violation(model.target, "classes", f"{says} ({model.positive!r}); training needs both classes")]
