"""Metrics of a model on the holdout, by scikit-learn. `evaluate` measures every one of the task, gates pick theirs.

A metric that is not defined for these rows is None, never a number that looks like one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn import metrics as of

from steps.criteria import METRICS, Task
from steps.model import Predictions, Truth

LOWER_IS_BETTER = frozenset({"log_loss", "brier_score", "mae", "mape", "rmse"})
ONE_CLASS_WILL_DO = frozenset({"accuracy", "brier_score", "f1", "precision", "recall"})
PROBABILITIES = frozenset({"log_loss", "brier_score"})
LABELS = frozenset({"accuracy", "balanced_accuracy", "f1", "precision", "recall"})
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "accuracy": of.accuracy_score,
    "average_precision": of.average_precision_score,
    "balanced_accuracy": of.balanced_accuracy_score,
    "brier_score": of.brier_score_loss,
    "explained_variance": of.explained_variance_score,
    "f1": of.f1_score,
    "log_loss": of.log_loss,
    "mae": of.mean_absolute_error,
    "mape": of.mean_absolute_percentage_error,
    "precision": of.precision_score,
    "r2": of.r2_score,
    "recall": of.recall_score,
    "rmse": of.root_mean_squared_error,
    "roc_auc": of.roc_auc_score,
}

Metrics = Mapping[str, float | None]


def measure(truth: Truth, predicted: Predictions, task: Task = "classification") -> Metrics:
    """Return every metric of the task, by name; `truth` is 0 or 1, or a number, for each row."""
    return {name: value(name, truth, predicted) for name in METRICS[task]}


def value(name: str, truth: Truth, predicted: Predictions) -> float | None:
    """Return one metric, None where these rows do not define it or a prediction is no finite number."""
    if not _defined(name, truth, predicted):
        return None
    answers = predicted.labels if name in LABELS else predicted.scores
    options = {"zero_division": np.nan} if name in ("f1", "precision", "recall") else {}
    found = float(FUNCTIONS[name](truth, answers, **options))
    return found if math.isfinite(found) else None


def gain(metric: str, model: Metrics, other: Metrics) -> float | None:
    """Return how much better the model is by the metric: positive is better, also where lower values are."""
    mine, theirs = model.get(metric), other.get(metric)
    if mine is None or theirs is None:
        return None
    return theirs - mine if metric in LOWER_IS_BETTER else mine - theirs


def _defined(name: str, truth: Truth, predicted: Predictions) -> bool:
    if not len(truth) or not np.isfinite(predicted.scores).all():
        return False
    if name in PROBABILITIES and not predicted.probabilities:
        return False
    if name in METRICS["regression"]:
        return name not in ("r2", "explained_variance") or float(np.ptp(truth)) > 0
    return name in ONE_CLASS_WILL_DO or bool(0 < truth.sum() < len(truth))
