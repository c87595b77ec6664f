"""The line between a process and its bucket: each request is a turn of the schedule, and here faults strike it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from faults.client import ATTEMPTS, BROKEN, CALM, CONFLICT, LOST, UNREACHED, Fate, Request
from faults.schedule import Actor, Died, Schedule

MINUTE, HOUR = 60, 3600
STALLS = (20, 4 * MINUTE, 25 * MINUTE, 3 * HOUR)
"""Seconds a process stands still: a long collection of garbage, a throttled node, a lost network, a laptop lid."""
WRITES = (LOST, UNREACHED, "SlowDown", "InternalError", CONFLICT, "dies", "stalls")
AMBUSHES = ("stalls", LOST, "stalls", "dies")
READS = (LOST, UNREACHED, "ServiceUnavailable", BROKEN, "dies", "stalls")


@dataclass(frozen=True, slots=True)
class Weather:
    """How rough a schedule is: the share of requests that something strikes, and of writes that are held back.

    `ambushed` says of a key whether a write of it is worth being held back; `skew` is how far a process's clock may be
    off, in seconds.
    """

    rate: float = 0.0
    ambush: float = 0.0
    ambushed: Callable[[str], bool] = lambda _: False
    skew: float = 0.0


class Wire:
    """A `Line` of the schedule for the actor `owner`; once a process has died, no request of it gets through."""

    def __init__(self, schedule: Schedule, weather: Callable[[], Weather]) -> None:
        self._schedule = schedule
        self._weather = weather
        self.before_write: Callable[[Request], None] = lambda _: None

    def fate(self, request: Request) -> Fate:
        schedule, choices, weather = self._schedule, self._schedule.choices, self._weather()
        schedule.turn()
        if request.verb == "put":
            self.before_write(request)
        precious = request.verb == "put" and weather.ambushed(request.key)
        if precious and weather.ambush and choices.chance(weather.ambush):
            kind = choices.of(AMBUSHES)
        elif weather.rate and choices.chance(weather.rate):
            kind = choices.of(WRITES if request.verb == "put" else READS)
        else:
            return CALM
        if kind == "stalls":
            self._stall(request)
            return CALM
        if kind == "dies":
            return Fate(dies=choices.of(("after", "before")))
        if kind == LOST:
            self._actor().lost += 1
        return Fate(kind, choices.of((1, ATTEMPTS)))

    def again(self, _: Request) -> None:
        self._schedule.turn()

    def die(self, _: Request) -> NoReturn:
        actor = self._actor()
        self._schedule.note("dies")
        self._schedule.doom(actor)
        raise Died

    def answered(self, request: Request, answer: str) -> None:
        condition = f" {request.condition}" if request.condition else ""
        self._schedule.note(f"{request.verb} {request.key}{condition}", answer)

    def now(self) -> datetime:
        return self._schedule.moment()

    def name(self) -> str:
        return self._actor().name

    def _stall(self, request: Request) -> None:
        seconds = self._schedule.choices.of(STALLS)
        self._schedule.note(f"stands still for {seconds} s before {request.verb} {request.key}")
        self._schedule.sleep(seconds)

    def _actor(self) -> Actor:
        actor = self._schedule.current
        assert actor is not None
        return actor
