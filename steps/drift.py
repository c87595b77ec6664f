"""How far the batch moved from the data of the model in production, for the gates of kind `drift`.

Pure; `evaluate` has `moved` compare once, `findings` asks for each gate. The report of the version in production keeps
how its data was distributed, nothing of personal columns and no rows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from steps import batch
from steps.card import distribution, report
from steps.card import drift as card
from steps.card.distribution import Distribution
from steps.criteria import DriftGate
from steps.document import Document, Model
from steps.measured import Found, Moved
from steps.split import Split

NEW_COLUMN = "not in that data"
"""Why a column that the document has got since cannot be compared, as the card says it; no fault of the data."""

ANOTHER_KIND = "is of another kind than the gate compares"
UNSCALED = "has no spread there to measure by, or no number here"
"""Also of a report of an age that kept no quantiles."""


def kept(data: bytes | None) -> Any:
    """Return a version's report, None if there is none that can be read."""
    try:
        return json.loads(data) if data else None
    except (ValueError, RecursionError):
        return None


def label_rate(frame: pd.DataFrame, model: Model) -> float | None:
    """Return the share of rows (0 to 1) of the positive class; None for a regression."""
    if model.positive is None or frame.empty:
        return None
    return float(batch.labels(frame, model).mean())


def moved(parts: Split, version: str, data: bytes | None, document: Document) -> Moved:
    """Return how far the rows of both parts moved from those of `version`, whose report is `data`.

    Only what the gates ask for is compared.
    """
    asked = [gate for gate in document.gates if gate.kind == "drift"]
    if not (asked and version):
        return Moved(version)
    found = kept(data)
    before = report.distributions_of(found)
    if before is None:
        return Moved(version, f"the report of version {version} does not say how its data was distributed")
    names = sorted({name for gate in asked for name in _columns(gate, document)})
    needed = list(dict.fromkeys([*names, document.model.target]))
    frame = pd.concat([part[needed] for part in (parts.train, parts.holdout)])
    shifts = card.drift(frame, document.contract.narrowed(names), before, version).shifts
    stability = {shift.column: shift.stability for shift in shifts if shift.stability is not None}
    return Moved(
        version,
        stability=stability,
        distance=_distances(frame, {name: before[name] for name in stability}),
        new={name: _new(frame[name], before[name]) for name in stability if before[name].names},
        why={shift.column: shift.why for shift in shifts if shift.stability is None},
        labels=_labels(frame, found, document.model),
    )


def measure(gate: DriftGate, moved: Moved, document: Document) -> Found:
    """Return what the gate is judged by: the largest value of its columns, none where one it names has none."""
    if not moved.version:
        return Found(None, "production is empty", waived=True)
    if moved.problem:
        return Found(None, moved.problem)
    return _rate(moved) if gate.metric == "label_rate" else _largest(gate, moved, document)


def _rate(moved: Moved) -> Found:
    if moved.labels is None:
        return Found(None, f"the report of version {moved.version} does not say the share of this positive class")
    was, now = moved.labels
    said = f"{now:.4g} of the rows are positive, {was:.4g} in the data of version {moved.version}"
    return Found(abs(now - was), said)


def _largest(gate: DriftGate, moved: Moved, document: Document) -> Found:
    """Return the largest value; a column the document has got since is told and no more, unless the gate names it."""
    values, what, why = _judged(gate, moved)
    columns, data = _columns(gate, document), f"the data of version {moved.version}"
    compared = {name: values[name] for name in columns if name in values}
    lacking = {name: why.get(name, ANOTHER_KIND) for name in columns if name not in compared}
    if not gate.columns:
        lacking = {name: because for name, because in lacking.items() if because != ANOTHER_KIND}
    said = f"; not compared: {', '.join(f'{name} ({because})' for name, because in lacking.items())}" if lacking else ""
    if not compared or any(gate.columns or because != NEW_COLUMN for because in lacking.values()):
        return Found(None, f"cannot be compared with {data}{said}")
    most = max(compared, key=lambda name: compared[name])
    others = f", the largest of {len(compared)} columns" if len(compared) > 1 else ""
    return Found(compared[most], f"{what} {compared[most]:.4g} of {most!r} against {data}{others}{said}")


def _judged(gate: DriftGate, moved: Moved) -> tuple[Mapping[str, float], str, Mapping[str, str]]:
    """Return the gate's values by column, the word for them, and why a column that should have one has none."""
    if gate.metric == "stability_index":
        return moved.stability, "index", moved.why
    if gate.metric == "new_categories":
        return moved.new, "share", moved.why
    numbers = [name for name in moved.stability if name not in moved.new and name not in moved.distance]
    return moved.distance, "distance", {**dict.fromkeys(numbers, UNSCALED), **moved.why}


def _columns(gate: DriftGate, document: Document) -> tuple[str, ...]:
    if gate.metric == "label_rate":
        return ()
    columns = document.contract.columns
    return gate.columns or tuple(name for name in document.model.features if not columns[name].personal)


def _distances(frame: pd.DataFrame, before: Mapping[str, Distribution]) -> dict[str, float]:
    """Return the first Wasserstein distance of each column of numbers, in standard deviations of those before.

    It is the mean distance of equal quantiles (Vallender 1974), of those that a distribution keeps. A column that had
    no spread and is not the same any more has none.
    """
    found = {}
    for name, was in before.items():
        now = distribution.like(frame[name], was)
        if was.quantiles and now.quantiles:
            apart, scale = float(np.abs(np.subtract(now.quantiles, was.quantiles)).mean()), float(np.std(was.quantiles))
            if scale or not apart:
                found[name] = apart / (scale or 1.0)
        elif not (sum(was.counts) or sum(now.counts)):
            found[name] = 0.0
    return found


def _new(values: pd.Series[Any], before: Distribution) -> float:
    """Return the share of values that were not there: beyond the 50 commonest, those of the rest that are more now."""
    shares = [found.counts[-1] / max(sum(found.counts), 1) for found in (distribution.like(values, before), before)]
    return max(0.0, shares[0] - shares[1])


def _labels(frame: pd.DataFrame, found: Any, model: Model) -> tuple[float, float] | None:
    """Return the share of positives then and now, None if another target or class was the positive one."""
    was, now = found.get("label_rate"), label_rate(frame, model)
    of = found.get("estimator")
    same = isinstance(of, Mapping) and of.get("target") == model.target and of.get("positive") == model.positive
    if now is None or not same or isinstance(was, bool) or not isinstance(was, float | int) or not 0 <= was <= 1:
        return None
    return float(was), now
