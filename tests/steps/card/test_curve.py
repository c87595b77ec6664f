from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from steps.card import curve
from steps.card.facts import Absent, Answers, Confusion, Line

TRUTH = np.array([0, 0, 1, 1])
SCORES = np.array([0.1, 0.4, 0.35, 0.8])


def answers(scores: Any = SCORES, probabilities: bool = True) -> Answers:
    scores = np.asarray(scores, dtype=np.float64)
    return Answers((scores > 0.5).astype(np.int64), scores, probabilities)


def test_the_curves_have_scikit_learns_areas() -> None:
    found = curve.binary(TRUTH, answers())
    assert isinstance(found.roc, Line)
    assert isinstance(found.precision_recall, Line)
    assert found.roc.area == pytest.approx(0.75)
    assert found.precision_recall.area == pytest.approx(0.8333, abs=1e-4)


def test_a_curve_goes_from_left_to_right_and_starts_at_a_threshold() -> None:
    roc, precision = curve.roc(TRUTH, SCORES), curve.precision_recall(TRUTH, SCORES)
    assert (roc.points[0], roc.points[-1]) == ((0.0, 0.0), (1.0, 1.0))
    assert (precision.points[0], precision.points[-1]) == ((0.5, 1.0), (1.0, 0.5))


def test_points_are_few_and_corners_stay() -> None:
    across = np.linspace(0, 1, 100_000)
    assert curve.thinned(across, across) == ((0.0, 0.0), (1.0, 1.0))
    assert len(curve.thinned(across, across**2)) == curve.POINTS
    assert curve.thinned(np.array([0, 0, 0, 1]), np.array([0, 0.5, 1, 1])) == ((0, 0), (0, 1), (1, 1))


def test_calibration_counts_rows_and_positives_by_tenth() -> None:
    found = curve.calibration(np.array([0, 1, 1]), np.array([0.02, 0.04, 1.0]))
    assert [(part.rows, part.predicted, part.observed) for part in found] == [(2, 0.03, 0.5), (1, 1.0, 1.0)]


def test_confusion_counts_by_truth_and_answer() -> None:
    assert curve.confusion(np.array([0, 0, 0, 1, 1, 1]), np.array([0, 0, 1, 0, 1, 1])) == Confusion(2, 1, 1, 2)
    assert curve.confusion(np.array([1, 1]), np.array([1, 1])) == Confusion(0, 0, 0, 2)


NO_CURVE: dict[str, tuple[Any, Any, str]] = {
    "no rows": ([], [], "no row is held out"),
    "one class": ([1, 1], [0.2, 0.9], "every held-out row is of the same class"),
    "no numbers": ([0, 1], [np.nan, 0.9], "some scores are no finite numbers"),
}


@pytest.mark.parametrize(("truth", "scores", "why"), NO_CURVE.values(), ids=NO_CURVE)
def test_a_curve_that_cannot_be_says_why(truth: Any, scores: Any, why: str) -> None:
    found = curve.binary(np.array(truth, dtype=np.int64), answers(scores))
    assert found.roc == found.precision_recall == Absent(why)


NO_CALIBRATION: dict[str, tuple[Any, bool, str]] = {
    "margins": ([0.1, 0.2], False, "the model gives no probabilities"),
    "beyond one": ([0.1, 1.2], True, "some scores are no probabilities"),
    "no rows": ([], True, "no row is held out"),
}


@pytest.mark.parametrize(("scores", "probabilities", "why"), NO_CALIBRATION.values(), ids=NO_CALIBRATION)
def test_calibration_needs_probabilities(scores: Any, probabilities: bool, why: str) -> None:
    truth = np.arange(len(scores)) % 2
    assert curve.binary(truth, answers(scores, probabilities)).calibration == Absent(why)
