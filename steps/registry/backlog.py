"""Which of the batches that could be run is run: of a backlog only the newest, and only once it is complete.

Pure, but for the sizes of files that `lacks` asks the store for; `reconciliation` asks here when the rules of
`decision` would have a run started.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

from steps.document import Document
from steps.registry import calendar
from steps.registry.decision import Action, Facts, Verb, superseded
from steps.registry.marker import Marker
from steps.registry.objects import Store
from steps.verdict import Conclusion, Reason

LANDING = timedelta(hours=24)
"""How long after its marker a batch may at least take to become complete."""
LONGEST = timedelta(days=31)
"""How long it may at most, whatever day its marker names."""


@dataclass(frozen=True, slots=True)
class Lack:
    """What keeps a batch from being complete, as `claim` says it of a file: `found` instead of `expected`."""

    file: str
    problem: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"the file {self.file!r} is {self.problem}: {self.found}, expected {self.expected}"


def lacks(store: Store, document: Document, marker: Marker, rechecked: datetime | None) -> Lack | None:
    """Return the first thing that the batch lacks, by a request a file; raises `StoreError`.

    Sizes are compared, contents are for `claim`. Where a run found another content under the right size, nothing has
    changed until a file is written after `rechecked`.
    """
    newest: datetime | None = None
    for file in marker.files:
        found, size = store.head(f"{document.data.prefix}/{file.key}"), f"{file.size} bytes"
        if found is None:
            return Lack(file.key, "missing", "nothing there", size)
        if found.size != file.size:
            return Lack(file.key, "short" if found.size < file.size else "different", f"{found.size} bytes", size)
        newest = max(newest or found.modified, found.modified)
    if rechecked is None or newest is None or newest > rechecked:
        return None
    return Lack(marker.files[0].key, "different, it or another", "what a run found so before", "a file written since")


def incomplete_until(document: Document, marker: Marker, landed: datetime) -> datetime:
    """Return until when the batch may become complete: the deadline that it is for, and a day in any case."""
    as_of = date.fromisoformat(marker.as_of)
    horizon = (landed + LONGEST).date()
    for day in calendar.days(document.expect, as_of):
        if day > horizon:
            break
        if calendar.needed_as_of(document.expect, day) >= as_of:
            return max(landed + LANDING, calendar.due(document.expect, day) or landed)
    return landed + LANDING


def incomplete(facts: Facts, lack: Lack, until: datetime) -> Action:
    """Return what to do about a batch that would be run if it were complete."""
    by = until.isoformat(timespec="minutes")
    if facts.now < until:
        return Action(Verb.WAIT, f"incomplete: {lack}; looked at again until {by}")
    conclusion = Conclusion(Reason.INCOMPLETE, f"still incomplete at {by}, given up", {"files": [asdict(lack)]})
    return Action(Verb.SETTLE, f"still incomplete: {lack}", conclusion)


def outdone(marker: Marker, by: Marker) -> Action:
    """Return what to do about a batch of a backlog in which a newer one is complete and is run instead."""
    why = f"of a backlog only the newest is run: batch {by.batch} of {by.as_of} revision {by.revision}"
    return Action(Verb.SETTLE, why, superseded(marker, by.batch))
