"""A failing schedule made smaller: as many tame decisions as can be had soon, and still the same kind of failure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from faults.choices import Choices
from faults.play import Played, play

TRIALS = 400
"""Schedules that are played to shrink one."""


def smaller(seed: int, found: Played, trials: int = TRIALS) -> Played:
    """Return a tamer schedule that comes to a finding of the same kind; the same one if there is none."""
    kinds = {kind(finding) for finding in found.findings}

    def fails(made: Sequence[int]) -> bool:
        return any(kind(finding) in kinds for finding in play(Choices(seed, made)).findings)

    return play(Choices(seed, shrunk(found.made, fails, trials)))


def kind(finding: str) -> str:
    """Return the finding without the names and numbers in it."""
    return re.sub(r"\S*\d\S*", "#", finding)


def shrunk(made: Sequence[int], fails: Callable[[Sequence[int]], bool], budget: int) -> list[int]:
    """Return decisions with as many zeros (the tame answer) as can be had in `budget` trials, and that still fail.

    Greedy: all are put to zero, then halves, quarters and so on, down to single decisions.
    """
    best = list(made)
    size = len(best)
    while size and budget > 0:
        for start in range(0, len(best), size):
            piece = best[start : start + size]
            if not any(piece):
                continue
            tried = [*best[:start], *([0] * len(piece)), *best[start + size :]]
            budget -= 1
            if fails(tried):
                best = tried
            if budget <= 0:
                break
        size //= 2
    while best and best[-1] == 0:
        best.pop()
    return best
