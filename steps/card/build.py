"""Evidence in, card out: the one place where arrays become what is shown. `evaluate` calls it.

Pure, and it decides nothing: gates come judged, and whatever cannot be shown becomes an `Absent` that says why.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from steps.card import columns, curve, drift, residual, slicing
from steps.card.distribution import Distribution
from steps.card.facts import (
    Absent,
    Answers,
    Card,
    Champion,
    Decision,
    Drift,
    Gate,
    Metric,
    Pictures,
    Slicing,
    Subject,
    Task,
)
from steps.document import Document

Numbers = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Met:
    """The champion as it was met on the holdout; `before` are the distributions of its data, by column."""

    champion: Champion
    answers: Answers | None = None
    metrics: Numbers = field(default_factory=dict)
    before: Mapping[str, Distribution] | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the gates said: `gates` as they stand in records, with `interval` (low, high) where one has it."""

    decision: Decision
    gates: Sequence[Mapping[str, Any]]
    metrics: Numbers
    baseline: Numbers
    lower_is_better: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What `evaluate` has in its hands: `frame` is the batch, `truth`, `answers`, `groups` are by row of the holdout.

    `groups` are texts by column; `provenance` are headed lists of (what, value).
    """

    task: Task
    document: Document
    frame: pd.DataFrame
    profile: Mapping[str, Mapping[str, Any]]
    rows: Mapping[str, int]
    truth: NDArray[Any]
    answers: Answers
    groups: Mapping[str, NDArray[np.object_]]
    met: Met
    judgement: Judgement
    provenance: Mapping[str, Mapping[str, object]]


def card(evidence: Evidence) -> Card:
    """Return the card."""
    judgement, met = evidence.judgement, evidence.met
    return Card(
        task=evidence.task,
        decision=judgement.decision,
        subject=_subject(evidence.document),
        rows=dict(evidence.rows),
        gates=tuple(_gate(gate) for gate in judgement.gates),
        metrics=_metrics(judgement, met.metrics),
        champion=met.champion,
        model=_pictures(evidence, evidence.answers),
        rival=_pictures(evidence, met.answers) if met.answers else Absent(_no_rival(met.champion)),
        slicings=_slicings(evidence),
        columns=columns.columns(evidence.frame, evidence.document, evidence.profile),
        drift=_drift(evidence),
        provenance=tuple(
            (heading, tuple((what, _said(value)) for what, value in facts.items()))
            for heading, facts in evidence.provenance.items()
        ),
    )


def _subject(document: Document) -> Subject:
    model = document.model
    return Subject(
        pipeline=document.name,
        description=document.description,
        owner=document.owner,
        target=model.target,
        positive=str(model.positive),
        favourable=str(model.positive if model.favourable is None else model.favourable),
        sensitive=model.sensitive or "",
        features=model.features,
        estimator=model.estimator,
        params=json.dumps(model.params, sort_keys=True, default=str) if model.params else "",
        mitigation=f"{model.mitigation.method}, {model.mitigation.constraint}" if model.mitigation else "",
    )


def _gate(judged: Mapping[str, Any]) -> Gate:
    interval = judged.get("interval")
    return Gate(
        name=judged["name"],
        kind=judged["kind"],
        metric=judged.get("metric", ""),
        value=judged["value"],
        comparison=judged["comparison"],
        threshold=judged["threshold"],
        passed=judged["passed"] is True,
        evidence=judged["evidence"],
        interval=(float(interval[0]), float(interval[1])) if interval else None,
    )


def _metrics(judgement: Judgement, rival: Numbers) -> tuple[Metric, ...]:
    return tuple(
        Metric(name, value, rival.get(name), judgement.baseline.get(name), name in judgement.lower_is_better)
        for name, value in sorted(judgement.metrics.items())
    )


def _pictures(evidence: Evidence, answers: Answers) -> Pictures:
    if evidence.task == "regression":
        return residual.residuals(np.asarray(evidence.truth, dtype=np.float64), answers)
    return curve.binary(np.asarray(evidence.truth, dtype=np.int64), answers)


def _no_rival(champion: Champion) -> str:
    if not champion.version:
        return "production is empty"
    return f"version {champion.version} cannot be measured: {champion.problem or 'its answers were not kept'}"


def _slicings(evidence: Evidence) -> tuple[Slicing, ...] | Absent:
    if not evidence.groups:
        return Absent("the document names no sensitive column")
    if not len(evidence.truth):
        return Absent("no row is held out")
    model = evidence.document.model
    mirrored = model.favourable not in (None, model.positive)
    if evidence.task == "regression":
        return tuple(
            slicing.of_numbers(by, group, evidence.truth, evidence.answers) for by, group in evidence.groups.items()
        )
    return tuple(
        slicing.of_classes(by, group, evidence.truth, evidence.answers, mirrored)
        for by, group in evidence.groups.items()
    )


def _drift(evidence: Evidence) -> Drift | Absent:
    met = evidence.met
    if not met.champion.version:
        return Absent("production is empty, so there is no promoted data to compare with")
    if met.before is None:
        return Absent(f"the report of version {met.champion.version} does not say how its data was distributed")
    return drift.drift(evidence.frame, evidence.document.contract, met.before, met.champion.version)


def _said(value: object) -> str:
    return "not known" if value is None or value == "" else str(value)
