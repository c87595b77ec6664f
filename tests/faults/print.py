"""A schedule in words: when, who, asked what, was answered what. And a smaller one that still fails."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from faults.schedule import Line

DIGEST = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{24,56}\b")


def printed(lines: Sequence[Line], last: int = 0) -> str:
    """Return the lines as text, only the `last` ones if a number is given; long hashes are cut to eight digits."""
    shown = lines[-last:] if last else lines
    width = max((len(line.actor) for line in shown), default=0)
    return "\n".join(_line(line, width) for line in shown)


def _line(line: Line, width: int) -> str:
    seconds = round(line.at)
    clock = f"{seconds // 86400 + 2:02}T{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    answer = f" -> {line.answer}" if line.answer else ""
    return DIGEST.sub(r"\1…", f"{clock}  {line.actor:<{width}}  {line.what}{answer}")


def shrunk(made: Sequence[int], fails: Callable[[Sequence[int]], bool], budget: int) -> list[int]:
    """Return decisions with as many zeros (the tame answer) as can be had in `budget` trials, and that still fail.

    Greedy: first the end is cut off, then halves, quarters and so on are put to zero, down to single decisions.
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
