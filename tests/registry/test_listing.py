"""The markers without a receipt are found by merging two lists; what no batch may be called is found too, once."""

from __future__ import annotations

from typing import Any

import pytest
from batches import BUCKET, PREFIX
from documents import document
from hypothesis import given
from hypothesis import strategies as st
from promotions import NOW
from runs import MemoryRuns
from stores import Memory, Watched

from steps.document import BATCH_NAME
from steps.registry import ledger, receipt
from steps.registry.listing import Found, unsettled, window
from steps.registry.objects import connect
from steps.registry.receipt import Receipt
from steps.registry.reconciliation import reconcile

LOANS = document()


def key(batch: str) -> str:
    return f"{PREFIX}/{batch}/_READY.json"


def put(store: Memory, batch: str, body: str = "") -> str:
    """Put a marker among files that sort before and after it; return its ETag."""
    for name in ("A.csv", "z.csv"):
        store.put(f"{PREFIX}/{batch}/{name}", b"x")
    store.put(key(batch), (body or batch).encode())
    found = store.head(key(batch))
    assert found is not None
    return found.etag


def settle(store: Memory, batch: str, etag: str) -> None:
    receipt.write(store, "loans", Receipt(batch, etag, key(batch), "promoted", "promoted", "w", "t"))


def found_in(store: Any, start: str = "") -> list[str]:
    return [found.batch for found in unsettled(store, LOANS, start) if isinstance(found, Found)]


names = st.from_regex(rf"\A{BATCH_NAME}\Z")
states = st.dictionaries(names, st.tuples(st.booleans(), st.lists(st.sampled_from("abc"), max_size=2)), max_size=12)


@given(states)
def test_exactly_the_markers_without_a_receipt_of_their_version_are_found(
    batches: dict[str, tuple[bool, list[str]]],
) -> None:
    store = Memory()
    for batch, (settled, earlier) in batches.items():
        etag = put(store, batch)
        for version in [*earlier, *([etag] if settled else [])]:
            settle(store, batch, version)
    settle(store, "long-gone", "e")
    assert found_in(store) == sorted((batch for batch, (settled, _) in batches.items() if not settled), key=key)


@given(names, names)
def test_receipts_and_markers_are_in_the_same_order(one: str, other: str) -> None:
    assert (key(one) < key(other)) == (receipt.key("loans", one, "e") < receipt.key("loans", other, "e"))


def test_a_window_begins_two_weeks_back_and_holds_what_is_not_named_after_days() -> None:
    store = Memory()
    for batch in ("2026-02-08", "2026-02-09", "2026-02-10", "2026-02-22-b", "backfill"):
        put(store, batch)
    assert window(LOANS, NOW) == "2026-02-09"
    assert found_in(store, "2026-02-09") == ["2026-02-09", "2026-02-10", "2026-02-22-b", "backfill"]


def test_the_day_of_a_window_is_the_pipeline_s() -> None:
    late = document(expect={"timezone": "Pacific/Kiritimati"})
    assert window(late, NOW.replace(hour=11)) == "2026-02-10"


def test_two_lists_page_by_page_are_all_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Memory()
    for day in range(400):
        batch = f"b{day:03}"
        settle(store, batch, put(store, batch))
    put(store, "b200", "written anew")
    watched = Watched(store)
    assert found_in(watched) == ["b200"]
    assert [method for method, _ in watched.asked] == ["keys"] * 3, "1,200 objects below the prefix, 400 receipts"


def test_the_lists_are_read_as_they_are_needed() -> None:
    store = Memory()
    for day in range(2000):
        put(store, f"b{day:04}")
    watched = Watched(store)
    assert next(iter(unsettled(watched, LOANS))) is not None
    assert len(watched.asked) == 2


HOSTILE = {
    "no batch": f"{PREFIX}/_READY.json",
    "a folder too many": f"{PREFIX}/2026-02-20/part/_READY.json",
    "an empty batch": f"{PREFIX}//_READY.json",
    "capitals and spaces": f"{PREFIX}/A B/_READY.json",
    "too long": f"{PREFIX}/{'a' * 25}/_READY.json",
    "quotes": f"{PREFIX}/a\"b'c/_READY.json",
    "a newline": f"{PREFIX}/a\nb/_READY.json",
    "a tag": f"{PREFIX}/{{{{workflow.uid}}}}/_READY.json",
    "a variable": f"{PREFIX}/$(HOME)/_READY.json",
    "up": f"{PREFIX}/../_READY.json",
    "an escape": f"{PREFIX}/\x1b[31m/_READY.json",
    "other letters": f"{PREFIX}/übung-\U0001f680/_READY.json",
    "a plus and a percent": f"{PREFIX}/a+b%20c/_READY.json",
    "1 KiB": f"{PREFIX}/{'x' * (1024 - len(PREFIX) - 13)}/_READY.json",
}


NOT_IN_MOTO = ("a newline",)
"""S3 takes such a key, the test server does not."""


def put_all(s3: Any, *, memory: bool) -> list[str]:
    """Put a marker at every hostile key that the store takes; return the keys."""
    keys = [where for name, where in HOSTILE.items() if memory or name not in NOT_IN_MOTO]
    for where in [*keys, f"{PREFIX}/2026-02-20/NOT_READY.json"]:
        s3.put_object(Bucket=BUCKET, Key=where, Body=b"{}")
    return keys


class Puts(Memory):
    """A bucket in memory with boto3's way to put."""

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: ARG002, N803 - as boto3 has it
        self.put(Key, Body)


@pytest.mark.parametrize("memory", [False, True], ids=["over HTTP", "in memory"])
def test_a_marker_whose_key_is_not_acceptable_is_on_record_once(s3: Any, memory: bool) -> None:
    store, runs = Puts() if memory else connect(BUCKET), MemoryRuns()
    keys = put_all(store if memory else s3, memory=memory)
    report = reconcile(store, LOANS, runs, NOW, whole=True)
    assert [line.verb for line in report.lines] == ["settle"] * len(keys)
    assert all(line.about.isprintable() and line.text.isprintable() for line in report.lines)
    assert reconcile(store, LOANS, runs, NOW, whole=True).lines == ()
    recorded = list(ledger.records(store, "loans"))
    assert {record.body["event"]["marker"] for record in recorded} == set(keys)
    assert {(record.body["outcome"], record.body["reason"]) for record in recorded} == {("refused", "key")}
    assert len(recorded) == len(keys)
    assert runs.started == []
    assert runs.looks == {}


def test_a_refused_key_that_is_written_anew_is_on_record_again(s3: Any) -> None:
    store = connect(BUCKET)
    for body in (b"{}", b"[]"):
        s3.put_object(Bucket=BUCKET, Key=HOSTILE["a tag"], Body=body)
        assert len(reconcile(store, LOANS, MemoryRuns(), NOW).lines) == 1
    assert len(list(ledger.records(store, "loans"))) == 2
