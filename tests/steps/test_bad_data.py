"""Every kind of bad data ends in one clear line, or is told and does no harm: the file, then the batch it is in.

As `validate` and `train` do it, one after the other, on made-up customers of whom some leave.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from documents import document
from samples import churn

from steps import batch, leak, table, validate
from steps.verdict import Verdict

CHURN = document(
    name="churn",
    contract__rows={"min": 100},
    contract__columns={
        "id": {"dtype": "string", "unique": True},
        "visits": {"dtype": "integer", "min": 0},
        "spent": {"dtype": "number"},
        "plan": {"dtype": "string", "max_distinct": 1000},
        "left": {"dtype": "string", "allowed": ["no", "yes"]},
    },
    model__target="left",
    model__positive="yes",
    model__sensitive=None,
    model__features=["visits", "spent", "plan"],
)


def customers(count: int = 400, **changes: Any) -> pd.DataFrame:
    rows = churn(count).drop(columns="region")
    return rows.assign(id=[f"c{number}" for number in range(count)], spent=np.arange(count) / 8, **changes)


def csv(frame: pd.DataFrame, **options: Any) -> bytes:
    text: str = frame.to_csv(index=False, **options)
    return text.encode()


GOOD = customers()
MANY = customers(100_000, plan=[f"plan-{number}" for number in range(100_000)])
GONE = np.where(GOOD["left"] == "yes", "basic", "plus")
ONE_CLASS = (
    "the batch: column 'left' is the target, and the batch has 400 rows, all of them positive ('yes'); training needs "
    "both classes"
)
NO_NUMBER = (
    "a.csv: row 1, column 'spent': '0,0' is not a number (a decimal point, no thousands separator, finite) (and 399 "
    "more violations)"
)
REFUSED: dict[str, tuple[bytes, str]] = {
    "an empty file": (b"", "a.csv: it is empty; expected a header with the contract's columns"),
    "a header only": (csv(GOOD[:0]), "a.csv: has a header but no rows"),
    "one class only": (
        csv(customers(left="yes")),
        ONE_CLASS,
    ),
    "an all-null column": (csv(customers(visits=None)), "a.csv: column 'visits' has no value in any row"),
    "a column missing": (csv(GOOD.drop(columns="plan")), "a.csv: column 'plan' is missing from the file"),
    "a column extra": (csv(customers(ssn=7)), "a.csv: column 'ssn' is not in the contract"),
    "a trailing comma in each line": (
        csv(GOOD).replace(b"\n", b",\n"),
        "a.csv: the header has no name for column 6",
    ),
    "duplicate ids": (
        csv(GOOD.assign(id=["c0", "c0", *GOOD["id"][2:]])),
        "a.csv: row 2, column 'id': 'c0' stands there more than once",
    ),
    "the target leaked as a feature": (
        csv(customers(plan=GONE)),
        "the batch: column 'plan' tells the target 'left' exactly (perfect correlation); take it out of model.features",
    ),
    "infinite values": (
        csv(customers().assign(spent=[1.5] * 399 + [-np.inf])),
        "a.csv: row 400, column 'spent': '-inf' is not a number (a decimal point, no thousands separator, finite)",
    ),
    "100,000 categories": (
        csv(MANY),
        "the batch: column 'plan' has 100,000 different values; the contract wants 1,000 at most",
    ),
    "mixed types": (
        csv(GOOD.assign(visits=["often", *GOOD["visits"][1:]])),
        "a.csv: row 1, column 'visits': 'often' is not a whole number",
    ),
    "Latin-1": (
        csv(customers(plan="größer")).decode().encode("latin-1"),
        "a.csv: row 1 is not UTF-8 text; expected CSV in UTF-8",
    ),
    "UTF-16": (csv(GOOD).decode().encode("utf-16"), "a.csv: it is UTF-16; expected CSV in UTF-8"),
    "decimal commas": (
        csv(GOOD, decimal=","),
        NO_NUMBER,
    ),
    "decimal commas and semicolons": (
        csv(GOOD, sep=";", decimal=","),
        "a.csv: its fields are separated by semicolons; expected commas, and decimal points",
    ),
}


def checked(folder: Path, raw: bytes) -> pd.DataFrame:
    """Return the training rows."""
    (folder / "raw").write_bytes(raw)
    validate.validate(folder / "raw", "a.csv", CHURN.contract, folder / "0000.parquet")
    return batch.check(table.clean([folder / "0000.parquet"], CHURN.contract), CHURN).train


@pytest.mark.parametrize(("raw", "line"), REFUSED.values(), ids=REFUSED)
def test_bad_data_is_refused_in_one_clear_line(tmp_path: Path, raw: bytes, line: str) -> None:
    with pytest.raises(Verdict) as refused:
        checked(tmp_path, raw)
    assert refused.value.conclusion.message == line
    assert (refused.value.conclusion.outcome, refused.value.conclusion.reason) == ("refused", "contract")


TAKEN: dict[str, bytes] = {
    "as it should be": csv(GOOD),
    "a byte order mark": b"\xef\xbb\xbf" + csv(GOOD),
    "CRLF": csv(GOOD, lineterminator="\r\n"),
    "quoted newlines": csv(GOOD.assign(id=GOOD["id"] + "\nagain")),
    "quoted newlines and CRLF": csv(GOOD.assign(id=GOOD["id"] + "\r\nagain"), lineterminator="\r\n"),
    "everything quoted": csv(GOOD, quoting=1),
}


@pytest.mark.parametrize("raw", TAKEN.values(), ids=TAKEN)
def test_what_only_looks_different_is_the_same_data(tmp_path: Path, raw: bytes) -> None:
    assert 260 < len(checked(tmp_path, raw)) < 300


def test_a_constant_feature_is_told_in_one_line(tmp_path: Path) -> None:
    rows = checked(tmp_path, csv(customers(visits=3)))
    assert leak.notices(rows, CHURN.model) == {"visits": "is the same in every row: it tells the model nothing"}
