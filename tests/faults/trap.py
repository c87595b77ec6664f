"""The trap: an owner stands still right before it moves production, its Workflow ends, it wakes after the take-over.

It is the one interleaving that fencing is for, and too rare to wait for by chance.
"""

from __future__ import annotations

from functools import partial

from faults.client import Request
from faults.hazards import HOUR, MINUTE
from faults.schedule import Schedule
from faults.tending import Tending
from faults.world import World

PATIENCE = 5 * HOUR
AFTERWARDS = (0, 1, MINUTE, 4 * MINUTE, 20 * MINUTE)
"""Seconds between the take-over and the former owner's waking."""


class Trap:
    """Springs on some writes of the pointer by `deploy`; `share` is how many."""

    def __init__(self, world: World, tending: Tending, share: float) -> None:
        self._world = world
        self._tending = tending
        self._share = share
        self._schedule: Schedule = world.schedule

    def spring(self, request: Request) -> None:
        """Hold the actor whose turn it is back, if this is the moment; called before each write."""
        actor, choices = self._schedule.current, self._world.choices
        if actor is None or not self._share or not actor.name.startswith("deploy("):
            return
        if not self._world.is_pointer(request.key) or not choices.chance(self._share):
            return
        name = actor.name.partition(" of ")[2]
        workflow = self._world.cluster.workflows.get(name)
        if workflow is None or workflow.over:
            return
        self._schedule.note(f"stands still right before put {request.key}, and {name} is terminated")
        workflow.shutdown, workflow.lives_on = "Terminate", True
        for after in (MINUTE, 6 * MINUTE, 12 * MINUTE):
            self._tending.reconcile(whole=True, after=after)
        claim = f"registry/{self._world.document.name}/claims/"
        before = len(self._world.bucket.writes)
        self._schedule.wait(partial(self._taken, claim, before), PATIENCE)
        self._schedule.sleep(choices.of(AFTERWARDS))

    def _taken(self, claim: str, before: int) -> bool:
        """Say whether somebody who gives claims on has written one since."""
        writes = self._world.bucket.writes[before:]
        return any(
            one.held.key.startswith(claim) and one.by.startswith(("sweep", "reconcile", "eve")) for one in writes
        )
