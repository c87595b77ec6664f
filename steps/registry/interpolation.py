"""Where in a series that never falls a value would stand, in few reads. The ledger finds a moment's records by it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

GUESSES = 10
"""So many reads go where the moment may stand; then what is left is halved, which ends for any series."""


def last_before(at: Callable[[int], datetime], count: int, moment: datetime) -> int:
    """Return the largest n of 1 to `count` with `at(n)` before the moment, 0 if there is none.

    Reads where the moment would stand if times were evenly spread; falling short, it reaches a growing distance beyond.
    """
    low, high = (1, at(1)), (count, at(count))
    if high[1] < moment or low[1] >= moment:
        return count if high[1] < moment else 0
    reads, reach, rose = 0, 1, True
    while high[0] - low[0] > 1:
        n = (low[0] + high[0]) // 2
        if reads < GUESSES:
            share = (moment - low[1]) / (high[1] - low[1])
            guess = low[0] + int(share * (high[0] - low[0])) + (reach if rose else -reach)
            n = min(max(guess, low[0] + 1), high[0] - 1)
        found = (n, at(n))
        rises = found[1] < moment
        low, high = (found, high) if rises else (low, found)
        reads, rose, reach = reads + 1, rises, reach * 4 if rises == rose else 1
    return low[0]
