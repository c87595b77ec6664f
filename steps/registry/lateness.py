"""Whether production is late: the pure core of `watch`.

Production is late when the data it was made from is older than the last model that was due needs, whatever the runs
did. A day that was due before the pipeline was there, or whose data it leaves alone by `data.since`, is never late.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from steps.document import Document, seconds
from steps.registry import calendar


@dataclass(frozen=True, slots=True)
class Late:
    """A late model: the `day` it was for, the moment it was `due` (UTC), the `needed` day of its data.

    `since` is the first such day in a row: that day itself, or an earlier one that was never made up for.
    """

    day: date
    due: datetime
    needed: date
    since: date


def behind(document: Document, as_of: date | None, now: datetime) -> Late | None:
    """Return what is late now if the pipeline has always been there; `as_of` is production's day, None if empty."""
    last = calendar.last_due(document.expect, now)
    if last is None:
        return None
    day, due = last
    needed = calendar.needed_as_of(document.expect, day)
    since = document.data.since
    if (as_of is not None and as_of >= needed) or (since is not None and needed < since):
        return None
    return Late(day, due, needed, day)


def lateness(document: Document, as_of: date | None, installed: datetime, now: datetime) -> Late | None:
    """Return what is late now, None if production is on time; `installed` is when the pipeline was first there."""
    late = behind(document, as_of, now)
    if late is None or late.due < installed:
        return None
    grace = timedelta(seconds=seconds(document.expect.grace))
    start = max((installed - grace).date() - calendar.DAY, as_of or date.min, document.data.since or date.min)
    missed = (day for day in calendar.days(document.expect, start) if _counts(document, as_of, installed, day))
    return replace(late, since=next(missed, late.day))


def _counts(document: Document, as_of: date | None, installed: datetime, day: date) -> bool:
    """Say whether production missed that day, and ought to have had it."""
    needed, due = calendar.needed_as_of(document.expect, day), calendar.due(document.expect, day)
    missed = as_of is None or needed > as_of
    return missed and due is not None and due >= installed and needed >= (document.data.since or date.min)
