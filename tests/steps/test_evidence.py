from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from documents import document
from frames import loans

from steps import batch, evaluate, evidence
from steps.card.build import Evidence
from steps.champion import Standing
from steps.document import Document
from steps.evidence import Candidate
from steps.measured import Champion
from steps.train import train

RUN = {"workflow": "loans-1", "uid": "u", "batch": "b", "as-of": "2026-02-23", "revision": "2", "data-hash": "h"}


def candidate(of: Document) -> Candidate:
    parts = batch.check(loans(of), of)
    trained = train(parts.train, of)
    found = evaluate.evaluate(trained, parts, Standing(), of)
    return Candidate(trained, parts, found.predicted, found.measured, found.judged, found.decision)


def gathered(of: Document | None = None, standing: Standing | None = None, **champion: Any) -> Evidence:
    of = of or document()
    found = candidate(of)
    if champion:
        met = Champion("v1", **{"predicted": found.predicted, "metrics": found.measured.metrics, **champion})
        found = replace(found, measured=replace(found.measured, champion=met))
    return evidence.gather(found, standing or Standing(), of, RUN)


def test_the_evidence_is_of_the_holdout_and_the_whole_batch() -> None:
    found = gathered()
    assert len(found.frame) == 200
    assert len(found.truth) == len(found.answers.labels) == len(found.groups["group"]) == found.rows["holdout"]
    assert found.judgement.gates[0]["name"] == "accuracy"
    assert found.judgement.metrics.keys() >= {"roc_auc", "disparate_impact"}


def test_without_a_sensitive_column_there_are_no_groups() -> None:
    assert gathered(document(model__sensitive=None)).groups == {}


def test_columns_that_gates_slice_by_are_groups_too() -> None:
    by = {"kind": "slice", "metric": "accuracy", "by": "approved", "above": 0}
    found = gathered(document(gates=[{"name": "one", **by}, {"name": "two", **by}], model__sensitive=None))
    assert list(found.groups) == ["approved"]
    assert set(found.groups["approved"]) == {"0", "1"}
    assert list(gathered(document(gates=[{"name": "one", **by}])).groups) == ["group", "approved"]


def test_an_empty_production_is_no_champion() -> None:
    met = gathered().met
    assert (met.champion.version, met.answers, met.metrics, met.before) == ("", None, {}, None)


def test_a_champion_is_measured_for_fairness_too() -> None:
    found = gathered(problem="")
    assert found.met.metrics["disparate_impact"] == found.judgement.metrics["disparate_impact"]
    assert "disparate_impact" not in gathered(document(model__sensitive=None), problem="").met.metrics


def test_a_champion_that_cannot_be_measured_keeps_its_problem() -> None:
    met = gathered(problem="its model file is not there", predicted=None, metrics=None).met
    assert (met.champion.problem, met.answers) == ("its model file is not there", None)


REPORTS: dict[str, tuple[bytes | None, bool]] = {
    "none": (None, False),
    "no JSON": (b"{", False),
    "very deep": (b"[" * 200_000, False),
    "older": (b'{"decision": "deploy"}', False),
    "with distributions": (json.dumps({"distributions": {}}).encode(), True),
}


@pytest.mark.parametrize(("data", "kept"), REPORTS.values(), ids=REPORTS)
def test_whatever_the_champions_report_is_no_crash(data: bytes | None, kept: bool) -> None:
    assert (gathered(standing=Standing("v1", report=data), problem="").met.before is not None) is kept


def test_provenance_names_batch_run_model_and_libraries() -> None:
    found = gathered().provenance
    assert found["Batch"]["as of"] == "2026-02-23 revision 2"
    assert found["Run"]["git SHA"] is None
    assert found["Model"]["seed"] == 0
    assert "scikit-learn" in found["Libraries"]


def test_provenance_names_what_is_done_to_the_estimator_beyond_its_parameters() -> None:
    fair = document(
        model__mitigation={"method": "exponentiated-gradient", "max_iterations": 3}, model__prepare={"dates": "parts"}
    )
    told = evidence.provenance(candidate(fair).trained, {"holdout": 1}, fair, {})["Model"]
    assert '"method": "exponentiated-gradient"' in str(told["mitigation"])
    assert told["preparation"] == '{"dates": "parts"}'
    chosen = document(model__threshold="f1")
    told = evidence.provenance(candidate(chosen).trained, {"holdout": 1}, chosen, {})["Model"]
    assert told["threshold"] == "where f1 is best across folds"
    assert not {"mitigation", "preparation"} & told.keys()


def test_libraries_that_training_had_otherwise_are_told() -> None:
    found = candidate(document())
    about = replace(found.trained.about, versions={**found.trained.about.versions, "numpy": "1.0"})
    libraries = evidence.provenance(replace(found.trained, about=about), {"holdout": 1}, document(), {})["Libraries"]
    assert str(libraries["numpy"]).endswith(", trained with 1.0")
    assert "trained" not in str(libraries["pandas"])
