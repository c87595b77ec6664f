"""How far the model's probabilities are from what happens: a check that a document may name, and an example of one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from steps.model import Predictions, Truth

BINS = 10


def expected_error(rows: pd.DataFrame, truth: Truth, predicted: Predictions) -> float:  # noqa: ARG001 - every check gets them
    """Return the mean distance of probability and observed share over ten bins, by rows (0 to 1), NaN without rows.

    The expected calibration error of Naeini et al. (2015), with bins of equal width.
    """
    if not len(truth) or not predicted.probabilities:
        return float("nan")
    bins = np.minimum((predicted.scores * BINS).astype(int), BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    gaps = np.bincount(bins, weights=predicted.scores - truth, minlength=BINS)
    return float(np.abs(gaps).sum() / counts.sum())
