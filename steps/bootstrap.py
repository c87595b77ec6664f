"""The bootstrap: how much a number would differ on other rows of the same kind. For the intervals of `findings`.

Drawing the holdout's rows with replacement is weighting them by how often each came (Efron 1979), so every metric is
computed for all resamples at once. Two models are weighted alike: the difference of a pair is resampled as a pair.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
ROWS = 5000
"""Of a larger holdout so many rows stand for all, weighted to the full number: the bag of little bootstraps (Kleiner
et al. 2014), whose intervals are as wide as those of all the rows, at a bounded cost."""
UNDEFINED = 0.05
"""Resamples in which a number may be undefined, as a share; with more of them there is no interval."""
STREAM = 0x5EED

Floats = NDArray[np.float64]
Interval = tuple[float, float]
ANYWHERE: Interval = (-np.inf, np.inf)


@dataclass(frozen=True, slots=True)
class Resamples:
    """`rows` are positions in the holdout; each row of `weights` (resamples, rows) says how often each was drawn.

    The first row of the weights is the rows as they are.
    """

    rows: NDArray[np.int64]
    weights: Floats


def resamples(count: int, seed: int) -> Resamples:
    """Return the resamples of so many rows; the same seed draws the same."""
    random = np.random.default_rng([seed, STREAM])
    rows = np.arange(count) if count <= ROWS else np.sort(random.choice(count, ROWS, replace=False))
    if not count:
        return Resamples(rows, np.zeros((1, 0)))
    share = np.full(len(rows), 1 / len(rows))
    weights = np.vstack([share * count, random.multinomial(count, share, size=RESAMPLES)])
    return Resamples(rows, weights)


def interval(
    value: float | None, spread: Floats, confidence: float = 0.95, within: Interval = ANYWHERE
) -> Interval | None:
    """Return the two-sided percentile interval of a value, None where too many resamples leave it undefined.

    `spread` has the value of each row of `Resamples.weights`, NaN where undefined; its first is of the rows as they
    are, and with a part of the holdout the others are moved by what the part is off, though not out of `within`, where
    the number can be.
    """
    if value is None or len(spread) < 2 or not np.isfinite(spread[0]):
        return None
    drawn = spread[1:][np.isfinite(spread[1:])]
    if len(drawn) < (1 - UNDEFINED) * (len(spread) - 1):
        return None
    drawn = np.clip(drawn + (value - spread[0]), *within)
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return (float(low), float(high))
