"""When a CronWorkflow is due: its schedules as Argo's cron library reads them, its time zone, and the next moment.

Used by the timekeeper and the validator. The fields are read here and handed to cronsim as plain lists of numbers with
a seconds field, for two reasons: the dialects differ (`7`, `L`, `#`, `*/2` beside a weekday), and with a seconds field
cronsim does not move times out of the hour that a clock change skips, or drop those of the hour that comes twice.
So, as with github.com/robfig/cron: 02:30 does not come on the day it is skipped, 01:30 comes twice where it does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from workflows.errors import DocumentError

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
DESCRIPTORS: Mapping[str, str] = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One of the five: its name, its lowest and highest number, and the words that stand for numbers."""

    name: str
    lowest: int
    highest: int
    words: Mapping[str, int]


FIELDS = (
    Field("minute", 0, 59, {}),
    Field("hour", 0, 23, {}),
    Field("day of the month", 1, 31, {}),
    Field("month", 1, 12, {word: number for number, word in enumerate(MONTHS, 1)}),
    Field("day of the week", 0, 6, {word: number for number, word in enumerate(DAYS)}),
)
EXAMPLE = "five fields, such as '*/15 * * * *'"


@dataclass(frozen=True, slots=True)
class Timetable:
    """Schedules that were read, in cronsim's words, and the time zone they are meant in."""

    expressions: tuple[str, ...]
    zone: ZoneInfo

    def after(self, moment: datetime) -> datetime | None:
        """Return the first moment after this one, in UTC; None if there is none within fifty years."""
        found = [next(CronSim(one, moment.astimezone(self.zone)), None) for one in self.expressions]
        return min((one.astimezone(UTC) for one in found if one is not None), default=None)

    def latest(self, after: datetime, until: datetime) -> datetime | None:
        """Return the last moment after the one and not after the other. For short times: it steps through them."""
        last, following = None, self.after(after)
        while following is not None and following <= until:
            last, following = following, self.after(following)
        return last


def timetable(schedules: Sequence[str], timezone: str | None) -> Timetable:
    """Read schedules and time zone (none: UTC, a controller's usual one). Raises DocumentError."""
    if not schedules:
        raise DocumentError("it needs at least one schedule", hint=EXAMPLE)
    try:
        zone = ZoneInfo(timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise DocumentError(f"there is no time zone {timezone!r}", hint="an IANA name such as Europe/Berlin") from None
    return Timetable(tuple(expression for text in schedules for expression in _expression(text)), zone)


def _expression(text: str) -> list[str]:
    """Return the schedule for cronsim; nothing for a date that never comes, such as 30 February."""
    if text.startswith("@every"):
        raise DocumentError(f"the engine does not support the schedule {text!r} yet", hint=EXAMPLE)
    parts = DESCRIPTORS.get(text, text).split()
    if len(parts) != len(FIELDS):
        raise DocumentError(f"cron schedule {text!r} has {len(parts)} fields", hint=EXAMPLE)
    try:
        expression = " ".join(["0", *(_numbers(part, field) for part, field in zip(parts, FIELDS, strict=True))])
    except ValueError as error:
        raise DocumentError(f"cron schedule {text!r}: {error}", hint=EXAMPLE) from None
    try:
        CronSim(expression, datetime(2000, 1, 1, tzinfo=UTC))
    except CronSimError:
        return []
    return [expression]


def _numbers(text: str, field: Field) -> str:
    """Return a field as `*`, or as the numbers it names: `mon-fri/2` is `1,3,5`. Raises ValueError."""
    found: set[int] = set()
    every = False
    for term in text.split(","):
        span, slash, step = term.partition("/")
        first, dash, last = span.partition("-")
        star = first in ("*", "?")
        low = field.lowest if star else _number(first, field)
        high = field.highest if star or (slash and not dash) else _number(last, field) if dash else low
        if star and dash:
            raise ValueError(f"{term!r} is no {field.name}")
        if low > high:
            raise ValueError(f"{term!r} of the {field.name} ends before it begins")
        by = _step(step, field) if slash else 1
        every = every or (star and by == 1)
        found.update(range(low, high + 1, by))
    return "*" if every else ",".join(map(str, sorted(found)))


def _number(text: str, field: Field) -> int:
    value = field.words.get(text.lower(), int(text) if re.fullmatch(r"[0-9]{1,4}", text) else -1)
    if not field.lowest <= value <= field.highest:
        raise ValueError(f"{text!r} is no {field.name} ({field.lowest} to {field.highest})")
    return value


def _step(text: str, field: Field) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", text) or int(text) == 0:
        raise ValueError(f"{text!r} is no step of the {field.name}")
    return int(text)
