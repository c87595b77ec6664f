"""How well simple models do on the sample, so that a draft's thresholds are not guesses.

Honest: cross-validated within the rows that will be trained on, by the very code of `train`; the holdout by which the
gates will judge is never looked at. Equal rows are in one fold, as they are on one side of the holdout.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from steps import batch, metrics, split, train
from steps.criteria import METRICS, Task
from steps.document import Document

FOLDS = 5
LEAST_FOLDS = 3
MOST_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """An estimator that a draft may name, and how features are prepared for it; `called` is how a person calls it."""

    called: str
    estimator: str
    params: Mapping[str, Any] = field(default_factory=dict)
    prepare: Mapping[str, Any] = field(default_factory=dict)


FOR_TREES: Mapping[str, Any] = {"scale": False, "categories": "ordinal"}
"""One column for each feature: many rows take a memory of that, and trees split by places as well."""
CANDIDATES: Mapping[Task, tuple[Candidate, ...]] = {
    "classification": (
        Candidate("logistic regression", "sklearn.linear_model.LogisticRegression", {"max_iter": 1000}),
        Candidate("histogram gradient boosting", "sklearn.ensemble.HistGradientBoostingClassifier", prepare=FOR_TREES),
    ),
    "regression": (
        Candidate("ridge regression", "sklearn.linear_model.Ridge"),
        Candidate("histogram gradient boosting", "sklearn.ensemble.HistGradientBoostingRegressor", prepare=FOR_TREES),
    ),
}
"""The simplest first: it is taken unless another one is clearly better."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A metric over the folds: mean and standard deviation."""

    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class Measured:
    """A candidate and its metrics, those only that most folds define."""

    candidate: Candidate
    spreads: Mapping[str, Spread]


def measure(rows: pd.DataFrame, candidate: Candidate, document: Document) -> Measured:
    """Return how well the document's model does on folds of its training side."""
    model = document.model
    known = split.split(rows, model.seed, model.holdout).train
    known = known.sample(n=min(MOST_ROWS, len(known)), random_state=0)
    folds = split.row_hashes(known, model.seed + 1) % np.uint64(FOLDS)
    found: dict[str, list[float]] = {name: [] for name in METRICS[model.task]}
    # Small trees on many threads spend their time waiting for each other.
    with warnings.catch_warnings(), threadpool_limits(1, user_api="openmp"):
        warnings.simplefilter("ignore")  # of a quick look; the run itself warns in its log
        for fold in range(FOLDS):
            held, learned = known[folds == fold], known[folds != fold]
            for name, value in _once(learned, held, document).items():
                found[name].append(value)
    spreads = {
        name: Spread(fmean(values), stdev(values)) for name, values in found.items() if len(values) >= LEAST_FOLDS
    }
    return Measured(candidate, spreads)


def best(of: tuple[Measured, ...], by: str) -> Measured:
    """Return the first, unless another is better by more than half its own deviation; `by` grows with quality."""
    chosen = of[0]
    for other in of[1:]:
        mine, theirs = chosen.spreads.get(by), other.spreads.get(by)
        if theirs is not None and (mine is None or theirs.mean > mine.mean + theirs.deviation / 2):
            chosen = other
    return chosen


def choose(rows: pd.DataFrame, task: Task, by: str, document: Callable[[Candidate], Document]) -> tuple[Measured, ...]:
    """Measure every candidate of the task; the best comes first. `document` makes the one of a candidate."""
    every = tuple(measure(rows, candidate, document(candidate)) for candidate in CANDIDATES[task])
    chosen = best(every, by)
    return (chosen, *(one for one in every if one is not chosen))


def _once(learned: pd.DataFrame, held: pd.DataFrame, document: Document) -> dict[str, float]:
    truth, model = batch.truth(held, document.model), document.model
    if model.task == "classification" and np.ptp(batch.labels(learned, model)) == 0:
        return {}
    predicted = train.train(learned, document).predict(held)
    values = {name: metrics.value(name, truth, predicted) for name in METRICS[model.task]}
    return {name: value for name, value in values.items() if value is not None}
