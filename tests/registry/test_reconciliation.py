"""Reconcile brings to its end whatever events, runs and people left undone, and says what it did."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from batches import PREFIX
from promotions import NOW
from reconciling import LANDED, World, lines, text
from stores import Watched

from steps.registry import claim as claims
from steps.registry import freeze, ledger, listing, pointer
from steps.registry import marker as markers
from steps.registry.ending import Decided
from steps.registry.place import Place
from steps.registry.pointer import Frozen
from steps.registry.reconciliation import steps_of
from steps.verdict import Conclusion, Reason

DAY, NEXT, LAST = "2026-02-20", "2026-02-21", "2026-02-22"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_lost_event_becomes_a_delay(world: World) -> None:
    ready = world.land(DAY)
    report = world.reconcile()
    assert lines(report) == [("start", DAY)]
    (look,) = world.runs.all("loans")
    assert look.name == world.name(ready)
    assert look.parameters == {
        "marker": ready.key,
        "etag": ready.etag,
        "trigger": "reconcile",
        "requested-by": "retrain reconcile",
        "why": "no event had started a run 12 min after its marker landed",
    }
    assert lines(world.reconcile()) == [("wait", DAY)]
    assert world.play() == ["promoted"]
    assert world.receipt(ready) == "promoted"
    assert world.reconcile(whole=True).lines == ()


def test_an_event_is_given_time_and_a_late_one_changes_nothing(world: World) -> None:
    ready = world.land(DAY)
    world.now = LANDED + timedelta(minutes=4, seconds=59)
    assert lines(world.reconcile()) == [("wait", DAY)]
    assert world.runs.started == []
    world.now = LANDED + timedelta(minutes=5)
    world.reconcile()
    assert world.event(ready) == world.name(ready)
    assert world.runs.started == [world.name(ready)]
    assert world.rest() == ["promoted"]


def test_a_crash_is_tried_again_three_times_in_all_each_on_record(world: World) -> None:
    ready = world.land(DAY)
    world.event(ready)
    for attempt in (2, 3):
        assert world.play(crashes=True) == ["crashed"]
        report = world.reconcile()
        assert lines(report) == [("retry", DAY)]
        assert f"attempt {attempt} of 3" in text(report)
    assert world.play(crashes=True) == ["crashed"]
    assert lines(world.reconcile()) == [("give up", DAY)]
    assert world.receipt(ready) == "crashed"
    assert world.reconcile(whole=True).lines == ()
    assert world.runs.started == [world.name(ready, attempt) for attempt in (1, 2, 3)]
    kinds = [kind for kind, _ in world.verbs]
    assert kinds == ["started", "outcome", "retried", "started", "outcome", "retried", "started", "outcome", "gave-up"]
    (last,) = (one for one in ledger.records(world.store, "loans") if one.kind == "gave-up")
    assert last.body["message"] == "3 attempts were not enough; the last one: train failed: Error (exit code 1)"
    assert (last.body["attempts"], last.body["reason"], last.body["by"]) == (3, "crashed", "retrain reconcile")


def test_a_second_attempt_that_succeeds_is_promoted(world: World) -> None:
    ready = world.land(DAY)
    world.event(ready)
    world.play(crashes=True)
    assert world.rest() == ["promoted"]
    assert len(world.history()) == 1
    assert world.receipt(ready) == "promoted"


@pytest.mark.parametrize("reason", [Reason.GATE, Reason.CONTRACT, Reason.STOPPED])
def test_what_was_decided_is_never_tried_again(world: World, reason: Reason) -> None:
    ready = world.land(DAY)
    run = world.run(world.runs.looks[world.event(ready)])
    run.claim()
    run.outputs["decision"] = "reject"
    run.record(Conclusion(reason, "as it was"))
    world.ended(run, Conclusion(reason, "as it was"))
    assert world.rest() == []
    assert world.receipt(ready) == str(reason)


def test_a_run_that_was_stopped_while_it_deployed_is_retired_before_its_receipt(world: World) -> None:
    ready = world.land(DAY)
    run = world.run(world.runs.looks[world.event(ready)])
    run.claim()
    run.evaluate()
    stopped = Conclusion(Reason.STOPPED, "the run was stopped in deploy")
    assert run.record(stopped).conclusion.reason is Reason.STOPPED
    world.ended(run, stopped)
    world.runs.put(run.workflow, failures="null", message="Stopped with strategy 'Terminate'")
    assert world.receipt(ready) == "none"
    assert lines(world.reconcile()) == [("receipt", DAY)]
    assert world.receipt(ready) == "stopped"
    standing = claims.read(world.store, "loans", markers.data_hash(ready.files))
    assert standing is not None
    assert standing.claim.retired


def test_of_a_backlog_only_the_newest_is_run(world: World) -> None:
    older, old, newest = (world.land(day) for day in (DAY, NEXT, LAST))
    report = world.reconcile()
    assert lines(report) == [("settle", DAY), ("settle", NEXT), ("start", LAST)]
    assert world.runs.started == [world.name(newest)]
    assert [world.receipt(ready) for ready in (older, old, newest)] == ["superseded", "superseded", "none"]
    assert world.rest() == ["promoted"]
    assert sorted(world.outcomes().values()) == [["promoted"], ["superseded"], ["superseded"]]


def test_the_newest_of_a_backlog_is_the_newest_that_is_complete(world: World) -> None:
    world.land(DAY)
    complete = world.land(NEXT)
    world.land(LAST, files=False)
    assert lines(world.reconcile()) == [("settle", DAY), ("wait", LAST), ("start", NEXT)]
    assert world.runs.started == [world.name(complete)]


def test_an_older_batch_waits_for_the_run_of_a_newer_one(world: World) -> None:
    old, newer = world.land(DAY), world.land(LAST)
    world.event(newer)
    assert lines(world.reconcile()) == [("wait", LAST), ("wait", DAY)]
    world.play()
    assert lines(world.reconcile()) == [("settle", DAY)]
    assert world.receipt(old) == "superseded"


def test_an_older_batch_is_run_if_the_newer_one_was_rejected(world: World) -> None:
    old, newer = world.land(DAY), world.land(LAST)
    run = world.run(world.runs.looks[world.event(newer)])
    run.claim()
    run.outputs["decision"] = "reject"
    run.record(Conclusion(Reason.GATE, "accuracy"))
    world.ended(run, Conclusion(Reason.GATE, "accuracy"))
    assert world.rest() == ["promoted"]
    assert world.receipt(old) == "promoted"


def test_batches_of_the_same_day_and_revision_are_run_one_after_the_other(world: World) -> None:
    first, second = world.land("a", as_of=DAY), world.land("b", as_of=DAY)
    assert lines(world.reconcile()) == [("wait", "b"), ("start", "a")]
    assert world.rest() == ["promoted", "promoted"]
    assert (world.receipt(first), world.receipt(second)) == ("promoted", "promoted")


def test_a_batch_that_was_incomplete_is_run_again_once_it_is_complete(world: World) -> None:
    ready = world.land(DAY, files=False)
    world.event(ready)
    assert world.play() == ["incomplete"]
    report = world.reconcile()
    assert lines(report) == [("wait", DAY)]
    assert f"the file '{DAY}/a.csv' is missing: nothing there, expected 10 bytes; looked at again until" in text(report)
    world.store.now = world.now = NOW + timedelta(hours=1)
    world.land(DAY)
    assert lines(world.reconcile()) == [("retry", DAY)]
    assert world.play() == ["promoted"]
    assert world.runs.started == [world.name(ready), world.name(ready, 2)]


def test_the_right_size_alone_does_not_make_a_batch_complete_that_a_run_found_wrong(world: World) -> None:
    ready = world.land(DAY)
    world.store.put(f"{PREFIX}/{DAY}/a.csv", b"x" * len(DAY))
    world.event(ready)
    assert world.play() == ["incomplete"]
    assert lines(world.reconcile()) == [("wait", DAY)]
    world.store.now = world.now = NOW + timedelta(hours=1)
    world.land(DAY)
    assert world.rest() == ["promoted"]


def test_a_batch_that_stays_incomplete_is_given_up_after_its_deadline(world: World) -> None:
    ready = world.land(DAY, files=False)
    world.event(ready)
    world.play()
    world.now = LANDED + timedelta(hours=23, minutes=59)
    assert lines(world.reconcile()) == [("wait", DAY)]
    world.now = LANDED + timedelta(hours=24)
    assert lines(world.reconcile()) == [("settle", DAY)]
    assert world.receipt(ready) == "incomplete"
    newest = next(iter(ledger.records(world.store, "loans")))
    assert newest.body["message"] == "still incomplete at 2026-02-24T05:48+00:00, given up"
    assert newest.body["evidence"]["files"][0]["problem"] == "missing"
    assert world.reconcile(whole=True).lines == ()


def test_a_batch_for_a_day_to_come_may_be_incomplete_until_that_day(world: World) -> None:
    world.land("2026-03-02", files=False)
    world.now = LANDED + timedelta(days=5)
    assert lines(world.reconcile(whole=True)) == [("wait", "2026-03-02")]
    world.now = LANDED + timedelta(days=9)
    assert lines(world.reconcile(whole=True)) == [("settle", "2026-03-02")]


def test_a_run_whose_record_step_crashed_is_closed(world: World) -> None:
    ready = world.land(DAY)
    run = world.run(world.runs.looks[world.event(ready)])
    end = world.ended(run, world.steps(run), recorded=False)
    assert end.reason is Reason.PROMOTED
    assert world.outcomes() == {}
    report = world.reconcile()
    assert lines(report) == [("record", run.workflow)]
    assert world.outcomes() == {run.uid: ["promoted"]}
    assert world.receipt(ready) == "promoted"
    assert world.reconcile(whole=True).lines == ()


@pytest.mark.parametrize("whole", [False, True])
def test_what_record_could_not_write_is_written(world: World, whole: bool) -> None:
    ready = world.land(DAY)
    run = world.run(world.runs.looks[world.event(ready)])
    crashed = world.ended(run, world.steps(run, crashes=True))
    said = '{"message": "train failed (NOT ON THE LEDGER: no)", "data-hash": "", "batch": "", "as-of": ""}'
    world.runs.put(run.workflow, outputs=said)
    assert lines(world.reconcile(whole=whole))[0] == ("close", run.workflow)
    assert world.outcomes() == {run.uid: [str(crashed.reason)]}
    newest = next(one for one in ledger.records(world.store, "loans") if one.kind == "outcome")
    assert (newest.body["batch"], newest.body["as_of"]) == (DAY, DAY), "the claim knows what the outputs do not"


def test_production_that_is_not_on_record_is_recorded_though_its_run_is_gone(world: World) -> None:
    ready = world.land(DAY)
    run = world.run(world.runs.looks[world.event(ready)])
    world.steps(run)
    assert world.reconcile().lines[0].verb == "wait", "its run may still record it"
    world.runs.remove(run.workflow)
    assert lines(world.reconcile()) == [("record", run.workflow)]
    assert world.outcomes() == {run.uid: ["promoted"]}
    newest = next(iter(ledger.records(world.store, "loans")))
    assert newest.body["production"] == {"pointer": "production", "before": None, "after": run.version}
    assert world.reconcile(whole=True).lines == ()
    assert world.receipt(ready) == "promoted"


def test_a_run_that_is_gone_with_its_claim_is_closed_and_tried_again(world: World) -> None:
    ready = world.land(DAY)
    run = world.run(world.runs.looks[world.event(ready)])
    run.claim()
    world.runs.remove(run.workflow)
    assert lines(world.reconcile()) == [("close", DAY), ("retry", DAY)]
    assert world.outcomes() == {run.uid: ["unknown"]}
    assert world.rest() == ["promoted"]
    assert world.receipt(ready) == "promoted"


def test_another_workflow_under_the_owner_s_name_is_not_the_owner(world: World) -> None:
    ready = world.land(DAY)
    run = world.run(world.runs.looks[world.event(ready)])
    run.claim()
    world.runs.remove(run.workflow)
    world.event(ready)
    assert lines(world.reconcile()) == [("wait", DAY)], "whatever it is, it goes on"
    assert world.play() == ["duplicate"]
    assert lines(world.reconcile()) == [("close", DAY), ("retry", DAY)]
    assert world.rest() == ["promoted"]


def test_a_grant_that_was_never_started_is_started(world: World) -> None:
    ready = world.land(DAY)
    world.event(ready)
    world.play(crashes=True)
    world.reconcile()
    world.runs.remove(world.name(ready, 2))
    assert lines(world.reconcile()) == [("wait", DAY)]
    world.now += timedelta(minutes=5)
    assert lines(world.reconcile()) == [("restart", DAY)]
    assert world.play() == ["promoted"]
    assert [kind for kind, _ in world.verbs].count("retried") == 1


def test_a_grant_that_ended_without_being_taken_counts_as_an_attempt(world: World) -> None:
    ready = world.land(DAY)
    world.event(ready)
    world.play(crashes=True)
    world.reconcile()
    node = '[{"displayName": "claim", "templateName": "claim", "message": "Error (exit code 1)", "finishedAt": "t"}]'
    world.runs.put(world.name(ready, 2), phase="Failed", failures=node)
    report = world.reconcile()
    assert lines(report)[-1] == ("retry", DAY)
    assert "attempt 3 of 3" in text(report)
    assert world.rest() == ["promoted"]


def test_frozen_promotion_stops_the_starting_and_not_the_looking(world: World) -> None:
    ready = world.land(DAY)
    freeze.freeze(world.store, world.of, Frozen("ada", "an audit", NOW.isoformat()))
    report = world.reconcile()
    assert lines(report) == [("wait", DAY)]
    assert "promotion is frozen by ada" in text(report)
    freeze.unfreeze(world.store, world.of, "ada", "done", NOW)
    assert world.rest() == ["promoted"]
    assert world.receipt(ready) == "promoted"


def test_a_run_that_ended_because_of_a_freeze_is_run_again_after_it(world: World) -> None:
    ready = world.land(DAY)
    world.event(ready)
    freeze.freeze(world.store, world.of, Frozen("ada", "an audit", NOW.isoformat()))
    assert world.play() == ["frozen"]
    assert lines(world.reconcile()) == [("wait", DAY)]
    freeze.unfreeze(world.store, world.of, "ada", "done", NOW)
    assert world.rest() == ["promoted"]
    assert world.runs.started == [world.name(ready), world.name(ready, 2)]


def test_the_same_data_under_another_name_is_not_run_again(world: World) -> None:
    world.event(world.land(DAY, content="same"))
    world.play()
    again = world.land(NEXT, content="same")
    assert lines(world.reconcile()) == [("settle", NEXT)]
    assert world.receipt(again) == "unchanged"
    assert len(world.runs.started) == 1


def test_of_a_backlog_with_the_same_data_the_newest_gets_the_claim(world: World) -> None:
    first = world.land(DAY, content="same")
    world.event(first)
    world.play(crashes=True)
    newest = world.land(NEXT, content="same")
    assert lines(world.reconcile()) == [("settle", DAY), ("retry", NEXT)]
    assert world.runs.started[-1] == world.name(newest, 2)
    assert world.rest() == ["promoted"]
    assert (world.receipt(first), world.receipt(newest)) == ("superseded", "promoted")


def test_what_is_older_than_the_installation_is_left_alone(world: World) -> None:
    world.of = world.of.model_copy(update={"data": world.of.data.model_copy(update={"since": date(2026, 2, 21)})})
    world.land(DAY)
    world.land(NEXT)
    assert lines(world.reconcile()) == [("ignore", DAY), ("start", NEXT)]


def test_a_marker_that_cannot_be_read_is_refused_once_by_its_run_or_here(world: World) -> None:
    world.store.put(f"{PREFIX}/{DAY}/_READY.json", b"{")
    world.now = LANDED + timedelta(minutes=4)
    assert lines(world.reconcile()) == [("wait", DAY)]
    world.now = NOW
    assert lines(world.reconcile()) == [("settle", DAY)]
    assert list(world.outcomes().values()) == [["marker"]]
    assert world.reconcile(whole=True).lines == ()


def test_old_batches_are_for_the_sweep(world: World) -> None:
    world.land("2026-01-02")
    world.land("odd-name", as_of="2026-01-03")
    assert lines(world.reconcile()) == [("start", "odd-name")]
    assert lines(world.reconcile(whole=True)) == [("wait", "odd-name"), ("wait", "2026-01-02")]


def test_a_window_that_is_too_full_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE", 1)
    monkeypatch.setattr(listing, "PAGES", 2)
    for day in (DAY, NEXT, LAST):
        world.land(day)
    found = lines(world.reconcile())
    assert ("wait", f"{PREFIX}/{NEXT}/_READY.json") in found
    assert ("start", NEXT) not in found
    assert ("start", LAST) in lines(world.reconcile(whole=True))


def test_one_bad_marker_keeps_no_other_from_its_turn(world: World) -> None:
    broken, good = world.land(LAST), world.land(DAY)
    world.store.put(claims.key("loans", markers.data_hash(broken.files)), b"no claim")
    report = world.reconcile()
    assert lines(report) == [("trouble", LAST), ("start", DAY)]
    assert "is no claim" in text(report)
    assert world.runs.started == [world.name(good)]


def test_workflows_that_cannot_be_asked_for_are_said_and_nothing_is_started(world: World) -> None:
    world.land(DAY)
    world.runs.broken = "the Kubernetes API cannot be reached"
    report = world.reconcile()
    assert lines(report) == [("trouble", "runs"), ("trouble", DAY)]
    assert len(report.troubles) == 2
    assert claims.read(world.store, "loans", markers.data_hash(world.marker(DAY).files)) is None


def test_a_dry_run_says_what_would_be_done_and_does_nothing(world: World) -> None:
    older, newest, gone = world.land(DAY), world.land(LAST), world.land(NEXT)
    run = world.run(world.runs.looks[world.event(gone)])
    run.claim()
    world.runs.remove(run.workflow)
    before = dict(world.store.bodies)
    watched = Watched(world.store)
    found = list(steps_of(Place(watched, world.of, world.runs, world.now, dry=True), whole=True))
    verbs = [("close", NEXT), ("settle", DAY), ("start", LAST), ("close", run.workflow)]
    assert [(str(line.verb), line.about) for line in found] == verbs
    assert world.store.bodies == before
    assert {method for method, _ in watched.asked} <= {"get", "head", "keys"}
    assert (world.receipt(older), world.receipt(newest), len(world.runs.started)) == ("none", "none", 1)


def test_people_are_told_of_the_runs_that_were_closed_here_and_no_others(world: World) -> None:
    closed = world.run(world.runs.looks[world.event(world.land(LAST))])
    world.ended(closed, world.steps(closed), recorded=False)
    world.land(DAY)
    told: list[Decided] = []
    place = Place(world.store, world.of, world.runs, world.now, tell=told.append)
    for _ in range(2):
        list(steps_of(place, whole=True))
    assert [(one.ended.owner.workflow, one.conclusion.reason) for one in told] == [(closed.workflow, Reason.PROMOTED)]


def test_at_rest_it_costs_the_same_however_much_was_settled(world: World) -> None:
    def asked(days: int) -> int:
        for day in range(days):
            ready = world.land(f"2026-02-{10 + day:02}-{day}", as_of=f"2026-02-{10 + day:02}")
            world.event(ready)
            world.play()
        watched = Watched(world.store)
        assert world.reconcile(watched).lines == ()
        return len(watched.asked)

    assert asked(1) == asked(12) == 5


def test_a_rollback_is_left_as_it_is(world: World) -> None:
    from steps.registry import rollback

    for day in (DAY, NEXT):
        world.event(world.land(day))
        world.play()
    rollback.rollback(world.store, world.of, rollback.Rollback("", "ada", "worse in production"), NOW)
    assert world.reconcile(whole=True).lines == ()
    production = pointer.current(pointer.read(world.store, world.of))
    assert (production.as_of, production.frozen is not None) == (DAY, True)
    freeze.unfreeze(world.store, world.of, "ada", "done", NOW)
    assert world.rest() == []
    assert pointer.current(pointer.read(world.store, world.of)).as_of == DAY


def test_a_claim_that_no_marker_leads_to_any_more_is_closed_by_the_sweep(world: World) -> None:
    ready = world.land(DAY)
    world.event(ready)
    world.play(crashes=True)
    world.reconcile()
    granted = world.name(ready, 2)
    world.runs.remove(granted)
    world.event(world.land(DAY, content="other"))
    world.play()
    data_hash = markers.data_hash(ready.files)
    world.now += timedelta(minutes=4)
    assert world.reconcile(whole=True).lines == ()
    world.now += timedelta(minutes=1)
    assert lines(world.reconcile(whole=True)) == [("close", granted)]
    standing = claims.read(world.store, "loans", data_hash)
    assert standing is not None
    assert standing.claim.finished is not None
    assert not standing.claim.settled, "the same data may land again, and is run then"
    assert world.reconcile(whole=True).lines == ()
    again = world.land(NEXT, content=DAY)
    assert world.rest() == ["promoted"]
    assert world.receipt(again) == "promoted"


def test_claims_of_long_ago_are_not_read(world: World) -> None:
    world.event(world.land(DAY))
    world.play()
    world.now = world.store.now + timedelta(days=7, hours=23)
    watched = Watched(world.store)
    world.reconcile(watched, whole=True)
    assert ("get", claims.key("loans", markers.data_hash(world.marker(DAY).files))) in watched.asked[4:]
    world.now += timedelta(hours=1)
    watched = Watched(world.store)
    world.reconcile(watched, whole=True)
    assert ("get", claims.key("loans", markers.data_hash(world.marker(DAY).files))) not in watched.asked[4:]


def test_the_report_says_whether_it_is_at_rest(world: World) -> None:
    assert world.reconcile().at_rest
    world.land(DAY)
    assert not world.reconcile().at_rest
    assert world.reconcile().at_rest, "a run goes on: waiting is rest"
    assert not replace(world.reconcile(), lines=()).troubles
