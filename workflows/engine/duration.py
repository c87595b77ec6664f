"""Durations as Argo reads and prints them: `5`, `90s`, `1h30m`.

Read by the state machine (timeouts, backoff) and the validator. Go's rules, because the manifests are written for Go.
"""

from __future__ import annotations

import re
from datetime import timedelta

from workflows.errors import DocumentError

SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
LONGEST = timedelta(days=106_751)  # what 63 bits of nanoseconds hold
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_WHOLE = re.compile(rf"[+-]?(?:{_PART.pattern})+")


def parse_duration(text: str) -> timedelta:
    """Digits alone are seconds, anything else is a Go duration; DocumentError if it is neither."""
    if re.fullmatch(r"[+-]?\d+", text):
        return timedelta(seconds=int(text))
    if not _WHOLE.fullmatch(text):
        raise DocumentError(f"{text!r} is not a duration", hint="write it as 30s, 10m or 1h30m")
    total = sum(float(number) * SECONDS[unit] for number, unit in _PART.findall(text))
    return timedelta(seconds=-total if text.startswith("-") else total)


def spoken(duration: timedelta) -> str:
    """A duration in at most two units, as Argo's messages print it: `5 minutes 0 seconds` (util/humanize)."""
    seconds = int(duration.total_seconds())
    if seconds < 60:
        return "1 second" if seconds == 1 else f"{seconds} seconds"
    if seconds < 3600:
        return f"{_first(seconds // 60, 'minute')} {seconds % 60} seconds"
    if seconds < 86_400:
        return f"{_first(seconds // 3600, 'hour')} {seconds // 60 % 60} minutes"
    return f"{_first(seconds // 86_400, 'day')} {seconds // 3600 % 24} hours"


def _first(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
