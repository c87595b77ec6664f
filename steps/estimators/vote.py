"""A weighted vote of fitted classifiers: what fairness mitigation leaves behind. Made by `steps.mitigation`.

fairlearn's `ExponentiatedGradient` predicts by drawing one of its predictors at random, and cannot be put in a model
file. The weighted mean of their probabilities ranks better than drawing, always gives the same answer, and is a plain
scikit-learn classifier.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin


class Vote(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Fitted classifiers of 0 and 1, and their weights, which sum to 1.

    A part without `predict_proba` votes with its labels.
    """

    def __init__(self, predictors: Sequence[Any] = (), weights: Sequence[float] = ()) -> None:
        self.predictors = predictors
        self.weights = weights

    @property
    def classes_(self) -> NDArray[np.int64]:
        return np.array([0, 1])

    def fit(self, *data: object) -> NoReturn:
        """Raise `TypeError`: a vote is made of fitted parts. scikit-learn takes nothing for an estimator without it."""
        raise TypeError(f"got {len(data)} arguments to fit; a Vote is made of fitted parts and cannot be fitted itself")

    def __sklearn_is_fitted__(self) -> bool:
        return len(self.predictors) > 0

    def predict_proba(self, rows: ArrayLike) -> NDArray[np.float64]:
        """Return the weighted mean of the parts' probabilities of 0 and of 1, shape (rows, 2)."""
        parts = zip(self.predictors, self.weights, strict=True)
        positive = np.clip(np.sum([weight * _positive(part, rows) for part, weight in parts], axis=0), 0.0, 1.0)
        return np.column_stack([1.0 - positive, positive])

    def predict(self, rows: ArrayLike) -> NDArray[np.int64]:
        """Return 1 where the mean probability of 1 is at least a half."""
        return (self.predict_proba(rows)[:, 1] >= 0.5).astype(np.int64)


def _positive(predictor: Any, rows: ArrayLike) -> NDArray[np.float64]:
    """Return the probability of 1; a part that saw one class only gives that class everywhere."""
    if not hasattr(predictor, "predict_proba"):
        return np.asarray(predictor.predict(rows), dtype=np.float64)
    probability = np.asarray(predictor.predict_proba(rows), dtype=np.float64)
    classes = [int(label) for label in predictor.classes_]
    return probability[:, classes.index(1)] if 1 in classes else np.zeros(len(probability))
