"""The pictures of a binary classifier on the holdout: ROC, precision and recall, calibration, confusion. For `build`.

The points are scikit-learn's, thinned to what a plot can show; a picture that these rows cannot give says why.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from steps.card.facts import Absent, Answers, Bin, Binary, Confusion, Line, Points
from steps.card.interval import wilson

POINTS = 200
"""Points of a curve at most."""
BINS = 10

Truth = NDArray[np.int64]
Floats = NDArray[Any]


def binary(truth: Truth, answers: Answers) -> Binary:
    """Return the pictures; `truth` is 0 or 1 for each row."""
    ranked = _unrankable(truth, answers.scores)
    return Binary(
        roc=ranked or roc(truth, answers.scores),
        precision_recall=ranked or precision_recall(truth, answers.scores),
        calibration=_uncalibrated(truth, answers) or calibration(truth, answers.scores),
        confusion=confusion(truth, answers.labels) if len(truth) else Absent("no row is held out"),
    )


def roc(truth: Truth, scores: NDArray[np.float64]) -> Line:
    """Return true over false positive rate; both classes must be there."""
    false, true, _ = metrics.roc_curve(truth, scores)
    return Line(thinned(false, true), float(metrics.auc(false, true)))


def precision_recall(truth: Truth, scores: NDArray[np.float64]) -> Line:
    """Return precision over recall; the area is the average precision, which does not interpolate."""
    precision, recall, _ = metrics.precision_recall_curve(truth, scores)
    # scikit-learn ends with recall 0 and precision 1, which no threshold gives.
    return Line(thinned(recall[-2::-1], precision[-2::-1]), float(metrics.average_precision_score(truth, scores)))


def calibration(truth: Truth, scores: NDArray[np.float64]) -> tuple[Bin, ...]:
    """Return the observed share of positives by tenths of the score; empty tenths are left out."""
    tenth = np.minimum((scores * BINS).astype(int), BINS - 1)
    bins = []
    for index in np.unique(tenth):
        inside = tenth == index
        rows, hits = int(inside.sum()), int(truth[inside].sum())
        bins.append(Bin(float(scores[inside].mean()), hits / rows, wilson(hits, rows), rows))
    return tuple(bins)


def confusion(truth: Truth, labels: NDArray[np.int64]) -> Confusion:
    """Return the rows by truth and answer."""
    counts = metrics.confusion_matrix(truth, labels, labels=[0, 1])
    return Confusion(*(int(count) for count in counts.ravel()))


def thinned(across: Floats, up: Floats) -> Points:
    """Return at most `POINTS` of the points, corners first: those in the middle of a straight line go."""
    points = np.column_stack([across, up]).astype(float)
    if len(points) > 2:
        before, after = np.diff(points[:-1], axis=0), np.diff(points[1:], axis=0)
        bent = np.abs(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]) > 0
        points = points[np.concatenate([[True], bent, [True]])]
    if len(points) > POINTS:
        points = points[np.linspace(0, len(points) - 1, POINTS).round().astype(int)]
    return tuple((float(x), float(y)) for x, y in points)


def _unrankable(truth: Truth, scores: NDArray[np.float64]) -> Absent | None:
    if not len(truth):
        return Absent("no row is held out")
    if len(np.unique(truth)) < 2:
        return Absent("every held-out row is of the same class")
    if not np.isfinite(scores).all():
        return Absent("some scores are no finite numbers")
    return None


def _uncalibrated(truth: Truth, answers: Answers) -> Absent | None:
    if not len(truth):
        return Absent("no row is held out")
    if not answers.probabilities:
        return Absent("the model gives no probabilities")
    if not np.isfinite(answers.scores).all() or answers.scores.min() < 0 or answers.scores.max() > 1:
        return Absent("some scores are no probabilities")
    return None
