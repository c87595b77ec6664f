"""Messages to people, each told once a channel: `notify` tells of a run by it, `watch` of a late model.

A message is an object that says, by channel, how far the telling got. It is claimed before anything is sent and
settled after, so two tellers at once, or one that dies between any two requests, tell once. Where a death leaves open
whether people were told, they are told once more, and that it is a repetition.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from steps.registry.objects import Exists, Moved, Store
from steps.verdict import StoreError

PATIENCE = timedelta(minutes=10)
"""How long another teller's sending may take before it counts as dead: far longer than any channel is waited for."""
ATTEMPTS = 8
"""How often a message is read again because another teller changed it."""

Send = Callable[[bool], str | None]
"""One channel: told whether this repeats, it tells people and returns None, or a sentence why it certainly did not.

It raises `UnsureError` when it cannot know (no answer came). The sentence holds no secret.
"""


class UnsureError(Exception):
    """The message went out and no answer came: whether people were told cannot be known."""


class TakenError(StoreError):
    """Another teller has the message, and how far that got cannot be read."""


class State(StrEnum):
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far one channel got: `by` is the teller, `at` when (UTC), `said` why it failed or cannot be known.

    `repeated` is set from the moment that people may have been told before; `tries` tells one claim from the next.
    """

    state: State
    by: str
    at: datetime
    tries: int = 1
    repeated: bool = False
    said: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it stands; `record` is the number of the ledger's record of it, 0 for none (yet)."""

    channels: Mapping[str, Delivery] = field(default_factory=dict)
    record: int = 0

    def to_json(self) -> bytes:
        channels = {
            name: {**asdict(one), "at": one.at.isoformat(timespec="milliseconds")}
            for name, one in self.channels.items()
        }
        return json.dumps({"channels": channels, "record": self.record}, sort_keys=True, indent=2).encode()

    def told(self, channel: str) -> bool:
        found = self.channels.get(channel)
        return found is not None and found.state is State.SENT


@dataclass(frozen=True, slots=True)
class Standing:
    """A message and the ETag of the version that was read, "" for one that is not there yet."""

    message: Message
    etag: str


def prefix(pipeline: str) -> str:
    return f"registry/{pipeline}/messages/"


def key(pipeline: str, name: str) -> str:
    """Return the key of a message such as `run-<uid>-<reason>`, `late-<day>` or `recovered-<day>`."""
    return f"{prefix(pipeline)}{name}.json"


def once(store: Store, where: str, sends: Mapping[str, Send], by: str, now: datetime) -> Message:
    """Tell by each channel that has not been told; return how far each one got.

    `where` is the message's key. `by` names the teller; two that may tell at the same time have different names, and
    what one left half done under its own name, it knows to be its own. Raises `StoreError` before a channel is used.
    """
    standing = read(store, where)
    for channel, send in sends.items():
        for _ in range(ATTEMPTS):
            claimed = _claimed(standing.message.channels.get(channel), by, now)
            if claimed is None:
                break
            try:
                standing = _write(store, where, standing, channel, claimed)
            except (Exists, Moved):
                standing = _taken(store, where)
                continue
            standing = _settled(store, where, standing, channel, _sent(send, claimed))
            break
        else:
            raise TakenError(f"{where}: {ATTEMPTS} times another teller was faster; try again")
    return standing.message


def _taken(store: Store, where: str) -> Standing:
    """Return the message as somebody else has just written it."""
    try:
        return read(store, where)
    except StoreError as error:
        raise TakenError(f"another teller was faster, and how far it got cannot be read: {error}") from error


def read(store: Store, where: str) -> Standing:
    """Return the message, an empty one if it is not there; raises `StoreError`, also for what is no message."""
    found = store.get(where)
    if found is None:
        return Standing(Message(), "")
    try:
        value = json.loads(found[0])
        channels = {name: _delivery(one) for name, one in value["channels"].items()}
        return Standing(Message(channels, int(value["record"])), found[1])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StoreError(f"{where} is no message: {error!r}") from error


def recorded(store: Store, where: str, record: int) -> None:
    """Note the ledger's record of the message, so that nobody looks for it again. Raises `StoreError`."""
    for _ in range(ATTEMPTS):
        standing = read(store, where)
        if standing.message.record:
            return
        body = replace(standing.message, record=record).to_json()
        with suppress(Exists, Moved):
            _put(store, where, body, standing.etag)
            return


def under_way(found: Delivery, by: str, now: datetime) -> bool:
    """Say whether another teller is at it, as far as can be known."""
    return found.state is State.SENDING and not _stale(found, by, now)


def _claimed(found: Delivery | None, by: str, now: datetime) -> Delivery | None:
    """Return the claim with which to tell; None if people were told, are being told, or were told twice maybe."""
    if found is None:
        return Delivery(State.SENDING, by, now)
    again = Delivery(State.SENDING, by, now, found.tries + 1, found.repeated)
    if found.state is State.FAILED:
        return again
    if _stale(found, by, now) and not found.repeated:
        return replace(again, repeated=True)
    return None


def _stale(found: Delivery, by: str, now: datetime) -> bool:
    """Say whether its teller died over it: it is the asking one's own, or far too old."""
    return found.state is State.SENDING and (found.by == by or now - found.at >= PATIENCE)


def _sent(send: Send, claimed: Delivery) -> Delivery:
    try:
        problem = send(claimed.repeated)
    except UnsureError as error:
        return replace(claimed, said=str(error))
    return replace(claimed, state=State.SENT if problem is None else State.FAILED, said=problem or "")


def _settled(store: Store, where: str, standing: Standing, channel: str, end: Delivery) -> Standing:
    """Write down how the telling ended, unless another teller has taken it over meanwhile.

    What cannot be written must not be told again here: it stays claimed, and a later teller finds it undecided.
    """
    unwritten = Standing(replace(standing.message, channels={**standing.message.channels, channel: end}), standing.etag)
    try:
        for _ in range(ATTEMPTS):
            try:
                return _write(store, where, standing, channel, end)
            except (Exists, Moved):
                standing = read(store, where)
                found = standing.message.channels.get(channel)
                if found is None or (found.by, found.tries) != (end.by, end.tries):
                    return standing
    except StoreError:
        return unwritten
    return unwritten


def _write(store: Store, where: str, standing: Standing, channel: str, value: Delivery) -> Standing:
    message = replace(standing.message, channels={**standing.message.channels, channel: value})
    return Standing(message, _put(store, where, message.to_json(), standing.etag))


def _put(store: Store, where: str, body: bytes, etag: str) -> str:
    return store.swap(where, body, etag) if etag else store.create(where, body)


def _delivery(value: Mapping[str, Any]) -> Delivery:
    at = datetime.fromisoformat(value["at"])
    if at.tzinfo is None:
        raise ValueError("expected a time with its zone")
    return Delivery(**{**value, "state": State(value["state"]), "at": at})
