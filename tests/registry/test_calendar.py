"""A model is due on the days of its cadence, once each, at its local deadline whatever the zone's clock does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steps.document import Expect
from steps.registry import calendar

DST = {"timezone": "Europe/Berlin", "grace": "1s"}
MOMENTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "utc, with grace": ({"deadline": "06:00", "grace": "30m"}, "2026-02-24", "2026-02-24T06:30:00"),
    "winter": ({**DST, "deadline": "06:00"}, "2026-03-28", "2026-03-28T05:00:01"),
    "summer": ({**DST, "deadline": "06:00"}, "2026-03-29", "2026-03-29T04:00:01"),
    "a time that the clock skips": ({**DST, "deadline": "02:30"}, "2026-03-29", "2026-03-29T01:30:01"),
    "a time that comes twice": ({**DST, "deadline": "02:30"}, "2026-10-25", "2026-10-25T00:30:01"),
    "grace across the skip is time that passes": (
        {"timezone": "Europe/Berlin", "deadline": "01:30", "grace": "1h"},
        "2026-03-29",
        "2026-03-29T01:30:00",
    ),
    "midnight that is skipped": ({"timezone": "Africa/Cairo", "deadline": "00:00"}, "2026-04-24", "2026-04-23T22:30"),
    "45 minutes": ({"timezone": "Asia/Kathmandu", "grace": "1s"}, "2026-02-24", "2026-02-24T00:15:01"),
    "half an hour": ({"timezone": "Australia/Adelaide", "grace": "1s"}, "2026-07-01", "2026-06-30T20:30:01"),
    "a switch of half an hour": (
        {"timezone": "Australia/Lord_Howe", "deadline": "02:15", "grace": "1s"},
        "2026-10-04",
        "2026-10-03T15:45:01",
    ),
    "the day before a skipped day": ({"timezone": "Pacific/Apia", "grace": "1s"}, "2011-12-29", "2011-12-29T16:00:01"),
    "the day after a skipped day": ({"timezone": "Pacific/Apia", "grace": "1s"}, "2011-12-31", "2011-12-30T16:00:01"),
    "weekly, monday if nothing is said": ({"cadence": "weekly"}, "2026-02-23", "2026-02-23T06:30:00"),
    "weekly on its day": ({"cadence": "weekly", "on": "sunday"}, "2026-03-01", "2026-03-01T06:30:00"),
    "monthly, the first if nothing is said": ({"cadence": "monthly"}, "2026-03-01", "2026-03-01T06:30:00"),
    "the 31st of a month of 30": ({"cadence": "monthly", "on": 31}, "2026-04-30", "2026-04-30T06:30:00"),
    "the 31st of february": ({"cadence": "monthly", "on": 31}, "2026-02-28", "2026-02-28T06:30:00"),
    "the 30th of a leap february": ({"cadence": "monthly", "on": 30}, "2028-02-29", "2028-02-29T06:30:00"),
    "the 29th of a leap february": ({"cadence": "monthly", "on": 29}, "2028-02-29", "2028-02-29T06:30:00"),
}
NOT_EXPECTED: dict[str, tuple[dict[str, Any], str]] = {
    "never": ({"cadence": "never"}, "2026-02-24"),
    "saturday": ({"cadence": "weekdays"}, "2026-02-28"),
    "sunday": ({"cadence": "weekdays"}, "2026-03-01"),
    "another weekday": ({"cadence": "weekly", "on": "friday"}, "2026-02-26"),
    "a month's last day but one": ({"cadence": "monthly", "on": 31}, "2026-03-30"),
    "the 28th of a leap february": ({"cadence": "monthly", "on": 31}, "2028-02-28"),
    "a day that the zone skipped": ({"timezone": "Pacific/Apia"}, "2011-12-30"),
    "a grace beyond all time": ({"grace": "99999999999h"}, "2026-02-24"),
}


@pytest.mark.parametrize(("values", "day", "moment"), MOMENTS.values(), ids=MOMENTS)
def test_a_model_is_due_at(values: dict[str, Any], day: str, moment: str) -> None:
    found = calendar.due(expect(**values), date.fromisoformat(day))
    assert found == datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.parametrize(("values", "day"), NOT_EXPECTED.values(), ids=NOT_EXPECTED)
def test_no_model_is_due_on(values: dict[str, Any], day: str) -> None:
    assert calendar.due(expect(**values), date.fromisoformat(day)) is None


NEEDED: dict[str, tuple[dict[str, Any], str, str]] = {
    "the day itself": ({}, "2026-02-24", "2026-02-24"),
    "the day before": ({"lag": 1}, "2026-03-01", "2026-02-28"),
    "the day before in a leap year": ({"lag": 1}, "2028-03-01", "2028-02-29"),
    "monday's is friday's": ({"cadence": "weekdays", "lag": 1}, "2026-02-23", "2026-02-20"),
    "friday's is thursday's": ({"cadence": "weekdays", "lag": 1}, "2026-02-27", "2026-02-26"),
    "a week of weekdays": ({"cadence": "weekdays", "lag": 5}, "2026-02-25", "2026-02-18"),
    "weekly counts days": ({"cadence": "weekly", "lag": 2}, "2026-02-23", "2026-02-21"),
}


@pytest.mark.parametrize(("values", "day", "needed"), NEEDED.values(), ids=NEEDED)
def test_a_model_needs_data_of(values: dict[str, Any], day: str, needed: str) -> None:
    assert calendar.needed_as_of(expect(**values), date.fromisoformat(day)) == date.fromisoformat(needed)


LAST: dict[str, tuple[dict[str, Any], str, str | None]] = {
    "a second too early": ({}, "2026-02-24T06:29:59", "2026-02-23"),
    "on the second": ({}, "2026-02-24T06:30:00", "2026-02-24"),
    "sunday looks back at friday": ({"cadence": "weekdays"}, "2026-03-01T12:00:00", "2026-02-27"),
    "monday morning, too": ({"cadence": "weekdays"}, "2026-03-02T06:00:00", "2026-02-27"),
    "weekly": ({"cadence": "weekly", "on": "monday"}, "2026-03-01T12:00:00", "2026-02-23"),
    "monthly": ({"cadence": "monthly", "on": 31}, "2026-03-30T12:00:00", "2026-02-28"),
    "a grace of days": ({"grace": "50h"}, "2026-02-24T07:59:59", "2026-02-21"),
    "tomorrow's in the far east": ({"timezone": "Pacific/Kiritimati"}, "2026-02-23T16:30:00", "2026-02-24"),
    "yesterday's in the far west": ({"timezone": "Pacific/Pago_Pago"}, "2026-02-24T17:29:59", "2026-02-23"),
    "tomorrow's, when midnight came and the clock went back before it": (
        {"timezone": "America/St_Johns", "deadline": "00:00", "grace": "1s"},
        "2010-11-07T02:40:00",
        "2010-11-07",
    ),
    "over the skipped day": ({"timezone": "Pacific/Apia"}, "2011-12-30T16:29:59", "2011-12-29"),
    "never": ({"cadence": "never"}, "2026-02-24T06:30:00", None),
    "a grace beyond all time": ({"grace": "99999999999h"}, "2026-02-24T06:30:00", None),
}


@pytest.mark.parametrize(("values", "now", "day"), LAST.values(), ids=LAST)
def test_the_last_day_whose_model_was_due(values: dict[str, Any], now: str, day: str | None) -> None:
    found = calendar.last_due(expect(**values), datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert (found and found[0].isoformat()) == day


def expect(**values: Any) -> Expect:
    return Expect.model_validate(values)


ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "America/Sao_Paulo", "Africa/Cairo",
    "Asia/Kathmandu", "Asia/Tehran", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kiritimati", "Pacific/Chatham",
)  # fmt: skip
EXPECTATIONS = st.builds(
    lambda cadence, timezone, **values: Expect(cadence=cadence[0], on=cadence[1], timezone=timezone, **values),
    cadence=st.one_of(
        st.sampled_from([("daily", None), ("weekdays", None), ("weekly", None), ("monthly", None)]),
        st.tuples(st.just("weekly"), st.sampled_from(calendar.WEEKDAYS)),
        st.tuples(st.just("monthly"), st.integers(1, 31)),
    ),
    timezone=st.sampled_from(ZONES),
    deadline=st.times().map(lambda value: value.replace(microsecond=0)),
    grace=st.sampled_from(["1s", "30m", "25h", "100h"]),
    lag=st.integers(0, 7),
)
NOWS = st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
SPAN = timedelta(days=75)


@given(EXPECTATIONS, NOWS)
@settings(max_examples=150, deadline=None)
def test_the_last_due_is_never_after_now_and_nothing_is_due_between(wanted: Expect, now: datetime) -> None:
    found = calendar.last_due(wanted, now)
    assert found is not None
    day, moment = found
    assert moment == calendar.due(wanted, day)
    assert moment <= now
    following = next(calendar.days(wanted, day + calendar.DAY))
    after = calendar.due(wanted, following)
    assert after is not None
    assert after > now


@given(EXPECTATIONS, NOWS)
@settings(max_examples=40, deadline=None)
def test_each_expected_day_comes_exactly_once_and_in_order(wanted: Expect, now: datetime) -> None:
    """Whoever looks at every moment at which something can become due sees the days one by one."""
    first, last = now.date(), (now + SPAN).date()
    listed = list(takewhile(lambda day: day <= last, calendar.days(wanted, first)))
    by_rule = [day for day in (first + n * calendar.DAY for n in range(76)) if calendar.due(wanted, day)]
    assert listed == by_rule
    moments = [calendar.due(wanted, day) for day in listed]
    assert moments == sorted(set(moments), key=lambda moment: moment or now)
    assert [calendar.last_due(wanted, moment) for moment in moments if moment] == list(
        zip(listed, moments, strict=True)
    )


@given(EXPECTATIONS, NOWS)
@settings(max_examples=100, deadline=None)
def test_data_is_needed_from_no_later_than_the_day_and_never_older_for_a_later_one(
    wanted: Expect, now: datetime
) -> None:
    day = next(calendar.days(wanted, now.date()))
    following = next(calendar.days(wanted, day + calendar.DAY))
    assert calendar.needed_as_of(wanted, day) <= day
    assert calendar.needed_as_of(wanted, day) < calendar.needed_as_of(wanted, following)


@given(EXPECTATIONS, NOWS)
@settings(max_examples=100, deadline=None)
def test_the_local_clock_stands_at_the_deadline_or_had_to_skip_it(wanted: Expect, now: datetime) -> None:
    day = next(calendar.days(wanted, now.date()))
    moment = calendar.due(wanted.model_copy(update={"grace": "1s"}), day)
    assert moment is not None
    local = (moment - timedelta(seconds=1)).astimezone(ZoneInfo(wanted.timezone))
    skipped = local.replace(tzinfo=None) - datetime.combine(day, wanted.deadline)
    assert timedelta() <= skipped <= timedelta(hours=2)
