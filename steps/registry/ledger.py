"""The ledger: every decision about a pipeline, append-only and hash-chained. `deploy` and `record` append, `why` reads.

Record n+1 is created if absent and holds the sha256 of record n's bytes, so two writers cannot both be next, and a
change or a gap anywhere shows. The head object is a hint that saves a search; it may lag or lie, and nothing trusts it.
Records are dense from 1, so the end is found by doubling and halving, and a day by halving: no cost grows with the
length but by its logarithm.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from steps.registry.objects import Exists, Store
from steps.verdict import StoreError

GENESIS = "0" * 64
"""What the first record holds for the sha256 of the one before it."""
ATTEMPTS = 50
"""How often an append starts again because another writer was faster."""
WINDOW = 64
"""How many records back an append looks for itself: a retried pod follows its first attempt by minutes."""
LIMIT = 4 << 20
"""Bytes of a record at most; what a process gets by its arguments is far less."""
CLOCK_SKEW = timedelta(minutes=5)
RECENT = 100
SAME: Mapping[str, tuple[str, ...]] = {"run": ("outcome", "reason", "message"), "intent": ("version", "replaces")}
"""By kind, what of a body, beside the uid, makes two records one. A Workflow retried by hand keeps its uid and may come
to another end: that is another record."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be written: `kind` run (an outcome) or intent (a promotion about to happen), `uid` the Workflow's.

    `body` is JSON-able without NaN and holds no secret.
    """

    kind: str
    uid: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it stands; `sha256` is that of its bytes, `previous` that of the record before, `at` is UTC."""

    n: int
    previous: str
    at: datetime
    kind: str
    uid: str
    body: Mapping[str, Any]
    sha256: str


@dataclass(frozen=True, slots=True)
class Chain:
    """What a verification found: the records that hold and the last one's sha256; `broken` names the first bad link."""

    records: int
    sha256: str
    broken: str = ""


def key(pipeline: str, n: int) -> str:
    return f"registry/{pipeline}/ledger/{n:010}.json"


def head_key(pipeline: str) -> str:
    return f"registry/{pipeline}/ledger-head.json"


def append(store: Store, pipeline: str, entry: Entry, *, now: datetime, since: datetime | None = None) -> Record:
    """Append the entry and return its record; if the same entry is there already, return that one.

    `since` is when the Workflow was created: no record of it is older, so the search for itself ends there. Four
    requests when nobody else writes. Raises `StoreError`.
    """
    last = _hinted(store, pipeline)
    for _ in range(ATTEMPTS):
        same = _same(store, pipeline, entry, last, since)
        if same is not None:
            return same
        n, previous = (last.n + 1, last.sha256) if last else (1, GENESIS)
        body = _canonical({"n": n, "previous": previous, "at": _instant(now), **_fields(entry)})
        try:
            store.create(key(pipeline, n), body)
        except Exists:
            last = tail(store, pipeline, n)
            continue
        written = _record(body, key(pipeline, n))
        with suppress(StoreError):  # the record stands; the next writer finds the end without the hint
            store.put(head_key(pipeline), _canonical({"n": n, "sha256": written.sha256}))
        return written
    raise StoreError(f"{key(pipeline, 0)}: {ATTEMPTS} times another writer was faster; try again")


def records(store: Store, pipeline: str, before: datetime | None = None) -> Iterator[Record]:
    """Yield the records newest first, one request each as consumed; only those from before a moment if one is given.

    Raises `StoreError`, also for what is no record.
    """
    last = _last(store, pipeline)
    n = last.n if last else 0
    if before is not None:
        n = _halved(0, n + 1, lambda middle: _must(store, pipeline, middle).at < before)
    for number in range(n, 0, -1):
        yield last if last and number == last.n else _must(store, pipeline, number)


def near(store: Store, pipeline: str, before: datetime) -> Iterator[Record]:
    """Yield the newest records, a bounded number, then those from before a moment: all that may be about an old day."""
    oldest = None
    for record in islice(records(store, pipeline), RECENT):
        oldest = record
        yield record
    if oldest is not None and oldest.n > 1:
        yield from (record for record in records(store, pipeline, before) if record.n < oldest.n)


def verify(store: Store, pipeline: str) -> Chain:
    """Read the whole chain from record 1 and hold every link; the head's hint tells when the end was cut off."""
    sha256, n = GENESIS, 0
    for listed in store.keys(f"registry/{pipeline}/ledger/"):
        n += 1
        if listed.key != key(pipeline, n):
            return Chain(n - 1, sha256, f"{key(pipeline, n)} is missing; {listed.key} stands there")
        try:
            record = _must(store, pipeline, n)
        except StoreError as error:
            return Chain(n - 1, sha256, str(error))
        if (record.n, record.previous) != (n, sha256):
            return Chain(
                n - 1, sha256, f"{listed.key} does not follow the record before it: one of the two was changed"
            )
        sha256 = record.sha256
    hint = _hint(store, pipeline)
    if hint > n:
        return Chain(n, sha256, f"{key(pipeline, n + 1)} is missing: the head says the ledger has {hint} records")
    return Chain(n, sha256)


def tail(store: Store, pipeline: str, start: int) -> Record | None:
    """Return the last record, given that record `start` is there (0: nothing is known)."""
    low, step = start, 1
    while store.head(key(pipeline, low + step)) is not None:
        low, step = low + step, step * 2
    n = _halved(low, low + step, lambda middle: store.head(key(pipeline, middle)) is not None)
    return _must(store, pipeline, n) if n else None


def _hinted(store: Store, pipeline: str) -> Record | None:
    """Return the record that the head names (it need not be the last), or search if the head leads nowhere."""
    n = _hint(store, pipeline)
    return (read(store, pipeline, n) if n else None) or (tail(store, pipeline, 0) if n else None)


def _last(store: Store, pipeline: str) -> Record | None:
    hinted = _hinted(store, pipeline)
    n = hinted.n if hinted else 0
    if store.head(key(pipeline, n + 1)) is None:
        return hinted
    return tail(store, pipeline, n + 1)


def _hint(store: Store, pipeline: str) -> int:
    found = store.get(head_key(pipeline))
    try:
        n = json.loads(found[0])["n"] if found else 0
    except (ValueError, TypeError, KeyError):
        return 0
    return n if isinstance(n, int) and 0 < n < 10**10 else 0


def read(store: Store, pipeline: str, n: int) -> Record | None:
    """Return record n, None if it is not there; raises `StoreError` for what is no record."""
    found = store.get(key(pipeline, n), LIMIT)
    return _record(found[0], key(pipeline, n)) if found else None


def _must(store: Store, pipeline: str, n: int) -> Record:
    record = read(store, pipeline, n)
    if record is None:
        raise StoreError(f"{key(pipeline, n)} is missing: a record before the last one was removed")
    return record


def _same(store: Store, pipeline: str, entry: Entry, last: Record | None, since: datetime | None) -> Record | None:
    """Look back from the last record for the latest of this uid, as far as a retry of a pod can be."""
    record = last
    for _ in range(WINDOW):
        if record is None or (since is not None and record.at < since - CLOCK_SKEW):
            return None
        if record.uid == entry.uid:
            return record if record.kind == entry.kind and _identity(record) == _identity(entry) else None
        record = read(store, pipeline, record.n - 1) if record.n > 1 else None
    return None


def _identity(value: Entry | Record) -> list[Any]:
    return [value.body.get(name) for name in SAME[value.kind]]


def _halved(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """Return the largest n in [low, high) for which it holds, given that it holds at `low` and never again once not."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _fields(entry: Entry) -> dict[str, Any]:
    return {"kind": entry.kind, "uid": entry.uid, "body": entry.body}


def _record(body: bytes, where: str) -> Record:
    try:
        value = json.loads(body)
        at = datetime.fromisoformat(value["at"])
        fields = {name: value[name] for name in ("n", "previous", "kind", "uid", "body")}
        if at.tzinfo is None or not isinstance(fields["body"], dict):
            raise ValueError("expected a time with its zone and an object as body")
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(f"{where} is no record: {error!r}") from error
    return Record(**fields, at=at, sha256=hashlib.sha256(body).hexdigest())


def _canonical(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _instant(now: datetime) -> str:
    return now.isoformat(timespec="milliseconds")
