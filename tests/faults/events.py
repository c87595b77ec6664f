"""The event path: notifications that come twice, late, in another order or never, and a sensor that dies.

At least once is what queue and bus promise: a message that the sensor did not settle comes again. What gets lost gets
lost before the queue.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from faults.bucket import Held
from faults.hazards import HOUR, MINUTE
from faults.schedule import Died
from faults.world import World

DELAYS = (0.0, 2.0, 6 * MINUTE, 3 * HOUR)
REDELIVERY = 30


@dataclass(frozen=True, slots=True)
class Faults:
    """Shares of events: lost before the queue, notified twice; and of deliveries over which the sensor dies."""

    lost: float = 0.0
    twice: float = 0.0
    death: float = 0.0


class Events:
    """Turns a marker's landing into a Workflow, as Sensor and manifest do; `order` is create, then settle."""

    order: tuple[str, ...] = ("create", "settle")

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults

    def calm(self) -> None:
        """Let nothing befall events any more."""
        self._faults = Faults()

    def announce(self, held: Held) -> None:
        choices, schedule = self._world.choices, self._world.schedule
        if choices.chance(self._faults.lost):
            schedule.note(f"the event of {held.key} is lost")
            return
        for _ in range(2 if choices.chance(self._faults.twice) else 1):
            delay = choices.of(DELAYS) if self._faults.lost else 0.0
            schedule.spawn(f"sensor, {held.key}", lambda: self._deliver(held), after=delay)

    def _deliver(self, held: Held) -> None:
        """Deliver until settled: a death of the sensor in between brings the message back, unless it was settled."""
        world, settled = self._world, False
        acts: dict[str, Callable[[], object]] = {"create": lambda: self._create(held), "settle": lambda: None}
        while not settled:
            try:
                for act in self.order:
                    world.schedule.turn()
                    if world.choices.chance(self._faults.death):
                        world.schedule.note(f"dies before it can {act}")
                        raise Died
                    acts[act]()
                    settled = settled or act == "settle"
            except Died:
                world.schedule.sleep(REDELIVERY)

    def _create(self, held: Held) -> None:
        """Do what the Sensor's filter and the trigger's parameters say (workflows/definitions/events.py)."""
        document = self._world.document
        found = re.fullmatch(document.data.marker_pattern, held.key)
        if found is not None:
            parameters = {"marker": held.key, "etag": held.etag, "trigger": "event"}
            self._world.cluster.create(f"{document.name}-{found.group(1)}-{held.etag[:12]}", parameters)
