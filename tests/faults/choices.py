"""The decisions of a schedule, drawn from a seed or repeated from a list. All randomness is here.

Each decision is a small whole number, and 0 is always the tamest: go on with the same actor, no fault. So a schedule is
a list of numbers, a failing one replays from its seed alone, and it shrinks by putting zeros into the list.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """`made` holds every decision so far. With a `script` those are repeated, and beyond its end all is tame."""

    def __init__(self, seed: int, script: Sequence[int] | None = None) -> None:
        self._random = random.Random(seed)
        self._script = script
        self.made: list[int] = []

    def below(self, limit: int) -> int:
        """Return a number from 0 to `limit` - 1."""
        number = int(self._random.random() * limit) if self._script is None else min(self._scripted(), limit - 1)
        self.made.append(number)
        return number

    def chance(self, share: float) -> bool:
        """Return True in that share of cases; False is the tame answer."""
        number = int(self._random.random() < share) if self._script is None else min(self._scripted(), 1)
        self.made.append(number)
        return number == 1

    def of(self, options: Sequence[T]) -> T:
        """Return one of the options, the first of which is the tamest."""
        return options[self.below(len(options))]

    def _scripted(self) -> int:
        assert self._script is not None
        place = len(self.made)
        return self._script[place] if place < len(self._script) else 0
