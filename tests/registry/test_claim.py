"""A claim has one owner; only a grant takes it from a standing one, and who lost it can neither hold nor close it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from promotions import granted, marker
from stores import Memory, Watched

from steps.registry import claim as claims
from steps.registry.claim import Claim, Finished, Owner, Standing
from steps.registry.objects import Store, connect
from steps.verdict import StoreError

READY = marker()
HASH = granted(READY).data_hash
ONE, TWO, THREE = (Owner(f"loans-{name}", f"uid-{name}") for name in ("one", "two", "three"))
AT = "2026-02-23T06:00:00+00:00"
PROMOTED = Finished("promoted", "promoted", "it is in", AT)
CRASHED = Finished("failed", "crashed", "it broke", AT)
INCOMPLETE = Finished("refused", "incomplete", "a file is short", AT)
GATE = Finished("rejected", "gate", "accuracy", AT)


def wanted(owner: Owner) -> Claim:
    return replace(granted(READY, 1), workflow=owner.workflow, uid=owner.uid)


def standing(store: Store) -> Standing:
    found = claims.read(store, "loans", HASH)
    assert found is not None
    return found


def taken(owner: Owner, finished: Finished | None = None) -> Memory:
    store = Memory()
    claims.take(store, "loans", wanted(owner), None)
    if finished:
        assert claims.close(store, "loans", HASH, owner, finished)
    return store


def test_the_first_takes_it_and_the_second_does_not(s3: Any) -> None:
    store = connect("retrain")
    assert claims.take(store, "loans", wanted(ONE), None) == wanted(ONE)
    assert claims.take(store, "loans", wanted(TWO), None) is None
    assert standing(store).claim == wanted(ONE)


def test_what_was_written_is_read_back(s3: Any) -> None:
    store = connect("retrain")
    whole = replace(wanted(ONE), finished=GATE, former=replace(wanted(TWO), finished=CRASHED), fenced=True)
    claims.take(store, "loans", whole, None)
    assert standing(store).claim == whole


def test_whoever_takes_it_next_has_a_higher_token(s3: Any) -> None:
    store = connect("retrain")
    claims.take(store, "loans", wanted(ONE), None)
    over = claims.take(store, "loans", wanted(TWO), standing(store))
    assert over is not None
    assert (over.token, over.uid) == (2, "uid-two")
    assert claims.holds(standing(store), TWO, 2)
    assert not claims.holds(standing(store), ONE, 1)
    assert not claims.holds(standing(store), TWO, 1)
    assert not claims.close(store, "loans", HASH, ONE, PROMOTED)


def test_of_two_who_take_it_from_the_same_one_wins(s3: Any) -> None:
    store = connect("retrain")
    claims.take(store, "loans", wanted(ONE), None)
    seen = standing(store)
    other = connect("retrain")
    watched = Watched(store, before={"swap": lambda: claims.take(other, "loans", wanted(THREE), seen)})
    assert claims.take(watched, "loans", wanted(TWO), seen) is None
    assert (standing(store).claim.uid, standing(store).claim.token) == ("uid-three", 2)


def test_a_granted_claim_is_adopted_once_and_by_its_name_only() -> None:
    store = Memory()
    claims.take(store, "loans", wanted(Owner("loans-one", "")), None)
    assert not claims.holds(standing(store), Owner("loans-one", ""), 2)
    assert claims.adopt(store, "loans", standing(store), TWO, AT) is None
    seen = standing(store)
    adopted = claims.adopt(store, "loans", seen, ONE, AT)
    assert adopted is not None
    assert claims.holds(standing(store), ONE, adopted.token)
    assert claims.adopt(store, "loans", seen, Owner("loans-one", "uid-later"), AT) is None


@pytest.mark.parametrize(
    ("finished", "may"),
    [(None, True), (CRASHED, True), (INCOMPLETE, False), (GATE, False), (PROMOTED, False)],
    ids=["runs", "crashed", "given back", "rejected", "promoted"],
)
def test_an_owner_may_act_until_its_end_settles_or_gives_back(finished: Finished | None, may: bool) -> None:
    assert claims.holds(standing(taken(ONE, finished)), ONE, 1) == may


@pytest.mark.parametrize(
    ("first", "second", "stands"),
    [
        (None, CRASHED, CRASHED),
        (CRASHED, GATE, GATE),
        (CRASHED, replace(CRASHED, at="later"), CRASHED),
        (CRASHED, replace(CRASHED, message="elsewhere"), replace(CRASHED, message="elsewhere")),
        (GATE, CRASHED, GATE),
        (GATE, PROMOTED, PROMOTED),
        (PROMOTED, replace(PROMOTED, at="later"), PROMOTED),
        (PROMOTED, CRASHED, PROMOTED),
    ],
    ids=[
        "first",
        "final after open",
        "the same again",
        "another open one",
        "final stands",
        "promoted before all",
        "promoted again",
        "promoted stands",
    ],
)
def test_the_first_final_end_stands(first: Finished | None, second: Finished, stands: Finished) -> None:
    store = taken(ONE, first)
    closed = claims.close(store, "loans", HASH, ONE, second)
    assert closed == standing(store).claim
    assert closed is not None
    assert closed.finished == stands


def test_an_end_that_another_writes_at_the_same_moment_is_looked_at_again() -> None:
    store = taken(ONE)
    watched = Watched(store, before={"swap": lambda: claims.end(store, "loans", standing(store), GATE)})
    closed = claims.close(watched, "loans", HASH, ONE, CRASHED)
    assert closed is not None
    assert closed.finished == GATE


def test_a_retired_claim_is_settled_whatever_its_end() -> None:
    store = Memory()
    retired = replace(wanted(ONE), token=2, finished=CRASHED, former=wanted(ONE), fenced=True)
    claims.take(store, "loans", retired, None)
    assert standing(store).claim.settled
    assert claims.close(store, "loans", HASH, ONE, GATE) == retired
    assert not claims.holds(standing(store), ONE, 2)
    assert not claims.given_back(replace(retired, finished=INCOMPLETE))


def test_nobody_closes_an_absent_claim(s3: Any) -> None:
    assert not claims.close(connect("retrain"), "loans", HASH, ONE, PROMOTED)


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b"null"])
def test_what_is_no_claim_is_named(s3: Any, body: bytes) -> None:
    store = connect("retrain")
    store.put(claims.key("loans", HASH), body)
    with pytest.raises(StoreError, match="is no claim"):
        claims.read(store, "loans", HASH)
