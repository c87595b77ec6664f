"""Actors that take turns, one request at a time, on a clock of their own. Every turn is a decision of the seed.

An actor is a greenlet that runs real code; wherever that code asks the store or looks at Workflows it hands over here.
A turn costs a little time; when nobody can go on, the clock jumps to the next who wakes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from faults.choices import Choices
from greenlet import greenlet

TURN = 0.05
"""Seconds that a turn takes."""
LIMIT = 30_000
"""Turns after which a schedule counts as one that never ends."""
POLICIES = ("sticky", "uniform", "priorities")


class Died(BaseException):
    """A process ends here, whatever it was doing. No `except Exception` of the real code stops it."""


class EndlessError(AssertionError):
    """The schedule does not come to rest."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the printed schedule: when, who, did what, and what was answered."""

    at: float
    actor: str
    what: str
    answer: str = ""


class Actor(greenlet):
    """One process or person: `skew` is how far its clock is off, in seconds, `lost` counts its lost answers, `error`
    is what escaped from its code."""

    def __init__(self, name: str, code: Callable[[], object], skew: float) -> None:
        super().__init__(self._run)
        self.name = name
        self.skew = skew
        self.wake = 0.0
        self.priority = 0
        self.lost = 0
        self.until: Callable[[], bool] | None = None
        self.doomed = False
        self.ended = False
        self.died = False
        self.error: Exception | None = None
        self._code = code

    def _run(self) -> None:
        try:
            self._code()
        except Died:
            self.died = True
        except Exception as error:  # noqa: BLE001 - what escapes from real code is a finding, judged afterwards
            self.error = error
        self.ended = True


class Schedule:
    """The actors, their clock, and the lines of what they did."""

    def __init__(self, choices: Choices, start: datetime) -> None:
        self.choices = choices
        self.start = start
        self.clock = 0.0
        self.turns = 0
        self.over = False
        self.lines: list[Line] = []
        self.actors: list[Actor] = []
        self.failed: list[Actor] = []
        self.policy = choices.of(POLICIES)
        self._current: Actor | None = None
        self._hub = greenlet.getcurrent()
        self._lowest = 0

    def spawn(self, name: str, code: Callable[[], object], *, skew: float = 0.0, after: float = 0.0) -> Actor:
        """Add an actor that begins after so many seconds."""
        actor = Actor(name, code, skew)
        actor.parent = self._hub
        actor.wake = self.clock + after
        actor.priority = self.choices.below(8) if self.policy == "priorities" else 0
        self.actors.append(actor)
        return actor

    @property
    def current(self) -> Actor | None:
        """Return the actor whose turn it is, None outside of the schedule."""
        return self._current

    def moment(self, clock: float | None = None) -> datetime:
        """Return the true time."""
        return self.start + timedelta(milliseconds=round((self.clock if clock is None else clock) * 1000))

    def now(self) -> datetime:
        """Return the time as the actor's own clock has it."""
        skew = self._current.skew if self._current else 0.0
        return self.moment(self.clock + skew).astimezone(UTC)

    def note(self, what: str, answer: str = "") -> None:
        """Put a line into the printed schedule, unless it is over."""
        if not self.over:
            self.lines.append(Line(self.clock, self._current.name if self._current else "-", what, answer))

    def turn(self) -> None:
        """Let others go first; called by the actor whose turn it is."""
        actor = self._current
        if actor is None:
            return
        if not actor.doomed:
            self._hub.switch()
        if actor.doomed:
            raise Died

    def sleep(self, seconds: float) -> None:
        """Let this actor's time pass."""
        if self._current is not None:
            self._current.wake = self.clock + seconds
        self.turn()

    def wait(self, until: Callable[[], bool], seconds: float | None = None) -> bool:
        """Wait until something holds, at most so long; return whether it does."""
        actor = self._current
        assert actor is not None
        actor.until = until
        actor.wake = float("inf") if seconds is None else self.clock + seconds
        try:
            self.turn()
        finally:
            actor.until = None
            actor.wake = self.clock
        return until()

    def doom(self, actor: Actor) -> None:
        """End an actor's process at its next turn."""
        actor.doomed = True

    def run(self, until: float = float("inf")) -> None:
        """Give turns until nobody can go on, or until that time has come."""
        while True:
            ready = [actor for actor in self.actors if self._ready(actor)]
            if not ready:
                wake = min((actor.wake for actor in self.actors), default=float("inf"))
                if wake > until or wake == float("inf"):
                    self.clock = max(self.clock, min(wake, until)) if until != float("inf") else self.clock
                    return
                self.clock = max(self.clock, wake)
                continue
            self._give(self._chosen(ready))

    def _ready(self, actor: Actor) -> bool:
        return actor.wake <= self.clock or actor.doomed or (actor.until is not None and actor.until())

    def _give(self, actor: Actor) -> None:
        self.turns += 1
        if self.turns > LIMIT:
            raise EndlessError(f"no rest after {LIMIT} turns; {actor.name} goes on")
        self.clock += TURN
        self._current = actor
        actor.switch()
        if actor.ended:
            self.actors.remove(actor)
            if actor.error is not None:
                self.failed.append(actor)
                self.note("ends", repr(actor.error))
        # The one who had the last turn stands first: 0, the tamest choice, lets it go on.
        elif self.actors[0] is not actor:
            self.actors.remove(actor)
            self.actors.insert(0, actor)
        self._current = None

    def _chosen(self, ready: list[Actor]) -> Actor:
        if len(ready) == 1:
            return ready[0]
        if self.policy == "uniform":
            return self.choices.of(ready)
        if self.policy == "sticky":
            return self.choices.of(ready) if self.choices.chance(0.2) else ready[0]
        first = max(ready, key=lambda actor: actor.priority)
        if self.choices.chance(0.03):
            self._lowest -= 1
            first.priority = self._lowest
            first = max(ready, key=lambda actor: actor.priority)
        return first
