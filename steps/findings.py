"""What each declared gate is judged by: a number, how sure it is, and the sentence that says how it came about.

`evaluate` measures the model once, then asks here gate by gate; `gates` judges the answers. All intervals are bootstrap
percentiles over the same resamples of the same rows, so model and champion are compared as a pair.
"""

from __future__ import annotations

from dataclasses import replace

from steps import bootstrap, check, cost, drift, fairness, metrics, parity, slices, weighted
from steps.bootstrap import Floats
from steps.criteria import (
    METRICS,
    BaselineGate,
    ChampionGate,
    CheckGate,
    CostGate,
    DriftGate,
    FairnessGate,
    Gate,
    MetricGate,
    ParityGate,
    SliceGate,
)
from steps.measured import Found, Measured
from steps.metrics import LOWER_IS_BETTER
from steps.model import Predictions

SHARES = frozenset({*METRICS["classification"], *fairness.METRICS}) - {"log_loss"}
"""Metrics that lie in 0 to 1."""

Sampled = MetricGate | FairnessGate | SliceGate | BaselineGate | ChampionGate


def find(gate: Gate, measured: Measured) -> Found:
    """Return what the gate is judged by; raises `Verdict` for a check that is not there."""
    if isinstance(gate, CostGate):
        return cost.measure(gate.metric, measured.trained, measured.held.rows)
    if isinstance(gate, DriftGate):
        return drift.measure(gate, measured.moved, measured.document)
    if isinstance(gate, ParityGate):
        return parity.measure(gate.metric, measured.held.predicted, measured.exported)
    if isinstance(gate, CheckGate):
        return check.measure(gate.metric, measured.held)
    found, spread = _estimate(gate, measured)
    return found if found.value is None or spread is None else _sure(gate, found, spread)


def _estimate(gate: Sampled, measured: Measured) -> tuple[Found, Floats | None]:
    """Return the estimate, and its value in each resample."""
    if isinstance(gate, FairnessGate):
        return slices.fair(gate, measured)
    if isinstance(gate, SliceGate):
        return slices.sliced(gate, measured)
    if isinstance(gate, MetricGate):
        mine = measured.metrics.get(gate.metric)
        evidence = f"{gate.metric} {_said(mine)} on the holdout"
        return Found(mine, evidence), _spread(gate.metric, measured, measured.held.predicted)
    return _gained(gate, measured)


def _gained(gate: BaselineGate | ChampionGate, measured: Measured) -> tuple[Found, Floats | None]:
    champion, other, rival = measured.champion, measured.baseline, measured.held.dummy
    name = "the class shares alone" if measured.document.model.task == "classification" else "the mean alone"
    if isinstance(gate, ChampionGate):
        if not champion.version:
            return Found(None, "production is empty", waived=True), None
        if champion.metrics is None or champion.predicted is None:
            return Found(None, f"version {champion.version} cannot be measured: {champion.problem}"), None
        other, rival, name = champion.metrics, champion.predicted, f"version {champion.version} in production"
        name += f" ({champion.notice})" if champion.notice else ""
    mine, theirs = measured.metrics.get(gate.metric), other.get(gate.metric)
    evidence = f"{gate.metric} {_said(mine)} against {_said(theirs)} of {name}"
    gain = metrics.gain(gate.metric, measured.metrics, other)
    if gain is None:
        return Found(None, evidence), None
    sign = -1 if gate.metric in LOWER_IS_BETTER else 1
    one, two = (_spread(gate.metric, measured, whose) for whose in (measured.held.predicted, rival))
    return Found(gain, evidence), sign * (one - two)


def _spread(metric: str, measured: Measured, predicted: Predictions) -> Floats:
    held = measured.held
    rows = held.resamples.rows
    return weighted.spread(metric, held.truth[rows], predicted.take(rows), held.resamples.weights)


def _sure(gate: Sampled, found: Found, spread: Floats) -> Found:
    """Return the estimate with its 95 % interval, or, where the gate asks for confidence, its bound in place of it.

    The one-sided bound at confidence c is the end of the two-sided interval at 2c − 1.
    """
    gained = isinstance(gate, BaselineGate | ChampionGate)
    within = (0.0, 1.0) if gate.metric in SHARES and not gained else bootstrap.ANYWHERE
    if gate.confidence is None:
        return replace(found, interval=bootstrap.interval(found.value, spread, within=within))
    ends = bootstrap.interval(found.value, spread, 2 * gate.confidence - 1, within)
    if ends is None:
        return replace(
            found, value=None, evidence=f"{found.evidence}; too few rows for a confidence of {gate.confidence:g}"
        )
    bound, words = (ends[0], "at least") if gate.above is not None else (ends[1], "at most")
    of = "the gain is " if gained else ""
    said = f"{found.evidence}; with confidence {gate.confidence:g} {of}{words} {bound:.4g}"
    return replace(found, value=bound, interval=ends, evidence=said)


def _said(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4g}"
