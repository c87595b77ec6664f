"""Whatever comes between any two requests of a reconcile, the next one brings every batch to exactly one end."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from batches import PREFIX
from interruptions import CrashError, Interrupted, at_every_request, crash
from promotions import Run
from reconciling import LANDED, World

from steps.registry import chain, ledger
from steps.verdict import Conclusion, Reason, Verdict

DAY, NEXT, LAST = "2026-02-20", "2026-02-21", "2026-02-22"


@dataclass(frozen=True)
class Scene:
    """A pipeline that something happened to; `run` is a run of it that may wake up, `ends` the receipts to come."""

    world: World
    ends: dict[str, str]
    run: Run | None = None

    def ended(self) -> None:
        """Bring it to rest and hold it to what is promised."""
        world = self.world
        world.rest()
        found = {batch: world.receipt(world.marker(batch)) for batch in self.ends if batch != "no marker"}
        assert found == {batch: end for batch, end in self.ends.items() if batch != "no marker"}
        doubled = {uid: reasons for uid, reasons in world.outcomes().items() if len(reasons) > 1}
        assert doubled == {}
        assert len(world.history()) == list(self.ends.values()).count("promoted")
        kinds = [kind for kind, _ in world.verbs]
        attempts = sum(name.count("-") > 4 for name in world.runs.started)
        assert kinds.count("retried") == attempts
        assert kinds.count("gave-up") == list(self.ends.values()).count("crashed")
        assert chain.verify(world.store, "loans").broken == ""


def lost_event(world: World) -> Scene:
    world.land(DAY)
    return Scene(world, {DAY: "promoted"})


def backlog(world: World) -> Scene:
    for day in (DAY, NEXT, LAST):
        world.land(day)
    return Scene(world, {DAY: "superseded", NEXT: "superseded", LAST: "promoted"})


def crashed(world: World) -> Scene:
    world.event(world.land(DAY))
    world.play(crashes=True)
    return Scene(world, {DAY: "promoted"})


def crashed_and_outdone(world: World) -> Scene:
    world.event(world.land(DAY))
    world.play(crashes=True)
    world.land(NEXT)
    return Scene(world, {DAY: "superseded", NEXT: "promoted"})


def never_adopted_and_outdone(world: World) -> Scene:
    world.event(world.land(DAY))
    world.play(crashes=True)
    world.reconcile()
    second = next(look for look in world.runs.all("loans") if not look.phase)
    world.ended(world.run(second), Conclusion(Reason.CRASHED, "claim failed: Error (exit code 1)"), recorded=False)
    world.event(world.land(NEXT))
    world.play()
    return Scene(world, {DAY: "superseded", NEXT: "promoted"})


def given_up(world: World) -> Scene:
    world.event(world.land(DAY))
    for _ in range(3):
        world.play(crashes=True)
        if len(world.runs.started) < 3:
            world.reconcile()
    return Scene(world, {DAY: "crashed"})


def under_way(world: World) -> Run:
    """Return a run that has been judged and is about to deploy."""
    run = world.run(world.runs.looks[world.event(world.land(DAY))])
    run.claim()
    run.evaluate()
    return run


def gone(world: World) -> Scene:
    run = under_way(world)
    world.runs.remove(run.workflow)
    return Scene(world, {DAY: "promoted"}, run)


def gone_after_its_promotion(world: World) -> Scene:
    run = under_way(world)
    run.deploy()
    world.runs.remove(run.workflow)
    return Scene(world, {DAY: "promoted"}, run)


def unrecorded(world: World) -> Scene:
    run = under_way(world)
    world.ended(run, run.deploy(), recorded=False)
    return Scene(world, {DAY: "promoted"}, run)


def stopped(world: World) -> Scene:
    run = under_way(world)
    end = Conclusion(Reason.STOPPED, "the run was stopped in deploy")
    run.record(end)
    world.ended(run, end)
    world.runs.put(run.workflow, failures="null", message="Stopped with strategy 'Terminate'")
    return Scene(world, {DAY: "stopped"}, run)


def same_data(world: World) -> Scene:
    world.event(world.land(DAY, content="same"))
    world.play(crashes=True)
    world.land(NEXT, content="same")
    return Scene(world, {DAY: "superseded", NEXT: "promoted"})


def incomplete(world: World) -> Scene:
    world.event(world.land(DAY, files=False))
    world.play()
    world.now = LANDED + timedelta(hours=24)
    return Scene(world, {DAY: "incomplete"})


def no_marker(world: World) -> Scene:
    world.store.put(f"{PREFIX}/{DAY}/_READY.json", b"{")
    world.store.put(f"{PREFIX}/A B/_READY.json", b"{}")
    return Scene(world, {"no marker": "marker"})


SCENES: dict[str, Callable[[World], Scene]] = {
    scene.__name__.replace("_", " "): scene
    for scene in (
        lost_event,
        backlog,
        crashed,
        crashed_and_outdone,
        never_adopted_and_outdone,
        given_up,
        gone,
        gone_after_its_promotion,
        unrecorded,
        stopped,
        same_data,
        incomplete,
        no_marker,
    )
}
scenes = pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)


@scenes
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_reconcile_that_dies_at_any_request_is_followed_by_one_that_goes_on(
    tmp_path: Path, scene: Callable[[World], Scene], after: bool
) -> None:
    def play(at: int) -> bool:
        played = scene(World(tmp_path))
        dying = Interrupted(played.world.store, at, after=after)
        with suppress(CrashError):
            played.world.reconcile(dying, whole=True)
        if dying.reached:
            played.world.now += timedelta(minutes=15)
            played.ended()
        return dying.reached

    assert at_every_request(play) > 4


@scenes
def test_of_two_reconciles_at_once_the_second_changes_nothing_that_the_first_began(
    tmp_path: Path, scene: Callable[[World], Scene]
) -> None:
    def play(at: int) -> bool:
        played = scene(World(tmp_path))
        world = played.world
        disturbed = Interrupted(world.store, at, lambda: world.reconcile(whole=True))
        assert not world.reconcile(disturbed, whole=True).troubles
        if disturbed.reached:
            played.ended()
        return disturbed.reached

    assert at_every_request(play) > 4


@scenes
def test_the_events_may_come_at_any_request(tmp_path: Path, scene: Callable[[World], Scene]) -> None:
    def play(at: int) -> bool:
        played = scene(World(tmp_path))
        world = played.world

        def events() -> None:
            for batch in played.ends:
                if batch != "no marker":
                    world.event(world.marker(batch))

        disturbed = Interrupted(world.store, at, events)
        world.reconcile(disturbed, whole=True)
        if disturbed.reached:
            world.rest()
            ends = [world.receipt(world.marker(batch)) for batch in played.ends if batch != "no marker"]
            assert "none" not in ends
            assert [len(reasons) for reasons in world.outcomes().values() if len(reasons) > 1] == []
            assert list(world.history()) == sorted(world.history(), reverse=True)
        return disturbed.reached

    assert at_every_request(play) > 4


SLEEPERS = {name: scene for name, scene in SCENES.items() if scene in (gone, stopped)}


@pytest.mark.parametrize("scene", SLEEPERS.values(), ids=SLEEPERS)
def test_a_run_that_wakes_up_at_any_request_is_promoted_on_record_or_not_at_all(
    tmp_path: Path, scene: Callable[[World], Scene]
) -> None:
    def play(at: int) -> bool:
        played = scene(World(tmp_path))
        world, run = played.world, played.run
        assert run is not None

        def wakes() -> None:
            with suppress(Verdict):
                run.deploy()

        disturbed = Interrupted(world.store, at, wakes)
        assert not world.reconcile(disturbed, whole=True).troubles
        if disturbed.reached:
            world.rest()
            carried = run.version in world.history()
            assert ("promoted" in world.outcomes()[run.uid]) == carried
            promoted = [uid for uid, reasons in world.outcomes().items() if "promoted" in reasons]
            assert len(promoted) == len(world.history()) <= 1
        return disturbed.reached

    assert at_every_request(play) > 4


@pytest.mark.parametrize("scene", SLEEPERS.values(), ids=SLEEPERS)
def test_a_reconcile_that_stands_still_while_a_run_wakes_up_and_another_records_it_writes_nothing_after(
    tmp_path: Path, scene: Callable[[World], Scene]
) -> None:
    def play(at: int) -> bool:
        played = scene(World(tmp_path))
        world, run = played.world, played.run
        assert run is not None

        def overtaken() -> None:
            with suppress(Verdict):
                run.deploy()
            world.reconcile(whole=True)

        disturbed = Interrupted(world.store, at, overtaken)
        world.reconcile(disturbed, whole=True)
        if disturbed.reached:
            world.rest()
            reasons = world.outcomes()[run.uid]
            assert reasons.count("promoted") == (run.version in world.history())
            assert "promoted" not in reasons[:-1]
        return disturbed.reached

    assert at_every_request(play) > 4


def test_a_run_that_wakes_up_while_a_newer_batch_outdoes_it_is_promoted_before_its_receipt_or_never(
    tmp_path: Path,
) -> None:
    def play(at: int) -> bool:
        world = World(tmp_path)
        run = under_way(world)
        end = Conclusion(Reason.CRASHED, "deploy failed: the pod was lost")
        run.record(end)
        world.ended(run, end)
        world.land(NEXT)

        def wakes() -> None:
            with suppress(Verdict):
                run.deploy()

        disturbed = Interrupted(world.store, at, wakes)
        assert not world.reconcile(disturbed, whole=True).troubles
        if disturbed.reached:
            world.rest()
            assert world.receipt(world.marker(DAY)) == ("promoted" if run.version in world.history() else "superseded")
            assert world.receipt(world.marker(NEXT)) == "promoted"
        return disturbed.reached

    assert at_every_request(play) > 4


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("scene", [lost_event, crashed, gone], ids=["lost event", "crashed", "gone"])
def test_a_reconcile_that_dies_while_it_starts_a_run_is_followed_by_one_that_goes_on(
    tmp_path: Path, scene: Callable[[World], Scene], after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    played = scene(World(tmp_path))
    runs = played.world.runs
    start = runs.start

    def dying(pipeline: str, name: str, parameters: dict[str, str]) -> bool:
        if after:
            start(pipeline, name, parameters)
        crash()
        return False

    monkeypatch.setattr(runs, "start", dying)
    with pytest.raises(CrashError):
        played.world.reconcile()
    monkeypatch.undo()
    played.world.now += timedelta(minutes=15)
    played.ended()


def test_every_record_of_a_reconcile_is_dated_and_says_who_did_it(tmp_path: Path) -> None:
    played = given_up(World(tmp_path))
    played.world.rest()
    ours = [one for one in ledger.records(played.world.store, "loans") if one.kind in ("retried", "gave-up")]
    assert {one.body["by"] for one in ours} == {"retrain reconcile"}
    assert all(one.body["message"] and one.body["reason"] == "crashed" for one in ours)
