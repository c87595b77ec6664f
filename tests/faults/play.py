"""One schedule from its decisions: a scene is drawn, played through all its weather, brought to rest, and judged.

At rest means: no more faults, every process has ended, and reconcile and watch find nothing left to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from faults.choices import Choices
from faults.cluster import Workflow
from faults.events import Events, Faults
from faults.hazards import HOUR, MINUTE, Weather
from faults.invariants import findings
from faults.producers import BAD_KEYS, BAD_MARKERS, Producers, plans
from faults.schedule import EndlessError, Line, Schedule
from faults.tending import Tending
from faults.trap import Trap
from faults.world import World, installed

DAY = 24 * HOUR
DAYS = (3, 2)
PASSES = 40
"""Passes of reconcile within which a world must come to rest, after the last process has ended."""
BETWEEN = 20 * MINUTE
CALAMITY = 0.12
FORGOTTEN = 0.3


@dataclass(frozen=True, slots=True)
class Options:
    """What a scene may hold; tests of the suite itself leave parts out. `whole`: at most one complete batch a day."""

    tended: bool = True
    people: bool = True
    weather: bool = True
    whole: bool = False
    events: Faults | None = None


@dataclass(frozen=True, slots=True)
class Played:
    """A schedule that has been played: what was found wrong, what happened, and the decisions that made it so."""

    findings: tuple[str, ...]
    lines: Sequence[Line]
    made: Sequence[int]
    turns: int


def play(choices: Choices, options: Options = Options()) -> Played:
    """Play the schedule of these decisions and return what was wrong."""
    scene = Scene(choices, options)
    with installed(scene.world):
        endless: tuple[str, ...] = ()
        try:
            scene.run()
        except EndlessError as error:
            endless = (str(error),)
        scene.world.end()
        wrong = tuple(findings(scene.world, scene.producers.landed))
    return Played((*wrong, *endless), scene.world.schedule.lines, choices.made, scene.world.schedule.turns)


class Scene:
    """Who is on: producers, the event path, reconcile and watch, people, and what befalls Workflows."""

    def __init__(self, choices: Choices, options: Options) -> None:
        self._choices = choices
        self._options = options
        self.world = World(choices)
        self._schedule: Schedule = self.world.schedule
        self.tending = Tending(self.world)
        self._days = choices.of(DAYS)
        if options.weather:
            self.world.weather = self._weather()
            trap = Trap(self.world, self.tending, choices.of((0.0, 0.0, 0.5)) if options.tended else 0.0)
            self.world.wire.before_write = trap.spring
        drawn = Faults(choices.of((0.0, 0.3)), choices.of((0.0, 0.3)), choices.of((0.0, 0.15)))
        self._events = Events(self.world, options.events or drawn)
        self.producers = Producers(self.world, self._events.announce)
        begin = self.world.cluster.begin

        def begun(workflow: Workflow) -> None:
            begin(workflow)
            if options.weather:
                self._befall(workflow)

        self.world.cluster.begin = begun

    def run(self) -> None:
        """Play the days, then bring the world to rest."""
        if not self._options.weather:
            self.world.pods.roughness = 0.0
        for day in range(self._days):
            self._day(day)
        self._schedule.run(until=self._days * DAY)
        self.world.weather = Weather()
        self.world.wire.before_write = lambda _: None
        self.world.pods.roughness = 0.0
        self._events.calm()
        self._rest()
        if self.world.frozen:
            self.tending.unfreeze()
            self._rest()

    def _day(self, day: int) -> None:
        choices, world = self._choices, self.world
        for at, plan in plans(world, day + 2, whole=self._options.whole):
            world.spawn(f"producer of {plan.name}", partial(self.producers.land, plan), after=day * DAY + at)
            if choices.chance(0.15):
                world.spawn("producer", partial(self.producers.again, plan), after=day * DAY + at + HOUR)
        if not self._options.whole and choices.chance(0.15):
            bad = choices.below(len(BAD_KEYS) + len(BAD_MARKERS))
            world.spawn("producer", partial(self.producers.land_badly, bad), after=day * DAY + 4 * HOUR)
        if self._options.tended:
            self._tend(day * DAY)
        if self._options.people:
            self._people(day * DAY)

    def _tend(self, start: float) -> None:
        choices, tending = self._choices, self.tending
        for _ in range(choices.below(4)):
            tending.reconcile(whole=choices.chance(0.2), after=start + self._moment())
        if choices.chance(0.3):
            at = start + self._moment()
            tending.reconcile(whole=False, after=at)
            tending.reconcile(whole=True, after=at)
        for _ in range(choices.below(3)):
            tending.watch(after=start + self._moment())
        if choices.chance(0.3):
            at = start + 6 * HOUR + 31 * MINUTE
            tending.watch(after=at)
            tending.watch(after=at)

    def _people(self, start: float) -> None:
        choices, tending = self._choices, self.tending
        if choices.chance(0.12):
            at = self._moment()
            tending.freeze(after=start + at)
            tending.unfreeze(after=start + at + choices.of((MINUTE, HOUR, 12 * HOUR)))
        if choices.chance(0.12):
            tending.roll_back(after=start + self._moment())
            if choices.chance(0.5):
                tending.unfreeze(after=start + self._moment())
        if choices.chance(0.15):
            tending.replay(f"2026-03-{2 + choices.below(self._days):02}", after=start + self._moment())

    def _moment(self) -> float:
        """Draw a moment of a day, more likely in its busy hours."""
        return self._choices.of((3, 3.1, 3.3, 4, 5, 5.2, 6.6, 8.1, 8.5, 10, 12, 20)) * HOUR + self._choices.below(30)

    def _weather(self) -> Weather:
        choices = self._choices
        return Weather(
            rate=choices.of((0.0, 0.01, 0.03, 0.07)),
            ambush=choices.of((0.0, 0.1, 0.3)),
            ambushed=self.world.precious,
            skew=choices.of((0, 2 * MINUTE, 5 * MINUTE)),
        )

    def _befall(self, workflow: Workflow) -> None:
        """Let somebody stop, terminate or delete a Workflow, or let it be forgotten some time after its end."""
        choices, schedule, cluster = self._choices, self._schedule, self.world.cluster
        if self.world.pods.roughness and choices.chance(CALAMITY):
            how = choices.of(("Stop", "Terminate", "delete"))

            def strike() -> None:
                if workflow.deleted or workflow.finished is not None:
                    return
                schedule.note(f"{workflow.name} is to end: {how}")
                if how == "delete":
                    cluster.delete(workflow)
                else:
                    workflow.shutdown = how

            schedule.spawn("operator", strike, after=choices.of((1, 5 * MINUTE, 17 * MINUTE)))
        if choices.chance(FORGOTTEN):

            def forget() -> None:
                schedule.wait(lambda: workflow.deleted or workflow.finished is not None)
                schedule.sleep(choices.of((MINUTE, 3 * HOUR)))
                if not workflow.deleted:
                    schedule.note(f"forgets {workflow.name}")
                    cluster.delete(workflow)

            schedule.spawn("garbage collection", forget)

    def _rest(self) -> None:
        """Let everything end; then reconcile and watch until twice nothing changed, a day and a half apart."""
        passes, waited = 0, False
        while passes < PASSES:
            before = self._traces()
            if self._options.tended:
                self.tending.reconcile(whole=True)
                self.tending.watch(after=MINUTE)
            self._schedule.run(until=self._schedule.clock + BETWEEN)
            if self._schedule.actors:
                self._schedule.run(until=self._next())
                continue
            passes += 1
            if self._traces() != before:
                continue
            if waited:
                return
            waited = True
            self._schedule.run(until=self._schedule.clock + 1.5 * DAY)
        raise EndlessError(f"reconcile still finds something to do after {PASSES} passes")

    def _next(self) -> float:
        """Return when the next process wakes."""
        wake, name = min((actor.wake, actor.name) for actor in self._schedule.actors)
        if wake == float("inf"):
            raise EndlessError(f"{name} waits for what never comes")
        return wake

    def _traces(self) -> tuple[int, int, int]:
        world = self.world
        return len(world.bucket.writes), len(world.cluster.ever), len(world.channels.told)
