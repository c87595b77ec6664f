"""A replay is on record before anything is granted, waits for no dead run, and takes nothing from one that lives."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from documents import document
from interruptions import CrashError, Interrupted, at_every_request
from promotions import NOW, Run, landed, production, standing, told
from runs import MemoryRuns
from stores import Memory

from steps.registry import ledger
from steps.registry.claim import Claim
from steps.registry.freeze import freeze
from steps.registry.objects import Store
from steps.registry.pointer import Frozen
from steps.registry.replay import Replay, ReplayRefused, replay
from steps.registry.runs import RunsError
from steps.verdict import Conclusion, Reason, Verdict

LOANS = document()


def asked(store: Store, **changes: Any) -> Replay:
    return Replay(landed(store), "ana", "to see", **changes)


def refused(store: Store, runs: MemoryRuns) -> str:
    with pytest.raises(ReplayRefused) as found:
        replay(store, LOANS, asked(store), runs, NOW)
    return f"{found.value}; {found.value.hint}"


def test_it_is_on_record_then_granted_and_its_run_adopts_the_claim(tmp_path: Path) -> None:
    store = Memory()
    first = Run(store, tmp_path, landed(store)).promoted()
    wanted = replay(store, LOANS, asked(store, allow_older=True), MemoryRuns(), NOW)
    assert wanted.name == f"{first.workflow}-r1"
    assert wanted.parameters == {
        "marker": first.ready.key, "etag": first.ready.etag, "trigger": "replay", "requested-by": "ana",
        "why": "to see", "allow-older": "true",
    }  # fmt: skip
    record = next(ledger.records(store, "loans"))
    assert (record.kind, record.body["by"], record.body["reason"], record.body["workflow"], record.body["after"]) == (
        "replayed", "ana", "to see", wanted.name, f"{first.workflow} promoted"
    )  # fmt: skip
    assert (standing(store, first.ready).claim.workflow, standing(store, first.ready).claim.uid) == (wanted.name, "")
    again = Run(store, tmp_path, first.ready, wanted.name, "2222bbbb-2").promoted()
    assert production(store).history == (again.version, first.version)


def test_a_batch_that_nobody_ran_can_be_replayed(tmp_path: Path) -> None:
    store = Memory()
    wanted = replay(store, LOANS, asked(store), MemoryRuns(), NOW)
    held = Run(store, tmp_path, landed(store), wanted.name).claim()
    assert isinstance(held, Claim)


@pytest.mark.parametrize("adopted", [True, False], ids=["runs", "about to"])
@pytest.mark.parametrize("phase", ["", "Pending", "Running"])
def test_a_run_that_has_not_ended_keeps_its_claim(tmp_path: Path, phase: str, adopted: bool) -> None:
    store, runs = Memory(), MemoryRuns()
    name = replay(store, LOANS, asked(store), runs, NOW).name
    if adopted:
        Run(store, tmp_path, landed(store), name).claim()
    runs.put(name, phase=phase)
    before = (standing(store, landed(store)), told(store))
    assert f"{name} has this data and has not ended yet; wait for it" in refused(store, runs)
    assert (standing(store, landed(store)), told(store)) == before


def test_a_run_retried_by_hand_keeps_its_claim_though_it_had_ended_before(tmp_path: Path) -> None:
    store, runs = Memory(), MemoryRuns()
    first = Run(store, tmp_path, landed(store)).broken()
    runs.put(first.workflow, phase="Running")
    assert "has not ended yet" in refused(store, runs)


def test_an_owner_that_ended_without_a_word_is_put_on_record_first(tmp_path: Path) -> None:
    store, runs = Memory(), MemoryRuns()
    first = Run(store, tmp_path, landed(store))
    first.claim()
    runs.put(first.workflow, uid=first.uid, phase="Failed", message="Stopped with strategy 'Terminate'")
    wanted = replay(store, LOANS, asked(store), runs, NOW)
    assert [kind for kind, _ in told(store)] == ["started", "outcome", "replayed"]
    assert told(store)[1] == ("outcome", "stopped")
    former = standing(store, first.ready).claim.former
    assert former is not None
    assert (former.uid, wanted.name[-3:]) == (first.uid, "-r1")


def test_an_owner_whose_end_is_on_record_already_gets_no_second_one(tmp_path: Path) -> None:
    store, runs = Memory(), MemoryRuns()
    run = Run(store, tmp_path, landed(store))
    run.claim()
    run.outputs.clear()  # its pod was killed, and left no word of what it had claimed
    run.record(Conclusion(Reason.STOPPED, "the run was stopped in claim"))
    runs.put(run.workflow, uid=run.uid, phase="Failed", created=NOW, message="Stopped with strategy 'Terminate'")
    replay(store, LOANS, asked(store), runs, NOW)
    assert [kind for kind, _ in told(store)].count("outcome") == 1


def test_an_owner_that_gets_through_at_the_last_moment_was_promoted_and_nothing_is_granted(tmp_path: Path) -> None:
    through = []

    def scene(at: int) -> bool:
        store = Memory()
        first = Run(store, tmp_path, landed(store)).broken()

        def wakes() -> None:
            with suppress(Verdict):
                first.deploy()

        waking = Interrupted(store, at, wakes)
        with suppress(ReplayRefused):
            replay(waking, LOANS, Replay(first.ready, "ana", "to see"), MemoryRuns(), NOW)
        if not waking.reached:
            return False
        claim = standing(store, first.ready).claim
        assert (claim.finished is None) == production(store).empty
        if claim.finished is not None:
            assert (claim.uid, claim.finished.reason, told(store)[-1]) == (
                first.uid, "promoted", ("outcome", "promoted")
            )  # fmt: skip
            through.append(at)
        return True

    assert at_every_request(scene) > len(through) > 3


def test_the_next_free_name_is_taken() -> None:
    store, runs = Memory(), MemoryRuns()
    name = replay(store, LOANS, asked(store), runs, NOW).name
    runs.put(name, phase="Failed")
    assert replay(store, LOANS, asked(store), runs, NOW).name == f"{name[:-1]}2"


def test_while_production_is_frozen_nothing_is_replayed() -> None:
    store = Memory()
    freeze(store, LOANS, Frozen("eve", "audit", NOW.isoformat()))
    assert "frozen by eve" in refused(store, MemoryRuns())
    assert "retrain unfreeze loans" in refused(store, MemoryRuns())


def test_where_the_runs_cannot_be_asked_nothing_is_replayed(tmp_path: Path) -> None:
    store = Memory()
    Run(store, tmp_path, landed(store)).broken()
    before = standing(store, landed(store))
    with pytest.raises(RunsError, match="no answer"):
        replay(store, LOANS, asked(store), MemoryRuns(broken="no answer"), NOW)
    assert standing(store, landed(store)) == before


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_at_any_request_is_made_up_for_by_asking_again(tmp_path: Path, after: bool) -> None:
    def scene(at: int) -> bool:
        store, runs = Memory(), MemoryRuns()
        first = Run(store, tmp_path, landed(store)).broken()
        dying = Interrupted(store, at, after=after)
        with suppress(CrashError):
            replay(dying, LOANS, Replay(first.ready, "ana", "to see"), runs, NOW)
        if not dying.reached:
            return False
        wanted = replay(store, LOANS, Replay(first.ready, "ana", "to see"), runs, NOW)
        assert wanted.name.endswith("-r1")
        held = Run(store, tmp_path, first.ready, wanted.name, "2222bbbb-2").claim()
        assert isinstance(held, Claim)
        return True

    assert at_every_request(scene) > 5


def test_another_data_of_the_batch_is_its_own_matter(tmp_path: Path) -> None:
    store, runs = Memory(), MemoryRuns()
    first = Run(store, tmp_path, landed(store))
    first.claim()
    runs.put(first.workflow, phase="Running")
    other = landed(store, content="corrected", revision=2)
    wanted = replay(store, LOANS, Replay(other, "ana", "to see"), runs, NOW)
    found = Run(store, tmp_path, other, wanted.name, "2222bbbb-2").claim()
    assert isinstance(found, Claim)
    duplicate = Run(store, tmp_path, first.ready, "loans-third", "3333cccc-3").claim()
    assert isinstance(duplicate, Conclusion)
    assert duplicate.reason is Reason.DUPLICATE
