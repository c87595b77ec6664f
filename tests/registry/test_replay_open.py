"""What a replay was to better stands again when the replay comes to nothing: nobody else takes the content up."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from batches import DAY
from promotions import NOW, Run
from reconciling import World

from steps.registry.claim import Claim
from steps.registry.replay import Replay, replay
from steps.verdict import Conclusion, Reason

COPY = "copy-of-it"
CRASHED = Conclusion(Reason.CRASHED, "train failed: Error (exit code 1)")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def left_open(world: World, end: Reason) -> Run:
    """Return the run of a batch that ended so, after a replay of it crashed."""
    first = world.run(world.runs.looks[world.event(world.land(DAY, content="same"))])
    first.claim()
    first.evaluate()
    end_of_it = first.deploy() if end is Reason.PROMOTED else Conclusion(end, "as it was")
    first.outputs["decision"] = "deploy" if end is Reason.PROMOTED else "reject"
    first.record(end_of_it)
    world.ended(first, end_of_it)
    wanted = replay(world.store, world.of, Replay(first.ready, "eve", "to see"), world.runs, NOW)
    world.runs.start("loans", wanted.name, wanted.parameters)
    again = world.run(world.runs.looks[wanted.name])
    again.claim()
    again.record(world.ended(again, CRASHED))
    return first


@pytest.mark.parametrize("end", [Reason.PROMOTED, Reason.GATE])
def test_a_copy_of_the_batch_is_unchanged(world: World, end: Reason) -> None:
    first = left_open(world, end)
    run = world.run(world.runs.looks[world.event(world.land(COPY, as_of=DAY, content="same"))])
    found = run.claim()
    assert isinstance(found, Conclusion)
    assert found.reason is Reason.UNCHANGED
    assert found.evidence["workflow"] == first.workflow


@pytest.mark.parametrize("end", [Reason.PROMOTED, Reason.GATE])
def test_reconcile_runs_neither_the_batch_nor_a_copy_of_it_again(world: World, end: Reason) -> None:
    first = left_open(world, end)
    before = world.history()
    copy = world.land(COPY, as_of=DAY, content="same")
    assert world.rest() == []
    assert world.history() == before
    assert (world.receipt(first.ready), world.receipt(copy)) == (end, "unchanged")


def test_a_marker_without_a_receipt_gets_that_of_its_first_end(world: World) -> None:
    first = left_open(world, Reason.GATE)
    for key in [key for key in world.store.order if "/receipts/" in key]:
        world.store.order.remove(key)
        del world.store.bodies[key]
    assert world.rest() == []
    assert world.receipt(first.ready) == "gate"
    assert world.outcomes()[first.uid] == ["gate"]


def test_a_second_replay_that_comes_to_nothing_changes_nothing_either(world: World) -> None:
    first = left_open(world, Reason.PROMOTED)
    wanted = replay(world.store, world.of, Replay(first.ready, "eve", "once more"), world.runs, NOW)
    world.runs.start("loans", wanted.name, wanted.parameters)
    again = world.run(world.runs.looks[wanted.name])
    assert isinstance(again.claim(), Claim)
    again.record(world.ended(again, CRASHED))
    copy = world.land(COPY, as_of=DAY, content="same")
    assert world.rest() == []
    assert world.receipt(copy) == "unchanged"


def test_a_replay_whose_command_died_before_the_start_is_started_as_it_was_asked_for(world: World) -> None:
    first = world.run(world.runs.looks[world.event(world.land(DAY))])
    first.claim()
    first.record(world.ended(first, Conclusion(Reason.GATE, "as it was")))
    asked = Replay(first.ready, "eve", "labels were corrected", allow_older=True)
    wanted = replay(world.store, world.of, asked, world.runs, world.now)
    world.now += timedelta(minutes=5)
    world.reconcile()
    assert wanted.name in world.runs.started
    assert world.runs.looks[wanted.name].parameters == wanted.parameters
    assert wanted.parameters.items() >= {"trigger": "replay", "requested-by": "eve", "allow-older": "true"}.items()
