"""What `evaluate` found, as the evidence of the report card: the candidate, the champion on the same rows, provenance.

Pure; `evaluate` calls it. The card knows arrays and facts and not the steps' own types, so they meet here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from steps import batch, drift, fairness, leak, metrics, model, profile
from steps.card import report
from steps.card.build import Evidence, Judgement, Met
from steps.card.facts import Answers, Champion
from steps.champion import Standing
from steps.document import Document, Model, fingerprint
from steps.gates import Decision, Judged
from steps.measured import Champion as Production
from steps.measured import Measured
from steps.metrics import Metrics
from steps.model import Predictions, Trained
from steps.split import Split


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model with what was found of it on `parts.holdout`."""

    trained: Trained
    parts: Split
    predicted: Predictions
    measured: Measured
    judged: tuple[Judged, ...]
    decision: Decision


def gather(candidate: Candidate, standing: Standing, document: Document, run: Mapping[str, str]) -> Evidence:
    """Return the evidence; `run` says which run and batch this is, by the names of the step's parameters."""
    parts, measured = candidate.parts, candidate.measured
    frame = pd.concat([parts.train, parts.holdout])
    rows = {"train": len(parts.train), "holdout": len(parts.holdout)}
    return Evidence(
        task=document.model.task,
        document=document,
        frame=frame,
        profile=profile.profile(frame, document.contract),
        rows=rows,
        truth=batch.truth(parts.holdout, document.model),
        answers=_answers(candidate.predicted),
        groups=_groups(parts, document),
        met=_met(candidate, standing, document),
        judgement=Judgement(
            decision=candidate.decision,
            gates=[judged.to_json() for judged in candidate.judged],
            metrics={**measured.metrics, **{name: found.value for name, found in measured.fairness.items()}},
            baseline=measured.baseline,
            lower_is_better=metrics.LOWER_IS_BETTER | {"equalized_odds_difference"},
        ),
        provenance={**provenance(candidate.trained, rows, document, run), **_notices(parts, document)},
    )


def provenance(
    trained: Trained, rows: Mapping[str, int], document: Document, run: Mapping[str, str]
) -> dict[str, dict[str, object]]:
    """Return what made the model, headed: batch, run, model, libraries."""
    here, made_by = model.versions(), trained.about.versions
    return {
        "Batch": {
            "batch": run.get("batch"),
            "as of": f"{run['as-of']} revision {run.get('revision')}" if run.get("as-of") else None,
            "data hash": run.get("data-hash"),
            "rows": f"{sum(rows.values()):,}, of them {rows['holdout']:,} held out",
        },
        "Run": {
            "workflow": run.get("workflow"),
            "uid": run.get("uid"),
            "git SHA": run.get("git-sha"),
            "image": run.get("image"),
        },
        "Model": {
            "model sha256": run.get("model-sha256"),
            **({"ONNX sha256": run.get("onnx-sha256")} if document.model.export else {}),
            "document sha256": fingerprint(document),
            "estimator": document.model.estimator,
            "parameters": json.dumps(document.model.params, sort_keys=True),
            **_asked(document.model),
            "seed": trained.about.seed,
            "holdout": f"{trained.about.holdout:g} of the rows, {_by(trained)}",
            "training data sha256": trained.about.data_sha256,
        },
        "Libraries": {
            name: version if made_by.get(name, version) == version else f"{version}, trained with {made_by[name]}"
            for name, version in here.items()
        },
    }


def _asked(model: Model) -> dict[str, object]:
    """Return what the document has done to estimator and features beyond the parameters, where it asks for any."""
    named = {
        "preparation": model.prepare.model_dump(exclude_defaults=True),
        "mitigation": model.mitigation.model_dump() if model.mitigation else None,
    }
    chosen = {"threshold": f"where {model.threshold} is best across folds"} if model.threshold else {}
    return {**{name: json.dumps(value, sort_keys=True) for name, value in named.items() if value}, **chosen}


def _notices(parts: Split, document: Document) -> dict[str, dict[str, object]]:
    found = leak.notices(parts.train, document.model)
    return (
        {"Features to look at": {name: f"{says} of the training side" for name, says in found.items()}} if found else {}
    )


def _by(trained: Trained) -> str:
    time = trained.about.time
    return f"the newest by {time!r}" if time else "by their content and the seed"


def _answers(predicted: Predictions) -> Answers:
    return Answers(predicted.labels, predicted.scores, predicted.probabilities)


def _groups(parts: Split, document: Document) -> dict[str, NDArray[np.object_]]:
    """Return the group of each held-out row by the sensitive column and by those that gates slice by."""
    sensitive = document.model.sensitive
    by = [*([sensitive] if sensitive else []), *(gate.by for gate in document.gates if gate.kind == "slice")]
    return {name: batch.groups(parts.holdout, name).to_numpy(dtype=object) for name in by}


def _met(candidate: Candidate, standing: Standing, document: Document) -> Met:
    found = candidate.measured.champion
    named = Champion(found.version, found.problem)
    before = report.distributions_of(drift.kept(standing.report))
    if found.predicted is None:
        return Met(named, before=before)
    numbers = {**(found.metrics or {}), **_fairness(found, candidate.parts, document)}
    return Met(named, _answers(found.predicted), numbers, before)


def _fairness(champion: Production, parts: Split, document: Document) -> Metrics:
    """Return the champion's fairness metrics, where the document compares groups."""
    sensitive = document.model.sensitive
    if sensitive is None or champion.predicted is None or document.model.task == "regression":
        return {}
    held = batch.groups(parts.holdout, sensitive)
    truth = batch.labels(parts.holdout, document.model)
    groups = fairness.by_group(truth, champion.predicted.labels, held, set(held), document.model)
    return {name: fairness.measure(name, groups).value for name in fairness.METRICS}
