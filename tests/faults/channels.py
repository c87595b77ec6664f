"""People's channels, Slack and the pager: what reached them, whatever the sender came to know of it."""

from __future__ import annotations

from dataclasses import dataclass

from faults.client import LOST, Request
from faults.hazards import Wire
from faults.schedule import Actor, Schedule

from steps.registry.message import UnsureError

UNKEPT = "could not be used"
"""What `notify` says when it tells people without a store to keep that: they would rather be told twice than never."""


@dataclass(frozen=True, slots=True)
class Told:
    """A message that reached people: `text` is what they read; `repeated` says that it calls itself a repetition.

    `about` is the state it tells of: the object that says how far the telling got.
    """

    at: float
    channel: str
    about: str
    text: str
    repeated: bool


class Channels:
    """Takes messages as a webhook does: what is `lost` arrived, and the sender does not know."""

    def __init__(self, schedule: Schedule, wire: Wire) -> None:
        self._schedule = schedule
        self._wire = wire
        self.told: list[Told] = []
        self._about: dict[Actor | None, str] = {}

    def telling(self, about: str) -> None:
        """Take down what the one whose turn it is will be telling of."""
        self._about[self._schedule.current] = about

    def deliver(self, channel: str, text: str, *, repeated: bool) -> str | None:
        """Return None if people were told, a sentence if they were not; raise `UnsureError` if no answer came."""
        request = Request("tell", channel, text.splitlines()[0][:80])
        fate = self._wire.fate(request)
        if fate.dies == "before":
            self._wire.die(request)
        if fate.trouble not in ("", LOST):
            self._wire.answered(request, fate.trouble)
            return f"it was not told: {fate.trouble}"
        about = self._about.get(self._schedule.current, text)
        if UNKEPT not in text:
            self.told.append(Told(self._schedule.clock, channel, about, text, repeated))
        self._wire.answered(request, fate.trouble or ("repeated" if repeated else "told"))
        if fate.dies == "after":
            self._wire.die(request)
        if fate.trouble == LOST:
            raise UnsureError("no answer came")
        return None
