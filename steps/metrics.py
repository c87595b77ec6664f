"""Metrics of a binary classifier on the holdout, by scikit-learn. `evaluate` measures every one, gates pick theirs.

A metric that is not defined for these rows is None, never a number that looks like one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import get_args

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sklearn_metrics

from steps.document import Metric
from steps.model import Predictions

LOWER_IS_BETTER = frozenset({"log_loss"})

Metrics = Mapping[str, float | None]


def measure(truth: NDArray[np.int64], predicted: Predictions) -> Metrics:
    """Return every metric the documents know, by name; `truth` is 0 or 1 for each row."""
    values = {name: _value(name, truth, predicted) for name in get_args(Metric)}
    return {name: value if value is not None and math.isfinite(value) else None for name, value in values.items()}


def gain(metric: str, model: Metrics, other: Metrics) -> float | None:
    """Return how much better the model is by the metric: positive is better, also where lower values are."""
    mine, theirs = model.get(metric), other.get(metric)
    if mine is None or theirs is None:
        return None
    return theirs - mine if metric in LOWER_IS_BETTER else mine - theirs


def _value(name: str, truth: NDArray[np.int64], predicted: Predictions) -> float | None:
    if not len(truth) or not np.isfinite(predicted.scores).all():
        return None
    both = 0 < truth.sum() < len(truth)
    if name == "accuracy":
        return float(sklearn_metrics.accuracy_score(truth, predicted.labels))
    if name in ("f1", "precision", "recall"):
        scorer = getattr(sklearn_metrics, f"{name}_score")
        return float(scorer(truth, predicted.labels, zero_division=np.nan))
    if not both:
        return None
    if name == "balanced_accuracy":
        return float(sklearn_metrics.balanced_accuracy_score(truth, predicted.labels))
    if name == "log_loss":
        return float(sklearn_metrics.log_loss(truth, predicted.scores)) if predicted.probabilities else None
    scorer = {"roc_auc": "roc_auc_score", "average_precision": "average_precision_score"}[name]
    return float(getattr(sklearn_metrics, scorer)(truth, predicted.scores))
