"""Columns that say nothing, that name a row or that give the target away are left out, with the reason; others stay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from documents import document
from samples import churn, sample

from steps.draft import role
from steps.draft.column import facts
from steps.draft.target import target
from steps.leak import leaks

ROWS = 400
TABLE = churn(ROWS)
LEAVES = (TABLE["left"] == "yes").to_numpy()
RANDOM = np.random.default_rng(1)

LEFT_OUT: dict[str, tuple[str, Any, str]] = {
    "empty": ("x", [None] * ROWS, "is empty in every row"),
    "constant": ("x", ["EUR"] * ROWS, "has one value only"),
    "constant where it is not missing": ("x", [1, None] * (ROWS // 2), "has one value only"),
    "row numbers": ("x", np.arange(ROWS) + 7, "numbers the rows"),
    "an id by its name": ("customer_id", RANDOM.integers(0, 90, ROWS), "identifies a row"),
    "an id in camel case": ("customerId", RANDOM.integers(0, 90, ROWS), "identifies a row"),
    "texts of their own": ("x", [f"word {n}" for n in range(ROWS)], "a text of its own"),
    "a date": ("x", [f"2026-01-{1 + n % 28:02d}" for n in range(ROWS)], "is a date"),
    "the target in other words": ("x", np.where(LEAVES, "gone", "here"), "gives the target away, all"),
    "a number that splits the classes": ("x", LEAVES * 100 + RANDOM.normal(0, 1, ROWS), "gives the target away, all"),
    "codes in no order": ("x", np.where(LEAVES, 2, RANDOM.choice([1, 3], ROWS)), "gives the target away, all"),
    "filled in afterwards": ("x", np.where(LEAVES, RANDOM.normal(0, 1, ROWS), np.nan), "by being empty"),
}
KEPT: dict[str, tuple[str, Any]] = {
    "a number": ("x", RANDOM.normal(0, 1, ROWS)),
    "a good one": ("x", LEAVES + RANDOM.normal(0, 0.5, ROWS)),
    "categories": ("x", RANDOM.choice(["a", "b", "c"], ROWS)),
    "a hundred cities": ("x", [f"city {n % 100}" for n in range(ROWS)]),
    "gaps by chance": ("x", np.where(RANDOM.random(ROWS) < 0.3, np.nan, 1 + RANDOM.random(ROWS))),
    "no id, in spite of its letters": ("paid", RANDOM.integers(0, 90, ROWS)),
}


def reasons(folder: Path, name: str, values: Any) -> dict[str, str]:
    found = sample(folder, TABLE.assign(**{name: values}))
    columns = facts(found)
    return role.left_out(found, columns, target(columns["left"]), "region")


@pytest.mark.parametrize(("name", "values", "why"), LEFT_OUT.values(), ids=LEFT_OUT)
def test_a_column_is_left_out_with_its_reason(tmp_path: Path, name: str, values: Any, why: str) -> None:
    found = reasons(tmp_path, name, values)
    assert list(found) == [name]
    assert why in found[name]


@pytest.mark.parametrize(("name", "values"), KEPT.values(), ids=KEPT)
def test_a_column_that_may_help_is_kept(tmp_path: Path, name: str, values: Any) -> None:
    assert reasons(tmp_path, name, values) == {}


@pytest.mark.parametrize("factor", [1000, -0.01], ids=["other units", "turned round"])
def test_a_number_in_other_units_is_the_number(tmp_path: Path, factor: float) -> None:
    table = TABLE.assign(value=RANDOM.normal(10, 2, ROWS))
    found = sample(tmp_path, table.assign(same=table["value"] * factor))
    columns = facts(found)
    left_out = role.left_out(found, columns, target(columns["value"]), "")
    assert list(left_out) == ["same"]


@pytest.mark.parametrize("name", ["the target in other words", "codes in no order"])
def test_what_a_run_would_refuse_as_a_leak_is_left_out(tmp_path: Path, name: str) -> None:
    column, values, _ = LEFT_OUT[name]
    found = sample(tmp_path, TABLE.assign(**{column: values}))
    model = document().model.model_copy(update={"features": ("visits", column), "target": "left", "positive": "yes"})
    assert [leak.column for leak in leaks(found.rows, model, LEAVES.astype(np.int64))] == [column]


PERSONAL = {
    "mail": ("email", [f"p{n}@example.com" for n in range(ROWS)], True),
    "own texts": ("x", [f"word {n}" for n in range(ROWS)], True),
    "numbers of people": ("phone", RANDOM.integers(10**6, 10**7, ROWS), True),
    "categories": ("plan", None, False),
    "numbers": ("visits", None, False),
}


@pytest.mark.parametrize(("name", "values", "masked"), PERSONAL.values(), ids=PERSONAL)
def test_what_may_name_a_person_is_masked(tmp_path: Path, name: str, values: Any, masked: bool) -> None:
    found = sample(tmp_path, TABLE if values is None else TABLE.assign(**{name: values}))
    columns = facts(found)
    left_out = role.left_out(found, columns, target(columns["left"]), "")
    assert role.personal(columns[name], left_out) is masked
