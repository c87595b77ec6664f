"""Schedules mean what they mean to Argo's cron library, on the days when clocks change above all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from workflows.engine.schedule import Timetable, timetable
from workflows.errors import DocumentError

NEW_YORK = "America/New_York"
BERLIN = "Europe/Berlin"


def after(schedule: str, moment: str, zone: str = "UTC", count: int = 1) -> list[str]:
    table, now, found = timetable([schedule], zone), datetime.fromisoformat(moment), []
    for _ in range(count):
        following = table.after(now)
        if following is None:
            break
        now = following
        found.append(following.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes"))
    return found


@pytest.mark.parametrize(
    ("schedule", "moment", "expected"),
    [
        ("*/15 * * * *", "2026-02-23T14:45:00+00:00", "2026-02-23T15:00+00:00"),
        ("*/15 * * * *", "2026-02-23T14:59:59.5+00:00", "2026-02-23T15:00+00:00"),
        ("20-35/15 * * * *", "2026-02-23T15:45:00+00:00", "2026-02-23T16:20+00:00"),
        ("5/20 * * * *", "2026-02-23T15:26:00+00:00", "2026-02-23T15:45+00:00"),
        ("30 6 * * MON-FRI", "2026-02-27T06:30:00+00:00", "2026-03-02T06:30+00:00"),
        ("0 0 * * 5/1", "2026-02-28T00:00:00+00:00", "2026-03-06T00:00+00:00"),
        ("0 0 29 feb ?", "2026-02-23T00:00:00+00:00", "2028-02-29T00:00+00:00"),
        ("0 0 31 * *", "2026-03-31T12:00:00+00:00", "2026-05-31T00:00+00:00"),
        ("0 0 13 * fri", "2026-02-23T00:00:00+00:00", "2026-02-27T00:00+00:00"),
        ("0 0 */10 * mon", "2026-02-23T00:00:00+00:00", "2026-03-01T00:00+00:00"),
        ("@daily", "2026-02-23T14:00:00+00:00", "2026-02-24T00:00+00:00"),
        ("0 4,16 * * *", "2026-02-23T05:00:00+00:00", "2026-02-23T16:00+00:00"),
    ],
)
def test_the_next_moment(schedule: str, moment: str, expected: str) -> None:
    assert after(schedule, moment) == [expected]


CHANGES = {
    "a skipped hour does not come": ("30 2 * * *", "2026-03-07T12:00-05:00", NEW_YORK, ["2026-03-09T02:30-04:00"]),
    "the hour after it does": (
        "0 3 * * *",
        "2026-03-07T12:00-05:00",
        NEW_YORK,
        ["2026-03-08T03:00-04:00", "2026-03-09T03:00-04:00"],
    ),
    "an hour that comes twice, twice": (
        "30 1 * * *",
        "2026-10-31T12:00-04:00",
        NEW_YORK,
        ["2026-11-01T01:30-04:00", "2026-11-01T01:30-05:00", "2026-11-02T01:30-05:00"],
    ),
    "hourly over a skipped hour": (
        "0 * * * *",
        "2026-03-29T00:30+01:00",
        BERLIN,
        ["2026-03-29T01:00+01:00", "2026-03-29T03:00+02:00", "2026-03-29T04:00+02:00"],
    ),
    "hourly over one that comes twice": (
        "0 * * * *",
        "2026-10-25T01:30+02:00",
        BERLIN,
        ["2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00", "2026-10-25T03:00+01:00"],
    ),
    "a deadline is the same by the clock before and after": (
        "30 6 * * *",
        "2026-03-28T07:00+01:00",
        BERLIN,
        ["2026-03-29T06:30+02:00", "2026-03-30T06:30+02:00"],
    ),
    "a midnight that is skipped": (
        "0 0 * * *",
        "2018-11-03T12:00-03:00",
        "America/Sao_Paulo",
        ["2018-11-05T00:00-02:00"],
    ),
    "a quarter of an hour through a change": (
        "*/15 * * * *",
        "2026-10-25T02:50+02:00",
        BERLIN,
        ["2026-10-25T02:00+01:00", "2026-10-25T02:15+01:00"],
    ),
}


@pytest.mark.parametrize(("schedule", "moment", "zone", "expected"), CHANGES.values(), ids=CHANGES)
def test_when_clocks_change(schedule: str, moment: str, zone: str, expected: list[str]) -> None:
    assert after(schedule, moment, zone, len(expected)) == expected


@pytest.mark.parametrize("schedule", ["0 0 30 2 *", "0 0 31 4,6,9,11 *"])
def test_a_day_that_never_comes_is_never_due(schedule: str) -> None:
    assert after(schedule, "2026-01-01T00:00:00+00:00") == []


def test_of_several_schedules_the_earliest_counts() -> None:
    table = timetable(["30 6 * * *", "*/15 * * * *"], BERLIN)
    moment, found = datetime(2026, 2, 23, 5, 10, tzinfo=UTC), []
    while len(found) < 3:
        moment = table.after(moment) or moment
        found.append(moment.isoformat(timespec="minutes"))
    assert found == ["2026-02-23T05:15+00:00", "2026-02-23T05:30+00:00", "2026-02-23T05:45+00:00"]


def test_the_latest_of_several_that_were_missed_is_found_and_none_where_none_was() -> None:
    table = timetable(["*/15 * * * *"], "UTC")
    now = datetime(2026, 2, 23, 5, 44, tzinfo=UTC)
    assert table.latest(now - timedelta(hours=1), now) == datetime(2026, 2, 23, 5, 30, tzinfo=UTC)
    assert table.latest(now - timedelta(minutes=14), now) is None
    assert table.latest(now - timedelta(minutes=14), now + timedelta(minutes=1)) == now + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("schedule", "says"),
    [
        ("", "has 0 fields"),
        ("* * * *", "has 4 fields"),
        ("0 * * * * *", "has 6 fields"),
        ("60 0 * * *", "'60' is no minute"),
        ("0 24 * * *", "'24' is no hour"),
        ("0 0 0 * *", "'0' is no day of the month"),
        ("0 0 * * 7", "'7' is no day of the week"),
        ("0 0 L * *", "'L' is no day of the month"),
        ("0 0 * * mon#2", "'mon#2' is no day of the week"),
        ("0 0 * * xyz", "'xyz' is no day of the week"),
        ("35-20 * * * *", "ends before it begins"),
        ("*/0 * * * *", "'0' is no step of the minute"),
        ("*-5 * * * *", "is no minute"),
        ("1, * * * *", "'' is no minute"),
        ("@every 15m", "does not support the schedule '@every 15m' yet"),
        ("@reboot", "has 1 fields"),
    ],
)
def test_what_is_no_schedule_here_is_refused(schedule: str, says: str) -> None:
    with pytest.raises(DocumentError, match=says):
        timetable([schedule], None)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "/etc/localtime"])
def test_a_time_zone_that_is_none_is_refused(zone: str) -> None:
    with pytest.raises(DocumentError, match="there is no time zone"):
        timetable(["* * * * *"], zone)


def test_without_schedules_there_is_no_timetable() -> None:
    with pytest.raises(DocumentError, match="at least one schedule"):
        timetable([], "UTC")


def test_every_moment_of_a_year_is_what_the_clock_on_the_wall_shows() -> None:
    zone = ZoneInfo(NEW_YORK)
    table: Timetable = timetable(["15,45 */6 * * *"], NEW_YORK)

    def moments() -> list[datetime]:
        moment, found = datetime(2026, 1, 1, tzinfo=zone), []
        while (moment := table.after(moment) or moment).year < 2027 and len(found) < 4000:
            found.append(moment)
        return found

    walls = [moment.astimezone(zone) for moment in islice(moments(), 4000)]
    assert {(wall.hour, wall.minute) for wall in walls} == {(h, m) for h in (0, 6, 12, 18) for m in (15, 45)}
    assert len(walls) in range(365 * 8 - 8, 365 * 8 + 2)
