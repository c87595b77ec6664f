"""A person sees what became of every event, once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from workflows.commands.feed import Feed
from workflows.engine.observation import Kind, Observation
from workflows.engine.sensor import Event


def event(identity: str = "e1", **body: Any) -> Event:
    return Event(identity, "retrain-markers", "marker", datetime(2026, 3, 1, tzinfo=UTC), {"body": body})


def lines(capsys: pytest.CaptureFixture[str], *kinds: Kind, of: Event | None = None) -> list[str]:
    feed = Feed(sensors=2)
    for kind in kinds:
        feed(Observation(kind, "a reason", sensor="loans", name="loans-b1", event=of or event()))
    return capsys.readouterr().out.splitlines()


def test_a_marker_that_one_of_two_sensors_takes_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = lines(capsys, "received", "filtered", "created")
    assert "created loans-b1" in line


def test_an_event_that_no_sensor_takes_is_said_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = lines(capsys, "received", "filtered", "discarded")
    assert "no Sensor takes an event" in line
    assert "a reason" in line


def test_a_second_delivery_is_said_to_change_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = lines(capsys, "filtered", "exists")
    assert "delivered again" in line


def test_s3_s_test_event_is_called_one(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = lines(capsys, "discarded", "discarded", of=event(Event="s3:TestEvent"))
    assert "test event" in line


def test_a_failure_is_always_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(lines(capsys, "failed", "failed", "dead")) == 3
