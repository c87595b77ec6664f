"""Every break of the chain is found, the first link that does not hold is named, and an anchor shows a cut-off end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from stores import Memory, Watched

from steps.registry import chain, ledger
from steps.registry.chain import Anchor, Chain
from steps.registry.ledger import GENESIS, Entry
from steps.registry.objects import UnreachableError

START = datetime(2026, 2, 23, 6, tzinfo=UTC)
Rewrite = Callable[..., None]


def filled(count: int, pipeline: str = "loans") -> Memory:
    store = Memory()
    for number in range(count):
        entry = Entry("outcome", f"{pipeline}{number}", {"as_of": "2026-02-23"})
        ledger.append(store, pipeline, entry, now=START + timedelta(days=number), since=START)
    return store


def anchor(store: Memory, n: int) -> Anchor:
    return Anchor(n, ledger.must(store, "loans", n).sha256)


def remove(store: Memory, *numbers: int) -> None:
    for n in numbers:
        store.remove(ledger.key("loans", n))


def test_a_whole_chain_holds_to_its_newest_record() -> None:
    store = filled(5)
    assert chain.verify(store, "loans") == Chain(5, ledger.must(store, "loans", 5).sha256)
    assert chain.verify(store, "loans", anchor(store, 3)).broken == ""
    assert chain.verify(store, "loans", Anchor(0, GENESIS)).broken == ""


def test_an_empty_ledger_is_whole() -> None:
    assert chain.verify(Memory(), "loans") == Chain(0, GENESIS)


@pytest.mark.parametrize("n", [1, 2, 4])
def test_a_changed_record_breaks_the_link_to_the_next(n: int, rewrite: Rewrite) -> None:
    store = filled(5)
    rewrite(store, n, uid="someone else")
    found = chain.verify(store, "loans")
    assert found.records == n
    assert found.broken.startswith(f"record {n + 1} ({ledger.key('loans', n + 1)}) does not follow record {n}")


def test_of_several_breaks_the_first_is_named(rewrite: Rewrite) -> None:
    store = filled(9)
    rewrite(store, 2, uid="someone else")
    remove(store, 5)
    rewrite(store, 7, uid="someone else")
    assert chain.verify(store, "loans").broken.startswith("record 3 ")


REMOVED = {
    "one": ((3,), 2, "record 3 is missing"),
    "some": ((3, 4), 2, "records 3 to 4 are missing"),
    "the first": ((1,), 0, "record 1 is missing"),
    "the first ones": ((1, 2), 0, "records 1 to 2 are missing"),
    "all but one": ((1, 2, 3, 4), 0, "records 1 to 4 are missing"),
    "in two places": ((2, 4), 1, "record 2 is missing"),
}


@pytest.mark.parametrize(("numbers", "holds", "says"), REMOVED.values(), ids=REMOVED.keys())
def test_removed_records_are_named(numbers: tuple[int, ...], holds: int, says: str) -> None:
    store = filled(5)
    remove(store, *numbers)
    found = chain.verify(store, "loans")
    assert (found.records, found.broken.startswith(says)) == (holds, True)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_what_is_no_record_is_named(n: int) -> None:
    store = filled(3)
    store.put(ledger.key("loans", n), b"{}")
    found = chain.verify(store, "loans")
    assert (found.records, f"{ledger.key('loans', n)} is no record" in found.broken) == (n - 1, True)


def test_a_first_record_that_names_one_before_it_is_none(rewrite: Rewrite) -> None:
    store = filled(1)
    rewrite(store, 1, previous="1" * 64)
    assert chain.verify(store, "loans").broken.startswith("record 1 (registry/loans/ledger/9999999998.json) is not")


def test_a_tail_that_was_cut_off_does_not_reach_the_anchor() -> None:
    store = filled(5)
    mark = anchor(store, 5)
    remove(store, 4, 5)
    assert chain.verify(store, "loans").broken == ""
    assert "ends at record 3, but record 5 was there" in chain.verify(store, "loans", mark).broken
    remove(store, 1, 2, 3)
    assert "ends at record 0" in chain.verify(store, "loans", mark).broken


def test_a_chain_that_was_written_anew_is_not_the_anchor_s() -> None:
    mark = anchor(filled(3), 2)
    store = Memory()
    for number in range(6):
        ledger.append(store, "loans", Entry("outcome", f"x{number}", {}), now=START)
    assert "record 2 (registry/loans/ledger/9999999997.json) is not" in chain.verify(store, "loans", mark).broken


def test_a_store_that_does_not_answer_says_nothing_of_the_chain() -> None:
    def refuse() -> None:
        raise UnreachableError("no")

    with pytest.raises(UnreachableError):
        chain.verify(Watched(filled(3), before={"get": refuse}), "loans")


def test_every_record_is_read_once() -> None:
    store = Watched(filled(20))
    chain.verify(store, "loans")
    assert sorted(method for method, _ in store.asked) == [*["get"] * 20, "keys"]
