"""The demo's six lines hold: read from records, pointer and journal, not from its text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from steps.registry import chain, ledger, pointer
from workflows.config import load
from workflows.demo.scene import runs
from workflows.demo.stage import Stage, stage
from workflows.demo.story import tell
from workflows.engine.journal import Journal

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("story"), ROOT / "manifests") as scene:
        tell(scene)
        yield scene


@pytest.fixture(scope="module")
def outcomes(scene: Stage) -> list[dict[str, Any]]:
    """The bodies of the outcome records, oldest first."""
    return [dict(r.body) for r in reversed(list(ledger.records(scene.store, "mortgage"))) if r.kind == "outcome"]


def test_the_runs_came_to_what_the_story_says(scene: Stage, outcomes: list[dict[str, Any]]) -> None:
    first, second, third, last = scene.days
    found = [(body["batch"], body["outcome"], body["reason"]) for body in outcomes]
    assert found == [
        (first, "rejected", "gate"),
        (first, "promoted", "promoted"),
        (second, "refused", "incomplete"),
        (third, "refused", "contract"),
        (last, "promoted", "promoted"),
    ]


def test_the_forest_failed_the_fairness_gate_and_nothing_else(outcomes: list[dict[str, Any]]) -> None:
    gates = {gate["name"]: gate for gate in outcomes[0]["gates"]}
    assert [name for name, gate in gates.items() if not gate["passed"]] == ["disparate-impact"]
    assert gates["disparate-impact"]["value"] <= 0.9


def test_production_stayed_empty_until_the_promotion(outcomes: list[dict[str, Any]]) -> None:
    assert outcomes[0]["production"]["before"] is None
    assert outcomes[0]["production"]["after"] is None
    assert outcomes[1]["production"]["after"] is not None


def test_production_is_the_model_it_was_rolled_back_to(scene: Stage, outcomes: list[dict[str, Any]]) -> None:
    standing = pointer.read(scene.store, load(scene.pipelines / "mortgage.yaml"))
    assert standing is not None
    assert standing.pointer.trail[0] == outcomes[4]["production"]["after"]
    assert standing.pointer.version == outcomes[1]["production"]["after"] == outcomes[3]["production"]["after"]
    assert standing.pointer.uid == outcomes[1]["workflow"]["uid"]
    model = scene.store.get(f"registry/mortgage/versions/{standing.pointer.version}/model.skops", 64 << 20)
    assert model is not None
    assert model[0].startswith(b"PK")


def test_the_replay_is_on_record_as_one(outcomes: list[dict[str, Any]]) -> None:
    request = outcomes[1]["request"]
    assert request["replay"] is True
    assert request["requested_by"]
    assert request["why"]
    assert [body["request"]["replay"] for body in outcomes] == [False, True, False, False, False]


def test_the_second_delivery_started_nothing(scene: Stage) -> None:
    assert len(runs(scene)) == 5


def test_no_model_was_trained_on_refused_data(scene: Stage, outcomes: list[dict[str, Any]]) -> None:
    for body in outcomes[2:4]:
        workflow = Journal(scene.home).read(body["workflow"]["name"])
        ran = {node.template_name for node in workflow.status.nodes.values() if node.type == "Pod"}
        assert "train" not in ran
        assert "claim" in ran


def test_the_contract_s_breach_names_row_and_column(outcomes: list[dict[str, Any]]) -> None:
    assert "row" in outcomes[3]["message"]
    assert "lvrat" in outcomes[3]["message"]


def test_phase_outputs_and_record_agree(scene: Stage, outcomes: list[dict[str, Any]]) -> None:
    for body in outcomes:
        workflow = Journal(scene.home).read(body["workflow"]["name"])
        assert workflow.status.outputs is not None
        given = {parameter.name: parameter.value for parameter in workflow.status.outputs.parameters}
        assert (given["outcome"], given["reason"]) == (body["outcome"], body["reason"])
        assert workflow.status.phase == ("Succeeded" if body["outcome"] in ("promoted", "skipped") else "Failed")


def test_every_run_says_which_code_and_document_it_was(outcomes: list[dict[str, Any]]) -> None:
    assert outcomes[0]["code"]["pipeline_hash"] != outcomes[1]["code"]["pipeline_hash"]
    assert all(body["event"]["marker"].endswith("/_READY.json") for body in outcomes)


def test_a_late_model_was_told_once_and_its_recovery_once(scene: Stage) -> None:
    told = [record.kind for record in ledger.records(scene.store, "mortgage") if record.kind in ("late", "recovered")]
    assert told == ["recovered", "late"]


def test_the_lost_event_s_run_was_reconcile_s(outcomes: list[dict[str, Any]]) -> None:
    assert [body["event"]["trigger"] for body in outcomes] == ["event", "replay", "event", "event", "reconcile"]


def test_the_rollback_froze_production_and_says_who_and_why(scene: Stage) -> None:
    standing = pointer.read(scene.store, load(scene.pipelines / "mortgage.yaml"))
    assert standing is not None
    assert standing.pointer.frozen is not None
    assert standing.pointer.frozen.reason == "complaints since this morning"
    (record,) = [one for one in ledger.records(scene.store, "mortgage") if one.kind == "rolled-back"]
    assert record.body["by"] == standing.pointer.frozen.by


def test_the_ledger_verifies(scene: Stage) -> None:
    assert chain.verify(scene.store, "mortgage").broken == ""
