"""Why: one sentence and its evidence, from records alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from documents import document

from steps.registry.explanation import EARLIER, explain, moment_after
from steps.registry.ledger import Record

LOANS = document(expect={"timezone": "America/New_York"})


def run(n: int, at: str, **body: Any) -> Record:
    default = {
        "outcome": "promoted",
        "reason": "promoted",
        "message": "v2 is in production",
        "batch": "b",
        "as_of": "2026-02-20",
        "revision": 1,
        "data_hash": "ab" * 32,
        "workflow": {"name": f"loans-{n}"},
        "evidence": {},
        "event": {"trigger": "s3", "marker": "m"},
        "request": {},
        "production": {"before": None, "after": "v2"},
    }
    return Record(n, "0" * 64, datetime.fromisoformat(at), "outcome", f"u{n}", {**default, **body}, "cd" * 32)


def intent(n: int, at: str, uid: str) -> Record:
    return Record(n, "0" * 64, datetime.fromisoformat(at), "intent", uid, {"version": "v9", "workflow": "loans-9"}, "e")


def test_nothing_on_record_says_where_to_look() -> None:
    found = explain([], LOANS)
    assert (found.sentence, found.outcome) == ("loans: nothing is on record; no run has ended yet", "")
    assert "incoming/loans/<batch>/_READY.json in bucket retrain" in found.evidence[0]


def test_the_newest_run_is_explained() -> None:
    found = explain([run(2, "2026-02-21T06:00:00Z"), run(1, "2026-02-20T06:00:00Z", outcome="failed")], LOANS)
    assert found.sentence == "loans: batch b was promoted: v2 is in production"
    assert found.outcome == "promoted"
    assert "production: empty → v2" in found.evidence
    assert "when: 2026-02-21T01:00:00-05:00" in found.evidence
    assert "on record: 2, sha256 cdcdcdcdcdcd" in found.evidence


def test_a_rejection_shows_its_gates() -> None:
    gates = [
        {
            "name": "fair",
            "metric": "disparate_impact",
            "value": 0.84,
            "comparison": "above",
            "threshold": 0.9,
            "passed": False,
        }
    ]
    body = {"outcome": "rejected", "reason": "gate", "message": "fair: 0.84", "gates": gates}
    found = explain([run(1, "2026-02-21T06:00:00Z", **body, production={"before": "v1", "after": "v1"})], LOANS)
    assert "gate: fair failed: disparate_impact 0.84, must be above 0.9" in found.evidence
    assert "production: v1, untouched" in found.evidence


def test_a_gate_without_a_number_says_why() -> None:
    gate = {"name": "champion", "metric": "roc_auc", "value": None, "passed": True, "evidence": "production is empty"}
    found = explain([run(1, "2026-02-20T06:00:00Z", gates=[gate, {**gate, "evidence": ""}])], LOANS)
    assert found.evidence[-2:] == (
        "gate: champion passed: production is empty",
        "gate: champion passed: roc_auc is no number",
    )


def test_a_refusal_shows_its_files_and_a_crash_its_exit_code() -> None:
    files = [{"file": "a.csv", "problem": "missing", "found": "nothing there", "expected": "3 bytes"}]
    refused = explain(
        [run(1, "2026-02-21T06:00:00Z", outcome="refused", reason="incomplete", evidence={"files": files})], LOANS
    )
    assert "file: a.csv missing: nothing there, expected 3 bytes" in refused.evidence
    crash = {"exit_code": 137, "node": "train", "node_message": "OOMKilled (exit code 137)"}
    failed = explain([run(1, "2026-02-21T06:00:00Z", outcome="failed", reason="out-of-memory", evidence=crash)], LOANS)
    assert "step: train ended with exit code 137 (OOMKilled (exit code 137))" in failed.evidence


def test_a_replay_says_who_asked_and_why() -> None:
    request = {"replay": True, "requested_by": "ana", "why": "new gate"}
    found = explain([run(1, "2026-02-21T06:00:00Z", request=request)], LOANS)
    assert "asked for as a replay: by ana: new gate" in found.evidence


def test_earlier_runs_of_the_batch_are_told() -> None:
    rejected = run(1, "2026-02-20T06:00:00Z", outcome="rejected", reason="gate", message="unfair")
    other = run(2, "2026-02-20T07:00:00Z", batch="c")
    found = explain([run(3, "2026-02-21T06:00:00Z"), other, rejected], LOANS)
    assert [line for line in found.evidence if line.startswith("before")] == [
        "before that: run loans-1 rejected (gate): unfair"
    ]


def test_a_day_is_the_data_s_or_the_run_s_in_the_pipeline_s_zone() -> None:
    late = run(2, "2026-02-22T03:00:00Z", batch="late", as_of="2026-02-18")
    early = run(1, "2026-02-20T12:00:00Z", batch="early", as_of="2026-02-19")
    for day, batch in (
        ("2026-02-18", "late"),
        ("2026-02-21", "late"),
        ("2026-02-19", "early"),
        ("2026-02-20", "early"),
    ):
        assert f"batch {batch} " in explain([late, early], LOANS, date.fromisoformat(day)).sentence
    nothing = explain([late, early], LOANS, date(2026, 2, 22))
    assert nothing.sentence == "loans: nothing is on record about 2026-02-22"
    assert nothing.evidence[0] == "last on record: 2026-02-21T22:00:00-05:00, run of loans-2"


def test_no_more_records_are_read_than_a_day_needs() -> None:
    read: list[int] = []

    def records() -> Iterator[Record]:
        for n in range(100, 0, -1):
            read.append(n)
            at = datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=n)
            yield run(n, at.isoformat(), as_of=(at.date() - timedelta(days=1)).isoformat())

    explain(records(), LOANS, date(2026, 4, 8))
    assert len(read) < 6 + EARLIER


def test_a_promotion_that_left_no_outcome_is_told() -> None:
    records = [
        intent(3, "2026-02-21T07:00:00Z", "u9"),
        run(2, "2026-02-21T06:00:00Z"),
        intent(1, "2026-02-21T05:00:00Z", "u2"),
    ]
    found = explain(records, LOANS)
    assert [line for line in found.evidence if line.startswith("also")] == [
        "also: run loans-9 began to promote v9 and left no outcome"
    ]
    alone = explain(records[:1], LOANS)
    assert "no run has an outcome on record yet" in alone.sentence


def test_a_record_that_lacks_everything_is_still_explained() -> None:
    bare = Record(
        1, "", datetime(2026, 2, 21, tzinfo=UTC), "outcome", "u", {"gates": 3, "evidence": [], "reason": "new"}, ""
    )
    assert explain([bare], LOANS).sentence.startswith("loans: a batch that could not be named")


def test_the_moment_after_a_day_is_in_the_pipeline_s_zone() -> None:
    assert moment_after(date(2026, 1, 1), LOANS).isoformat() == "2026-02-15T00:00:00-05:00"
