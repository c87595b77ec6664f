"""The gates: every one the document declares is judged, and only if all pass is the decision `deploy`.

Pure: `findings` measures, this judges. A gate passes by a finite number on the right side of its threshold, and without
a number only where the document itself says so: for small groups, and for the champion's while production is empty.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from steps.bootstrap import Interval
from steps.criteria import Gate
from steps.measured import Found

Decision = Literal["deploy", "reject"]
DIGITS = 6
"""Significant digits of the numbers in records; gates are judged before rounding."""
GROUP_LENGTH = 40
"""Characters of a group's name in records: it is a text of the data."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One gate's answer; `value` is None where there is no number, `evidence` one sentence.

    `groups` are the groups of people that a gate is about, the one worst off first.
    """

    gate: Gate
    value: float | None
    passed: bool
    evidence: str
    groups: tuple[str, ...] = ()
    interval: Interval | None = None

    def to_json(self) -> dict[str, Any]:
        above = self.gate.above is not None
        return {
            "name": self.gate.name,
            "kind": self.gate.kind,
            "metric": self.gate.metric,
            "value": rounded(self.value),
            "comparison": "above" if above else "below",
            "threshold": self.gate.above if above else self.gate.below,
            "passed": self.passed,
            "evidence": self.evidence,
            **({"interval": [rounded(end) for end in self.interval]} if self.interval else {}),
            **({"groups": [group[:GROUP_LENGTH] for group in self.groups]} if self.groups else {}),
        }


def judge(gate: Gate, found: Found) -> Judged:
    """Return the gate's answer."""
    value = found.value if found.value is not None and math.isfinite(found.value) else None
    waived = found.waived and found.value is None
    interval = found.interval if found.interval and all(map(math.isfinite, found.interval)) else None
    return Judged(gate, value, waived or _passes(gate, value), found.evidence, found.groups, interval)


def decide(gates: tuple[Gate, ...], judged: tuple[Judged, ...]) -> Decision:
    """Return `deploy` if every declared gate was judged and passed, in any other case `reject`."""
    answers = {answer.gate.name: answer.passed for answer in judged}
    return "deploy" if gates and all(answers.get(gate.name) is True for gate in gates) else "reject"


def rounded(value: float | None) -> float | None:
    """Return the number with `DIGITS` significant digits, None for what is no finite number."""
    return float(f"{value:.{DIGITS}g}") if value is not None and math.isfinite(value) else None


def _passes(gate: Gate, value: float | None) -> bool:
    if value is None:
        return False
    return value > gate.above if gate.above is not None else gate.below is not None and value < gate.below
