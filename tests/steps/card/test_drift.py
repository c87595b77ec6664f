from __future__ import annotations

import math
from typing import Any

import pytest
from frames import contract, typed

from steps.card import distribution, drift
from steps.card.distribution import Distribution
from steps.card.facts import Shift

OF = contract(c="number", t="string")


def frame(shift: float = 0.0, names: str = "ab", rows: int = 1000) -> Any:
    return typed(OF, c=[row + shift for row in range(rows)], t=[names[row % len(names)] for row in range(rows)])


def shifts(before: Any, now: Any, of: Any = OF) -> dict[str, Shift]:
    return {s.column: s for s in drift.drift(now, of, distribution.distributions(before, of), "v1").shifts}


def test_equal_data_has_no_shift() -> None:
    assert {name: found.stability for name, found in shifts(frame(), frame()).items()} == {"c": 0.0, "t": 0.0}


def test_the_index_is_the_sum_over_bins() -> None:
    index = drift.stability(Distribution((500, 500), 0, edges=(1.0,)), Distribution((300, 700), 0, edges=(1.0,)))
    by_hand = (300.5 - 500.5) / 1001 * math.log(300.5 / 500.5) + (700.5 - 500.5) / 1001 * math.log(700.5 / 500.5)
    assert index == pytest.approx(by_hand)


def test_the_most_moved_column_is_first() -> None:
    found = drift.drift(frame(shift=300), OF, distribution.distributions(frame(), OF), "v1")
    assert [shift.column for shift in found.shifts] == ["c", "t"]
    assert drift.word(found.shifts[0].stability) == "shifted"


def test_values_never_seen_are_told() -> None:
    found = shifts(frame(names="ab"), frame(names="abcd"))["t"]
    assert found.new_categories == 0.5
    assert drift.word(found.stability) == "shifted"


def test_missing_values_are_a_shift_too() -> None:
    now = frame()
    now.loc[::2, "c"] = None
    found = shifts(frame(), now)["c"]
    assert (found.missing_before, round(found.missing_now, 2)) == (0.0, 0.5)
    assert drift.word(found.stability) == "shifted"


def test_a_bin_that_was_empty_is_no_infinite_shift() -> None:
    index = drift.stability(Distribution((10, 0), 0, edges=(1.0,)), Distribution((0, 10), 0, edges=(1.0,)))
    assert 1 < index < 10


NOT_COMPARED: dict[str, tuple[Any, dict[str, Distribution], str]] = {
    "new column": (OF, {}, "not in that data"),
    "other kind": (OF, {"c": Distribution((1, 0), 0, names=("a",))}, "was of another kind"),
    "personal": (contract(c={"dtype": "number", "personal": True}, t="string"), {}, "personal: not kept"),
}


@pytest.mark.parametrize(("of", "before", "why"), NOT_COMPARED.values(), ids=NOT_COMPARED)
def test_a_column_that_cannot_be_compared_says_why(of: Any, before: dict[str, Distribution], why: str) -> None:
    found = {shift.column: shift for shift in drift.drift(frame(), of, before, "v1").shifts}["c"]
    assert (found.stability, found.why) == (None, why)
    assert drift.word(found.stability) == "not compared"


def test_no_rows_are_compared_without_a_crash() -> None:
    assert all(math.isfinite(shift.stability or 0.0) for shift in shifts(frame(), frame(rows=0)).values())


WORDS = {0.0: "stable", 0.0999: "stable", 0.1: "moderate", 0.25: "shifted"}


@pytest.mark.parametrize(("value", "says"), WORDS.items())
def test_an_index_has_a_word(value: float, says: str) -> None:
    assert drift.word(value) == says
