"""A claim has one owner; a take-over raises its token, and who lost it can neither hold nor close it."""

from __future__ import annotations

from typing import Any

import pytest
from stores import Watched

from steps.registry import claim as claims
from steps.registry.claim import Claim, Finished, Owner
from steps.registry.objects import connect
from steps.verdict import StoreError

HASH = "ab" * 32
ONE, TWO, THREE = (Owner(f"loans-{name}", f"uid-{name}") for name in ("one", "two", "three"))
END = Finished("promoted", "promoted", "2026-02-23T06:00:00+00:00")


def wanted(owner: Owner) -> Claim:
    return Claim(HASH, "b", "m", "e", "2026-02-23", 1, owner.workflow, owner.uid, 1, "2026-02-23T05:00:00+00:00")


def test_the_first_takes_it_and_the_second_does_not(s3: Any) -> None:
    store = connect("retrain")
    assert claims.take(store, "loans", wanted(ONE), None) == wanted(ONE)
    assert claims.take(store, "loans", wanted(TWO), None) is None
    standing = claims.read(store, "loans", HASH)
    assert standing is not None
    assert standing.claim == wanted(ONE)


def test_a_take_over_raises_the_token_and_fences_the_former_owner(s3: Any) -> None:
    store = connect("retrain")
    claims.take(store, "loans", wanted(ONE), None)
    over = claims.take(store, "loans", wanted(TWO), claims.read(store, "loans", HASH))
    standing = claims.read(store, "loans", HASH)
    assert over is not None
    assert (over.token, over.uid) == (2, "uid-two")
    assert claims.holds(standing, TWO, 2)
    assert not claims.holds(standing, ONE, 1)
    assert not claims.holds(standing, TWO, 1)
    assert not claims.close(store, "loans", HASH, ONE, END)


def test_of_two_take_overs_one_wins(s3: Any) -> None:
    store = connect("retrain")
    claims.take(store, "loans", wanted(ONE), None)
    seen = claims.read(store, "loans", HASH)
    other = connect("retrain")
    watched = Watched(store, before={"swap": lambda: claims.take(other, "loans", wanted(THREE), seen)})
    assert claims.take(watched, "loans", wanted(TWO), seen) is None
    standing = claims.read(store, "loans", HASH)
    assert standing is not None
    assert (standing.claim.uid, standing.claim.token) == ("uid-three", 2)


def test_the_owner_closes_it(s3: Any) -> None:
    store = connect("retrain")
    claims.take(store, "loans", wanted(ONE), None)
    assert claims.close(store, "loans", HASH, ONE, END)
    standing = claims.read(store, "loans", HASH)
    assert standing is not None
    assert standing.claim.finished == END
    assert claims.holds(standing, ONE, 1)


def test_nobody_closes_an_absent_claim(s3: Any) -> None:
    assert not claims.close(connect("retrain"), "loans", HASH, ONE, END)


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b"null"])
def test_what_is_no_claim_is_named(s3: Any, body: bytes) -> None:
    store = connect("retrain")
    store.put(claims.key("loans", HASH), body)
    with pytest.raises(StoreError, match="is no claim"):
        claims.read(store, "loans", HASH)
