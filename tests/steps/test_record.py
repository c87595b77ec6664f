"""`record` leaves one whole record a run, closes its claim, and never fails the run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from batches import BUCKET, DAY, MARKER, arguments, keys, read, written

from steps import record
from steps.registry import claim as claims
from steps.registry import ledger, receipt
from steps.registry.claim import Claim
from steps.registry.objects import connect
from steps.verdict import Conclusion, Reason

HASH = "ab" * 32
EVALUATION = {"decision": "deploy", "gates": [{"name": "g", "value": 0.9, "passed": True}], "metrics": {"auc": 0.9},
              "champion": "v1", "rows": {"train": 7, "holdout": 3}}  # fmt: skip
PROMOTED = Conclusion(Reason.PROMOTED, "v2 is in production", {"production": {"before": "v1", "after": "v2"}})
OUTPUTS = {"batch": DAY, "as-of": DAY, "revision": "1", "data-hash": HASH, "token": "1", "decision": "deploy",
           "evaluation": json.dumps(EVALUATION), "deploy-verdict": PROMOTED.to_json()}  # fmt: skip
VALUES = {
    "workflow": "loans-1",
    "uid": "uid-1",
    "status": "Succeeded",
    "failures": '"null"',
    "outputs": json.dumps(OUTPUTS),
    "marker": MARKER,
    "etag": "e1",
    "trigger": "s3",
    "requested-by": "",
    "why": "",
    "created": "2026-02-23 06:00:00 +0000 UTC",
    "duration": "12.500000",
    "labels": "{}",
}


def call(folder: Path, **values: str) -> tuple[int, dict[str, str]]:
    given = {**VALUES, **{name.replace("_", "-"): value for name, value in values.items()}}
    code = record.main(arguments(folder, given, record.INTERFACE.writes))
    return code, written(folder)


def test_a_promoted_run_is_on_record_whole(s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETRAIN_GIT_SHA", "abc123")
    monkeypatch.setenv("RETRAIN_IMAGE", "retrain-steps:0.1.0")
    code, out = call(tmp_path)
    assert (code, out) == (0, {"outcome": "promoted", "reason": "promoted", "message": "v2 is in production"})
    (found,) = ledger.records(connect(BUCKET), "loans")
    assert (found.kind, found.uid) == ("outcome", "uid-1")
    body = dict(found.body)
    assert body.pop("parameters")["estimator"] == "sklearn.tree.DecisionTreeClassifier"
    assert len(body["code"].pop("pipeline_hash")) == 64
    assert body["times"].pop("recorded")
    assert body == {
        "outcome": "promoted", "reason": "promoted", "message": "v2 is in production",
        "evidence": {"production": {"before": "v1", "after": "v2"}},
        "pipeline": "loans", "batch": DAY, "as_of": DAY, "revision": 1, "data_hash": HASH, "token": 1,
        "workflow": {"name": "loans-1", "uid": "uid-1", "status": "Succeeded"},
        "event": {"marker": MARKER, "etag": "e1", "trigger": "s3"},
        "request": {"requested_by": None, "why": None, "replay": False},
        "code": {"git_sha": "abc123", "image": "retrain-steps:0.1.0"},
        "decision": "deploy", "metrics": {"auc": 0.9}, "gates": EVALUATION["gates"], "rows": EVALUATION["rows"],
        "production": {"pointer": "production", "before": "v1", "after": "v2"},
        "times": {"created": "2026-02-23 06:00:00 +0000 UTC", "seconds": 12.5},
    }  # fmt: skip


def test_a_retried_pod_writes_no_second_record(s3: Any, tmp_path: Path) -> None:
    own = {"displayName": "record(0)", "templateName": "record", "message": "main: Error (exit code 137)"}
    assert call(tmp_path / "1") == call(tmp_path / "2", failures=json.dumps(json.dumps([own])), duration="400.0")
    assert len(list(ledger.records(connect(BUCKET), "loans"))) == 1


def test_the_claim_is_closed_by_its_owner_only(s3: Any, tmp_path: Path) -> None:
    store = connect(BUCKET)
    claims.take(store, "loans", Claim(HASH, DAY, MARKER, "e1", DAY, 1, "loans-1", "uid-1", 1, 1, "t"), None)
    _, out = call(tmp_path / "1", uid="uid-2", workflow="loans-2", outputs=json.dumps({"data-hash": HASH}))
    assert out["reason"] == "unknown"
    assert read(s3, claims.key("loans", HASH))["finished"] is None
    call(tmp_path / "2")
    ended = read(s3, claims.key("loans", HASH))["finished"]
    assert (ended["outcome"], ended["reason"], ended["message"]) == ("promoted", "promoted", PROMOTED.message)


def test_a_final_end_leaves_a_receipt_and_an_open_one_none(s3: Any, tmp_path: Path) -> None:
    call(tmp_path / "1", status="Failed", outputs='"absent"')
    assert keys(s3, "registry/loans/receipts/") == []
    call(tmp_path / "2", uid="uid-2")
    found = receipt.read(connect(BUCKET), "loans", DAY, "e1")
    assert found is not None
    assert (found.outcome, found.reason, found.workflow, found.marker) == ("promoted", "promoted", "loans-1", MARKER)


def test_a_run_that_lost_its_claim_says_so_in_its_outputs(s3: Any, tmp_path: Path) -> None:
    store = connect(BUCKET)
    claims.take(store, "loans", Claim(HASH, DAY, MARKER, "e1", DAY, 1, "loans-2", "uid-2", 2, 2, "t"), None)
    left = json.dumps({"data-hash": HASH, "token": "1", "reject-verdict": Conclusion(Reason.GATE, "no").to_json()})
    _, out = call(tmp_path, status="Failed", outputs=left)
    assert (out["outcome"], out["reason"]) == ("failed", "claim-lost")
    assert keys(s3, "registry/loans/receipts/") == []


def test_a_run_that_left_nothing_is_on_record_with_its_batch(s3: Any, tmp_path: Path) -> None:
    code, out = call(tmp_path, status="Failed", outputs='"absent"', trigger="replay", requested_by="ana", why="because")
    assert (code, out["outcome"], out["reason"]) == (0, "failed", "unknown")
    (found,) = ledger.records(connect(BUCKET), "loans")
    assert (found.body["batch"], found.body["as_of"], found.body["metrics"], found.body["decision"]) == (
        DAY, None, None, None
    )  # fmt: skip
    assert found.body["request"] == {"requested_by": "ana", "why": "because", "replay": True}
    assert found.body["production"] == {"pointer": "production", "before": None, "after": None}


LABELS = {
    "Argo's server names its user": ({"workflows.argoproj.io/creator": "ana"}, "manual", "ana"),
    "a CronWorkflow": ({"workflows.argoproj.io/cron-workflow": "nightly"}, "schedule", "CronWorkflow nightly"),
    "nobody": ({"workflows.argoproj.io/phase": "Succeeded"}, "manual", None),
}


@pytest.mark.parametrize(("labels", "trigger", "by"), LABELS.values(), ids=LABELS)
def test_who_started_a_run_by_other_ways_is_on_record(
    s3: Any, tmp_path: Path, labels: dict[str, str], trigger: str, by: str | None
) -> None:
    call(tmp_path, trigger="manual", labels=json.dumps(labels))
    (found,) = ledger.records(connect(BUCKET), "loans")
    assert (found.body["event"]["trigger"], found.body["request"]["requested_by"]) == (trigger, by)


@pytest.mark.parametrize("labels", ["", "null", "[1]", "{", '{"workflows.argoproj.io/creator": {"a": 1}}'])
def test_labels_that_are_none_are_nobody(s3: Any, tmp_path: Path, labels: str) -> None:
    call(tmp_path, labels=labels)
    (found,) = ledger.records(connect(BUCKET), "loans")
    assert found.body["request"]["requested_by"] is None


def test_hostile_values_are_bounded_and_numbers_finite(s3: Any, tmp_path: Path) -> None:
    evaluation = '{"metrics": {"auc": NaN, "loss": Infinity}, "gates": [{"value": -Infinity}]}'
    left = json.dumps({**OUTPUTS, "evaluation": evaluation, "revision": "²", "batch": "x" * 9000})
    code, _ = call(
        tmp_path, outputs=left, why="{{=1}} " + "y" * 9000, duration="nan", created="never", trigger="\x00<!channel>"
    )
    assert code == 0
    (found,) = ledger.records(connect(BUCKET), "loans")
    assert found.body["metrics"] == {"auc": None, "loss": None}
    assert found.body["gates"] == [{"value": None}]
    assert (found.body["revision"], found.body["times"]["seconds"]) == (None, None)
    assert (len(found.body["batch"]), len(found.body["request"]["why"])) == (2000, 2000)


def test_a_ledger_that_cannot_be_written_is_said_aloud_and_fails_nothing(
    s3: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    s3.delete_bucket(Bucket=BUCKET)
    code, out = call(tmp_path)
    assert (code, out["outcome"]) == (0, "promoted")
    assert out["message"].startswith("v2 is in production (NOT ON THE LEDGER: there is no bucket 'retrain'")
    assert "NOT ON THE LEDGER" in capsys.readouterr().err


def test_a_document_that_cannot_be_read_fails_nothing(s3: Any, tmp_path: Path) -> None:
    argv = arguments(tmp_path, VALUES, record.INTERFACE.writes)
    (tmp_path / "document.json").write_text("{", encoding="utf-8")
    assert record.main(argv) == 0
    out = written(tmp_path)
    assert (out["outcome"], "NOT ON THE LEDGER: the pipeline document" in out["message"]) == ("promoted", True)
    assert keys(s3, "registry/") == []
