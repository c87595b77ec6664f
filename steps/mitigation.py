"""Fairness in training: fairlearn's exponentiated gradient over the document's estimator. Called by `train`.

What ships is the weighted vote of its predictors (`steps.estimators.vote`), which needs the sensitive attribute no
more: it steers the training, and no prediction reads it.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
from fairlearn.reductions import DemographicParity, EqualizedOdds, ExponentiatedGradient
from numpy.typing import NDArray

from steps.document import Mitigation
from steps.estimators.vote import Vote
from steps.model import Truth

CONSTRAINTS = {"demographic-parity": DemographicParity, "equalized-odds": EqualizedOdds}
NEGLIGIBLE = 1e-6
"""A predictor with less weight than this is left out: it only makes the model larger."""


def fit(estimator: Any, rows: NDArray[np.float64], truth: Truth, group: pd.Series[str], mitigation: Mitigation) -> Vote:
    """Return the vote; `rows` are transformed features, `group` the sensitive attribute of each row.

    Agarwal et al., A Reductions Approach to Fair Classification (2018). Each iteration fits the estimator about twice.
    """
    bound = mitigation.difference_bound
    gradient = ExponentiatedGradient(
        estimator,
        constraints=CONSTRAINTS[mitigation.constraint](difference_bound=bound),
        eps=bound,
        max_iter=mitigation.max_iterations,
    )
    with warnings.catch_warnings():
        # What fairlearn 0.15 does to its own Series pandas 4 will refuse; the lock holds pandas below that.
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"fairlearn\.")
        gradient.fit(rows, truth, sensitive_features=group.to_numpy())
    weights = np.asarray(gradient.weights_.sort_index(), dtype=np.float64)
    kept = [int(place) for place in np.flatnonzero(weights > NEGLIGIBLE)]
    total = weights[kept].sum()
    return Vote([gradient.predictors_[place] for place in kept], [float(weights[place] / total) for place in kept])
