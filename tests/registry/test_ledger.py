"""The ledger grows by whole, chained records; retries add none, races lose none, and its length costs no requests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from stores import Memory, Watched

from steps.registry import chain, days, ledger
from steps.registry.entry import LIMIT
from steps.registry.ledger import GENESIS, Entry, Record
from steps.registry.objects import PAGE, Body, Listed, Store, connect
from steps.verdict import StoreError

START = datetime(2026, 2, 23, 6, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def outcome(uid: str, outcome: str = "promoted", **body: Any) -> Entry:
    return Entry("outcome", uid, {"outcome": outcome, "reason": outcome, "message": "m", **body})


def intent(uid: str, version: str = "v1", **body: Any) -> Entry:
    return Entry("intent", uid, {"version": version, "replaces": "", **body})


def on(number: int) -> datetime:
    return START + timedelta(days=number)


def filled(count: int, store: Store | None = None) -> Store:
    """Return a store whose ledger has that many records, one a day from `START`, each about the day before."""
    store = store or Memory()
    for number in range(count):
        entry = outcome(f"u{number + 1}", as_of=on(number - 1).date().isoformat())
        ledger.append(store, "loans", entry, now=on(number), since=on(number))
    return store


def numbers(found: Iterator[Record]) -> list[int]:
    return [record.n for record in found]


def test_records_chain_from_the_first_and_are_canonical_json(s3: Any) -> None:
    store = connect("retrain")
    one, two = (ledger.append(store, "loans", outcome(uid), now=START) for uid in ("u1", "u2"))
    assert (one.previous, two.previous) == (GENESIS, one.sha256)
    assert (ledger.read(store, "loans", 1), ledger.head(store, "loans")) == (one, two)
    found = store.get("registry/loans/ledger/9999999998.json")
    assert found is not None
    assert found[0] == (
        b'{"at":"2026-02-23T06:00:00.000+00:00","body":{"message":"m","outcome":"promoted","reason":"promoted"},'
        b'"kind":"outcome","n":1,"own":{},"previous":"' + GENESIS.encode() + b'","uid":"u1"}'
    )


@pytest.mark.parametrize("length", [0, 3, 2000])
def test_an_append_takes_four_requests_however_long_the_ledger_is(length: int) -> None:
    store = Watched(filled(length))
    ledger.append(store, "loans", outcome("new", as_of="2026-03-01"), now=on(length), since=on(length))
    assert [method for method, _ in store.asked] == [
        *(["keys", "get"] if length else ["keys"]), "put", "create"
    ]  # fmt: skip


def test_a_run_writes_each_of_its_records_by_four_requests() -> None:
    store = Watched(filled(3))
    for entry in (Entry("started", "new", {"token": 1, "as_of": "2026-03-01"}), intent("new", as_of="2026-03-01"),
                  outcome("new", as_of="2026-03-01")):  # fmt: skip
        store.asked.clear()
        record = ledger.append(store, "loans", entry, now=on(5), since=on(5))
        assert len(store.asked) == 4
    assert record.own == {"started": 4, "intent": 5}


AGAIN = {
    "right after": [],
    "after others": [outcome("other"), Entry("late", "watch", {"day": "2026-02-24"})],
    "after another of its own": [intent("u", as_of="2026-02-22")],
    "after others about its day": [outcome("other", as_of="2026-02-22"), outcome("third", as_of="2026-02-22")],
}


def test_a_record_is_found_again_though_its_writer_read_the_clock_long_before_the_run_began() -> None:
    store = filled(1)
    created = START + timedelta(hours=3)
    first = ledger.append(store, "loans", outcome("u"), now=START, since=created)
    ledger.append(store, "loans", outcome("other"), now=START, since=START)
    assert ledger.append(store, "loans", outcome("u"), now=created + timedelta(hours=1), since=created) == first
    assert ledger.outcome_of(store, "loans", "u", created) == first


def test_what_stands_by_the_writer_s_own_rule_is_looked_for_right_before_the_record_is_written() -> None:
    store = filled(1)
    final = ledger.append(store, "loans", outcome("u", "promoted"), now=on(1), since=on(1))
    late = outcome("u", "unknown")
    stands = ledger.append(store, "loans", late, now=on(2), since=on(1), unless=lambda known: known == final)
    assert stands == final
    assert ledger.append(store, "loans", late, now=on(2), since=on(1), unless=lambda _: False).n == final.n + 1


def test_an_outcome_without_its_day_is_found_by_whoever_knows_the_day() -> None:
    store = filled(3)
    began = Entry("started", "u", {"token": 1, "as_of": "2026-02-22"})
    ledger.append(store, "loans", began, now=on(3), since=on(3))
    killed = ledger.append(store, "loans", outcome("u"), now=on(3), since=on(3))
    ledger.append(store, "loans", outcome("other"), now=on(3), since=on(3))
    assert ledger.append(store, "loans", outcome("u", as_of="2026-02-22"), now=on(4), since=on(3)) == killed


def test_an_outcome_is_found_though_a_step_that_stood_still_wrote_after_it() -> None:
    store = filled(3)
    first = ledger.append(store, "loans", outcome("u"), now=on(3), since=on(3))
    ledger.append(store, "loans", outcome("other"), now=on(3), since=on(3))
    began = Entry("started", "u", {"token": 1, "as_of": "2026-02-22"})
    ledger.append(store, "loans", began, now=on(3), since=on(3))
    assert ledger.outcome_of(store, "loans", "u", on(3)) == first


@pytest.mark.parametrize("since", [START - timedelta(minutes=5), None], ids=["with a since", "without"])
@pytest.mark.parametrize("as_of", [{"as_of": "2026-02-22"}, {}], ids=["with a day", "without"])
@pytest.mark.parametrize("between", AGAIN.values(), ids=AGAIN.keys())
def test_a_retried_pod_adds_no_second_record(between: list[Entry], as_of: dict[str, str], since: Any) -> None:
    store = filled(1)
    first = ledger.append(store, "loans", outcome("u", **as_of), now=START, since=since)
    for entry in between:
        ledger.append(store, "loans", entry, now=START)
    assert ledger.append(store, "loans", outcome("u", **as_of), now=START + timedelta(hours=2), since=since) == first
    assert len(list(ledger.records(store, "loans"))) == 2 + len(between)


def test_the_search_for_itself_ends_when_the_run_began() -> None:
    store = Watched(filled(300))
    ledger.append(store, "loans", Entry("frozen", "someone", {"by": "someone"}), now=on(300), since=on(300))
    assert len(store.asked) == 3
    store.asked.clear()
    ledger.append(store, "loans", outcome("late", as_of=on(299).date().isoformat()), now=on(300), since=on(2))
    assert len(store.asked) == 5


def test_a_run_that_was_retried_by_hand_has_a_record_of_each_end() -> None:
    store = filled(0)
    for entry in (outcome("u", "failed"), intent("u"), outcome("u", "promoted"), outcome("u", "promoted")):
        ledger.append(store, "loans", entry, now=START)
    assert [(record.kind, record.body.get("outcome")) for record in ledger.records(store, "loans")] == [
        ("outcome", "promoted"), ("intent", None), ("outcome", "failed")
    ]  # fmt: skip


def test_the_loser_of_a_race_appends_after_the_winner_and_is_in_the_index() -> None:
    store = filled(2)
    watched = Watched(store, before={"create": lambda: ledger.append(store, "loans", outcome("fast"), now=START)})
    record = ledger.append(watched, "loans", outcome("slow", as_of="2026-03-01"), now=START)
    assert record.n == 4
    assert list(days.noted(store, "loans", "2026-03-01")) == [4, 3]
    assert numbers(ledger.about(store, "loans", date(2026, 3, 1), BERLIN)) == [4]
    assert chain.verify(store, "loans").records == 4


def test_a_writer_that_always_loses_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Busy(Watched):
        def create(self, key: str, body: Body) -> str:
            ledger.append(self.inner, "loans", outcome(f"other{len(self.asked)}"), now=START)
            return super().create(key, body)

    monkeypatch.setattr(ledger, "ATTEMPTS", 3)
    with pytest.raises(StoreError, match="3 times another writer was faster"):
        ledger.append(Busy(Memory()), "loans", outcome("slow"), now=START)


def test_the_day_is_noted_before_the_record() -> None:
    store = Watched(Memory())
    ledger.append(store, "loans", outcome("u", as_of="2026-02-23"), now=START)
    assert [key for method, key in store.asked if method in ("put", "create")] == [
        "registry/loans/days/2026-02-23/9999999998", "registry/loans/ledger/9999999998.json"
    ]  # fmt: skip


@pytest.mark.parametrize("value", ["", None, 5, "2026-2-3", "20260223", "../x", "2026-02-30"])
def test_what_is_no_day_is_in_no_index(value: Any) -> None:
    store = Memory()
    ledger.append(store, "loans", outcome("u", as_of=value), now=START)
    assert [key for key in store.order if "/days/" in key] == []


def test_a_record_is_never_dated_before_the_one_before_it() -> None:
    store = filled(1)
    record = ledger.append(store, "loans", outcome("slow clock"), now=START - timedelta(minutes=9))
    assert record.at == START


def test_a_kind_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="'run' is no kind of record"):
        ledger.append(Memory(), "loans", Entry("run", "u", {}), now=START)


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
            ledger.append(store, "loans", outcome(f"{name}{number}"), now=START)

    threads = [threading.Thread(target=write, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = connect("retrain")
    found = chain.verify(store, "loans")
    uids = [record.uid for record in ledger.records(store, "loans")]
    assert (found.records, found.broken) == (len(uids), "")
    assert sorted(uids) == [f"{name}{number}" for name in "abc" for number in range(5)]


def test_a_ledger_that_is_not_there_is_empty() -> None:
    store = Memory()
    assert ledger.head(store, "loans") is None
    assert list(ledger.records(store, "loans")) == list(ledger.outcomes(store, "loans")) == []
    assert list(ledger.about(store, "loans", START.date(), BERLIN)) == []
    assert ledger.outcome_of(store, "loans", "u", START) is None


def test_what_is_no_record_s_key_is_passed_over() -> None:
    store = filled(2)
    for name in ("!", "0000000000", "0000000001.txt", "999999999.json", "٠٠٠٠٠٠٠٠٠٠.json", "9999999999.json"):
        store.put(f"registry/loans/ledger/{name}", b"{}")
    for name in ("!", "9999999998.json", "٩٩٩٩٩٩٩٩٩٨", "x/9999999998", "9999999999", "-999999999"):
        store.put(f"registry/loans/days/2026-02-22/{name}", b"")
    assert numbers(ledger.records(store, "loans")) == [2, 1]
    assert numbers(ledger.about(store, "loans", date(2026, 2, 22), BERLIN)) == [1]


def test_records_before_a_moment_come_newest_first() -> None:
    store = filled(20)
    assert numbers(ledger.records(store, "loans", before=on(4))) == [4, 3, 2, 1]
    assert numbers(ledger.records(store, "loans", before=on(99)))[0] == 20
    assert list(ledger.records(store, "loans", before=START)) == []


def test_about_a_day_are_the_records_of_its_data_and_those_written_on_it() -> None:
    store = filled(6)
    ledger.append(store, "loans", outcome("replayed", as_of=on(2).date().isoformat()), now=on(9))
    assert numbers(ledger.about(store, "loans", on(2).date(), BERLIN)) == [7, 4, 3]
    assert numbers(ledger.about(store, "loans", on(40).date(), BERLIN)) == []
    assert numbers(ledger.about(store, "loans", START.date(), BERLIN)) == [2, 1]


def test_a_record_that_is_about_the_day_it_was_written_on_comes_once() -> None:
    store = Memory()
    for uid in ("u1", "u2"):
        ledger.append(store, "loans", outcome(uid, as_of=START.date().isoformat()), now=START)
    assert numbers(ledger.about(store, "loans", START.date(), BERLIN)) == [2, 1]


def test_a_day_is_one_of_the_time_zone() -> None:
    store = Memory()
    late = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    ledger.append(store, "loans", outcome("u"), now=late)
    assert numbers(ledger.about(store, "loans", date(2026, 3, 2), BERLIN)) == [1]
    assert numbers(ledger.about(store, "loans", date(2026, 3, 1), BERLIN)) == []


@pytest.mark.parametrize("day", [date.min, date.max])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Niue"])
def test_the_first_and_the_last_day_there_is_have_no_records(day: date, zone: str) -> None:
    assert numbers(ledger.about(filled(3), "loans", day, ZoneInfo(zone))) == []


def test_an_index_that_leads_nowhere_or_elsewhere_is_read_and_ignored() -> None:
    store = filled(3)
    for n in (2, 9):
        days.note(store, "loans", "2026-01-05", n)
    assert numbers(ledger.about(store, "loans", date(2026, 1, 5), BERLIN)) == []
    entry = outcome("u", as_of="2026-01-05")
    assert ledger.append(store, "loans", entry, now=on(3), since=START).n == 4
    assert ledger.append(store, "loans", entry, now=on(3), since=START).n == 4


def test_the_outcome_of_a_run_is_found() -> None:
    store = filled(3)
    for entry in (intent("u", as_of="2026-02-25"), outcome("u", as_of="2026-02-25"), intent("u", "v2")):
        ledger.append(store, "loans", entry, now=on(3), since=on(3))
    ledger.append(store, "loans", outcome("other"), now=on(3))
    for as_of in ("", "2026-02-25"):
        found = ledger.outcome_of(store, "loans", "u", on(3), as_of)
        assert found is not None
        assert found.n == 5
        assert ledger.outcome_of(store, "loans", "nobody", on(3), as_of) is None


def test_outcomes_come_newest_first_and_their_run_s_other_records_are_not_read() -> None:
    store = Memory()
    for number in range(4):
        ledger.append(store, "loans", Entry("started", f"u{number}", {"token": 1}), now=on(number))
        if number == 2:
            ledger.append(store, "loans", Entry("late", "watch", {"day": "2026-02-24"}), now=on(number))
        ledger.append(store, "loans", intent(f"u{number}"), now=on(number))
        ledger.append(store, "loans", outcome(f"u{number}"), now=on(number))
    watched = Watched(store)
    assert [record.uid for record in ledger.outcomes(watched, "loans")] == ["u3", "u2", "u1", "u0"]
    assert len([1 for method, _ in watched.asked if method == "get"]) == 5


def test_a_run_that_ended_twice_has_two_outcomes() -> None:
    store = Memory()
    for entry in (intent("u"), outcome("u", "failed"), outcome("u", "promoted")):
        ledger.append(store, "loans", entry, now=START)
    assert [record.body["outcome"] for record in ledger.outcomes(store, "loans")] == ["promoted", "failed"]


def test_the_head_is_asked_for_as_a_list_of_one() -> None:
    class Pages(Memory):
        def keys(self, prefix: str, after: str = "", page: int = PAGE) -> Iterator[Listed]:
            pages.append(page)
            return super().keys(prefix, after, page)

    pages: list[int] = []
    filled(2, Pages())
    assert set(pages[1:]) <= {1, PAGE}
    pages.clear()
    ledger.head(filled(1, Pages()), "loans")
    assert pages == [1, 1]


BROKEN = {
    "no JSON": b"{",
    "no object": b"[]",
    "nothing": b"",
    "no parts": b"{}",
    "nested": b"[" * 100_000,
    "not UTF-8": b"\xff\xfe",
}
PARTS: dict[str, dict[str, Any]] = {
    "another number": {"n": 9},
    "a number that is true": {"n": True},
    "a body that is a list": {"body": []},
    "a uid that is a number": {"uid": 4},
    "a time without zone": {"at": "2026-02-23T06:00:00"},
    "a time that is none": {"at": "yesterday"},
    "a time at the edge": {"at": "0001-01-01T00:00:00+14:00"},
    "own records that are a list": {"own": []},
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
def test_what_is_no_record_is_named(content: bytes) -> None:
    store = filled(2)
    store.put(ledger.key("loans", 2), content)
    with pytest.raises(ledger.NoRecordError, match=r"registry/loans/ledger/9999999997\.json is no record"):
        next(ledger.records(store, "loans"))


@pytest.mark.parametrize("change", PARTS.values(), ids=PARTS.keys())
def test_a_record_with_a_part_that_is_none_is_named(change: dict[str, Any], rewrite: Callable[..., None]) -> None:
    store = filled(1)
    rewrite(store, 1, **change)
    with pytest.raises(ledger.NoRecordError, match="is no record"):
        ledger.read(store, "loans", 1)


def test_a_record_that_is_larger_than_any_is_no_record(s3: Any) -> None:
    store = connect("retrain")
    store.put(ledger.key("loans", 1), b" " * (LIMIT + 1))
    with pytest.raises(ledger.NoRecordError, match="expected at most"):
        ledger.head(store, "loans")


def test_own_records_that_cannot_be_are_ignored(rewrite: Callable[..., None]) -> None:
    store = filled(2)
    rewrite(store, 2, own={"outcome": 2, "intent": -1, "started": "1", "late": True, "frozen": 1})
    record = ledger.read(store, "loans", 2)
    assert record is not None
    assert record.own == {"frozen": 1}
