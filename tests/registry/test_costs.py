"""What is asked of a ledger takes no more requests because it is longer, but the search for an old day a few."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from commandline import PIPELINES
from stores import Memory, Watched

from steps.document import Document
from steps.registry import ledger
from steps.registry.history import history
from steps.registry.ledger import Entry, Record
from steps.registry.objects import Store
from steps.registry.situation import situation
from workflows.config import find

DOCUMENT: Document = find("loans", PIPELINES)
START = datetime(2016, 2, 23, 6, tzinfo=UTC)
SHORT, LONG = 1_008, 20_016
SEARCH = 15
"""Requests that finding a moment may take."""


def long(length: int) -> Memory:
    """Return a ledger with a record an hour: two of three are of runs on the day before, the others of nothing."""
    store = Memory()
    for number in range(length):
        now = moment(number)
        day = (now - timedelta(days=1)).date().isoformat()
        body = {"outcome": "rejected", "reason": "gate", "message": "m", "batch": day, "as_of": day}
        kind = ("started", "outcome", "late")[number % 3]
        entry = Entry(kind, f"u{number // 3}" if kind != "late" else f"w{number}", body if kind != "late" else {})
        ledger.append(store, "loans", entry, now=now, since=now)
    return store


def moment(number: int) -> datetime:
    return START + timedelta(hours=number)


@pytest.fixture(scope="module")
def ledgers() -> dict[int, Memory]:
    return {length: long(length) for length in (SHORT, LONG)}


def asked(store: Store, act: Callable[[Store], object]) -> int:
    watched = Watched(store)
    act(watched)
    return len(watched.asked)


def append(store: Store, length: int) -> None:
    entry = Entry("outcome", f"new{length}", {"as_of": moment(length).date().isoformat()})
    ledger.append(store, "loans", entry, now=moment(length), since=moment(length))


def about(store: Store, day: date) -> list[Record]:
    found = list(ledger.about(store, "loans", day, ZoneInfo("UTC")))
    assert len(found) >= 20
    return found


READS: dict[str, Callable[[Store, int], object]] = {
    "the head": lambda store, _: ledger.head(store, "loans"),
    "runs": lambda store, _: list(islice(ledger.outcomes(store, "loans"), 20)),
    "why": lambda store, length: situation(store, DOCUMENT, None, None, moment(length)),
    "history": lambda store, _: history(store, DOCUMENT, 20),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
def test_what_is_newest_takes_as_many_requests_from_a_longer_ledger(
    ledgers: dict[int, Memory], read: Callable[[Store, int], object]
) -> None:
    short, long = (asked(ledgers[n], lambda store, n=n: read(store, n)) for n in (SHORT, LONG))  # type: ignore[misc]
    assert short == long < 60


@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
@pytest.mark.parametrize("length", [SHORT, LONG])
def test_an_old_day_takes_a_few_requests_to_find(ledgers: dict[int, Memory], length: int, share: float) -> None:
    day = moment(int(length * share)).date()
    found = about(ledgers[length], day)
    assert asked(ledgers[length], lambda store: about(store, day)) <= len(found) + SEARCH


@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_why_of_an_old_day_is_bounded(ledgers: dict[int, Memory], share: float) -> None:
    day = moment(int(LONG * share)).date()
    assert asked(ledgers[LONG], lambda store: situation(store, DOCUMENT, None, day, moment(LONG))) < 100


@pytest.mark.parametrize("length", [SHORT, LONG])
def test_an_append_takes_four(ledgers: dict[int, Memory], length: int) -> None:
    assert asked(ledgers[length], lambda store: append(store, length)) == 4
