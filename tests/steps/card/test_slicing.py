from __future__ import annotations

import numpy as np
import pytest

from steps.card import slicing
from steps.card.facts import Answers

GROUP = np.array(["a", "a", "b", "b"], dtype=object)
TRUTH = np.array([0, 1, 0, 0])
SAID = Answers(np.array([0, 1, 1, 0]), np.array([0.1, 0.9, 0.8, 0.2]))


def test_a_group_has_its_rates_and_their_intervals() -> None:
    a, b = slicing.of_classes("group", GROUP, TRUTH, SAID, mirrored=False).slices
    assert (a.name, a.rows, b.name, b.rows) == ("a", 2, "b", 2)
    assert a.values == {
        "favourable rate": 0.5, "accuracy": 1.0, "true positive rate": 1.0, "false positive rate": 0.0
    }  # fmt: skip
    assert a.intervals["favourable rate"] == pytest.approx((0.0945, 0.9055), abs=1e-4)


def test_a_rate_that_no_row_can_have_is_none() -> None:
    b = slicing.of_classes("group", GROUP, TRUTH, SAID, mirrored=False).slices[1]
    assert b.values["true positive rate"] is None
    assert "true positive rate" not in b.intervals


def test_favourable_may_be_the_other_class() -> None:
    group, said = np.array(["a"] * 4, dtype=object), Answers(np.array([0, 0, 0, 1]), SAID.scores)
    found = [slicing.of_classes("group", group, TRUTH, said, mirrored) for mirrored in (False, True)]
    assert [slices.slices[0].values["favourable rate"] for slices in found] == [0.25, 0.75]


def test_a_group_of_numbers_has_its_errors() -> None:
    said = Answers(SAID.labels, np.array([1.0, 2.0, 3.0, 4.0]))
    a = slicing.of_numbers("group", GROUP, np.array([2.0, 1.0, 3.0, 5.0]), said).slices[0]
    assert (a.values["mean absolute error"], a.values["mean residual"]) == (1.0, 0.0)


def test_of_very_many_groups_the_largest_are_kept_and_the_rest_counted() -> None:
    group = np.array([f"g{row:03}" for row in range(100)] + ["z"] * 5, dtype=object)
    many = np.zeros(105, dtype=np.int64)
    found = slicing.of_classes("group", group, many, Answers(many, many.astype(float)), mirrored=False)
    assert (len(found.slices), found.left_out) == (slicing.MOST, 101 - slicing.MOST)
    assert found.slices[-1].name == "z"
