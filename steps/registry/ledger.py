"""The ledger: every decision about a pipeline, append-only and hash-chained. Whoever decides appends; `why` reads.

Record n+1 is created if absent and holds the sha256 of record n's bytes, so two writers cannot both be next, and a
change or a gap anywhere shows. The keys descend: the first of a list is the newest, and no object is ever overwritten.
Nothing here costs more requests because the ledger is long, but the search for a moment: some more by its logarithm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from steps.registry import days
from steps.registry.entry import GENESIS, LIMIT, OUTCOME, SAME, Entry, Record, following, parsed
from steps.registry.interpolation import last_before
from steps.registry.objects import Exists, Store, TooLargeError
from steps.verdict import StoreError

__all__ = ["GENESIS", "OUTCOME", "Entry", "Record"]

ATTEMPTS = 50
"""How often an append starts again because another writer was faster."""
WINDOW = 64
"""How many records back is looked for a uid's when nothing says since when it can have any."""
CLOCK_SKEW = timedelta(minutes=15)
"""How far a writer's clock is off at most: S3 refuses requests that are signed by a clock further off."""


Stands = Callable[[Record], bool]
"""Says of the record that a uid has of a kind that it stands, and no other is to follow."""


class NoRecordError(StoreError):
    """Where a record must be is none, or something else."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose records are looked for: none is older than `since`, and those with an `as_of` are in that day's index."""

    uid: str
    since: datetime | None
    as_of: str = ""


def key(pipeline: str, n: int) -> str:
    return f"{prefix(pipeline)}{days.descending(n)}.json"


def prefix(pipeline: str) -> str:
    return f"registry/{pipeline}/ledger/"


def number(pipeline: str, where: str) -> int:
    """Return which record stands at a key, 0 if the key is no record's."""
    n = days.number(where)
    return n if n and key(pipeline, n) == where else 0


def append(
    store: Store,
    pipeline: str,
    entry: Entry,
    *,
    now: datetime,
    since: datetime | None = None,
    unless: Stands | None = None,
) -> Record:
    """Append the entry and return its record; if this uid has the same already, return that one.

    So is the latest one of its kind if `unless` says so of it, however long ago the caller looked for it.

    `since` is when the Workflow was created, or the act begun: the search for itself ends there, so the record is never
    dated before it, however long ago its writer read the clock. Four requests when nobody else writes. Raises
    `StoreError`.
    """
    at = max(now, since) if since else now
    if entry.kind not in SAME:
        raise ValueError(f"{entry.kind!r} is no kind of record")
    wanted = Wanted(entry.uid, since, days.day(entry.body.get("as_of")))
    for _ in range(ATTEMPTS):
        last = head(store, pipeline)
        own = _latest(store, pipeline, wanted, last) if last else None
        standing = _of_kind(store, pipeline, own, entry.kind)
        if standing is not None and (standing.says(entry) or (unless is not None and unless(standing))):
            return standing
        n, content = last.n + 1 if last else 1, following(last, own, entry, at)
        # A run that was killed may leave an outcome without its day; the day's index is where it is looked for.
        if day := wanted.as_of or (days.day(own.body.get("as_of")) if own else ""):
            days.note(store, pipeline, day, n)
        try:
            store.create(key(pipeline, n), content)
        except Exists:
            continue
        return parsed(content, n)
    raise StoreError(f"{prefix(pipeline)}: {ATTEMPTS} times another writer was faster; try again")


def head(store: Store, pipeline: str) -> Record | None:
    """Return the newest record, None while there is none: two requests."""
    for listed in store.keys(prefix(pipeline), page=1):
        if n := number(pipeline, listed.key):
            return must(store, pipeline, n)
    return None


def read(store: Store, pipeline: str, n: int) -> Record | None:
    """Return record n, None if it is not there; raises `StoreError` for what is no record."""
    try:
        found = store.get(key(pipeline, n), LIMIT)
        return parsed(found[0], n) if found else None
    except (ValueError, TooLargeError) as error:
        raise NoRecordError(f"{key(pipeline, n)} {error}") from error


def must(store: Store, pipeline: str, n: int) -> Record:
    """Return record n, which is there unless somebody removed it; raises `StoreError`."""
    record = read(store, pipeline, n)
    if record is None:
        raise NoRecordError(f"record {n} is missing ({key(pipeline, n)}): it was removed from the ledger")
    return record


def records(store: Store, pipeline: str, before: datetime | None = None) -> Iterator[Record]:
    """Yield the records newest first, one request each as consumed; only those from before a moment if one is given.

    Raises `StoreError`, also for what is no record.
    """
    newest = head(store, pipeline)
    if newest is not None and before is not None:
        newest = _last_before(store, pipeline, newest, before)
    if newest is not None:
        yield newest
        for n in range(newest.n - 1, 0, -1):
            yield must(store, pipeline, n)


def outcomes(store: Store, pipeline: str) -> Iterator[Record]:
    """Yield the outcomes newest first; what an outcome names as its run's earlier records is not read."""
    return (record for record in unnamed(store, pipeline) if record.kind == OUTCOME)


def unnamed(store: Store, pipeline: str) -> Iterator[Record]:
    """Yield the records newest first, but those that a later outcome names as how its run began: they are not read."""
    newest = head(store, pipeline)
    passed: set[int] = set()
    for n in range(newest.n if newest else 0, 0, -1):
        if n in passed:
            continue
        record = newest if newest and n == newest.n else must(store, pipeline, n)
        if record.kind == OUTCOME:
            passed = {earlier for kind, earlier in record.own.items() if kind != OUTCOME} | {
                known for known in passed if known < n
            }
        yield record


def about(store: Store, pipeline: str, day: date, zone: ZoneInfo) -> Iterator[Record]:
    """Yield, newest first, the records about data of a day (`as_of`), and those written on it in the time zone."""
    midnight = datetime.combine(day, time(), zone)
    morrow = datetime.combine(day + timedelta(days=1), time(), zone) if day < date.max else None
    indexed = days.noted(store, pipeline, day.isoformat())
    waiting = next(indexed, 0)
    for record in takewhile(lambda one: one.at >= midnight, records(store, pipeline, morrow)):
        while waiting > record.n:
            yield from _about(store, pipeline, day.isoformat(), waiting)
            waiting = next(indexed, 0)
        if waiting == record.n:
            waiting = next(indexed, 0)
        yield record
    while waiting:
        yield from _about(store, pipeline, day.isoformat(), waiting)
        waiting = next(indexed, 0)


def of_data(store: Store, pipeline: str, as_of: str) -> Iterator[Record]:
    """Yield, newest first, the records about data of a day."""
    for n in days.noted(store, pipeline, as_of) if days.day(as_of) else ():
        yield from _about(store, pipeline, as_of, n)


def outcome_of(store: Store, pipeline: str, uid: str, since: datetime, as_of: str = "") -> Record | None:
    """Return the latest outcome of a run that was created at `since`; its data's day, if known, saves requests."""
    last = head(store, pipeline)
    own = _latest(store, pipeline, Wanted(uid, since, days.day(as_of)), last) if last else None
    found = _of_kind(store, pipeline, own, OUTCOME)
    if found is not None or own is None or as_of:
        return found
    # A step that stood still may have written after the outcome, which has no day, without finding it.
    before = takewhile(lambda one: one.at >= since - CLOCK_SKEW, _down(store, pipeline, own.n - 1))
    return next((record for record in before if (record.uid, record.kind) == (uid, OUTCOME)), None)


def _down(store: Store, pipeline: str, n: int) -> Iterator[Record]:
    return (must(store, pipeline, number) for number in range(n, 0, -1))


def _about(store: Store, pipeline: str, as_of: str, n: int) -> Iterator[Record]:
    """Yield the record that the index names, unless it is not there or about another day: a race was lost then."""
    record = read(store, pipeline, n)
    if record is not None and record.body.get("as_of") == as_of:
        yield record


def _latest(store: Store, pipeline: str, wanted: Wanted, last: Record) -> Record | None:
    """Return the latest record of a uid, looked for from the last record of all backwards."""
    for record in _back(store, pipeline, wanted, last):
        if record.uid == wanted.uid:
            return record
        if wanted.since is not None and record.at < wanted.since - CLOCK_SKEW:
            return None
    return None


def _back(store: Store, pipeline: str, wanted: Wanted, last: Record) -> Iterator[Record]:
    yield last
    if wanted.as_of:
        numbers: Iterator[int] = (n for n in days.noted(store, pipeline, wanted.as_of) if n < last.n)
    else:
        numbers = iter(range(last.n - 1, 0 if wanted.since else max(0, last.n - WINDOW), -1))
    for n in numbers:
        yield must(store, pipeline, n)


def _of_kind(store: Store, pipeline: str, own: Record | None, kind: str) -> Record | None:
    if own is None or own.kind == kind:
        return own
    earlier = own.own.get(kind)
    return must(store, pipeline, earlier) if earlier else None


def _last_before(store: Store, pipeline: str, newest: Record, moment: datetime) -> Record | None:
    seen = {newest.n: newest}

    def at(n: int) -> datetime:
        seen[n] = seen.get(n) or must(store, pipeline, n)
        return seen[n].at

    return seen.get(last_before(at, newest.n, moment))
