"""The pointer moves by compare-and-swap only, remembers what it was, and a fence ends what was read before it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from documents import document
from interruptions import Interrupted
from stores import Memory

from steps.registry import pointer
from steps.registry.objects import Store, connect
from steps.registry.pointer import Frozen, Pointer, Standing
from steps.verdict import StoreError

LOANS = document()
FROZEN = Frozen("ana", "to look", "2026-02-23T06:00:00.000+00:00")


def version(number: int, uid: str = "") -> str:
    return f"2026-02-{number:02}.1-{uid or f'{number:08}'}"


def target(number: int) -> Pointer:
    return Pointer(version(number), "", "h", "b", f"2026-02-{number:02}", 1, 1, "w", f"{number:08}-uid", "t")


def moved(store: Store, numbers: range) -> Standing:
    for number in numbers:
        assert pointer.move(store, LOANS, target(number), pointer.read(store, LOANS))
    found = pointer.read(store, LOANS)
    assert found is not None
    return found


def test_what_was_written_is_read_back(s3: Any) -> None:
    store = connect("retrain")
    whole = replace(target(3), previous=version(2), trail=(version(2), version(1)), fence=4, frozen=FROZEN)
    store.create(pointer.key(LOANS), whole.to_json())
    found = pointer.read(store, LOANS)
    assert found is not None
    assert found.pointer == whole


def test_each_version_remembers_those_before_it() -> None:
    found = moved(Memory(), range(1, 4)).pointer
    assert (found.version, found.previous, found.trail) == (version(3), version(2), (version(2), version(1)))
    assert found.history == (version(3), version(2), version(1))
    assert pointer.change(found, version(2)) == {"before": version(1), "after": version(2)}
    assert pointer.change(found, version(1)) == {"before": None, "after": version(1)}


def test_the_trail_is_bounded() -> None:
    found = moved(Memory(), range(1, 26)).pointer
    assert len(found.trail) == pointer.TRAIL
    assert found.trail[0] == version(24)


def test_production_moves_from_what_was_read_only() -> None:
    store = Memory()
    first = moved(store, range(1, 2))
    assert pointer.move(store, LOANS, target(2), first)
    assert not pointer.move(store, LOANS, target(3), first)
    assert not pointer.move(store, LOANS, target(3), None)
    assert pointer.current(pointer.read(store, LOANS)).version == version(2)


@pytest.mark.parametrize("there", [False, True], ids=["empty", "with a version"])
def test_after_a_fence_nothing_read_before_is_good_for_a_swap(there: bool) -> None:
    store = Memory()
    before = moved(store, range(1, 2)) if there else None
    fenced = pointer.fence(store, LOANS)
    assert fenced == pointer.read(store, LOANS)
    assert (fenced.pointer.version, fenced.pointer.fence) == (version(1) if there else "", 1)
    assert fenced.pointer.empty != there
    assert not pointer.move(store, LOANS, target(2), before)
    assert pointer.move(store, LOANS, target(2), fenced)
    assert pointer.current(pointer.read(store, LOANS)).fence == 1


def test_a_fence_counts_although_production_moves_meanwhile() -> None:
    store = Memory()
    first = moved(store, range(1, 2))
    between = Interrupted(store, 1, lambda: pointer.move(store, LOANS, target(2), first))
    found = pointer.fence(between, LOANS).pointer
    assert (found.version, found.fence) == (version(2), 1)


def test_no_content_ever_returns() -> None:
    store, seen = Memory(), set()
    moved(store, range(1, 2))
    for _ in range(3):
        for frozen in (FROZEN, None):
            written = pointer.rewrite(store, LOANS, lambda found, frozen=frozen: replace(found, frozen=frozen))
            assert written.etag not in seen
            seen.add(written.etag)


def test_a_pointer_that_never_stays_still_is_given_up() -> None:
    store, others = Memory(), iter(range(1, 20))

    class Restless(Interrupted):
        def swap(self, key: str, body: Any, etag: str) -> str:
            moved(store, range(number := next(others), number + 1))
            return super().swap(key, body, etag)

    pointer.fence(store, LOANS)
    with pytest.raises(StoreError, match="8 times another writer was faster"):
        pointer.fence(Restless(store, 999), LOANS)


def test_the_version_of_a_run_is_found_by_its_uid() -> None:
    found = moved(Memory(), range(1, 4)).pointer
    assert pointer.carries(found, "00000003-uid") == version(3)
    assert pointer.carries(found, "00000001-other") == version(1)
    assert pointer.carries(found, "00000009-uid") == ""
    assert pointer.carries(found, "") == ""
    assert pointer.carries(pointer.EMPTY, "00000003-uid") == ""


def test_a_pointer_from_before_the_trail_is_read() -> None:
    store = Memory()
    old = b'{"version":"v","previous":"u","data_hash":"h","batch":"b","as_of":"2026-02-01","revision":1,"token":1,'
    store.put(pointer.key(LOANS), old + b'"workflow":"w","uid":"u","promoted_at":"t"}')
    found = pointer.current(pointer.read(store, LOANS))
    assert (found.trail, found.fence, found.frozen) == ((), 0, None)


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b"null", b'"x"', b"7"])
def test_what_is_no_pointer_is_named(body: bytes) -> None:
    store = Memory()
    store.put(pointer.key(LOANS), body)
    with pytest.raises(StoreError, match="is no pointer"):
        pointer.read(store, LOANS)
