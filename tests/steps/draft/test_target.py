"""What is to be predicted follows from the target's values, or from what a person named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from samples import sample

from steps.draft.column import Facts, facts
from steps.draft.refusal import NoDraft
from steps.draft.target import target


def column(folder: Path, values: list[Any]) -> Facts:
    return facts(sample(folder, pd.DataFrame({"x": range(len(values)), "y": values})))["y"]


CLASSES = {
    "yes is positive though it is common": (["yes"] * 80 + ["no"] * 20, "", "yes", 0.8),
    "1 is": ([1] * 20 + [0] * 80, "", 1, 0.2),
    "true is": (["true"] * 20 + ["false"] * 80, "", True, 0.2),
    "else the rarer": (["good"] * 80 + ["bad"] * 20, "", "bad", 0.2),
    "a person knows better": (["good"] * 80 + ["bad"] * 20, "GOOD", "good", 0.8),
    "one of many against the rest": (["a"] * 40 + ["b"] * 40 + ["c"] * 20, "c", "c", 0.2),
    "a number that was named": ([1, 2, 3, 4, 5] * 20, "5", 5, 0.2),
}


@pytest.mark.parametrize(("values", "named", "positive", "share"), CLASSES.values(), ids=CLASSES)
def test_two_classes(tmp_path: Path, values: list[Any], named: str, positive: object, share: float) -> None:
    found = target(column(tmp_path, values), named)
    assert (found.task, found.positive, found.share) == ("classification", positive, share)
    assert type(found.positive) is type(positive)


@pytest.mark.parametrize("values", [[1, 2, 3, 4, 5] * 20, [n / 7 for n in range(100)]], ids=["grades", "amounts"])
def test_other_numbers_are_predicted_as_numbers(tmp_path: Path, values: list[Any]) -> None:
    found = target(column(tmp_path, values))
    assert (found.task, found.positive) == ("regression", None)


REFUSED = {
    "few rows": ([0, 1] * 20, "", "40 rows"),
    "gaps": ([0, 1] * 40 + [None], "", "missing in 1 rows"),
    "one class": ([1] * 100, "", "one value only"),
    "a class of three": ([1] * 97 + [0] * 3, "", "3 rows of one class"),
    "three classes": (["a", "b", "c"] * 40, "", "has 3 values"),
    "no such class": (["a", "b"] * 40, "c", "never is 'c'"),
    "a day": ([f"2026-01-{1 + n % 28:02d}" for n in range(90)], "", "is a date"),
}


@pytest.mark.parametrize(("values", "named", "says"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_predicted_is_refused(tmp_path: Path, values: list[Any], named: str, says: str) -> None:
    with pytest.raises(NoDraft) as refusal:
        target(column(tmp_path, values), named)
    assert says in str(refusal.value)
    assert refusal.value.hint
