"""Explaining records: whatever they hold, an answer is one sentence and lines fit for a terminal."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from documents import document

from steps.registry.explanation import LINE, LINES, SENTENCE, Explanation, explain
from steps.registry.facts import Facts, Unread, What
from steps.registry.ledger import Record
from steps.registry.plain import plain
from steps.registry.state import MEANINGS, State, code
from steps.verdict import SENTENCES, Reason

LOANS = document(expect={"timezone": "America/New_York"})
NOW = datetime(2026, 3, 1, tzinfo=UTC)


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


def explained(*records: Record, day: date | None = None, **facts: Any) -> Explanation:
    return explain(LOANS, Facts(now=NOW, day=day, records=records, **facts))


def lines(found: Explanation, what: str) -> list[str]:
    return [line for line in found.evidence if line.startswith(what)]


def test_the_newest_run_is_explained() -> None:
    found = explained(run(2, "2026-02-21T06:00:00Z"), run(1, "2026-02-20T06:00:00Z", outcome="failed"))
    assert found.sentence == "loans: batch b was promoted: v2 is in production"
    assert (found.outcome, found.code) == ("promoted", Reason.PROMOTED)
    assert "production: empty → v2" in found.evidence
    assert "when: 2026-02-21T01:00:00-05:00" in found.evidence
    assert "on record: 2, sha256 cdcdcdcdcdcd" in found.evidence


def test_failed_gates_come_first_with_value_threshold_and_group() -> None:
    good = {"name": "good", "metric": "accuracy", "value": 0.9, "comparison": "above", "threshold": 0.8, "passed": True}
    fair = {
        **good,
        "name": "fair",
        "metric": "disparate_impact",
        "value": 0.84,
        "threshold": 0.9,
        "passed": False,
        "groups": ["f", "m"],
        "evidence": "50% of 'f'",
    }
    body = {"outcome": "rejected", "reason": "gate", "message": "fair: 0.84", "gates": [good, fair]}
    found = explained(run(1, "2026-02-21T06:00:00Z", **body, production={"before": "v1", "after": "v1"}))
    assert lines(found, "gate") == [
        "gate: fair failed: disparate_impact 0.84, must be above 0.9, group 'f' against 'm' (50% of 'f')",
        "gate: good passed: accuracy 0.9, must be above 0.8",
    ]
    assert "production: v1, untouched" in found.evidence


def test_a_gate_without_a_number_says_why() -> None:
    gate = {"name": "champion", "metric": "roc_auc", "value": None, "passed": True, "evidence": "production is empty"}
    found = explained(run(1, "2026-02-20T06:00:00Z", gates=[gate, {**gate, "evidence": ""}]))
    assert lines(found, "gate") == [
        "gate: champion passed: production is empty",
        "gate: champion passed: roc_auc is no number",
    ]


EVIDENCE: dict[str, tuple[dict[str, Any], str]] = {
    "a file": (
        {"files": [{"file": "a.csv", "problem": "missing", "found": "nothing there", "expected": "3 bytes"}]},
        "file: a.csv missing: nothing there, expected 3 bytes",
    ),
    "a step": (
        {"exit_code": 137, "node": "train", "node_message": "OOMKilled (exit code 137)"},
        "step: train ended with exit code 137 (OOMKilled (exit code 137))",
    ),
    "a column": (
        {"violations": [{"column": "age", "rule": "min", "count": 3, "examples": []}]},
        "contract: column 'age' breaks min 3 times",
    ),
}


@pytest.mark.parametrize(("evidence", "line"), EVIDENCE.values(), ids=EVIDENCE)
def test_what_went_wrong_is_a_line(evidence: dict[str, Any], line: str) -> None:
    assert line in explained(run(1, "2026-02-21T06:00:00Z", evidence=evidence)).evidence


def test_a_replay_says_who_asked_and_why() -> None:
    request = {"replay": True, "requested_by": "ana", "why": "new gate"}
    found = explained(run(1, "2026-02-21T06:00:00Z", request=request))
    assert "asked for as a replay: by ana: new gate" in found.evidence


def test_earlier_runs_of_the_batch_are_told() -> None:
    rejected = run(1, "2026-02-20T06:00:00Z", outcome="rejected", reason="gate", message="unfair")
    found = explained(run(3, "2026-02-21T06:00:00Z"), run(2, "2026-02-20T07:00:00Z", batch="c"), rejected)
    assert lines(found, "before that") == ["before that: run loans-1 rejected (gate): unfair"]


def test_a_day_is_the_data_s_or_else_the_record_s_in_the_pipeline_s_zone() -> None:
    never = document(expect={"timezone": "America/New_York", "cadence": "never"})
    late = run(2, "2026-02-22T03:00:00Z", batch="late", as_of="2026-02-18")
    early = run(1, "2026-02-20T12:00:00Z", batch="early", as_of="2026-02-19")
    for day, batch in (("18", "late"), ("21", "late"), ("19", "early"), ("20", "early")):
        facts = Facts(now=NOW, day=date.fromisoformat(f"2026-02-{day}"), records=(late, early))
        assert f"batch {batch} " in explain(never, facts).sentence


def test_a_promotion_that_left_no_outcome_is_told() -> None:
    def intent(n: int, uid: str) -> Record:
        body = {"version": "v9", "workflow": "loans-9"}
        return Record(n, "0" * 64, datetime(2026, 2, 21, tzinfo=UTC), "intent", uid, body, "e")

    found = explained(intent(3, "u9"), run(2, "2026-02-21T06:00:00Z"), intent(1, "u2"))
    assert lines(found, "also") == ["also: run loans-9 began to promote v9 and left no outcome"]


DAMAGED: dict[str, dict[str, Any]] = {
    "empty": {"batch": None, "message": None, "workflow": None, "event": None, "as_of": None},
    "of other types": {
        "gates": 3,
        "evidence": [],
        "event": "x",
        "request": 1,
        "production": [],
        "workflow": 7,
        "batch": [],
    },
    "with parts of other types": {"gates": [1, {"groups": 3}], "evidence": {"files": [2], "violations": {}}},
    "of another version": {"reason": "new", "outcome": "undone"},
}


@pytest.mark.parametrize("body", DAMAGED.values(), ids=DAMAGED)
def test_a_record_of_any_content_is_explained(body: dict[str, Any]) -> None:
    for day in (None, date(2026, 2, 20), date(2026, 2, 21)):
        assert explained(run(1, "2026-02-21T06:00:00Z", **body), day=day).sentence.startswith("loans: ")


def test_hostile_texts_cannot_reach_the_terminal() -> None:
    nasty = "\x1b[2J\r\n\u202e" + "x" * 10_000
    body = {"message": nasty, "batch": nasty, "event": {"marker": nasty}, "gates": [{"name": nasty}] * 500}
    found = explained(run(1, "2026-02-21T06:00:00Z", **body), unread=(Unread(What.RUNS, nasty),))
    assert len(found.sentence) <= SENTENCE
    assert len(found.evidence) <= LINES + 1
    for line in (found.sentence, *found.evidence, *found.unread):
        assert line.isprintable()
        assert len(line) <= max(LINE + 20, SENTENCE)
    assert found.evidence[-2].endswith("lines more")
    assert found.evidence[-1].startswith("not read: the Workflows: \\x1b[2J \\u202exxx")


PLAIN = {
    "plain": ("a → b", "a → b"),
    "lines": ("a\n\tb  c", "a b c"),
    "an escape": ("\x1b[31mred", "\\x1b[31mred"),
    "a direction mark": ("a\u202eb", "a\\u202eb"),
    "half a character": ("a\ud800", "a\\ud800"),
    "too long": ("x" * 30, "x" * 19 + "…"),
}


@pytest.mark.parametrize(("text", "shown"), PLAIN.values(), ids=PLAIN)
def test_text_is_made_plain(text: str, shown: str) -> None:
    assert plain(text, 20) == shown


def test_every_code_has_one_sentence_and_no_two_have_one() -> None:
    assert set(MEANINGS) == {*Reason, *State}
    assert len({*MEANINGS.values()}) == len(MEANINGS) == len({str(one) for one in MEANINGS})
    assert {one: MEANINGS[one] for one in Reason} == dict(SENTENCES)
    assert [code("gate"), code("waiting"), code("no such"), code(None)] == [
        Reason.GATE,
        State.WAITING,
        Reason.UNKNOWN,
        Reason.UNKNOWN,
    ]
