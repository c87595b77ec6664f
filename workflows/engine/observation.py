"""What the listener tells about events, so that every one of them leaves a trace, also those that start nothing.

Handed to the `observe` callback of whoever runs the listener; on a cluster a filter that says no leaves none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from workflows.engine.sensor import Event

Kind = Literal[
    "listening",  # a queue is open
    "unreachable",  # a queue cannot be read for now
    "reachable",  # it can again
    "received",  # an event is safe in the inbox
    "redelivered",  # a message that was received before
    "unreadable",  # a message that is not what the EventSource says
    "unwanted",  # an event no Sensor waits for
    "filtered",  # a Sensor's filter says no
    "discarded",  # a transform or a filter has no answer
    "created",  # a Workflow was made
    "exists",  # there was one of that name already: nothing runs
    "failed",  # one attempt failed
    "dead",  # every attempt failed, and the dlqTrigger was told
    "lost",  # every attempt failed, and nobody could be told
]


@dataclass(frozen=True, slots=True)
class Observation:
    """One fact. `name` is the Workflow's; `event` is as received, before any transform."""

    kind: Kind
    reason: str = ""
    source: str = ""
    sensor: str = ""
    trigger: str = ""
    name: str = ""
    event: Event | None = None

    def __str__(self) -> str:
        place = "/".join(part for part in (self.sensor or self.source, self.trigger) if part)
        return " ".join(part for part in (self.kind, self.name, place and f"[{place}]", self.reason) if part)
