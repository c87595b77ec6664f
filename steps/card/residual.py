"""The pictures of a regressor on the holdout: predictions against truth, and what is left over. For `build`.

A residual is truth − prediction: above zero the model said too little.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from steps.card.facts import Absent, Answers, Residuals

POINTS = 600
"""Rows shown as points at most: every n-th of the rows in the order of their predictions."""
BANDS = 10
BARS = 24
LOW, MEDIAN, HIGH = 10, 50, 90

Floats = NDArray[np.float64]


def residuals(truth: Floats, answers: Answers) -> Residuals | Absent:
    """Return the pictures; `truth` and `answers.scores` are a number for each row."""
    if not len(truth):
        return Absent("no row is held out")
    with np.errstate(over="ignore", invalid="ignore"):
        left = truth - answers.scores
    if not np.isfinite(left).all():
        return Absent("some predictions are no finite numbers")
    order = np.argsort(answers.scores, kind="stable")
    predicted, actual, left = answers.scores[order], truth[order], left[order]
    chosen = np.unique(np.linspace(0, len(order) - 1, min(POINTS, len(order))).round().astype(int))
    return Residuals(
        points=tuple((float(predicted[row]), float(actual[row])) for row in chosen),
        rows=len(order),
        bands=_bands(predicted, left),
        histogram=_histogram(left),
    )


def _bands(predicted: Floats, left: Floats) -> tuple[tuple[float, float, float, float], ...]:
    """Return mean prediction and percentiles of the residuals for equally many rows each, by prediction."""
    parts = zip(np.array_split(predicted, BANDS), np.array_split(left, BANDS), strict=True)
    bands = []
    for said, rest in parts:
        if len(said):
            low, median, high = np.percentile(rest, [LOW, MEDIAN, HIGH])
            bands.append((float(said.mean()), float(low), float(median), float(high)))
    return tuple(bands)


def _histogram(left: Floats) -> tuple[tuple[float, float, int], ...]:
    edges = np.unique(np.linspace(left.min(), left.max(), BARS + 1))
    if len(edges) < 2:
        edges = np.array([edges[0] - 0.5, edges[0] + 0.5])
    counts, _ = np.histogram(left, bins=edges)
    bars = zip(edges[:-1], edges[1:], counts, strict=True)
    return tuple((float(start), float(end), int(rows)) for start, end, rows in bars)
