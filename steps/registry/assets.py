"""What a pipeline has made: raw batch, clean data, model, report, production. `retrain assets` prints it.

Each is told by where it lies, so that nothing is claimed that is not there: a run's artifacts may have expired, or
be of a rejected one. Fresh is what production would need by now, by the document's `expect`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import islice

from steps.document import Document
from steps.registry import calendar, pointer
from steps.registry import marker as markers
from steps.registry import version as versions
from steps.registry.asking import Asking, newest_records
from steps.registry.evidence import is_outcome, mapping, moment, who
from steps.registry.facts import What
from steps.registry.landing import landed
from steps.registry.ledger import Record
from steps.registry.objects import PAGE, Listed, Store
from steps.registry.pointer import Pointer
from steps.verdict import Verdict, headline

RUNS = 5
"""Runs, newest first, whose artifacts are looked at."""
ARTIFACTS = "artifacts"
"""The artifact repository's own prefix."""
RAW, CLEAN, MODEL, REPORT, PRODUCTION = "raw batch", "clean data", "model", "report", "production"
FILES = {CLEAN: "clean/", MODEL: "model.skops", REPORT: "report.json"}
"""Where a run leaves them, below its artifacts."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One thing that was made; `made` None: never, or gone. `fresh` None: nothing is due, or its data is unknown.

    `batch`, `as_of` and `data_hash` say from what; `run` is the Workflow, "" for what a producer or a person made.
    """

    name: str
    made: datetime | None = None
    run: str = ""
    batch: str = ""
    as_of: str = ""
    data_hash: str = ""
    where: str = ""
    detail: str = ""
    fresh: bool | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The assets in the order in which they are made, and what could not be read."""

    assets: tuple[Asset, ...]
    unread: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """A run that may have left artifacts, of which data, and what it came to if that is on record."""

    workflow: str
    uid: str
    batch: str
    as_of: str
    data_hash: str
    end: str = ""


def assets(store: Store, document: Document, now: datetime) -> Found:
    """Return what there is of the pipeline, in a bounded number of requests; never raises for what cannot be read."""
    asking = Asking()
    needed = _needed(document, now)
    standing = asking.ask(What.PRODUCTION, lambda: pointer.read(store, document))
    raw = _raw(store, document, now, asking)
    current = pointer.current(standing)
    left = dict(_left(store, document, asking))
    made = (left.get(name) or _kept(store, document, name, current, asking) for name in FILES)
    found = tuple(_judged(asset, needed) for asset in (raw, *made, _production(store, document, current, asking)))
    return Found(found, tuple(str(one) for one in asking.unread))


def _needed(document: Document, now: datetime) -> str | None:
    """Return the day that data must at least be of by now; None if no model is due."""
    last = calendar.last_due(document.expect, now)
    return calendar.needed_as_of(document.expect, last[0]).isoformat() if last else None


def _judged(asset: Asset, needed: str | None) -> Asset:
    if needed is None or asset.made is None or not asset.as_of:
        return asset
    return replace(asset, fresh=asset.as_of >= needed)


def _raw(store: Store, document: Document, now: datetime, asking: Asking) -> Asset:
    """Return the batch that landed last."""
    listed = asking.ask(What.MARKERS, lambda: landed(store, document.data, [now.date()], now)) or ()
    newest = max(listed, key=lambda one: one.modified, default=None)
    if newest is None:
        return Asset(RAW)
    bare = Asset(RAW, newest.modified, "", markers.batch(newest.key, document.data), where=newest.key)
    try:
        marker = asking.ask(What.MARKERS, lambda: markers.read(store, newest.key, "", document.data))
    except Verdict as verdict:
        return replace(bare, detail=str(verdict))
    if marker is None:
        return bare
    size = sum(file.size for file in marker.files)
    detail = f"revision {marker.revision}, {len(marker.files)} files, {size} bytes"
    return replace(bare, as_of=marker.as_of, data_hash=markers.data_hash(marker.files), detail=detail)


def _left(store: Store, document: Document, asking: Asking) -> Iterator[tuple[str, Asset]]:
    """Yield by name the newest artifacts that are still there, of the newest runs on record."""
    missing = set(FILES)
    records = list(newest_records(store, document.name, asking))
    for made in islice(_runs(records), RUNS):
        where = f"{ARTIFACTS}/{made.workflow}/{made.uid}/"
        there = asking.ask(What.ARTIFACTS, partial(_page, store, where)) or []
        for name in sorted(missing):
            mine = [one for one in there if one.key.startswith(where + FILES[name])]
            if mine:
                missing.discard(name)
                yield name, _artifact(name, made, where + FILES[name], mine)


def _page(store: Store, where: str) -> list[Listed]:
    return list(islice(store.keys(where), PAGE))


def _artifact(name: str, made: Made, where: str, files: list[Listed]) -> Asset:
    size = sum(one.size for one in files)
    count = f"{len(files)} files, " if name == CLEAN else ""
    detail = f"{count}{size} bytes{f', run {made.end}' if made.end else ', no outcome on record'}"
    at = max(one.modified for one in files)
    return Asset(name, at, made.workflow, made.batch, made.as_of, made.data_hash, where, detail)


def _runs(records: list[Record]) -> Iterator[Made]:
    """Yield the runs that took a batch, newest first."""
    ends = {
        one.uid: headline(str(one.body.get("outcome")), str(one.body.get("reason")))
        for one in reversed(records)
        if is_outcome(one)
    }
    seen: set[str] = set()
    for record in records:
        if record.kind in ("started", "outcome") and record.uid not in seen and record.body.get("data_hash"):
            seen.add(record.uid)
            batch, as_of, data_hash = (str(record.body.get(part) or "") for part in ("batch", "as_of", "data_hash"))
            yield Made(who(record), record.uid, batch, as_of, data_hash, ends.get(record.uid, ""))


def _kept(store: Store, document: Document, name: str, current: Pointer, asking: Asking) -> Asset:
    """Return production's own copy of what no recent run has left; clean data has none."""
    if current.empty or name == CLEAN:
        return Asset(name)
    where = f"{versions.prefix(document.name, current.version)}/{FILES[name]}"
    listed = asking.ask(What.ARTIFACTS, lambda: store.head(where))
    if listed is None:
        return Asset(name)
    about = (current.workflow, current.batch, current.as_of, current.data_hash)
    return Asset(name, listed.modified, *about, where, f"{listed.size} bytes, as promoted")


def _production(store: Store, document: Document, current: Pointer, asking: Asking) -> Asset:
    if current.empty:
        return Asset(PRODUCTION, detail="empty")
    facts = asking.ask(What.PRODUCTION, lambda: versions.read(store, document.name, current.version)) or {}
    model = mapping(facts.get("model")).get("sha256")
    detail = f"version {current.version}{f', model {str(model)[:12]}' if model else ''}"
    detail += f", frozen by {current.frozen.by}" if current.frozen else ""
    where = f"{versions.prefix(document.name, current.version)}/"
    about = (current.workflow, current.batch, current.as_of, current.data_hash)
    return Asset(PRODUCTION, moment(current.promoted_at), *about, where, detail)
