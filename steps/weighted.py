"""The metrics under many weightings of the rows at once: scikit-learn's definitions with `sample_weight`, as matrices.

Called by `findings` for bootstrap intervals, where a thousand calls of scikit-learn would take a second a metric. The
point estimates are scikit-learn's own (`metrics`), and tests hold every formula here against it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from steps.bootstrap import Floats
from steps.model import Predictions, Truth


@dataclass(frozen=True, slots=True)
class Confusion:
    """The weights of true and false positives, false and true negatives, in each resample."""

    tp: Floats
    fp: Floats
    fn: Floats
    tn: Floats


def spread(metric: str, truth: Truth, predicted: Predictions, weights: Floats) -> Floats:
    """Return the metric for each row of `weights` (resamples, rows of truth), NaN where it is not defined."""
    if not np.isfinite(predicted.scores).all():
        return np.full(len(weights), np.nan)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if metric in LABELLED:
            return LABELLED[metric](_confusion(truth, predicted.labels, weights))
        if metric in RANKED:
            return RANKED[metric](*_ranked(truth, predicted.scores, weights))
        if metric in ("log_loss", "brier_score"):
            return _believed(metric, truth, predicted, weights)
        return NUMBERS[metric](np.asarray(truth, dtype=np.float64), predicted.scores, weights)


def share(hits: NDArray[np.bool_], among: NDArray[np.bool_], weights: Floats) -> Floats:
    """Return the share of `hits` in the rows `among`, for each row of `weights`."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = (weights @ (hits & among)) / (weights @ among)
    return found


def _confusion(truth: Truth, labels: NDArray[np.int64], weights: Floats) -> Confusion:
    true, said = truth == 1, labels == 1
    parts = (true & said, ~true & said, true & ~said, ~true & ~said)
    return Confusion(*(np.asarray(weights @ part, dtype=np.float64) for part in parts))


LABELLED: dict[str, Callable[[Confusion], Floats]] = {
    "accuracy": lambda at: (at.tp + at.tn) / (at.tp + at.fp + at.fn + at.tn),
    "balanced_accuracy": lambda at: (at.tp / (at.tp + at.fn) + at.tn / (at.tn + at.fp)) / 2,
    "f1": lambda at: 2 * at.tp / (2 * at.tp + at.fp + at.fn),
    "precision": lambda at: at.tp / (at.tp + at.fp),
    "recall": lambda at: at.tp / (at.tp + at.fn),
}


def _ranked(truth: Truth, scores: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return the weights of positives and negatives at each distinct score, highest first, (resamples, scores)."""
    order = np.argsort(-scores, kind="stable")
    starts = np.flatnonzero(np.concatenate([[True], np.diff(scores[order]) != 0])) if len(order) else order
    ordered = weights[:, order]
    positive = np.add.reduceat(ordered * (truth[order] == 1), starts, axis=1)
    return positive, np.add.reduceat(ordered, starts, axis=1) - positive


def _roc_auc(positive: Floats, negative: Floats) -> Floats:
    below = negative.sum(axis=1, keepdims=True) - np.cumsum(negative, axis=1)
    won = (positive * (below + negative / 2)).sum(axis=1)
    return np.asarray(won / (positive.sum(axis=1) * negative.sum(axis=1)), dtype=np.float64)


def _average_precision(positive: Floats, negative: Floats) -> Floats:
    hits = np.cumsum(positive, axis=1)
    said = hits + np.cumsum(negative, axis=1)
    precision = np.divide(hits, said, out=np.zeros_like(hits), where=said > 0)
    both = negative.sum(axis=1) > 0
    return np.where(both, (positive * precision).sum(axis=1) / positive.sum(axis=1), np.nan)


RANKED = {"roc_auc": _roc_auc, "average_precision": _average_precision}


def _believed(metric: str, truth: Truth, predicted: Predictions, weights: Floats) -> Floats:
    if not predicted.probabilities:
        return np.full(len(weights), np.nan)
    if metric == "brier_score":
        return _mean((predicted.scores - truth) ** 2, weights)
    least = np.finfo(np.float64).eps
    belief = np.clip(np.where(truth == 1, predicted.scores, 1 - predicted.scores), least, 1 - least)
    both = share(truth == 1, np.ones(len(truth), dtype=bool), weights)
    return np.where((both > 0) & (both < 1), _mean(-np.log(belief), weights), np.nan)


def _mean(values: Floats, weights: Floats) -> Floats:
    return np.asarray((weights @ values) / weights.sum(axis=1), dtype=np.float64)


def _explained(truth: Floats, predicted: Floats, weights: Floats, *, biased: bool) -> Floats:
    """Return 1 − the residuals' share of the truth's variance; `biased` residuals count their mean too."""
    left, middle = truth - predicted, _mean(truth, weights)
    variance = _mean(truth**2, weights) - middle**2
    unexplained = _mean(left**2, weights) - (0 if biased else _mean(left, weights) ** 2)
    return np.where(variance > 0, 1 - unexplained / variance, np.nan)


NUMBERS: dict[str, Callable[[Floats, Floats, Floats], Floats]] = {
    "explained_variance": lambda truth, said, weights: _explained(truth, said, weights, biased=False),
    "r2": lambda truth, said, weights: _explained(truth - truth.mean(), said - truth.mean(), weights, biased=True),
    "mae": lambda truth, said, weights: _mean(np.abs(truth - said), weights),
    "mape": lambda truth, said, weights: _mean(
        np.abs(truth - said) / np.maximum(np.abs(truth), np.finfo(np.float64).eps), weights
    ),
    "rmse": lambda truth, said, weights: np.sqrt(_mean((truth - said) ** 2, weights)),
}
