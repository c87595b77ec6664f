from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from frames import contract, typed

from steps.contract import Contract
from steps.table import Chunk
from steps.tally import Tally, repeats
from steps.violation import Violation

HALF = contract(a={"dtype": "number", "nullable": True, "max_null_fraction": 0.5})
IDS = contract(a={"dtype": "integer", "unique": True}, b={"dtype": "string", "unique": True, "personal": True})


def chunks(of: Contract, *frames: dict[str, list[Any]], refused: tuple[int, ...] = ()) -> Iterator[Chunk]:
    first = 0
    for columns in frames:
        frame = typed(of, **columns)
        marks = {name: np.isin(np.arange(first, first + len(frame)), refused) for name in frame.columns}
        yield Chunk(first, frame, marks, ())
        first += len(frame)


def tally(of: Contract, *frames: dict[str, list[Any]], refused: tuple[int, ...] = ()) -> Tally:
    found = Tally(of)
    for chunk in chunks(of, *frames, refused=refused):
        found.add(chunk)
    return found


def test_rows_are_counted() -> None:
    assert tally(HALF, {"a": [1.0, 2.0]}, {"a": [3.0]}).rows == 3


def test_gaps_are_held_against_the_whole_file() -> None:
    assert tally(HALF, {"a": [None, None]}, {"a": [1.0, 2.0]}).judge([]) == []
    [found] = tally(HALF, {"a": [None, None]}, {"a": [None, 2.0]}).judge([])
    assert found == Violation(
        "a", "max_null_fraction", "is missing in more than 0.5 of the rows: 0.75 of the rows", 3
    )  # fmt: skip


def test_what_was_refused_is_no_gap() -> None:
    assert tally(HALF, {"a": [None, None, None, 1.0]}, refused=(0, 1)).judge([]) == []


def test_a_column_without_any_value_is_one_violation_and_not_one_a_row() -> None:
    of = contract(a="number", b="number")
    gaps = Violation("a", "not_nullable", "is missing", 2, ((1, ""), (2, "")))
    other = Violation("b", "not_nullable", "is missing", 1, ((1, ""),))
    found = tally(of, {"a": [None], "b": [None]}, {"a": [None], "b": [1.0]}).judge([gaps, other])
    assert found == [other, Violation("a", "empty", "has no value in any row", 2)]


@pytest.mark.parametrize("rows", [[], [None, None]], ids=["no rows", "only gaps"])
def test_a_column_that_may_be_missing_may_be_empty_in_one_file(rows: list[Any]) -> None:
    assert tally(contract(a={"dtype": "number", "nullable": True}), {"a": rows}).judge([]) == []


def test_values_that_stand_there_twice_are_shown_with_their_rows() -> None:
    frames: list[dict[str, list[Any]]] = [{"a": [1, 2], "b": ["x", "y"]}, {"a": [2, 3], "b": ["z", "x"]}]
    found = repeats(tally(IDS, *frames).repeated(), chunks(IDS, *frames), IDS)
    assert [(one.column, one.count, one.examples) for one in found] == [
        ("a", 1, ((3, "2"),)), ("b", 1, ((4, "(masked)"),))
    ]  # fmt: skip


def test_ten_of_them_are_shown_and_no_more_is_read_than_that_takes() -> None:
    frames: list[dict[str, list[Any]]] = [{"a": [7] * 6} for _ in range(4)]
    of = contract(a={"dtype": "integer", "unique": True})
    again = chunks(of, *frames)
    [found] = repeats(tally(of, *frames).repeated(), again, of)
    assert (found.count, [row for row, _ in found.examples]) == (23, list(range(2, 12)))
    assert next(again).first == 18
