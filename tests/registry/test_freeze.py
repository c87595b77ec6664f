"""A freeze stops promotion from one write on, says who, when and why, and is on record once, whoever writes that."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from documents import document
from interruptions import CrashError, Interrupted, at_every_request
from promotions import NOW, Run, landed, production, told
from stores import Memory

from steps.registry import ledger, pointer
from steps.registry.claim import Claim
from steps.registry.freeze import freeze, on_record, unfreeze
from steps.registry.objects import connect
from steps.registry.pointer import Frozen
from steps.verdict import Conclusion, Reason

LOANS = document()
FROZEN = Frozen("ana", "to look", NOW.isoformat(timespec="milliseconds"))
LATER = NOW + timedelta(hours=1)


def kinds(store: Any) -> list[str]:
    return [kind for kind, _ in told(store)]


def test_an_empty_production_can_be_frozen_and_unfrozen(s3: Any) -> None:
    store = connect("retrain")
    assert freeze(store, LOANS, FROZEN).pointer.frozen == FROZEN
    found = production(store)
    assert (found.empty, found.frozen) == (True, FROZEN)
    assert unfreeze(store, LOANS, "ben", "looked", LATER).pointer.frozen is None
    records = list(ledger.records(store, "loans"))
    assert [(record.kind, record.body["by"], record.body["reason"]) for record in records] == [
        ("unfrozen", "ben", "looked"), ("frozen", "ana", "to look")
    ]  # fmt: skip
    assert "ana froze promotion: to look" in records[1].body["message"]


def test_the_freeze_that_stands_stays() -> None:
    store = Memory()
    freeze(store, LOANS, FROZEN)
    other = replace(FROZEN, by="ben", at=LATER.isoformat())
    assert freeze(store, LOANS, other).pointer.frozen == FROZEN
    assert kinds(store) == ["frozen"]


def test_unfreezing_what_is_not_frozen_changes_nothing() -> None:
    store = Memory()
    assert unfreeze(store, LOANS, "ben", "", NOW).pointer.empty
    pointer.fence(store, LOANS)
    before = pointer.read(store, LOANS)
    assert unfreeze(store, LOANS, "ben", "", NOW) == before
    assert kinds(store) == []


def test_the_same_person_may_freeze_again_later() -> None:
    store = Memory()
    for hour in range(2):
        at = NOW + timedelta(hours=hour)
        freeze(store, LOANS, replace(FROZEN, at=at.isoformat(timespec="milliseconds")))
        unfreeze(store, LOANS, "ana", "done", at)
    assert kinds(store) == ["frozen", "unfrozen"] * 2


def test_no_run_begins_and_none_deploys_while_frozen(tmp_path: Path) -> None:
    store = Memory()
    run = Run(store, tmp_path, landed(store))
    assert isinstance(run.claim(), Claim)
    run.evaluate()
    freeze(store, LOANS, FROZEN)
    found = run.deploy()
    assert (found.reason, "ana" in found.message, "to look" in found.message) == (Reason.FROZEN, True, True)
    other = Run(store, tmp_path, landed(store, "2026-02-24"), uid="2222bbbb-2").claim()
    assert isinstance(other, Conclusion)
    assert other.reason is Reason.FROZEN
    assert production(store).empty


def test_a_freeze_at_any_moment_of_deploy_stops_it_or_comes_after_it(tmp_path: Path) -> None:
    def scene(at: int) -> bool:
        store = Memory()
        run = Run(store, tmp_path, landed(store))
        run.claim()
        run.evaluate()
        freezing = Interrupted(store, at, lambda: freeze(store, LOANS, FROZEN), after=True)
        answer = run.deploy(freezing)
        if not freezing.reached:
            return False
        promoted = production(store).version == run.version
        assert answer.reason is (Reason.PROMOTED if promoted else Reason.FROZEN)
        assert production(store).frozen == FROZEN
        return True

    assert at_every_request(scene) > 5


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("thaw", [False, True], ids=["freeze", "unfreeze"])
def test_a_crash_at_any_request_is_made_up_for_by_doing_it_again(thaw: bool, after: bool) -> None:
    def scene(at: int) -> bool:
        store = Memory()
        if thaw:
            freeze(store, LOANS, FROZEN)

        def act(on: Any) -> None:
            if thaw:
                unfreeze(on, LOANS, "ben", "looked", LATER)
            else:
                freeze(on, LOANS, FROZEN)

        dying = Interrupted(store, at, after=after)
        with suppress(CrashError):
            act(dying)
        if not dying.reached:
            return False
        act(store)
        assert (production(store).frozen is None) == thaw
        assert kinds(store) == (["frozen", "unfrozen"] if thaw else ["frozen"])
        return True

    assert at_every_request(scene) > 3


def test_anybody_puts_a_freeze_on_record_whose_writer_died() -> None:
    store = Memory()
    pointer.rewrite(store, LOANS, lambda found: replace(found, frozen=FROZEN))
    for _ in range(2):
        on_record(store, LOANS, production(store))
    assert kinds(store) == ["frozen"]
    on_record(store, LOANS, pointer.EMPTY)
    assert kinds(store) == ["frozen"]


def test_a_freeze_that_came_anew_is_not_lifted_by_who_did_not_see_it() -> None:
    store = Memory()
    freeze(store, LOANS, FROZEN)
    anew = replace(FROZEN, by="eve", at=LATER.isoformat())

    def again() -> None:
        unfreeze(store, LOANS, "ana", "", LATER)
        freeze(store, LOANS, anew)

    assert unfreeze(Interrupted(store, 2, again), LOANS, "ben", "looked", LATER).pointer.frozen == anew
