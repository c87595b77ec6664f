"""A rollback takes production to a version it had, frozen, in one write: intent before it, record after it."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from documents import document
from interruptions import CrashError, Interrupted, at_every_request
from promotions import NOW, Run, landed, production, told
from stores import Memory

from steps.registry import ledger, pointer, version
from steps.registry.freeze import freeze, unfreeze
from steps.registry.objects import Store, connect
from steps.registry.pointer import Frozen
from steps.registry.rollback import Rollback, RollbackRefused, rollback
from steps.verdict import Reason

LOANS = document()
BACK = Rollback("", "ana", "it is unfair")
LATER = NOW + timedelta(hours=1)


def run_of(store: Store, folder: Path, day: int) -> Run:
    return Run(store, folder, landed(store, f"2026-02-{day}"), uid=f"{day:08}-uid")


def versions(store: Store, folder: Path, count: int = 3) -> list[str]:
    """Promote that many batches, a day each; return their versions, oldest first."""
    return [run_of(store, folder, day).promoted().version for day in range(21, 21 + count)]


def test_it_goes_back_to_the_version_before_and_says_so(s3: Any, tmp_path: Path) -> None:
    store = connect("retrain")
    one, two = versions(store, tmp_path, 2)
    found = rollback(store, LOANS, BACK, LATER)
    assert found == production(store)
    assert (found.version, found.previous, found.trail) == (one, two, (two, one))
    assert (found.as_of, found.uid, found.token) == ("2026-02-21", "00000021-uid", 1)
    assert found.frozen is not None
    assert (found.frozen.by, found.frozen.reason, found.frozen.rolled_back) == ("ana", "it is unfair", two)
    after, intent = list(ledger.records(store, "loans"))[:2]
    assert (intent.kind, intent.body["version"], intent.body["replaces"]) == ("intent", one, two)
    assert (after.kind, after.body["version"], after.body["replaces"], after.body["by"]) == (
        "rolled-back", one, two, "ana"
    )  # fmt: skip
    assert after.body["as_of"] == "2026-02-22"


def test_twice_goes_back_by_two(tmp_path: Path) -> None:
    store = Memory()
    one, two, three = versions(store, tmp_path)
    assert rollback(store, LOANS, BACK, LATER).version == two
    assert rollback(store, LOANS, BACK, LATER + timedelta(minutes=1)).version == one
    assert production(store).trail == (two, three, two, one)


def test_it_goes_forward_again_to_a_version_by_name(tmp_path: Path) -> None:
    store = Memory()
    _, _, three = versions(store, tmp_path)
    rollback(store, LOANS, BACK, LATER)
    assert rollback(store, LOANS, Rollback(three, "ana", ""), LATER).version == three


def refused(store: Store, to: str = "") -> str:
    before = pointer.read(store, LOANS)
    count = len(told(store))
    with pytest.raises(RollbackRefused) as found:
        rollback(store, LOANS, Rollback(to, "ana", ""), LATER)
    assert pointer.read(store, LOANS) == before
    assert len(told(store)) == count
    return str(found.value)


def test_where_there_is_nothing_to_go_back_to_it_says_so(tmp_path: Path) -> None:
    store = Memory()
    assert "production is empty" in refused(store)
    (one,) = versions(store, tmp_path, 1)
    assert "is the first version" in refused(store)
    assert "is at" in refused(store, one)
    assert "none of the last 20 versions" in refused(store, "2026-02-20.1-abcdefgh")


def test_a_version_that_was_never_in_production_is_none_to_go_back_to(tmp_path: Path) -> None:
    store = Memory()
    run = run_of(store, tmp_path, 23)
    version.write(store, "loans", run.version, version.Files(tmp_path / "model", tmp_path / "report"), {})
    versions(store, tmp_path, 2)
    assert "none of the last" in refused(store, run.version)


def test_production_that_moves_meanwhile_is_not_taken_back(tmp_path: Path) -> None:
    store = Memory()
    _, _, three = versions(store, tmp_path)
    late = run_of(store, tmp_path, 25)
    late.claim()
    late.evaluate()
    with pytest.raises(RollbackRefused, match="moved from"):
        rollback(Interrupted(store, 4, late.deploy), LOANS, BACK, LATER)
    assert (production(store).version, production(store).frozen) == (late.version, None)
    assert production(store).previous == three


def test_a_rollback_at_any_moment_of_deploy_stops_it_or_is_refused(tmp_path: Path) -> None:
    def scene(at: int) -> bool:
        store = Memory()
        _, two = versions(store, tmp_path, 2)
        late = run_of(store, tmp_path, 25)
        late.claim()
        late.evaluate()

        def back() -> None:
            if production(store).version == two:
                rollback(store, LOANS, BACK, LATER)

        between = Interrupted(store, at, back)
        answer = late.deploy(between)
        if not between.reached:
            return False
        assert answer.reason is Reason.FROZEN
        assert production(store).version != late.version
        return True

    assert at_every_request(scene) > 5


def test_a_fence_meanwhile_is_no_move(tmp_path: Path) -> None:
    store = Memory()
    one, _ = versions(store, tmp_path, 2)
    found = rollback(Interrupted(store, 4, lambda: pointer.fence(store, LOANS)), LOANS, BACK, LATER)
    assert found.version == one


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_at_any_request_leaves_it_undone_or_to_be_put_on_record(tmp_path: Path, after: bool) -> None:
    def scene(at: int) -> bool:
        store = Memory()
        one, two = versions(store, tmp_path, 2)
        dying = Interrupted(store, at, after=after)
        with suppress(CrashError):
            rollback(dying, LOANS, BACK, LATER)
        if not dying.reached:
            return False
        if production(store).version == two:
            rollback(store, LOANS, BACK, LATER)
        unfreeze(store, LOANS, "ben", "", LATER)
        assert [kind for kind, _ in told(store)[-3:]] == ["intent", "rolled-back", "unfrozen"]
        assert (production(store).version, production(store).frozen) == (one, None)
        return True

    assert at_every_request(scene) > 8


def test_a_freeze_before_it_is_on_record_though_its_writer_died(tmp_path: Path) -> None:
    store = Memory()
    versions(store, tmp_path, 2)
    frozen = Frozen("eve", "", NOW.isoformat(timespec="milliseconds"))
    freeze(store, LOANS, frozen)
    rollback(store, LOANS, BACK, LATER)
    assert [kind for kind, _ in told(store)[-3:]] == ["frozen", "intent", "rolled-back"]


def test_after_it_the_next_batch_is_promoted_over_the_older_version(tmp_path: Path) -> None:
    store = Memory()
    one, two = versions(store, tmp_path, 2)
    rollback(store, LOANS, BACK, LATER)
    unfreeze(store, LOANS, "ana", "", LATER)
    next_one = run_of(store, tmp_path, 25).promoted()
    assert production(store).history == (next_one.version, one, two, one)
