from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from documents import document

from steps import fairness
from steps.fairness import Fairness, Group

#         a's rows: truth 1 1 0 0, predicted 1 1 1 0       b's rows: truth 1 1 0 0, predicted 1 0 0 0
TRUTH = np.array([1, 1, 0, 0, 1, 1, 0, 0])
LABELS = np.array([1, 1, 1, 0, 1, 0, 0, 0])
GROUP = pd.Series(["a"] * 4 + ["b"] * 4, dtype=object)


def groups(expected: tuple[str, ...] = ("a", "b"), **model: Any) -> dict[str, Group]:
    of = document(**{f"model__{name}": value for name, value in model.items()}).model
    return fairness.by_group(TRUTH, LABELS, GROUP, expected, of)


def test_rates_are_by_group() -> None:
    assert groups() == {"a": Group(4, 0.75, 1.0, 0.5), "b": Group(4, 0.25, 0.5, 0.0)}


def test_disparate_impact_is_the_smallest_favourable_rate_over_the_largest() -> None:
    found = fairness.measure("disparate_impact", groups())
    said = "favourable for 25.0% of 'b' (4 rows), favourable for 75.0% of 'a' (4 rows)"
    assert found == Fairness(1 / 3, said, ("b", "a"))


def test_favourable_may_be_the_negative_answer() -> None:
    found = fairness.measure("disparate_impact", groups(favourable=0))
    assert found.value == pytest.approx(0.25 / 0.75)
    assert found.evidence.startswith("favourable for 25.0% of 'a'")


def test_equalized_odds_is_the_larger_difference() -> None:
    found = fairness.measure("equalized_odds_difference", groups())
    assert found == Fairness(0.5, "true positive rates differ by 0.5, false positive rates differ by 0.5", ("b", "a"))


UNDETERMINED: dict[str, tuple[str, dict[str, Group], str]] = {
    "one group": ("disparate_impact", {"a": Group(4, 0.5, 1.0, 0.0)}, "one group only: a"),
    "no group": ("disparate_impact", {}, "one group only: none"),
    "a group without rows": (
        "disparate_impact",
        {"a": Group(4, 0.5, 1.0, 0.0), "b": Group(0, None, None, None)},
        "no row of the group 'b' is held out",
    ),
    "nobody is favoured": (
        "disparate_impact",
        {"a": Group(4, 0.0, 0.0, 0.0), "b": Group(4, 0.0, 0.0, 0.0)},
        "no group has a favourable prediction",
    ),
    "a group without positives": (
        "equalized_odds_difference",
        {"a": Group(4, 0.5, 1.0, 0.0), "b": Group(4, 0.5, None, 0.0)},
        "no held-out row of the group 'b' can have a true positive rate",
    ),
}


@pytest.mark.parametrize(("metric", "found", "says"), UNDETERMINED.values(), ids=UNDETERMINED)
def test_what_the_rows_cannot_show_is_undetermined(metric: str, found: dict[str, Group], says: str) -> None:
    answer = fairness.measure(metric, found)
    assert answer.value is None
    assert says in answer.evidence


def test_a_group_that_is_never_favoured_is_as_unfair_as_can_be() -> None:
    found = fairness.measure("disparate_impact", {"a": Group(4, 0.5, 1, 0), "b": Group(4, 0.0, 0, 0)})
    assert found.value == 0.0


def test_a_group_that_the_holdout_lacks_is_there_with_no_rows() -> None:
    assert groups(("a", "b", "c"))["c"] == Group(0, None, None, None)


def test_a_rate_that_no_row_could_have_is_none() -> None:
    found = fairness.by_group(TRUTH[:2], LABELS[:2], GROUP[:2], ("a",), document().model)
    assert found["a"] == Group(2, 1.0, 1.0, None)
