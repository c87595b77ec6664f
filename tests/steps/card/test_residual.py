from __future__ import annotations

import numpy as np
import pytest

from steps.card.facts import Absent, Answers, Residuals
from steps.card.residual import BANDS, POINTS, residuals


def found(truth: list[float], said: list[float]) -> Residuals | Absent:
    return residuals(np.array(truth), Answers(np.zeros(len(said), dtype=np.int64), np.array(said)))


def test_a_residual_is_truth_minus_prediction() -> None:
    pictures = found([3.0, 1.0], [2.0, 1.5])
    assert isinstance(pictures, Residuals)
    assert pictures.points == ((1.5, 1.0), (2.0, 3.0))
    assert [band[2] for band in pictures.bands] == [-0.5, 1.0]
    assert (pictures.histogram[0][0], pictures.histogram[-1][1]) == (-0.5, 1.0)
    assert sum(rows for _, _, rows in pictures.histogram) == 2


def test_many_rows_are_few_points_but_all_are_counted() -> None:
    truth = np.linspace(0, 1, 50_000)
    pictures = found(list(truth), list(truth + 0.1))
    assert isinstance(pictures, Residuals)
    assert (len(pictures.points), len(pictures.bands), pictures.rows) == (POINTS, BANDS, 50_000)
    assert sum(rows for _, _, rows in pictures.histogram) == 50_000


NONE = {
    "no rows": ([], [], "no row is held out"),
    "no number": ([1.0], [np.inf], "some predictions are no finite numbers"),
}


@pytest.mark.parametrize(("truth", "said", "why"), NONE.values(), ids=NONE)
def test_residuals_that_cannot_be_say_why(truth: list[float], said: list[float], why: str) -> None:
    assert found(truth, said) == Absent(why)
