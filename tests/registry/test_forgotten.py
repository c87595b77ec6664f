"""Runs whose Workflow is gone come to an end on record, also when no marker leads to them any more."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from promotions import NOW, Run
from reconciling import World, lines
from stores import Watched

from steps.registry import claim as claims
from steps.registry import forgotten, ledger
from steps.registry import marker as markers
from steps.registry.ledger import Entry
from steps.registry.pointer import EMPTY
from steps.verdict import Conclusion, Reason

DAY, NEXT = "2026-02-20", "2026-02-21"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def begun(world: World, batch: str) -> Run:
    """Return a run that has claimed its batch and seen the champion."""
    run = world.run(world.runs.looks[world.event(world.land(batch))])
    run.claim()
    run.evaluate()
    return run


def test_a_deleted_run_is_ended_though_its_marker_was_written_anew(world: World) -> None:
    run = begun(world, DAY)
    world.runs.remove(run.workflow)
    world.land(DAY, content="anew", revision=2)
    world.event(world.marker(DAY))
    assert ("close", run.workflow) in lines(world.reconcile(whole=True))
    standing = claims.read(world.store, "loans", markers.data_hash(run.ready.files))
    assert standing is not None
    assert standing.claim.finished is not None
    assert world.rest() == ["promoted"]
    assert world.outcomes()[run.uid] == ["unknown"]


def test_a_promotion_that_nobody_recorded_is_put_on_record_though_production_has_moved_on(world: World) -> None:
    run = begun(world, DAY)
    run.deploy()
    world.runs.remove(run.workflow)
    world.event(world.land(NEXT))
    world.play()
    world.rest()
    assert world.outcomes()[run.uid] == ["promoted"]
    assert len(world.history()) == 2


def test_a_deploy_that_comes_through_after_its_run_failed_is_put_on_record_though_production_has_moved_on(
    world: World,
) -> None:
    run = begun(world, DAY)
    crashed = Conclusion(Reason.CRASHED, "deploy failed: Error (exit code 1)")
    run.record(crashed)
    world.ended(run, crashed)
    world.land(DAY, content="anew", revision=2)
    run.deploy()
    world.event(world.land(NEXT))
    world.play()
    world.rest()
    assert world.outcomes()[run.uid] == ["crashed", "promoted"]
    assert len(world.history()) == 2


def test_a_replay_that_nobody_recorded_is_put_on_record_though_its_marker_has_a_receipt(world: World) -> None:
    first = begun(world, DAY)
    world.ended(first, first.deploy())
    world.rest()
    again = world.run(world.runs.put("loans-replay-r1", parameters=world.runs.looks[first.workflow].parameters))
    standing = claims.read(world.store, "loans", markers.data_hash(first.ready.files))
    assert standing is not None
    granted = claims.replace(standing.claim, workflow=again.workflow, uid="", finished=None, former=None)
    assert claims.take(world.store, "loans", granted, standing) is not None
    again.claim()
    again.evaluate()
    end = again.deploy()
    seen = claims.read(world.store, "loans", markers.data_hash(first.ready.files))
    assert seen is not None
    assert claims.end(world.store, "loans", seen, claims.finished(end, "2026-02-23T06:00:00+00:00")) is not None
    world.runs.remove(again.workflow)
    assert lines(world.reconcile()) == [("record", again.workflow)]
    assert world.outcomes()[again.uid] == ["promoted"]


def test_a_run_whose_first_step_wrote_after_its_outcome_has_one_outcome(world: World) -> None:
    run = world.run(world.runs.looks[world.event(world.land(DAY))])
    run.record(Conclusion(Reason.STOPPED, "the run was stopped in claim"))
    ledger.append(world.store, "loans", Entry("outcome", "other", {"reason": "gate"}), now=NOW)
    began = Entry("started", run.uid, {"workflow": run.workflow, "as_of": DAY})
    ledger.append(world.store, "loans", began, now=NOW + timedelta(hours=1), since=NOW)
    world.runs.remove(run.workflow)
    world.now = NOW + timedelta(hours=2)
    world.reconcile(whole=True)
    assert world.outcomes()[run.uid] == ["stopped"]


def test_a_run_that_goes_on_is_left_alone(world: World) -> None:
    run = begun(world, DAY)
    world.land(DAY, content="anew", revision=2)
    assert ("close", run.workflow) not in lines(world.reconcile(whole=True))
    assert run.uid not in world.outcomes()


def test_the_search_reads_no_further_than_its_window_and_no_record_that_an_outcome_names(world: World) -> None:
    for number in range(5):
        at = NOW + timedelta(days=number)
        for kind in ("started", "intent", "outcome"):
            ledger.append(world.store, "loans", Entry(kind, f"u{number}", {"version": "v"}), now=at)
    ledger.append(world.store, "loans", Entry("started", "lost", {}), now=NOW + timedelta(days=4))
    store = Watched(world.store)
    found = forgotten.unended(store, "loans", NOW + timedelta(days=2), EMPTY)
    assert [record.uid for record in found] == ["lost"]
    assert [method for method, _ in store.asked] == ["keys", *["get"] * 5]
