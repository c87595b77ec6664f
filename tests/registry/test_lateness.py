"""Production is late by its data and the calendar alone, and never for a day before the pipeline was there."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from documents import document
from hypothesis import given, settings
from hypothesis import strategies as st

from steps.registry import calendar
from steps.registry.lateness import behind, lateness

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


WEEKDAYS = {"expect__cadence": "weekdays"}
CASES: dict[str, tuple[dict[str, Any], str | None, str, tuple[str, str] | None]] = {
    "empty, before it is due": ({"data__since": "2026-02-24"}, None, "2026-02-24T06:29", None),
    "empty, when it is due": ({"data__since": "2026-02-24"}, None, "2026-02-24T06:30", ("2026-02-24", "2026-02-24")),
    "of the day": ({}, "2026-02-24", "2026-02-24T06:30", None),
    "of a later day": ({}, "2026-02-25", "2026-02-24T06:30", None),
    "of the day before": ({}, "2026-02-23", "2026-02-24T06:30", ("2026-02-24", "2026-02-24")),
    "of the day before, which is enough": ({"expect__lag": 1}, "2026-02-23", "2026-02-24T06:30", None),
    "since days": ({}, "2026-02-20", "2026-02-24T06:30", ("2026-02-24", "2026-02-21")),
    "since friday, over the weekend": (WEEKDAYS, "2026-02-19", "2026-02-24T06:30", ("2026-02-24", "2026-02-20")),
    "friday's on sunday": (WEEKDAYS, "2026-02-20", "2026-02-22T12:00", None),
    "friday's on monday": (WEEKDAYS, "2026-02-20", "2026-02-23T06:30", ("2026-02-23", "2026-02-23")),
    "since months": (
        {"expect__cadence": "monthly", "expect__on": 31},
        "2026-01-31",
        "2026-04-30T12:00",
        ("2026-04-30", "2026-02-28"),
    ),
    "never": ({"expect__cadence": "never"}, None, "2026-02-24T06:30", None),
    "before data.since": ({"data__since": "2026-02-25"}, None, "2026-02-24T12:00", None),
    "whose data is before data.since": (
        {"data__since": "2026-02-24", "expect__lag": 1},
        None,
        "2026-02-24T12:00",
        None,
    ),
    "not counting days before data.since": (
        {"data__since": "2026-02-23", "expect__lag": 1},
        None,
        "2026-02-26T12:00",
        ("2026-02-26", "2026-02-24"),
    ),
}


@pytest.mark.parametrize(("changes", "as_of", "now", "late"), CASES.values(), ids=CASES)
def test_production_is(changes: dict[str, Any], as_of: str | None, now: str, late: tuple[str, str] | None) -> None:
    made_of = date.fromisoformat(as_of) if as_of else None
    found = lateness(document(**changes), made_of, LONG_AGO, at(now))
    assert (found and (found.day.isoformat(), found.since.isoformat())) == late


INSTALLED: dict[str, tuple[str, dict[str, Any], str, tuple[str, str] | None]] = {
    "after it was due": ("2026-02-24T06:31", {}, "2026-02-24T12:00", None),
    "just before it was due": ("2026-02-24T06:29", {}, "2026-02-24T12:00", ("2026-02-24", "2026-02-24")),
    "the day after": ("2026-02-24T06:31", {}, "2026-02-25T06:30", ("2026-02-25", "2026-02-25")),
    "days before": ("2026-02-22T12:00", {}, "2026-02-25T06:30", ("2026-02-25", "2026-02-23")),
    "in a long grace": ("2026-02-24T00:00", {"expect__grace": "50h"}, "2026-02-25T12:00", ("2026-02-23", "2026-02-22")),
    "where it is tomorrow already": (
        "2026-02-23T16:29",
        {"expect__timezone": "Pacific/Kiritimati"},
        "2026-02-23T16:30",
        ("2026-02-24", "2026-02-24"),
    ),
}


@pytest.mark.parametrize(("installed", "changes", "now", "late"), INSTALLED.values(), ids=INSTALLED)
def test_a_pipeline_installed(installed: str, changes: dict[str, Any], now: str, late: tuple[str, str] | None) -> None:
    found = lateness(document(**changes), None, at(installed), at(now))
    assert (found and (found.day.isoformat(), found.since.isoformat())) == late


@given(
    st.sampled_from(["daily", "weekdays", "weekly", "monthly"]),
    st.integers(0, 5),
    st.sampled_from(["UTC", "Asia/Kathmandu", "Pacific/Apia", "America/New_York"]),
    st.integers(0, 400),
    st.integers(0, 400 * 24 * 60),
)
@settings(max_examples=150, deadline=None)
def test_it_is_late_exactly_while_the_last_model_due_needs_newer_data(
    cadence: str, lag: int, zone: str, made: int, minutes: int
) -> None:
    pipeline = document(expect={"cadence": cadence, "lag": lag, "timezone": zone})
    as_of, now = date(2026, 1, 1) + timedelta(days=made), at("2026-01-01") + timedelta(minutes=minutes)
    last = calendar.last_due(pipeline.expect, now)
    assert last is not None
    found = lateness(pipeline, as_of, LONG_AGO, now)
    assert (found is not None) == (calendar.needed_as_of(pipeline.expect, last[0]) > as_of)
    assert found is None or (found.since <= found.day and calendar.needed_as_of(pipeline.expect, found.since) > as_of)
    assert behind(pipeline, as_of, now) is None or found is not None
