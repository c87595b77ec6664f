"""The probability from which on the answer is positive, chosen by cross-validation within the training rows.

Called by `train` where the document asks for it. The holdout has no part in the choice, so its metrics stay honest.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import FixedThresholdClassifier, StratifiedKFold, TunedThresholdClassifierCV

from steps import estimator
from steps.document import Model
from steps.model import Truth

FOLDS = 5


def fit(classifier: Any, rows: NDArray[np.float64], truth: Truth, model: Model) -> FixedThresholdClassifier:
    """Return the classifier fitted on all rows, with the threshold at which `model.threshold` is best across folds.

    The search's own scorers and folds are left behind: a model file holds what predicts. Raises `Verdict` if the
    classifier gives nothing to compare with a threshold, or a class has too few rows.
    """
    if not hasattr(classifier, "predict_proba"):
        raise estimator.refusal(f"model.threshold needs probabilities, which {model.estimator} does not give")
    fewest = int(min(truth.sum(), len(truth) - truth.sum()))
    if fewest < FOLDS:
        raise estimator.refusal(f"model.threshold needs {FOLDS} training rows of each class; one has {fewest}")
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=model.seed)
    tuned = TunedThresholdClassifierCV(
        classifier, scoring=model.threshold, response_method="predict_proba", cv=folds, random_state=model.seed
    ).fit(rows, truth)
    kept = FixedThresholdClassifier(
        FrozenEstimator(tuned.estimator_), threshold=float(tuned.best_threshold_), response_method="predict_proba"
    )
    return kept.fit(rows, truth)
