from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from documents import document, regression
from frames import loans, typed

from steps import batch, table
from steps.document import Document
from steps.verdict import Verdict

LOANS = document()


def save(folder: Path, rows: pd.DataFrame, name: str = "0000.parquet", of: Document = LOANS) -> None:
    table.write(rows, folder / name, of.contract)


def test_all_clean_files_are_one_table_in_the_order_of_their_names(tmp_path: Path) -> None:
    rows = loans(LOANS, 20)
    save(tmp_path, rows[10:], "0001.parquet")
    save(tmp_path, rows[:10], "0000.parquet")
    pd.testing.assert_frame_equal(batch.load(tmp_path, LOANS.contract), rows)


@pytest.mark.parametrize("name", ["notes.txt", "0000.parquet.bak", ".hidden", "00000.parquet"])
def test_a_strange_file_among_the_clean_ones_is_an_error(tmp_path: Path, name: str) -> None:
    save(tmp_path, loans(LOANS, 5))
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(ValueError, match="expected clean files"):
        batch.load(tmp_path, LOANS.contract)


def test_no_file_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="found none"):
        batch.load(tmp_path, LOANS.contract)


def test_a_good_batch_is_split() -> None:
    parts = batch.check(loans(LOANS, 200), LOANS)
    assert len(parts.train) + len(parts.holdout) == 200
    assert 40 <= len(parts.holdout) <= 80


UNIQUE = document(contract__columns__income={"dtype": "number", "unique": True})
NAMED = document(contract__columns__group={"dtype": "string", "max_distinct": 1000})
MOST = document(contract__rows={"min": 1, "max": 100})
GAPS = document(contract__columns__approved={"dtype": "integer", "nullable": True})
TIMED = document(contract__columns__income={"dtype": "number", "nullable": True}, model__time="income")
BAD: dict[str, tuple[Document, dict[str, Any], str]] = {
    "too few rows": (LOANS, {"income": [1.0] * 9}, "has 9 rows; the contract wants at least 10"),
    "too many rows": (MOST, {"income": [1.0] * 101}, "has 101 rows; the contract wants at most 100"),
    "one class only": (LOANS, {"approved": [1] * 50}, "all of them positive (1); training needs both classes"),
    "no positive": (LOANS, {"approved": [0] * 50}, "none of them positive (1); training needs both classes"),
    "the target missing": (
        GAPS,
        {"approved": [0, 1, None, None] * 10},
        "column 'approved' is the target and missing in 2",
    ),
    "too many categories": (
        NAMED,
        {"group": [f"name-{n}" for n in range(100_000)], "approved": [0, 1] * 50_000},
        "column 'group' has 100,000 different values; the contract wants 1,000 at most",
    ),
    "the time missing": (
        TIMED,
        {"income": [400.0, None] * 20, "approved": [0, 1] * 20},
        "column 'income' is the time and missing in 20",
    ),
    "one time": (TIMED, {"income": [400.0] * 40}, "holdout has no row"),
    "one number": (
        regression(),
        {"income": [5.0] * 40},
        "is the target, and the batch has 40 rows, all with the same number; training needs more than one",
    ),
    "twice across files": (
        UNIQUE,
        {"income": [float(n) for n in range(39)] + [7.0], "approved": [0, 1] * 20},
        "row 40, column 'income': 7.0 stands in more than one row of the batch",
    ),
}


@pytest.mark.parametrize(("of", "columns", "says"), BAD.values(), ids=BAD)
def test_a_batch_that_breaks_a_rule_of_the_whole_is_refused(of: Document, columns: dict[str, Any], says: str) -> None:
    count = len(next(iter(columns.values())))
    rows = loans(of, count).drop(columns=list(columns)).join(typed(of.contract, **columns))
    with pytest.raises(Verdict, match="the batch: ") as refused:
        batch.check(rows, of)
    assert says in refused.value.conclusion.message
    assert refused.value.conclusion.reason == "contract"


def test_labels_are_one_where_the_target_is_positive() -> None:
    rows = typed(LOANS.contract, approved=[1, 0, 1])
    assert list(batch.labels(rows, LOANS.model)) == [1, 0, 1]


def test_the_truth_of_a_regression_is_the_target_as_it_is() -> None:
    rows = typed(LOANS.contract, income=[1.5, 0.0])
    assert list(batch.truth(rows, regression().model)) == [1.5, 0.0]


def test_by_time_the_newest_rows_are_held_out() -> None:
    parts = batch.check(loans(LOANS), TIMED)
    assert parts.train["income"].max() < parts.holdout["income"].min()


def test_rows_without_a_group_are_a_group_of_their_own() -> None:
    assert list(batch.groups(typed(LOANS.contract, group=["a", None]), "group")) == ["a", "(missing)"]
