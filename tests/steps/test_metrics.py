from __future__ import annotations

import math

import numpy as np
import pytest

from steps.criteria import METRICS
from steps.metrics import gain, measure
from steps.model import Predictions

TRUTH = np.array([0, 0, 1, 1])
EVERY = set(METRICS["classification"])


def predicted(scores: list[float], *, probabilities: bool = True) -> Predictions:
    values = np.array(scores)
    return Predictions((values >= 0.5).astype(np.int64), values, probabilities)


def test_every_metric_that_a_document_may_name_is_measured() -> None:
    found = measure(TRUTH, predicted([0.1, 0.6, 0.4, 0.9]))
    assert set(found) == EVERY
    expected = {
        "accuracy": 0.5, "balanced_accuracy": 0.5, "precision": 0.5, "recall": 0.5, "f1": 0.5, "roc_auc": 0.75,
        "average_precision": 5 / 6,
        "brier_score": (0.01 + 0.36 + 0.36 + 0.01) / 4,
        "log_loss": -(math.log(0.9) + math.log(0.4) + math.log(0.4) + math.log(0.9)) / 4,
    }  # fmt: skip
    assert found == pytest.approx(expected)


UNDEFINED = {
    "no rows": (np.array([], dtype=np.int64), predicted([]), EVERY),
    "one class": (
        np.array([1, 1]),
        predicted([0.9, 0.2]),
        {"balanced_accuracy", "roc_auc", "average_precision", "log_loss"},
    ),
    "nothing predicted positive": (TRUTH, predicted([0.1] * 4), {"precision"}),
    "nothing positive at all": (
        np.array([0, 0]),
        predicted([0.1, 0.2]),
        {"precision", "recall", "f1", "balanced_accuracy", "roc_auc", "average_precision", "log_loss"},
    ),
    "scores are no probabilities": (
        TRUTH,
        predicted([-3.0, -1.0, 1.0, 3.0], probabilities=False),
        {"log_loss", "brier_score"},
    ),
    "scores are not numbers": (TRUTH, predicted([0.1, float("nan"), 0.4, 0.9]), EVERY),
}


@pytest.mark.parametrize(("truth", "answers", "undefined"), UNDEFINED.values(), ids=UNDEFINED)
def test_a_metric_that_is_not_defined_is_none(truth: np.ndarray, answers: Predictions, undefined: set[str]) -> None:
    assert {name for name, value in measure(truth, answers).items() if value is None} == undefined


NUMBERS = np.array([1.0, 2.0, 4.0, 5.0])


def numbers(values: list[float]) -> Predictions:
    return Predictions(np.zeros(len(values), dtype=np.int64), np.array(values), False)


def test_every_metric_of_a_regression_is_measured() -> None:
    found = measure(NUMBERS, numbers([1.0, 2.0, 3.0, 7.0]), "regression")
    expected = {"r2": 0.5, "explained_variance": 0.525, "mae": 0.75, "rmse": 1.25**0.5, "mape": (0.25 + 0.4) / 4}
    assert found == pytest.approx(expected)


NO_NUMBERS = {
    "no rows": (NUMBERS[:0], [], set(METRICS["regression"])),
    "the same truth everywhere": (np.full(4, 2.0), [1.0, 2.0, 3.0, 4.0], {"r2", "explained_variance"}),
    "a prediction that is no number": (NUMBERS, [1.0, float("nan"), 3.0, 4.0], set(METRICS["regression"])),
}


@pytest.mark.parametrize(("truth", "values", "undefined"), NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_a_metric_of_a_regression_that_is_not_defined_is_none(
    truth: np.ndarray, values: list[float], undefined: set[str]
) -> None:
    found = measure(truth, numbers(values), "regression")
    assert {name for name, value in found.items() if value is None} == undefined


def test_a_gain_is_positive_when_the_model_is_better() -> None:
    assert gain("roc_auc", {"roc_auc": 0.75}, {"roc_auc": 0.5}) == 0.25
    assert gain("log_loss", {"log_loss": 0.25}, {"log_loss": 0.5}) == 0.25


def test_a_gain_over_something_undefined_is_undefined() -> None:
    assert gain("roc_auc", {"roc_auc": 0.75}, {"roc_auc": None}) is None
    assert gain("roc_auc", {}, {"roc_auc": 0.5}) is None
