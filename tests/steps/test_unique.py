from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from frames import typed

from steps.unique import Seen

REPEATED: dict[str, tuple[str, list[list[Any]], list[int]]] = {
    "within a chunk": ("integer", [[1, 2, 1]], [2]),
    "across chunks": ("integer", [[1, 2], [3, 1], [2]], [3, 4]),
    "every later row": ("string", [["x", "x"], ["x"]], [1, 2]),
    "none": ("integer", [[1, 2], [3]], []),
    "missing ones": ("integer", [[None, 5], [None, 5]], [3]),
    "missing is not nought": ("integer", [[0, None]], []),
    "missing is not empty": ("string", [["", None]], []),
    "missing numbers": ("number", [[None, 1.5, None], [1.5]], [3]),
    "nought with either sign": ("number", [[0.0, -0.0]], [1]),
    "close numbers": ("number", [[0.1 + 0.2, 0.3]], []),
    "large integers": ("integer", [[2**62, 2**62 + 1]], []),
    "dates": ("date", [[pd.Timestamp("2026-01-01")], [pd.Timestamp("2026-01-01"), pd.Timestamp("0001-01-01")]], [1]),
    "texts": ("string", [["Ann", "ann"], ["Ann"]], [2]),
    "booleans": ("boolean", [[True, None], [False, True]], [3]),
    "nothing": ("integer", [], []),
    "only missing ones": ("integer", [[None, None]], []),
}


@pytest.mark.parametrize(("dtype", "chunks", "rows"), REPEATED.values(), ids=REPEATED)
def test_the_rows_that_repeat_an_earlier_one_are_found(dtype: str, chunks: list[list[Any]], rows: list[int]) -> None:
    seen = Seen(dtype)
    for chunk in chunks:
        seen.add(typed({"a": dtype}, a=chunk)["a"])
    assert list(seen.repeated()) == rows


def test_a_hundred_thousand_texts_are_told_apart() -> None:
    seen = Seen("string")
    for first in range(0, 100_000, 10_000):
        seen.add(typed({"a": "string"}, a=[f"name-{number}" for number in range(first, first + 10_000)])["a"])
    assert not len(seen.repeated())
    seen.add(typed({"a": "string"}, a=["name-77777"])["a"])
    assert list(seen.repeated()) == [100_000]
