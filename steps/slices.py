"""Gates by group: fairness, and any metric by the values of a column. For `findings`.

A group with too few held-out rows says nothing about its people. Such a gate is undetermined, which blocks, unless the
document has small groups left out; then the evidence names them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from steps import batch, fairness, metrics, weighted
from steps.bootstrap import Floats
from steps.criteria import FairnessGate, SliceGate
from steps.document import Model
from steps.measured import Found, Held, Measured
from steps.metrics import LOWER_IS_BETTER

NAMED = 3
"""Small groups that are named one by one."""


@dataclass(frozen=True, slots=True)
class Sized:
    """The group of each held-out row, the groups with enough rows, and how many the others have."""

    of: NDArray[np.object_]
    kept: tuple[str, ...]
    small: dict[str, int]


def fair(gate: FairnessGate, measured: Measured) -> tuple[Found, Floats | None]:
    """Return a fairness metric over the groups of the sensitive attribute, and its value in each resample."""
    held, model = measured.held, measured.document.model
    sensitive = str(model.sensitive)
    sized = _sized(gate, sensitive, held)
    stopped = _stopped(gate, sized, least=2)
    if stopped:
        return stopped, None
    truth = batch.labels(held.rows, model)
    kept = np.isin(sized.of, sized.kept)
    of_kept = batch.groups(held.rows, sensitive)[kept]
    groups = fairness.by_group(truth[kept], held.predicted.labels[kept], of_kept, sized.kept, model)
    found = fairness.measure(gate.metric, groups)
    said = Found(found.value, found.evidence + _left_out(gate, sized), groups=found.groups)
    return said, _fair_spread(gate, sized, held, model)


def sliced(gate: SliceGate, measured: Measured) -> tuple[Found, Floats | None]:
    """Return the metric of the group where it is worst, or how far the groups differ, and so in each resample."""
    held = measured.held
    sized = _sized(gate, gate.by, held)
    stopped = _stopped(gate, sized, least=1)
    if stopped:
        return stopped, None
    values: dict[str, float] = {}
    for name in sized.kept:
        inside = sized.of == name
        value = metrics.value(gate.metric, held.truth[inside], held.predicted.take(inside))
        if value is None:
            return Found(None, f"{gate.metric} is undefined for {gate.by} {name!r}", groups=(name,)), None
        values[name] = value
    ordered = sorted(values, key=lambda name: values[name], reverse=gate.metric in LOWER_IS_BETTER)
    worst, best = ordered[0], ordered[-1]
    value = values[worst] if gate.compare == "worst" else abs(values[worst] - values[best])
    said = [f"{values[name]:.4g} for {name!r} ({np.sum(sized.of == name)} rows)" for name in (worst, best)]
    evidence = f"{gate.metric} by {gate.by} from {said[0]} to {said[1]}{_left_out(gate, sized)}"
    return Found(value, evidence, groups=(worst, best)), _sliced_spread(gate, sized, held)


def _sized(gate: FairnessGate | SliceGate, column: str, held: Held) -> Sized:
    of = batch.groups(held.rows, column).to_numpy(dtype=object)
    names, counts = np.unique(of.astype(str), return_counts=True)
    rows = {
        **dict.fromkeys(sorted(held.expected[column]), 0),
        **dict(zip(names.tolist(), counts.tolist(), strict=True)),
    }
    kept = tuple(name for name, count in rows.items() if count >= gate.min_rows)
    return Sized(of, kept, {name: count for name, count in rows.items() if count < gate.min_rows})


def _stopped(gate: FairnessGate | SliceGate, sized: Sized, least: int) -> Found | None:
    """Return why the gate cannot be measured for want of rows, None if it can."""
    if not sized.small:
        return None
    if gate.small_groups == "leave-out":
        if len(sized.kept) >= least:
            return None
        why = f"undetermined, as the document lets it be: fewer than {least} groups have {gate.min_rows} held-out rows"
        return Found(None, why, waived=True)
    name = min(sized.small, key=lambda name: sized.small[name])
    has = f"has {sized.small[name]} held-out rows; {gate.min_rows} are needed"
    why = f"the group {name!r} {has}" if sized.small[name] else f"no row of the group {name!r} is held out"
    return Found(None, why, groups=(name,))


def _left_out(gate: FairnessGate | SliceGate, sized: Sized) -> str:
    if not sized.small:
        return ""
    named = ", ".join(f"{name!r}" for name in list(sized.small)[:NAMED])
    more = f" and {len(sized.small) - NAMED} more" if len(sized.small) > NAMED else ""
    return f"; left out with fewer than {gate.min_rows} rows: {named}{more}"


def _fair_spread(gate: FairnessGate, sized: Sized, held: Held, model: Model) -> Floats:
    rows, weights = held.resamples.rows, held.resamples.weights
    true = batch.labels(held.rows, model)[rows] == 1
    said = held.predicted.labels[rows]
    chosen = fairness.favoured(said, model) == 1
    rates = {}
    for name in sized.kept:
        inside = sized.of[rows] == name
        parts = ((chosen, inside), (said == 1, inside & true), (said == 1, inside & ~true))
        rates[name] = [weighted.share(hits, among, weights) for hits, among in parts]
    return fairness.spread(gate.metric, rates)


def _sliced_spread(gate: SliceGate, sized: Sized, held: Held) -> Floats:
    rows, weights = held.resamples.rows, held.resamples.weights
    truth, predicted, of = held.truth[rows], held.predicted.take(rows), sized.of[rows]
    found = []
    for name in sized.kept:
        inside = of == name
        found.append(weighted.spread(gate.metric, truth[inside], predicted.take(inside), weights[:, inside]))
    values = np.array(found)
    if gate.compare == "difference":
        return np.asarray(np.ptp(values, axis=0), dtype=np.float64)
    worst = values.max(axis=0) if gate.metric in LOWER_IS_BETTER else values.min(axis=0)
    return np.asarray(worst, dtype=np.float64)
