"""Quoted text that govaluate takes for a moment in time, such as '2024-01-01' or '2024-01-01 12:00'.

Read by the tokens of a condition: such text is a number of seconds there, no longer text, so that two spellings of one
moment are equal. Zones that are not said are UTC, as in a controller's container.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY = r"(?i:mon|tue|wed|thu|fri|sat|sun)"
_MONTH = rf"(?P<name>(?i:{'|'.join(_MONTHS)}))"
_SECONDS = r"(?P<hour>\d\d?):(?P<minute>\d\d):(?P<second>\d\d)(?:[.,]\d+)?"
_YEAR = r"(?P<year>\d{4})"
_DATE = rf"{_YEAR}-(?P<month>\d\d)-(?P<day>\d\d)"
_COLON_ZONE = r"(?P<sign>[+-])(?P<zone>\d\d):(?P<zone_minute>\d\d)"
_PLAIN_ZONE = r"(?P<sign>[+-])(?P<zone>\d\d)(?P<zone_minute>\d\d)"

# The formats of tryParseTime in govaluate's parsing.go; a fraction is allowed wherever Go allows one.
_FORMATS = tuple(
    re.compile(form, re.ASCII)
    for form in (
        rf"{_DAY} +{_MONTH} +(?P<day>\d\d?) +{_SECONDS} +{_YEAR}",
        rf"{_DAY} +{_MONTH} +(?P<day>\d\d?) +{_SECONDS} +(?P<letters>[A-Z]{{3,5}}) +{_YEAR}",
        rf"{_DAY} +{_MONTH} +(?P<day>\d\d) +{_SECONDS} +{_PLAIN_ZONE} +{_YEAR}",
        r"(?P<hour12>\d\d?):(?P<minute>\d\d)(?P<half>AM|PM)",
        rf"{_DATE}T{_SECONDS}(?:Z|{_COLON_ZONE})",
        rf"{_DATE}",
        rf"{_DATE} +(?P<hour>\d\d?):(?P<minute>\d\d)",
        rf"{_DATE} +{_SECONDS}",
        rf"{_DATE} +{_SECONDS}{_COLON_ZONE}",
        rf"{_DATE}T(?P<hour>\d\d?)(?:Z|{_PLAIN_ZONE})",
        rf"{_DATE}T(?P<hour>\d\d?):(?P<minute>\d\d)(?:Z|{_PLAIN_ZONE})",
        rf"{_DATE}T{_SECONDS}(?:Z|{_PLAIN_ZONE})",
    )
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_GREGORIAN_CYCLE = 400  # years, 146097 days; Python knows no year 0, which is what Go gives a time without a date


def seconds(text: str) -> float | None:
    """Return the whole seconds since 1970 that `text` says, or None if it is not a moment in govaluate's formats."""
    for form in _FORMATS:
        match = form.fullmatch(text)
        if match:
            found = _seconds({name: value for name, value in match.groupdict().items() if value is not None})
            if found is not None:
                return found
    return None


def _seconds(parts: Mapping[str, str]) -> float | None:
    hour = _hour(parts)
    minute, second = int(parts.get("minute", 0)), int(parts.get("second", 0))
    zone, zone_minute = int(parts.get("zone", 0)), int(parts.get("zone_minute", 0))
    month = _MONTHS.index(parts["name"].lower()) + 1 if "name" in parts else int(parts.get("month", 1))
    if hour is None or hour > 23 or minute > 59 or second > 59 or zone > 24 or zone_minute > 59:
        return None
    try:
        day = date(int(parts.get("year", 0)) + _GREGORIAN_CYCLE, month, int(parts.get("day", 1)))
    except ValueError:
        return None
    offset = timedelta(hours=zone, minutes=zone_minute) * (-1 if parts.get("sign") == "-" else 1)
    moment = timedelta(days=day.toordinal() - _EPOCH.toordinal() - 146097, hours=hour, minutes=minute, seconds=second)
    return float((moment - offset) // timedelta(seconds=1))


def _hour(parts: Mapping[str, str]) -> int | None:
    if "hour12" not in parts:
        return int(parts.get("hour", 0))
    hour = int(parts["hour12"])
    if hour > 12:
        return None
    return hour % 12 + (12 if parts["half"] == "PM" else 0)
