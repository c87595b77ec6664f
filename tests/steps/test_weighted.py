from __future__ import annotations

import fairlearn.metrics
import numpy as np
import pytest
from measurements import classes, numbers

from steps import metrics, weighted
from steps.criteria import METRICS, Task
from steps.model import Predictions, Truth

RANDOM = np.random.default_rng(0)
ROWS = 60
LABELS = RANDOM.integers(0, 2, ROWS)
SCORES = np.round(RANDOM.random(ROWS), 1)
VALUES = RANDOM.normal(100, 10, ROWS)
WEIGHTS = np.vstack([np.ones(ROWS), RANDOM.integers(0, 4, (5, ROWS))]).astype(np.float64)

CASES: dict[str, tuple[str, Task]] = {name: (name, task) for task, names in METRICS.items() for name in names}


def given(task: Task) -> tuple[Truth, Predictions]:
    return (LABELS, classes(SCORES)) if task == "classification" else (VALUES, numbers(VALUES + 10 * SCORES))


@pytest.mark.parametrize(("name", "task"), CASES.values(), ids=CASES)
def test_every_metric_is_scikit_learn_s_with_sample_weights(name: str, task: Task) -> None:
    truth, predicted = given(task)
    answers = predicted.labels if name in metrics.LABELS else predicted.scores
    expected = [metrics.FUNCTIONS[name](truth, answers, sample_weight=weights) for weights in WEIGHTS]
    np.testing.assert_allclose(weighted.spread(name, truth, predicted, WEIGHTS), expected, rtol=1e-9)
    assert weighted.spread(name, truth, predicted, WEIGHTS)[0] == pytest.approx(metrics.value(name, truth, predicted))


@pytest.mark.parametrize("name", METRICS["classification"])
def test_rows_of_one_class_leave_undefined_what_needs_both(name: str) -> None:
    weights = np.where(LABELS == 1, 1.0, 0.0)[None, :]
    defined = np.isfinite(weighted.spread(name, LABELS, classes(SCORES), weights)).all()
    assert defined == (name in metrics.ONE_CLASS_WILL_DO)


def test_scores_that_are_no_numbers_leave_everything_undefined() -> None:
    broken = Predictions(LABELS, np.where(LABELS == 1, np.nan, 0.5), True)
    assert np.isnan(weighted.spread("accuracy", LABELS, broken, WEIGHTS)).all()


def test_a_belief_that_is_no_probability_has_no_log_loss() -> None:
    unsure = Predictions(LABELS, SCORES * 3, False)
    assert np.isnan(weighted.spread("log_loss", LABELS, unsure, WEIGHTS)).all()


def test_a_share_is_fairlearn_s_selection_rate() -> None:
    said = SCORES >= 0.5
    found = weighted.share(said, LABELS == 1, WEIGHTS)
    expected = [fairlearn.metrics.true_positive_rate(LABELS, said, sample_weight=weights) for weights in WEIGHTS]
    np.testing.assert_allclose(found, expected)
