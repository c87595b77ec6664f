"""Where a gate's value lies relative to its threshold, as positions on a strip: the threshold is always in the middle.

So the eye compares gates of unlike metrics by one question: on the right side of the line, and how far?
"""

from __future__ import annotations

from dataclasses import dataclass

from steps.card.facts import Gate

WIDE = 100.0
SPAN = 0.1
"""The least distance from the threshold to the strip's ends, for metrics of about one."""
ROOM = 1.25


@dataclass(frozen=True, slots=True)
class Strip:
    """Positions from 0 to `WIDE`; `reach` is the distance from the middle to an end, in the metric's unit."""

    value: float
    low: float | None
    high: float | None
    passes_above: bool
    reach: float


def strip(gate: Gate) -> Strip | None:
    """Return the strip of a gate, None where it has no value."""
    if gate.value is None:
        return None
    ends = (gate.value, *(gate.interval or ()))
    reach = max(SPAN * max(1.0, abs(gate.threshold)), ROOM * max(abs(end - gate.threshold) for end in ends))

    def place(end: float) -> float:
        return float(round(WIDE / 2 * (1 + (end - gate.threshold) / reach), 2))

    low, high = (place(gate.interval[0]), place(gate.interval[1])) if gate.interval else (None, None)
    return Strip(place(gate.value), low, high, gate.comparison == "above", reach)
