"""When a model is due: the days of a cadence, each one's moment in the pipeline's time zone, the data it has to be of.

Pure; `watch`, `why` and reconcile ask here. A local time that a zone skips or has twice is read as RFC 5545 does it
(3.3.5): a skipped one by the offset before the gap, one that comes twice as the first; a day that a zone skips whole
(Pacific/Apia, 30 December 2011) is nobody's deadline.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from steps.document import Expect, seconds

DAY = timedelta(days=1)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SATURDAY = 5
"""As `date.weekday` has it."""
LONGEST = 64
"""Days after which a cadence has surely come round: two months, for a zone may have skipped the one day between."""


def expected(expect: Expect, day: date) -> bool:
    """Say whether a model is due on that day of the zone's calendar."""
    return _in_cadence(expect, day) and _exists(ZoneInfo(expect.timezone), day)


def due(expect: Expect, day: date) -> datetime | None:
    """Return when the model of that day is late (UTC): its deadline plus the grace; None if none is due on it."""
    if not expected(expect, day):
        return None
    try:
        deadline = datetime.combine(day, expect.deadline, ZoneInfo(expect.timezone)).astimezone(UTC)
        return deadline + timedelta(seconds=seconds(expect.grace))
    except OverflowError:
        return None


def last_due(expect: Expect, now: datetime) -> tuple[date, datetime] | None:
    """Return the last day whose model was due by `now`, and when; None if there is none (cadence never)."""
    try:
        latest = (now - timedelta(seconds=seconds(expect.grace))).astimezone(ZoneInfo(expect.timezone)).date() + DAY
    except OverflowError:
        return None
    for back in range(LONGEST):
        moment = due(expect, latest - back * DAY)
        if moment is not None and moment <= now:
            return latest - back * DAY, moment
    return None


def days(expect: Expect, first: date) -> Iterator[date]:
    """Yield the days on which a model is due, from `first` on, in order; nothing for cadence never."""
    if expect.cadence == "never":
        return
    day = first
    while day < date.max - DAY:
        if expected(expect, day):
            yield day
        day += DAY


def needed_as_of(expect: Expect, day: date) -> date:
    """Return the day that the data of the model due on `day` must at least be of: `lag` days before it.

    They are weekdays where the cadence is: Monday's model with a lag of 1 is made from Friday's data.
    """
    earlier = day
    for _ in range(expect.lag):
        earlier -= DAY
        while expect.cadence == "weekdays" and earlier.weekday() >= SATURDAY:
            earlier -= DAY
    return earlier


def _in_cadence(expect: Expect, day: date) -> bool:
    match expect.cadence:
        case "daily":
            return True
        case "weekdays":
            return day.weekday() < SATURDAY
        case "weekly":
            return WEEKDAYS[day.weekday()] == (expect.on or WEEKDAYS[0])
        case "monthly":
            return day.day == min(int(expect.on or 1), monthrange(day.year, day.month)[1])
        case "never":
            return False


def _exists(zone: ZoneInfo, day: date) -> bool:
    """Say whether the zone's calendar has the day: its midnight, where skipped alone, is still on it an hour later."""
    return datetime.combine(day, time.min, zone).astimezone(UTC).astimezone(zone).date() == day
