"""The situation of a pipeline on a day: one sentence, then the evidence. `why`, the page and Slack all ask here.

Reads what a bounded number of requests can tell (the ledger's index, the markers, their claims, production, the
Workflows) and leaves the explaining to `steps.registry.explanation`, which is pure. What cannot be read is named in
`unread`, and the rest is answered all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from itertools import islice
from zoneinfo import ZoneInfo

from steps.document import Document
from steps.registry import calendar, days, ledger, pointer, receipt
from steps.registry import claim as claims
from steps.registry import marker as markers
from steps.registry.asking import Asking, newest_records
from steps.registry.backlog import Lack
from steps.registry.evidence import decides, marker_of
from steps.registry.explanation import Explanation, explain
from steps.registry.facts import Batch, Facts, Unread, What
from steps.registry.landing import landed
from steps.registry.ledger import Record
from steps.registry.marker import File
from steps.registry.objects import Listed, Store
from steps.registry.runs import Look, Runs, RunsError
from steps.verdict import Verdict

OF_A_DAY = 24
"""Records about a day that are read."""
BATCHES = 3
"""Batches, newest first, of which everything is looked up."""
LOOKED = 25
"""Files of a batch whose size is looked at."""


def situation(store: Store, document: Document, runs: Runs | None, day: date | None, now: datetime) -> Explanation:
    """Explain the day (the data's, or the one a model was due on), or with None the newest there is to explain.

    `runs` are the pipeline's Workflows, None where they cannot be asked for. Never raises for what cannot be read.
    """
    return explain(document, gather(store, document, runs, day, now))


def gather(store: Store, document: Document, runs: Runs | None, day: date | None, now: datetime) -> Facts:
    """Return what is known about the day; bounded requests, however long the ledger is."""
    asking = Asking()
    looks = _looks(document, runs, asking)
    records = _records(store, document, day, asking)
    standing = asking.ask(What.PRODUCTION, lambda: pointer.read(store, document))
    found = asking.ask(What.MARKERS, lambda: landed(store, document.data, _days(document, day), now)) or ()
    last = max(found, key=lambda one: one.modified, default=None)
    facts = Facts(
        now=now,
        day=day,
        records=records,
        latest=None if records else asking.ask(What.RECORDS, lambda: ledger.head(store, document.name)),
        last_seen=Batch(markers.batch(last.key, document.data), last.key, last.etag, last.modified) if last else None,
        production=standing.pointer if standing else None,
        looks=looks,
    )
    batches = tuple(_batches(facts, store, document, found, asking))
    return replace(facts, batches=batches, unread=tuple(asking.unread))


def _days(document: Document, day: date | None) -> tuple[date, ...]:
    """Return the days of data that are meant by a day: what a model due on it is made from, and its own."""
    return tuple(dict.fromkeys((calendar.needed_as_of(document.expect, day), day))) if day else ()


def _looks(document: Document, runs: Runs | None, asking: Asking) -> tuple[Look, ...] | None:
    if runs is None:
        return None
    try:
        return tuple(runs.all(document.name))
    except RunsError as error:
        asking.unread.append(Unread(What.RUNS, str(error)))
        return None


def _records(store: Store, document: Document, day: date | None, asking: Asking) -> tuple[Record, ...]:
    """Return the newest records, or those about the day and about the data that a model due on it is made from."""
    if day is None:
        return tuple(newest_records(store, document.name, asking))
    known: dict[int, Record] = {}
    for about in {day, calendar.needed_as_of(document.expect, day)}:
        known |= {record.n: record for record in _of_day(store, document, about, asking)}
    return tuple(known[n] for n in sorted(known, reverse=True))


def _of_day(store: Store, document: Document, day: date, asking: Asking) -> Iterator[Record]:
    """Yield the records about a day; where one is damaged, those of the day's index that can be read."""
    found = ledger.about(store, document.name, day, ZoneInfo(document.expect.timezone))
    for _ in range(OF_A_DAY):
        before = len(asking.unread)
        record = asking.ask(What.RECORDS, lambda: next(found, None))
        if record is not None:
            yield record
        elif len(asking.unread) > before:
            break
        else:
            return
    noted = asking.ask(What.RECORDS, lambda: list(islice(days.noted(store, document.name, day.isoformat()), OF_A_DAY)))
    for n in noted or ():
        record = asking.ask(What.RECORDS, partial(ledger.read, store, document.name, n))
        if record is not None:
            yield record


def _batches(
    facts: Facts, store: Store, document: Document, found: Sequence[Listed], asking: Asking
) -> Iterator[Batch]:
    """Yield the batches that the explanation may be about: the day's or the newest, then those of what goes on and of
    the newest decision on record, everything looked up."""
    known = {one.key: one for one in found}
    chosen = [one.key for one in _chosen(document, facts.day, found)[:BATCHES]]
    going = {look.parameters.get("marker", ""): look for look in facts.looks or () if not look.ended}
    told = [str(marker_of(record)[0]) for record in facts.records if decides(record)]
    for key in dict.fromkeys([*chosen, *list(going)[:BATCHES], *told[:1]]):
        if re.fullmatch(document.data.marker_pattern, key):
            listed = known.get(key) or asking.ask(What.MARKERS, partial(store.head, key))
            if listed is not None:
                yield _looked_up(store, document, listed, asking)
            elif key in going:
                yield Batch(markers.batch(key, document.data), key, going[key].parameters.get("etag", ""))


def _chosen(document: Document, day: date | None, found: Sequence[Listed]) -> list[Listed]:
    """Return the markers newest first; for a day those whose batch is named by it, else those that came since."""
    newest = sorted(found, key=lambda one: one.modified, reverse=True)
    if day is None:
        return newest
    names = {day.isoformat(), calendar.needed_as_of(document.expect, day).isoformat()}
    named = [one for one in newest if markers.batch(one.key, document.data)[:10] in names]
    return named or [one for one in newest if one.modified.date() >= day]


def _looked_up(store: Store, document: Document, listed: Listed, asking: Asking) -> Batch:
    name = markers.batch(listed.key, document.data)
    bare = Batch(name, listed.key, listed.etag, listed.modified)
    try:
        marker = asking.ask(What.MARKERS, lambda: markers.read(store, listed.key, "", document.data))
    except Verdict as verdict:
        bare, marker = replace(bare, problem=str(verdict)), None
    settled = asking.ask(What.RECEIPTS, lambda: receipt.read(store, document.name, name, listed.etag))
    if marker is None:
        return replace(bare, receipt=settled)
    data_hash = markers.data_hash(marker.files)
    standing = asking.ask(What.CLAIMS, lambda: claims.read(store, document.name, data_hash))
    claim = standing.claim if standing else None
    whole = replace(bare, marker=marker, receipt=settled, claim=claim)
    if settled or (claim is not None and not claims.given_back(claim)):
        return whole
    heads = asking.ask(What.FILES, lambda: [_head(store, document, file) for file in marker.files[:LOOKED]]) or []
    lacks = (_lack(file, found) for file, found in zip(marker.files, heads, strict=False))
    touched = max((found.modified for found in heads if found), default=None)
    return replace(whole, looked=len(heads), broken=tuple(lack for lack in lacks if lack), touched=touched)


def _head(store: Store, document: Document, file: File) -> Listed | None:
    return store.head(f"{document.data.prefix}/{file.key}")


def _lack(file: File, found: Listed | None) -> Lack | None:
    if found is None:
        return Lack(file.key, "missing", "nothing there", f"{file.size} bytes")
    if found.size == file.size:
        return None
    problem = "short" if found.size < file.size else "different"
    return Lack(file.key, problem, f"{found.size} bytes", f"{file.size} bytes")
