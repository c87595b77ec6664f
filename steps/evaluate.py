"""`evaluate`: judge the model by every gate, on rows that training never saw, and say `deploy` or `reject`.

It decides nothing but that word: an honest `reject` is a step that succeeded. The report it leaves goes with the
version, if there will be one.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from steps import (
    batch,
    bootstrap,
    champion,
    drift,
    evidence,
    export,
    fairness,
    findings,
    gates,
    interface,
    metrics,
    model,
)
from steps import document as documents
from steps.card import build, distribution, modelcard, page
from steps.card import report as card_report
from steps.card.build import Evidence
from steps.card.facts import Card
from steps.document import Document
from steps.evidence import Candidate
from steps.fairness import Group
from steps.gates import Decision, Judged
from steps.interface import Call, Interface
from steps.measured import Held, Measured
from steps.metrics import Metrics
from steps.model import Predictions, Trained
from steps.registry import objects
from steps.split import Split

INTERFACE = Interface(
    parameters=("workflow", "uid", "batch", "as-of", "revision", "data-hash"),
    artifacts=("document", "clean", "model", "onnx"),
    writes=("decision", "evaluation", "champion", "verdict"),
    saves=("report", "card", "model-card"),
    optional=("onnx",),
)
LIMIT = 8000
"""Bytes of the output parameter `evaluation` at most."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What `evaluate` found; `groups` is empty when the document names no sensitive column."""

    decision: Decision
    judged: tuple[Judged, ...]
    measured: Measured
    predicted: Predictions
    groups: Mapping[str, Group]
    rows: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        """Return the short form, as it stands in records."""
        numbers = {**self.measured.metrics, **{name: found.value for name, found in self.measured.fairness.items()}}
        return {
            "decision": self.decision,
            "gates": [judged.to_json() for judged in self.judged],
            "metrics": {name: gates.rounded(value) for name, value in sorted(numbers.items())},
            "champion": self.measured.champion.version or None,
            "rows": dict(self.rows),
        }


def evaluate(
    trained: Trained, parts: Split, standing: champion.Standing, document: Document, exported: bytes | None = None
) -> Evaluation:
    """Return the evaluation of the model on `parts.holdout`, against what stands in production.

    `exported` is the file of the document's `model.export`. Raises `ModelRefused` if it is not of this model.
    """
    held = _held(trained, parts, document)
    task, groups = document.model.task, _groups(held, parts, document)
    measured = Measured(
        document=document,
        trained=trained,
        held=held,
        metrics=metrics.measure(held.truth, held.predicted, task),
        baseline=metrics.measure(held.truth, held.dummy, task),
        champion=champion.meet(standing, held.rows, held.truth, document),
        fairness={name: fairness.measure(name, groups) for name in fairness.METRICS} if groups else {},
        moved=drift.moved(parts, standing.version, standing.report, document),
        exported=export.answers(exported, trained, held.rows) if exported else None,
    )
    judged = tuple(gates.judge(gate, findings.find(gate, measured)) for gate in document.gates)
    rows = {"train": len(parts.train), "holdout": len(held.rows)}
    return Evaluation(gates.decide(document.gates, judged), judged, measured, held.predicted, groups, rows)


def short(evaluation: Evaluation) -> str:
    """Return the evaluation as JSON of at most `LIMIT` bytes; with very many gates their evidence is cut."""
    value = evaluation.to_json()
    for length in (300, 80, 0):
        for gate in value["gates"]:
            gate["evidence"] = gate["evidence"][:length]
            if not length:
                gate.pop("groups", None)
        text = json.dumps(value, allow_nan=False)
        if len(text.encode()) <= LIMIT:
            break
    return text


def report(evaluation: Evaluation, trained: Trained, of: Evidence, card: Card) -> dict[str, Any]:
    """Return the long form: the evaluation with groups, baseline, champion, data profile, pictures and provenance."""
    measured, document = evaluation.measured, of.document
    return {
        **evaluation.to_json(),
        "pipeline": document.name,
        "baseline": _rounded(measured.baseline),
        "champion_metrics": _rounded(measured.champion.metrics or {}),
        "champion_problem": measured.champion.problem,
        "groups": {
            name: {
                fact: gates.rounded(value) if isinstance(value, float) else value
                for fact, value in asdict(group).items()
            }
            for name, group in evaluation.groups.items()
        },
        "data": of.profile,
        "label_rate": drift.label_rate(of.frame, document.model),
        "model": asdict(trained.about),
        "estimator": document.model.model_dump(mode="json"),
        "versions": model.versions(),
        **card_report.to_json(card, distribution.distributions(of.frame, document.contract)),
    }


def _held(trained: Trained, parts: Split, document: Document) -> Held:
    model, rows = document.model, parts.holdout
    by = {
        *(gate.by for gate in document.gates if gate.kind == "slice"),
        *([model.sensitive] if model.sensitive else []),
    }
    return Held(
        rows=rows,
        truth=batch.truth(rows, model),
        predicted=trained.predict(rows),
        dummy=_dummy(parts, document),
        expected={
            name: frozenset({*batch.groups(rows, name), *batch.groups(parts.train, name)}) for name in sorted(by)
        },
        resamples=bootstrap.resamples(len(rows), model.seed),
    )


def _dummy(parts: Split, document: Document) -> Predictions:
    """Return what a dummy says that knows the target's shares, or mean, of the training rows and nothing else."""
    known, count = batch.truth(parts.train, document.model), len(parts.holdout)
    if document.model.task == "regression":
        return Predictions(np.zeros(count, dtype=np.int64), np.full(count, known.mean()), False)
    share = known.mean()
    return Predictions(np.full(count, int(share > 0.5)), np.full(count, share), True)


def _groups(held: Held, parts: Split, document: Document) -> dict[str, Group]:
    sensitive = document.model.sensitive
    if sensitive is None or document.model.task == "regression":
        return {}
    labels = batch.labels(parts.holdout, document.model)
    of = batch.groups(parts.holdout, sensitive)
    return fairness.by_group(labels, held.predicted.labels, of, held.expected[sensitive], document.model)


def _run(call: Call) -> dict[str, str]:
    """Return which run and batch this is, and what made it run."""
    return {
        **call.parameters,
        **{
            f"{name}-sha256": hashlib.sha256(call.artifacts[name].read_bytes()).hexdigest()
            for name in ("model", "onnx")
            if name in call.artifacts
        },
        "git-sha": os.environ.get("RETRAIN_GIT_SHA", ""),
        "image": os.environ.get("RETRAIN_IMAGE", ""),
    }


def _rounded(values: Metrics) -> dict[str, float | None]:
    return {name: gates.rounded(value) for name, value in values.items()}


def run(call: Call) -> None:
    document = documents.read(call.artifacts["document"].read_bytes())
    parts = batch.check(batch.load(call.artifacts["clean"], document.contract), document)
    trained = model.load(call.artifacts["model"].read_bytes())
    standing = champion.standing(objects.connect(document.data.bucket), document)
    exported = call.artifacts["onnx"].read_bytes() if "onnx" in call.artifacts else None
    evaluation = evaluate(trained, parts, standing, document, exported)
    found = Candidate(trained, parts, evaluation.predicted, evaluation.measured, evaluation.judged, evaluation.decision)
    of = evidence.gather(found, standing, document, _run(call))
    card = build.card(of)
    text = json.dumps(report(evaluation, trained, of, card), indent=2, allow_nan=False)
    call.save("report").write_text(text, encoding="utf-8")
    call.save("card").write_text(page.render(card), encoding="utf-8")
    call.save("model-card").write_text(modelcard.render(card), encoding="utf-8")
    call.write("evaluation", short(evaluation))
    call.write("champion", standing.version or "none")
    call.write("decision", evaluation.decision)
    for judged in evaluation.judged:
        print(f"{'passed' if judged.passed else 'FAILED'} {judged.gate.name}: {judged.evidence}")  # noqa: T201 - the step's log


def main(argv: list[str] | None = None) -> int:
    return interface.run(INTERFACE, run, argv)


if __name__ == "__main__":
    sys.exit(main())
