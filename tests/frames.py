"""Builders of typed rows and of files for the steps' tests: literal columns in, defaults for the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from steps import dtypes
from steps.contract import Contract
from steps.document import Document


def typed(contract: Contract | Mapping[str, str], **columns: list[Any]) -> pd.DataFrame:
    """Return rows with the pandas dtypes of the contract (or of a mapping of contract dtypes)."""
    kinds = contract if isinstance(contract, Mapping) else {n: c.dtype for n, c in contract.columns.items()}
    return pd.DataFrame({name: pd.Series(values, dtype=dtypes.PANDAS[kinds[name]]) for name, values in columns.items()})


def contract(**columns: Any) -> Contract:
    """Return a contract of these columns; a text stands for a dtype alone."""
    return Contract.model_validate(
        {"columns": {name: {"dtype": value} if isinstance(value, str) else value for name, value in columns.items()}}
    )


def loans(document: Document, rows: int = 200) -> pd.DataFrame:
    """Return rows that keep the loans contract: approved from a score of 600 on, two groups, no two rows alike."""
    score = [300 + (row * 37) % 551 for row in range(rows)]
    return typed(
        document.contract,
        income=[float(1000 + row) for row in range(rows)],
        credit_score=score,
        group=["a" if row % 2 else "b" for row in range(rows)],
        approved=[int(value >= 600) for value in score],
    )


def csv(*lines: str, newline: str = "\n") -> bytes:
    return newline.join([*lines, ""]).encode()
