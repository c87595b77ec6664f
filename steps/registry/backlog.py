"""Which of the batches that could be run is run: of a backlog only the newest, and only once it is complete.

Pure, but for the sizes of files that `lacks` asks the store for; `reconciliation` asks here when the rules of
`decision` would have a run started.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from steps.document import Document
from steps.registry import calendar
from steps.registry.decision import Action, Facts, Verb, minutes
from steps.registry.marker import Marker
from steps.registry.objects import Store
from steps.verdict import Conclusion, Reason

LANDING = timedelta(hours=24)
"""How long after its marker a batch may at least take to become complete."""
LONGEST = timedelta(days=31)
"""How long it may at most, whatever day its marker names."""


def lacks(store: Store, document: Document, marker: Marker, rechecked: datetime | None) -> str:
    """Return what keeps the batch from being complete, "" if nothing does, by a request a file; raises `StoreError`.

    Sizes are compared, contents are for `claim`. Where a run found another content under the right size, nothing has
    changed until a file is written after `rechecked`.
    """
    newest = rechecked
    for file in marker.files:
        found = store.head(f"{document.data.prefix}/{file.key}")
        if found is None:
            return f"the file {file.key!r} is missing"
        if found.size != file.size:
            return f"the file {file.key!r} has {found.size} bytes, expected {file.size}"
        newest = max(newest, found.modified) if newest else None
    if rechecked is not None and newest == rechecked:
        return f"no file was written since a run found it so, at {rechecked.isoformat(timespec='minutes')}"
    return ""


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


def incomplete(facts: Facts, problem: str, until: datetime) -> Action:
    """Return what to do about a batch that would be run if it were complete; `problem` says what it lacks."""
    if facts.now < until:
        return Action(Verb.WAIT, f"incomplete: {problem}; looked at again until {until.isoformat(timespec='minutes')}")
    message = f"still incomplete {minutes(facts.now - facts.landed)} after its marker landed: {problem}"
    return Action(Verb.SETTLE, message, Conclusion(Reason.INCOMPLETE, message))


def outdone(marker: Marker, by: Marker) -> Action:
    """Return what to do about a batch of a backlog in which a newer one is complete and trains instead."""
    message = (
        f"batch {by.batch} of {by.as_of} revision {by.revision} is there too and newer than this one of {marker.as_of} "
        f"revision {marker.revision}; of a backlog only the newest trains"
    )
    return Action(Verb.SETTLE, message, Conclusion(Reason.SUPERSEDED, message, {"batch": by.batch}))
