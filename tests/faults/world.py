"""One simulated world: a bucket, a cluster, people's channels, and the real code of `steps`, all on one schedule.

The real code asks for a store, for the time and for its arguments in three places; `installed` fills those from the
world that is being run.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any, cast
from unittest import mock
from zoneinfo import available_timezones

from documents import document
from faults.bucket import Bucket
from faults.channels import Channels
from faults.choices import Choices
from faults.client import Client
from faults.cluster import Asked, Cluster, Workflow
from faults.controller import Controller
from faults.hazards import Weather, Wire
from faults.history import History, Observed
from faults.pods import Pods
from faults.process import parsed
from faults.schedule import Actor, Schedule

from steps import slack
from steps.document import Document
from steps.registry import ledger, message, pointer
from steps.registry.message import Message
from steps.registry.objects import S3, Store

START = datetime(2026, 3, 2, tzinfo=UTC)
"""A Monday, 00:00 UTC."""
CLOCKED = ("steps.claim", "steps.deploy", "steps.record", "steps.notify")
"""The verbs, which read the clock themselves."""


ZONES = available_timezones()
"""Asked for once: it reads every file of the zones' database."""


PARSED = 512
"""Records that are kept as they were read: the same bytes always make the same record."""

SECRET = "T0SECRET"
"""What stands in the webhook's URL and must not stand anywhere else."""

DOCUMENT: Document = document(
    data__since="2026-03-01",
    expect={"cadence": "daily", "deadline": "06:00", "timezone": "UTC", "grace": "30m"},
    notify={"slack": {"secret": "slack"}, "page": {"secret": "pager"}, "skipped": True},
)


class World:
    """What a schedule is played in. `weather` is how rough it is, and turns calm before the invariants are held."""

    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        self.schedule = Schedule(choices, START)
        self.bucket = Bucket()
        self.document = DOCUMENT
        self.weather = Weather()
        self.cluster = Cluster(self.schedule)
        self.cluster.begin = self._begin
        self.pods = Pods(self.schedule, self.document, self.store)
        self.pods.skew = self.skew
        self.mutex: list[str] | None = [] if choices.chance(0.5) else None
        self.wire = Wire(self.schedule, lambda: self.weather)
        self.channels = Channels(self.schedule, self.wire)
        self.history = History(self._swapped)

    def store(self) -> Store:
        """Return the real `objects.S3` over the bucket, for whoever's turn it is."""
        store = S3(cast(Any, Client(self.bucket, self.wire)), self.document.data.bucket)
        return Observed(store, self.history, self._lost, self._name)

    def runs(self) -> Asked:
        return Asked(self.cluster, self.schedule, self.wire)

    def tell(self, channel: str, text: str) -> str | None:
        """Post a text to a channel; see `Channels.deliver`."""
        return self.channels.deliver(channel, text, repeated="repeated" in text)

    def spawn(self, name: str, code: Callable[[], object], *, after: float = 0.0) -> Actor:
        return self.schedule.spawn(name, code, skew=self.skew(), after=after)

    def skew(self) -> float:
        """Return how far the clock of one process is off: within the weather's bounds, mostly not at all."""
        bound = self.weather.skew
        if not bound or not self.choices.chance(0.4):
            return 0.0
        return (self.choices.below(9) - 4) / 4 * bound

    def precious(self, key: str) -> bool:
        """Say whether a write of this key decides something."""
        name = self.document.name
        return key == pointer.key(self.document) or key.startswith(
            (f"registry/{name}/claims/", f"registry/{name}/mess")
        )

    @property
    def frozen(self) -> bool:
        """Say whether promotion is frozen, as the bucket has it."""
        held = self.bucket.find(pointer.key(self.document))
        return held is not None and json.loads(held.body)["frozen"] is not None

    def is_pointer(self, key: str) -> bool:
        return key == pointer.key(self.document)

    def end(self) -> None:
        """Stop all there is, so that what stands can be looked at."""
        self.weather = Weather()
        self.schedule.over = True

    def _swapped(self, key: str) -> bool:
        """Say whether this key is compared and swapped."""
        parts = [f"registry/{self.document.name}/{part}/" for part in ("claims", "messages")]
        return self.is_pointer(key) or key.startswith(tuple(parts))

    def _lost(self) -> int:
        actor = self.schedule.current
        return actor.lost if actor else 0

    def _name(self) -> str:
        actor = self.schedule.current
        return actor.name if actor else ""

    def _begin(self, workflow: Workflow) -> None:
        control = Controller(self.schedule, self.pods, workflow, self.mutex)
        self.schedule.spawn(f"controller of {workflow.name}", control.run)


@contextlib.contextmanager
def installed(world: World) -> Iterator[None]:
    """Let the real code live in this world: its store, its clock, its calls; what it prints goes nowhere."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return world.schedule.now().astimezone(tz)

    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch("steps.registry.objects.connect", side_effect=lambda *_, **__: world.store()))
        stack.enter_context(mock.patch("steps.interface.parse", parsed))
        stack.enter_context(mock.patch("steps.document.available_timezones", return_value=ZONES))
        for module in CLOCKED:
            stack.enter_context(mock.patch(f"{module}.datetime", Clock, create=True))
        stack.enter_context(mock.patch("steps.registry.ledger.parsed", lru_cache(PARSED)(ledger.parsed)))
        stack.enter_context(mock.patch("steps.registry.message.once", _told_of(world)))
        stack.enter_context(mock.patch("steps.notify.send", lambda _, text: world.tell("slack", text)))
        stack.enter_context(mock.patch.dict("os.environ", {slack.WEBHOOK: f"https://hooks.example/{SECRET}"}))
        stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        yield


def _told_of(world: World) -> Callable[..., Message]:
    """Return the real `message.once`, which leaves word of what it tells."""
    once = message.once

    def telling(store: Store, where: str, *rest: Any) -> Message:
        world.channels.telling(where)
        return once(store, where, *rest)

    return telling
