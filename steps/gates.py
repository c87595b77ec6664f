"""The gates: every one the document declares is judged, and only if all pass is the decision `deploy`.

Pure: `evaluate` measures, this judges. A gate passes by a finite number on the right side of its threshold and by
nothing else; the one exception is the champion's, which passes while production is empty.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from steps.document import Gate
from steps.fairness import Fairness
from steps.metrics import Metrics, gain
from steps.model import Predictions

Decision = Literal["deploy", "reject"]
DIGITS = 6
"""Significant digits of the numbers in records; gates are judged before rounding."""
GROUP_LENGTH = 40
"""Characters of a group's name in records: it is a text of the data."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One gate's answer; `value` is None where there is no number, `evidence` one sentence.

    `groups` are the groups of people that a fairness gate is about, the one worst off first.
    """

    gate: Gate
    value: float | None
    passed: bool
    evidence: str
    groups: tuple[str, ...] = ()

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
            **({"groups": [group[:GROUP_LENGTH] for group in self.groups]} if self.groups else {}),
        }


@dataclass(frozen=True, slots=True)
class Champion:
    """The model in production as `evaluate` met it: its version, "" if there is none, and its metrics.

    `problem` says why it could not be measured, `predicted` what it answered if it could.
    """

    version: str = ""
    metrics: Metrics | None = None
    problem: str = ""
    predicted: Predictions | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything gates ask for, all on the same holdout: metrics of the model, of the dummy and of the champion."""

    metrics: Metrics
    baseline: Metrics
    champion: Champion
    fairness: Mapping[str, Fairness]


def judge(gate: Gate, measured: Measured) -> Judged:
    """Return the gate's answer."""
    if gate.kind == "champion" and not measured.champion.version:
        return Judged(gate, None, True, "production is empty")
    value, evidence = _value(gate, measured)
    if value is not None and not math.isfinite(value):
        value = None
    groups = measured.fairness[gate.metric].groups if gate.kind == "fairness" else ()
    return Judged(gate, value, _passes(gate, value), evidence, groups)


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


def _value(gate: Gate, measured: Measured) -> tuple[float | None, str]:
    mine = measured.metrics.get(gate.metric)
    if gate.kind == "fairness":
        fairness = measured.fairness[gate.metric]
        return fairness.value, fairness.evidence
    if gate.kind == "metric":
        return mine, f"{gate.metric} {_said(mine)} on the holdout"
    if gate.kind == "baseline":
        other, name = measured.baseline, "the class shares alone"
    else:
        if measured.champion.metrics is None:
            return None, f"version {measured.champion.version} cannot be measured: {measured.champion.problem}"
        other, name = measured.champion.metrics, f"version {measured.champion.version} in production"
    evidence = f"{gate.metric} {_said(mine)} against {_said(other.get(gate.metric))} of {name}"
    return gain(gate.metric, measured.metrics, other), evidence


def _said(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4g}"
