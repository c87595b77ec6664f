"""Why: each situation once, of objects that the real functions made, and of a store that cannot be read."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from documents import document
from situations import DAWN, DAY, EXPECT, Scene, lines, told

from steps.registry import freeze, ledger, rollback
from steps.registry.pointer import Frozen
from steps.registry.rollback import Rollback
from steps.registry.state import State
from steps.verdict import Reason

WAITS = "Waiting for default/Mutex/retrain-loans lock. Lock status: 0/1"
NO_GPU = "train: Unschedulable: 0/3 nodes are available: 3 Insufficient nvidia.com/gpu."


# What is no outcome


def test_data_that_never_landed_is_told_with_its_key_and_what_was_seen_last() -> None:
    scene = Scene()
    scene.land("2026-02-20")
    scene.later(200)
    found = scene.why()
    told(found, State.NOT_LANDED, "no batch for 2026-02-23 has landed", "was due by 2026-02-23T06:30:00+00:00")
    assert found.sentence.endswith("last seen batch 2026-02-20 at 2026-02-23T04:00:00+00:00")
    assert found.evidence[0] == "expected: incoming/loans/2026-02-23/_READY.json in bucket retrain"
    assert found.outcome == ""


def test_a_day_that_is_not_over_yet_is_not_late() -> None:
    told(Scene().why(), State.NOT_DUE, "nothing has landed for 2026-02-23 yet", "due by 2026-02-23T06:30")


NOT_EXPECTED = {
    "a Sunday": ("weekdays", date(2026, 2, 22), "no model is due on 2026-02-22, a Sunday (cadence weekdays)"),
    "never": ("never", DAY, "no model is due on 2026-02-23, a Monday (cadence never)"),
    "another day of the week": ("weekly", date(2026, 2, 24), "a Tuesday (cadence weekly)"),
}


@pytest.mark.parametrize(("cadence", "day", "says"), NOT_EXPECTED.values(), ids=NOT_EXPECTED)
def test_a_day_without_a_model_is_not_missed(cadence: str, day: date, says: str) -> None:
    scene = Scene(document(expect={**EXPECT, "cadence": cadence}))
    scene.later(3000)
    told(scene.why(day), State.NOT_EXPECTED, says)


def test_a_day_before_the_installation_is_left_alone() -> None:
    scene = Scene(document(expect=EXPECT, data__since="2026-02-20"))
    told(scene.why(date(2026, 2, 19)), State.BEFORE_INSTALLATION, "2026-02-19 is before 2026-02-20")
    scene.land("2026-02-19")
    told(
        scene.why(date(2026, 2, 19)), State.BEFORE_INSTALLATION, "batch 2026-02-19 is of 2026-02-19, before 2026-02-20"
    )


def test_a_batch_whose_event_is_on_its_way_or_lost_has_not_started() -> None:
    scene = Scene()
    scene.land()
    assert lines(scene.why(), "next") == [
        "next: reconcile waits: its marker landed 0 min ago, its event may still come"
    ]
    scene.later(7)
    found = scene.why()
    told(found, State.NOT_STARTED, "batch 2026-02-23 landed at 2026-02-23T04:00:00+00:00, 7 min ago", "has not started")
    assert lines(found, "next")[0].startswith("next: reconcile starts its run: no event had started a run 7 min after")


def test_a_grant_whose_run_is_not_there_has_not_started() -> None:
    scene = Scene()
    marker = scene.land()
    scene.begin(marker)
    scene.end(marker, scene.failed(Reason.CRASHED, "train failed"))
    scene.later(6)
    scene.give(marker, 2)
    found = scene.why()
    told(found, State.NOT_STARTED, f"with run {scene.name(marker, 2)}", "attempt 2 of 3", "has not started")
    assert lines(found, "before that") == [f"before that: run {scene.name(marker)} failed (crashed): train failed"]


def test_a_grant_whose_run_ended_before_it_took_the_batch_is_told_by_its_workflow() -> None:
    scene = Scene()
    marker = scene.land()
    scene.begin(marker)
    scene.end(marker, scene.failed(Reason.CRASHED, "train failed"))
    scene.give(marker, 2)
    scene.start(marker, attempt=2, phase="Error", message="the engine died")
    told(scene.why(), State.UNRECORDED, f"run {scene.name(marker, 2)}", "has ended, which is not on record yet")


INCOMPLETE: dict[str, tuple[dict[str, bytes | None], str]] = {
    "missing": ({"a": b"a", "b": None}, "the file '2026-02-23/b.csv' is missing: nothing there, expected 20 bytes"),
    "two missing": (
        {"a": None, "b": None},
        "'2026-02-23/a.csv' is missing: nothing there, expected 20 bytes (and 1 more)",
    ),
}


@pytest.mark.parametrize(("files", "says"), INCOMPLETE.values(), ids=INCOMPLETE)
def test_a_batch_that_is_not_whole_yet_names_its_file(files: dict[str, bytes | None], says: str) -> None:
    scene = Scene()
    scene.land("2026-02-23", **files)
    told(scene.why(), State.INCOMPLETE_YET, "landed at", "but is incomplete yet", says)


def test_a_short_file_says_how_short() -> None:
    scene = Scene()
    scene.land(a=b"whole")
    scene.memory.put("incoming/loans/2026-02-23/a.csv", b"who")
    told(scene.why(), State.INCOMPLETE_YET, "a.csv' is short: 3 bytes, expected 5 bytes")
    scene.later(6)
    (line,) = lines(scene.why(), "next")
    assert line.startswith("next: reconcile waits: incomplete: the file '2026-02-23/a.csv' is short: 3 bytes")
    assert line.endswith("looked at again until 2026-02-24T04:00+00:00")


def test_a_run_that_goes_on_is_told_with_its_steps() -> None:
    scene = Scene()
    marker = scene.land()
    scene.begin(marker, at=("train", "validate: PodInitializing"))
    found = scene.why()
    told(found, State.RUNNING, f"run {scene.name(marker)}", "is Running since 2026-02-23T04:00", ", at train, validate")
    assert lines(found, "at") == ["at: train", "at: validate: PodInitializing"]


def test_a_run_that_waits_names_who_holds_the_mutex() -> None:
    scene = Scene()
    earlier, marker = scene.land("2026-02-20"), scene.land()
    scene.begin(earlier)
    scene.start(marker, phase="Pending", message=WAITS)
    told(scene.why(), State.WAITING, scene.name(marker), f"waits for the mutex held by {scene.name(earlier)} since")
    scene.runs.remove(scene.name(earlier))
    told(scene.why(), State.WAITING, "waits for the mutex default/Mutex/retrain-loans, held by another run")


PENDING = {
    "no GPU": ({"at": (NO_GPU,)}, "is pending: no GPU since", "3 Insufficient nvidia.com/gpu."),
    "no image": ({"at": ("train: ImagePullBackOff",)}, "is pending since", "train: ImagePullBackOff"),
    "no controller": ({"phase": ""}, "is pending since", "no controller has taken it up"),
}


@pytest.mark.parametrize(("look", "is_pending", "because"), PENDING.values(), ids=PENDING)
def test_a_run_that_finds_no_place_says_why(look: dict[str, Any], is_pending: str, because: str) -> None:
    scene = Scene()
    scene.start(scene.land(), **look)
    told(scene.why(), State.PENDING, is_pending, because)


def test_a_run_that_ended_without_a_record_is_told_by_its_workflow() -> None:
    scene = Scene()
    marker = scene.land()
    scene.begin(marker)
    scene.runs.put(scene.name(marker), phase="Error", message="the engine died", finished=scene.now)
    found = scene.why()
    told(found, State.UNRECORDED, scene.name(marker), "has ended, which is not on record yet", "the engine died")
    assert lines(found, "next")[0].startswith("next: reconcile records the end of its run, and decides again")
    scene.runs.remove(scene.name(marker))
    told(scene.why(), State.UNRECORDED, "is gone and left no outcome on record")


def test_a_name_that_came_back_is_not_the_run_that_had_the_batch() -> None:
    scene = Scene()
    marker = scene.land()
    scene.begin(marker)
    scene.runs.put(scene.name(marker), uid="another", phase="Error", finished=scene.now)
    found = scene.why()
    told(found, State.UNRECORDED, "is gone and left no outcome on record")
    assert lines(found, "next")[0].endswith("is gone and left the claim unfinished")


def test_a_rollback_says_who_and_why_and_that_promotion_is_frozen() -> None:
    scene = Scene()
    for batch in ("2026-02-20", "2026-02-23"):
        marker = scene.land(batch)
        scene.begin(marker)
        scene.promote(marker)
    scene.later(30)
    rollback.rollback(scene.memory, scene.pipeline, Rollback("", "ana", "complaints"), scene.now)
    for day in (DAY, None):
        found = scene.why(day)
        told(found, State.ROLLED_BACK, "rolled back from 2026-02-23.1-", "to 2026-02-20.1-", "by ana: complaints")
        assert lines(found, "frozen") == ["frozen: by ana since 2026-02-23T04:30:00+00:00: complaints"]
        assert lines(found, "before that")[0].endswith("is in production")


# Outcomes


def test_a_promotion_says_when_and_of_what() -> None:
    scene = Scene()
    marker = scene.land()
    scene.begin(marker)
    scene.later(9)
    version = scene.promote(marker)
    found = scene.why()
    told(found, Reason.PROMOTED, f"batch 2026-02-23 was promoted: version {version}")
    assert f"production: empty → {version}" in found.evidence
    assert "when: 2026-02-23T04:09:00+00:00" in found.evidence
    assert found.outcome == "promoted"
    assert scene.why(None) == found


def test_an_event_that_was_lost_is_told_with_how_late_it_was_caught_up() -> None:
    scene = Scene()
    marker = scene.land()
    scene.later(12)
    scene.begin(marker, trigger="reconcile")
    assert lines(scene.why(), "event") == ["event: lost, and caught up by reconcile 12 min after the batch landed"]
    scene.later(9)
    scene.promote(marker)
    assert lines(scene.why(), "event") == ["event: lost, and caught up by reconcile 12 min after the batch landed"]


def test_an_attempt_that_reconcile_started_lost_no_event() -> None:
    scene = Scene()
    marker = scene.land()
    scene.begin(marker)
    scene.end(marker, scene.failed(Reason.CRASHED, "train failed"))
    scene.later(6)
    scene.retry(marker, 2)
    assert lines(scene.why(), "event") == []
    told(scene.why(), State.RUNNING, "(attempt 2 of 3) is Running")
    scene.promote(marker, 2)
    assert lines(scene.why(), "event") == []


def test_a_failure_says_where_and_what_reconcile_does_next() -> None:
    scene = Scene()
    marker = scene.land()
    scene.begin(marker)
    message = "train was killed, out of memory: OOMKilled (exit code 137)"
    evidence = {"exit_code": 137, "node": "train(2)", "node_message": "OOMKilled (exit code 137)"}
    scene.end(marker, scene.failed(Reason.OUT_OF_MEMORY, message, **evidence))
    scene.later(1)
    found = scene.why()
    told(found, Reason.OUT_OF_MEMORY, "failed (out-of-memory): train was killed, out of memory", "(exit code 137)")
    assert lines(found, "step") == ["step: train(2) ended with exit code 137 (OOMKilled (exit code 137))"]
    assert lines(found, "next")[0].startswith("next: reconcile starts another attempt: attempt 2 of 3")


def test_after_the_last_attempt_it_says_how_to_run_the_batch_again() -> None:
    scene = Scene()
    marker = scene.land()
    scene.begin(marker)
    scene.end(marker, scene.failed(Reason.CRASHED, "train failed"))
    for attempt in (2, 3):
        scene.retry(marker, attempt)
        scene.end(marker, scene.failed(Reason.CRASHED, f"train failed, the {attempt}."), attempt)
    found = scene.why()
    told(found, Reason.CRASHED, "failed (crashed): train failed, the 3.")
    assert lines(found, "next")[0].startswith("next: reconcile gives up: 3 attempts were not enough")
    assert len(lines(found, "before that")) == 2
    body = {"batch": marker.batch, "as_of": marker.as_of, "marker": marker.key}
    ledger.append(scene.memory, "loans", ledger.Entry("gave-up", "reconcile", body), now=scene.now)
    assert lines(scene.why(), "next") == [
        "next: nothing, for reconcile gave up; to run it again: retrain replay loans 2026-02-23 --reason …"
    ]


def test_a_rejection_names_each_failed_gate_and_the_group() -> None:
    scene = Scene()
    marker = scene.land()
    scene.begin(marker)
    gate = {
        "name": "fair",
        "metric": "disparate_impact",
        "value": 0.84,
        "comparison": "above",
        "threshold": 0.9,
        "passed": False,
        "groups": ["f", "m"],
        "evidence": "",
    }
    message = "fair: disparate_impact 0.84 is not above 0.9 for group 'f', against 'm'"
    scene.end(marker, scene.failed(Reason.GATE, message), gates=[gate])
    found = scene.why()
    told(found, Reason.GATE, f"was rejected (gate): {message}")
    assert lines(found, "gate") == [
        "gate: fair failed: disparate_impact 0.84, must be above 0.9, group 'f' against 'm'"
    ]
    assert lines(found, "next") == []


def test_a_batch_that_was_refused_as_incomplete_says_what_it_still_lacks() -> None:
    scene = Scene()
    marker = scene.land(a=b"a", b=None)
    conclusion = scene.begin(marker)
    scene.end(marker, conclusion)
    scene.later(6)
    found = scene.why()
    told(found, Reason.INCOMPLETE, "was refused (incomplete): the file '2026-02-23/b.csv' is missing")
    assert lines(found, "file now") == ["file now: 2026-02-23/b.csv missing: nothing there, expected 20 bytes"]
    assert lines(found, "next")[0].startswith(
        "next: reconcile waits: incomplete: the file '2026-02-23/b.csv' is missing"
    )
    scene.memory.put("incoming/loans/2026-02-23/b.csv", b"what should be there")
    assert lines(scene.why(), "next")[0].startswith("next: reconcile starts another attempt")


def test_a_file_of_another_content_is_looked_at_again_once_it_is_written() -> None:
    scene = Scene()
    marker = scene.land(a=b"good")
    scene.memory.put("incoming/loans/2026-02-23/a.csv", b"evil")
    scene.later(6)
    scene.end(marker, scene.begin(marker))
    scene.later(6)
    found = scene.why()
    told(found, Reason.INCOMPLETE, "a.csv' is different: sha256")
    assert "what a run found so" in lines(found, "next")[0]
    scene.memory.put("incoming/loans/2026-02-23/a.csv", b"good")
    assert lines(scene.why(), "next")[0].startswith("next: reconcile starts another attempt")


def test_data_that_came_again_is_unchanged_since_the_run_that_had_it() -> None:
    scene = Scene()
    first = scene.land("2026-02-20", a=b"same")
    scene.begin(first)
    scene.end(first, scene.failed(Reason.GATE, "unfair"))
    again = scene.land("2026-02-23", a=b"same")
    scene.end(again, scene.begin(again))
    told(scene.why(), Reason.UNCHANGED, "was skipped (unchanged): unchanged since", scene.name(first))


def test_data_that_another_run_has_is_a_duplicate_of_it() -> None:
    scene = Scene()
    first = scene.land("2026-02-20", a=b"same")
    scene.begin(first)
    again = scene.land("2026-02-23", a=b"same")
    told(scene.why(), State.NOT_STARTED, "has not started")
    assert lines(scene.why(), "claim")[0].endswith("has the same data, as batch 2026-02-20")
    scene.end(again, scene.begin(again))
    told(scene.why(), Reason.DUPLICATE, "was skipped (duplicate): duplicate of", scene.name(first))


def test_older_data_than_production_s_is_superseded() -> None:
    scene = Scene()
    newer, older = scene.land("2026-02-23"), scene.land("2026-02-20")
    scene.begin(newer)
    scene.promote(newer)
    found = scene.why(date(2026, 2, 20))
    assert lines(found, "next")[0].startswith(
        "next: reconcile settles it without a run: production has version 2026-02-23"
    )
    scene.end(older, scene.begin(older))
    told(scene.why(date(2026, 2, 20)), Reason.SUPERSEDED, "was skipped (superseded): production has version 2026-02-23")


def test_a_frozen_pipeline_says_by_whom_and_since_when() -> None:
    scene = Scene()
    freeze.freeze(scene.memory, scene.pipeline, Frozen("ana", "audit", DAWN.isoformat()))
    marker = scene.land()
    scene.end(marker, scene.begin(marker))
    scene.later(6)
    found = scene.why()
    told(found, Reason.FROZEN, "was skipped (frozen)")
    assert lines(found, "frozen") == ["frozen: by ana since 2026-02-23T04:00:00+00:00: audit"]
    assert lines(found, "next")[0].startswith("next: reconcile waits: promotion is frozen by ana")


OTHERS = {
    "a marker that is none": (Reason.MARKER, "the marker cannot be used: no JSON", "was refused (marker)"),
    "broken data": (Reason.CONTRACT, "a.csv: row 3, column 'age': -1 is below 0", "was refused (contract)"),
    "a deadline": (Reason.DEADLINE, "train exceeded its deadline", "failed (deadline)"),
    "a stop by hand": (Reason.STOPPED, "the run was stopped in train", "failed (stopped)"),
    "production that moved": (Reason.PRODUCTION_MOVED, "production is v3 by now", "failed (production-moved)"),
    "a store that failed": (Reason.STORE, "claim failed: s3://retrain: 503", "failed (store)"),
    "a document": (Reason.DOCUMENT, "the estimator is none", "failed (document)"),
    "no word": (Reason.UNKNOWN, "the Workflow ended 'Error'", "failed (unknown)"),
}


@pytest.mark.parametrize(("reason", "message", "says"), OTHERS.values(), ids=OTHERS)
def test_every_other_end_is_told_by_its_record(reason: Reason, message: str, says: str) -> None:
    scene = Scene()
    marker = scene.land()
    scene.begin(marker)
    scene.end(marker, scene.failed(reason, message))
    told(scene.why(), reason, f"batch 2026-02-23 {says}: {message}")


# What belongs to the day


def test_the_newest_of_a_day_s_batches_is_told() -> None:
    scene = Scene()
    first = scene.land()
    scene.begin(first)
    scene.promote(first)
    scene.later(10)
    again = scene.land("2026-02-23-b", revision=2)
    told(scene.why(), State.NOT_STARTED, "batch 2026-02-23-b landed")
    scene.begin(again)
    scene.later(10)
    scene.end(again, scene.failed(Reason.GATE, "unfair"))
    told(scene.why(), Reason.GATE, "batch 2026-02-23-b was rejected")


def test_the_newest_of_all_is_told_whatever_else_is_open() -> None:
    scene = Scene()
    scene.land("2026-02-20")
    scene.later(60)
    newer = scene.land()
    scene.begin(newer)
    scene.later(10)
    scene.promote(newer)
    told(scene.why(None), Reason.PROMOTED, "batch 2026-02-23 was promoted")


def test_with_a_lag_a_day_s_model_is_made_of_earlier_data() -> None:
    scene = Scene(document(expect={**EXPECT, "lag": 1}))
    scene.later(200)
    told(scene.why(), State.NOT_LANDED, "no batch for 2026-02-20 has landed, and the model of 2026-02-23 was due")
    marker = scene.land("2026-02-20")
    scene.begin(marker)
    scene.promote(marker)
    told(scene.why(), Reason.PROMOTED, "batch 2026-02-20 was promoted")


def test_a_batch_that_is_not_named_after_its_day_is_found_by_its_marker() -> None:
    scene = Scene()
    scene.land("monday", as_of="2026-02-23")
    told(scene.why(), State.NOT_STARTED, "batch monday landed")
    told(scene.why(date(2026, 2, 20)), State.NOT_LANDED, "no batch for 2026-02-20 has landed")


def test_what_was_run_on_a_day_that_was_missed_is_told_beside() -> None:
    scene = Scene()
    marker = scene.land("2026-02-20")
    scene.begin(marker)
    version = scene.promote(marker)
    told(scene.why(), Reason.PROMOTED, "batch 2026-02-20 was promoted")
    scene.later(200)
    found = scene.why()
    told(found, State.NOT_LANDED, "no batch for 2026-02-23 has landed")
    assert f"also that day: batch 2026-02-20, run {scene.name(marker)}: version {version}" in "\n".join(found.evidence)
    assert lines(found, "production")[0].startswith(f"production: {version}, of 2026-02-20 revision 1")


def test_who_was_told_of_a_late_day_is_evidence() -> None:
    scene = Scene()
    scene.later(200)
    body = {"day": "2026-02-23", "as_of": "2026-02-23", "told": {"page": "sent", "slack": "failed"}, "message": ""}
    ledger.append(scene.memory, "loans", ledger.Entry("late", "watch-late-2026-02-23", body), now=scene.now)
    assert lines(scene.why(), "late") == [
        "late: the model of 2026-02-23, told at 2026-02-23T07:20:00+00:00 (page sent, slack failed)"
    ]
    marker = scene.land()
    scene.begin(marker)
    scene.promote(marker)
    scene.later(5)
    ledger.append(scene.memory, "loans", ledger.Entry("recovered", "w", {**body, "told": {}}), now=scene.now)
    found = scene.why()
    told(found, Reason.PROMOTED, "batch 2026-02-23 was promoted")
    assert lines(found, "recovered") == [
        "recovered: the model of 2026-02-23, told at 2026-02-23T07:25:00+00:00 (nobody)"
    ]
