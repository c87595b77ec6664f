from __future__ import annotations

import math
from typing import get_args

import numpy as np
import pytest

from steps.document import Metric
from steps.metrics import gain, measure
from steps.model import Predictions

TRUTH = np.array([0, 0, 1, 1])


def predicted(scores: list[float], *, probabilities: bool = True) -> Predictions:
    values = np.array(scores)
    return Predictions((values >= 0.5).astype(np.int64), values, probabilities)


def test_every_metric_that_a_document_may_name_is_measured() -> None:
    found = measure(TRUTH, predicted([0.1, 0.6, 0.4, 0.9]))
    assert set(found) == set(get_args(Metric))
    expected = {
        "accuracy": 0.5, "balanced_accuracy": 0.5, "precision": 0.5, "recall": 0.5, "f1": 0.5, "roc_auc": 0.75,
        "average_precision": 5 / 6,
        "log_loss": -(math.log(0.9) + math.log(0.4) + math.log(0.4) + math.log(0.9)) / 4,
    }  # fmt: skip
    assert found == pytest.approx(expected)


UNDEFINED = {
    "no rows": (np.array([], dtype=np.int64), predicted([]), set(get_args(Metric))),
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
    "scores are no probabilities": (TRUTH, predicted([-3.0, -1.0, 1.0, 3.0], probabilities=False), {"log_loss"}),
    "scores are not numbers": (TRUTH, predicted([0.1, float("nan"), 0.4, 0.9]), set(get_args(Metric))),
}


@pytest.mark.parametrize(("truth", "answers", "undefined"), UNDEFINED.values(), ids=UNDEFINED)
def test_a_metric_that_is_not_defined_is_none(truth: np.ndarray, answers: Predictions, undefined: set[str]) -> None:
    assert {name for name, value in measure(truth, answers).items() if value is None} == undefined


def test_a_gain_is_positive_when_the_model_is_better() -> None:
    assert gain("roc_auc", {"roc_auc": 0.75}, {"roc_auc": 0.5}) == 0.25
    assert gain("log_loss", {"log_loss": 0.25}, {"log_loss": 0.5}) == 0.25


def test_a_gain_over_something_undefined_is_undefined() -> None:
    assert gain("roc_auc", {"roc_auc": 0.75}, {"roc_auc": None}) is None
    assert gain("roc_auc", {}, {"roc_auc": 0.5}) is None
