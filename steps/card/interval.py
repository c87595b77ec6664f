"""The Wilson interval of a share: how sure a rate of so many rows is. For calibration bins and slices.

It stays inside 0 to 1 and says something useful at 0 and at 1, where the normal approximation says "certain".
"""

from __future__ import annotations

import math

Z = 1.959963984540054
"""The 97.5th percentile of the normal distribution: 95 % intervals."""


def wilson(hits: int, rows: int) -> tuple[float, float]:
    """Return the 95 % interval (low, high) of a share of `hits` in `rows` (Wilson 1927); (0, 1) for no row."""
    if not rows:
        return (0.0, 1.0)
    share, shrink = hits / rows, 1 + Z**2 / rows
    middle = (share + Z**2 / (2 * rows)) / shrink
    half = Z * math.sqrt(share * (1 - share) / rows + Z**2 / (4 * rows**2)) / shrink
    return (max(0.0, middle - half), min(1.0, middle + half))
