"""The contract of a draft holds what was seen with room for more, and no more than is known."""

from __future__ import annotations

from typing import Any

import pytest

from steps.contract import Column
from steps.draft.column import Facts
from steps.draft.promise import least_rows, promise

PROMISES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "room on both sides": ({"dtype": "integer", "low": 100.0, "high": 120.0, "distinct": 20}, {"min": 90, "max": 130}),
    "not beyond zero": ({"dtype": "integer", "low": 18.0, "high": 60.0, "distinct": 40}, {"min": 0, "max": 81}),
    "nor from below": ({"dtype": "number", "low": -9.0, "high": 0.0, "distinct": 99}, {"min": -13.5, "max": 0}),
    "on either side of zero": ({"dtype": "number", "low": -1.0, "high": 1.0, "distinct": 99}, {"min": -2, "max": 2}),
    "small numbers": ({"dtype": "number", "low": 0.001, "high": 0.031, "distinct": 9}, {"min": 0.0, "max": 0.046}),
    "one value has no range": ({"dtype": "number", "low": 3.0, "high": 3.0, "distinct": 1}, {}),
    "two codes": (
        {"dtype": "integer", "low": 0.0, "high": 1.0, "distinct": 2, "values": ((1, 60), (0, 40))},
        {"allowed": [0, 1]},
    ),
    "categories": (
        {"dtype": "string", "distinct": 2, "values": (("no", 90), ("a", 10))},
        {"allowed": ["a", "no"]},
    ),
    "many categories": ({"dtype": "string", "distinct": 80}, {}),
    "a tag is never quoted": ({"dtype": "string", "distinct": 2, "values": (("{{x}}", 90), ("a", 10))}, {}),
    "gaps": ({"dtype": "boolean", "distinct": 2, "missing": 10}, {"nullable": True, "max_null_fraction": 0.22}),
    "gaps in most rows": ({"dtype": "boolean", "distinct": 2, "missing": 60}, {"nullable": True}),
}


@pytest.mark.parametrize(("given", "expected"), PROMISES.values(), ids=PROMISES)
def test_a_promise_leaves_room(given: dict[str, Any], expected: dict[str, Any]) -> None:
    entry, _ = promise(
        Facts(**{"name": "x", "rows": 100, "missing": 0, **given}), used=True, listed=False, personal=False
    )
    assert entry == {"dtype": given["dtype"], **expected}
    Column.model_validate(entry)


def test_the_comment_says_what_was_seen() -> None:
    column = Facts("x", "number", 100, 4, 50, low=1.5, high=2500.0)
    assert promise(column, used=True, listed=False, personal=False)[1] == "1.5 to 2,500 seen, 4.0% missing"


@pytest.mark.parametrize(
    ("numbers", "said"),
    [(99, "50 values seen, text: 1 of 100 values read as no number"), (50, "50 values seen"), (100, "50 values seen")],
    ids=["a slip", "codes of both", "leading zeros"],
)
def test_a_text_that_is_nearly_a_number_says_so(numbers: int, said: str) -> None:
    facts = Facts("x", "string", rows=100, missing=0, distinct=50, numbers=numbers)
    assert promise(facts, used=True, listed=False, personal=False)[1] == said


def test_a_column_that_is_left_out_keeps_its_dtype_and_nothing_else() -> None:
    column = Facts("id", "integer", 100, 0, 100, low=1.0, high=100.0)
    assert promise(column, used=False, listed=False, personal=True) == ({"dtype": "integer", "personal": True}, "")


@pytest.mark.parametrize(("rows", "least"), [(60, 30), (397, 190), (1470, 730), (54321, 27000)])
def test_a_batch_may_have_half_as_many_rows(rows: int, least: int) -> None:
    assert least_rows(rows) == least
