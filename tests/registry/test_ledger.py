"""The ledger grows by whole, chained records; retries add none, races lose none, and every break is found."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from stores import Watched

from steps.registry import ledger
from steps.registry.ledger import GENESIS, Entry
from steps.registry.objects import Body, Store, connect
from steps.verdict import StoreError

START = datetime(2026, 2, 23, 6, tzinfo=UTC)


def run(uid: str, outcome: str = "promoted") -> Entry:
    return Entry("run", uid, {"outcome": outcome, "reason": outcome, "message": "m"})


def intent(uid: str, version: str = "v1") -> Entry:
    return Entry("intent", uid, {"version": version, "replaces": ""})


def filled(count: int) -> Store:
    """Return a store whose ledger has that many records, one a day."""
    store = connect("retrain")
    for number in range(count):
        ledger.append(store, "loans", run(f"u{number + 1}"), now=START + timedelta(days=number), since=None)
    return store


def change(s3: Any, n: int, **changes: Any) -> None:
    found = json.loads(s3.get_object(Bucket="retrain", Key=ledger.key("loans", n))["Body"].read())
    body = json.dumps({**found, **changes}, sort_keys=True, separators=(",", ":")).encode()
    s3.put_object(Bucket="retrain", Key=ledger.key("loans", n), Body=body)


def test_records_chain_from_the_first_and_are_canonical_json(s3: Any) -> None:
    store = filled(2)
    first, second = (store.get(ledger.key("loans", n)) for n in (1, 2))
    assert first is not None
    assert second is not None
    one, two = (ledger.read(store, "loans", n) for n in (1, 2))
    assert one is not None
    assert two is not None
    assert (one.previous, two.previous) == (GENESIS, one.sha256)
    assert first[0] == (
        b'{"at":"2026-02-23T06:00:00.000+00:00","body":{"message":"m","outcome":"promoted","reason":"promoted"},'
        b'"kind":"run","n":1,"previous":"' + GENESIS.encode() + b'","uid":"u1"}'
    )


def test_an_append_takes_four_requests_however_long_the_ledger_is(s3: Any) -> None:
    for length in (3, 9):
        store = Watched(filled(length))
        ledger.append(store, "loans", run("new"), now=START + timedelta(days=30), since=START + timedelta(days=29))
        assert [method for method, _ in store.asked] == ["get", "get", "create", "put"]


def test_the_append_of_an_outcome_after_its_own_intent_takes_four_requests(s3: Any) -> None:
    store = filled(3)
    ledger.append(store, "loans", intent("new"), now=START + timedelta(days=30))
    watched = Watched(store)
    ledger.append(watched, "loans", run("new"), now=START + timedelta(days=30), since=START)
    assert len(watched.asked) == 4


def test_a_retried_pod_adds_no_second_record(s3: Any) -> None:
    store = filled(1)
    first = ledger.append(store, "loans", run("u"), now=START)
    ledger.append(store, "loans", run("between"), now=START)
    assert ledger.append(store, "loans", run("u"), now=START + timedelta(minutes=5)) == first
    assert [record.n for record in ledger.records(store, "loans")] == [3, 2, 1]


def test_a_retry_finds_its_record_even_if_the_hint_was_never_written(s3: Any) -> None:
    store = filled(1)
    hint = store.get(ledger.head_key("loans"))
    assert hint is not None
    first = ledger.append(store, "loans", run("u"), now=START)
    store.put(ledger.head_key("loans"), hint[0])
    assert ledger.append(store, "loans", run("u"), now=START + timedelta(minutes=5), since=START) == first


def test_a_run_that_was_retried_by_hand_has_a_record_of_each_end(s3: Any) -> None:
    store = filled(0)
    for entry in (run("u", "failed"), intent("u"), run("u", "promoted"), run("u", "promoted")):
        ledger.append(store, "loans", entry, now=START)
    assert [(record.kind, record.body.get("outcome")) for record in ledger.records(store, "loans")] == [
        ("run", "promoted"), ("intent", None), ("run", "failed")
    ]  # fmt: skip


def test_the_loser_of_a_race_appends_after_the_winner(s3: Any) -> None:
    store = filled(2)
    other = connect("retrain")
    watched = Watched(store, before={"create": lambda: ledger.append(other, "loans", run("fast"), now=START)})
    record = ledger.append(watched, "loans", run("slow"), now=START)
    assert record.n == 4
    assert ledger.verify(store, "loans") == ledger.Chain(4, record.sha256)


class OneAtATime(Watched):
    """The test's S3 server looks and writes in two steps; a real one does a conditional write in one."""

    lock = threading.Lock()

    def create(self, key: str, body: Body) -> str:
        with self.lock:
            return super().create(key, body)


def test_many_writers_lose_no_record(s3: Any) -> None:
    def write(name: str) -> None:
        store = OneAtATime(connect("retrain"))
        for number in range(5):
            ledger.append(store, "loans", run(f"{name}{number}"), now=START)

    threads = [threading.Thread(target=write, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = connect("retrain")
    chain = ledger.verify(store, "loans")
    uids = [record.uid for record in ledger.records(store, "loans")]
    assert (chain.records, chain.broken) == (len(uids), "")
    assert sorted(uids) == [f"{name}{number}" for name in "abc" for number in range(5)]


HINTS: Mapping[str, bytes | None] = {
    "absent": None,
    "lagging": b'{"n": 2}',
    "beyond the end": b'{"n": 4000}',
    "no JSON": b"{",
    "no number": b'{"n": "9"}',
    "below one": b'{"n": -1}',
}


@pytest.mark.parametrize("hint", HINTS.values(), ids=HINTS.keys())
def test_a_hint_that_is_wrong_costs_requests_but_no_record(s3: Any, hint: bytes | None) -> None:
    store = filled(7)
    if hint is None:
        s3.delete_object(Bucket="retrain", Key=ledger.head_key("loans"))
    else:
        store.put(ledger.head_key("loans"), hint)
    assert [record.n for record in ledger.records(store, "loans")] == [7, 6, 5, 4, 3, 2, 1]
    assert ledger.append(store, "loans", run("new"), now=START).n == 8
    assert ledger.verify(store, "loans").broken == ""


def test_a_ledger_that_is_not_there_is_empty_and_whole(s3: Any) -> None:
    store = connect("retrain")
    assert list(ledger.records(store, "loans")) == []
    assert list(ledger.near(store, "loans", START)) == []
    assert ledger.verify(store, "loans") == ledger.Chain(0, GENESIS)


def test_records_before_a_moment_are_found_without_reading_the_later_ones(s3: Any) -> None:
    store = Watched(filled(20))
    found = ledger.records(store, "loans", before=START + timedelta(days=4))
    assert next(found).n == 4
    assert len(store.asked) < 10
    assert [record.n for record in found] == [3, 2, 1]
    assert list(ledger.records(store, "loans", before=START)) == []


def test_near_gives_the_newest_and_those_before_a_moment_once(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "RECENT", 2)
    store = filled(6)
    assert [record.n for record in ledger.near(store, "loans", START + timedelta(days=3))] == [6, 5, 3, 2, 1]
    assert [record.n for record in ledger.near(store, "loans", START + timedelta(days=90))] == [6, 5, 4, 3, 2, 1]


def test_a_changed_record_is_found_at_the_next_link(s3: Any) -> None:
    store = filled(4)
    change(s3, 2, uid="someone else")
    chain = ledger.verify(store, "loans")
    assert (chain.records, ledger.key("loans", 3) in chain.broken) == (2, True)


def test_a_removed_record_is_found(s3: Any) -> None:
    store = filled(4)
    s3.delete_object(Bucket="retrain", Key=ledger.key("loans", 2))
    assert ledger.verify(store, "loans").broken.startswith(f"{ledger.key('loans', 2)} is missing")


def test_a_tail_that_was_cut_off_is_found_by_the_hint(s3: Any) -> None:
    store = filled(4)
    s3.delete_object(Bucket="retrain", Key=ledger.key("loans", 4))
    assert "the head says the ledger has 4 records" in ledger.verify(store, "loans").broken


def test_a_record_that_is_none_is_named(s3: Any) -> None:
    store = filled(2)
    store.put(ledger.key("loans", 2), b"{}")
    assert f"{ledger.key('loans', 2)} is no record" in ledger.verify(store, "loans").broken
    with pytest.raises(StoreError, match="is no record"):
        list(ledger.records(store, "loans"))


def test_a_hint_that_cannot_be_written_costs_nothing(s3: Any) -> None:
    def refuse() -> None:
        raise StoreError("no")

    store = Watched(filled(1), before={"put": refuse})
    assert ledger.append(store, "loans", run("u"), now=START).n == 2
    assert [record.n for record in ledger.records(store, "loans")] == [2, 1]
