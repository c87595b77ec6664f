"""The gates of a draft: each with a threshold from what was measured, or a cautious one, and a comment that says which.

They are there to be thought about: a first run passes them if the data is as good as the sample, and only then.
"""

from __future__ import annotations

import math
from typing import Any

from steps.draft.column import Facts
from steps.draft.measurement import Measured, Spread
from steps.draft.target import Target

RARE = 0.1
DEVIATIONS = 2.0
LEAST_MARGIN = 0.02
HALF = 0.5
LEAST_GAIN = 0.02
TOLERANCE = -0.02
FOUR_FIFTHS = 0.8
"""The share of the best-off group's rate that the US agencies' Uniform Guidelines (1978) ask for."""
UNFAIR_ERROR = 0.25

Line = tuple[dict[str, Any], str]


def primary(wanted: Target) -> str:
    """Return the metric that says most: rare classes are ranked well by chance, and by accuracy always."""
    if wanted.task == "regression":
        return "r2"
    return "average_precision" if min(wanted.share, 1 - wanted.share) < RARE else "roc_auc"


def gates(measured: Measured, wanted: Target, sensitive: Facts | None) -> list[Line]:
    """Return the gates in the order of the document, each with its comment."""
    metric = primary(wanted)
    spread = measured.spreads.get(metric)
    lines = [_quality(metric, spread), _baseline(metric, spread, wanted)]
    if sensitive is not None:
        lines.append(_fair(measured, wanted, sensitive))
    tolerated = f"may be {-TOLERANCE:g} worse; passes while production is empty"
    champion = {"name": "no-worse-than-production", "kind": "champion", "metric": metric, "above": TOLERANCE}
    return [*(line for line in lines if line), (champion, tolerated)]


def gain(metric: str, spread: Spread, wanted: Target) -> float:
    """Return how far the mean is above what the target alone gives: its share of positives, one half, or the mean."""
    return spread.mean - {"average_precision": wanted.share, "roc_auc": 0.5, "r2": 0.0}[metric]


def _quality(metric: str, spread: Spread | None) -> Line | None:
    if spread is None:
        return None
    margin = max(DEVIATIONS * spread.deviation, LEAST_MARGIN)
    above = _hundredths(spread.mean - margin)
    said = f"{spread.mean:.3g} ± {spread.deviation:.2g} measured, less {DEVIATIONS:g} deviations"
    return {"name": metric.replace("_", "-"), "kind": "metric", "metric": metric, "above": above}, said


def _baseline(metric: str, spread: Spread | None, wanted: Target) -> Line:
    gate: dict[str, Any] = {"name": "better-than-dummy", "kind": "baseline", "metric": metric}
    if spread is None:
        return {**gate, "above": LEAST_GAIN}, "too few rows to measure; a cautious default"
    half = _hundredths(HALF * gain(metric, spread, wanted))
    if half < LEAST_GAIN:
        return {**gate, "above": LEAST_GAIN}, "hardly better than guessing on the sample: expect a rejection"
    return {**gate, "above": half}, "half of what was gained over guessing"


def _fair(measured: Measured, wanted: Target, sensitive: Facts) -> Line:
    if wanted.task == "classification":
        gate: dict[str, Any] = {"kind": "fairness", "metric": "disparate_impact", "above": FOUR_FIFTHS}
        said = f"the four-fifths rule, between the {sensitive.distinct} groups of {sensitive.name}"
        return {"name": "disparate-impact", **gate}, said
    error = measured.spreads.get("mae")
    below = float(f"{UNFAIR_ERROR * error.mean:.2g}") if error and error.mean else 1.0
    said = f"a quarter of the mean error measured, between the groups of {sensitive.name}"
    gate = {"kind": "slice", "metric": "mae", "by": sensitive.name, "compare": "difference", "below": below}
    return {"name": "same-error-for-all", **gate}, said


def _hundredths(value: float) -> float:
    """Return the value rounded down to two decimals; what floats make of a whole hundredth stays that."""
    return math.floor(round(100 * value, 6)) / 100
