"""The local sensor at work: queues → inbox → triggers, each in a thread of its own, until told to stop.

Called by `retrain up`. One thread a queue, and one a trigger, because on a cluster, too, a trigger deals with its
events one at a time and in order while the others go on.
"""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from workflows.engine.delivery import Reaction, Submit, Surroundings, deliver
from workflows.engine.eventrules import check_events
from workflows.engine.events import BUS_STAND_IN, SQS, EventDocument, EventSource, Sensor
from workflows.engine.inbox import Inbox
from workflows.engine.observation import Kind, Observation
from workflows.engine.queues import Queue, connect
from workflows.engine.sensor import Event, Message, UnreadableError, message_data, targets
from workflows.errors import DocumentError, StoreError

IDLE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Listener:
    """Whom the listener asks and tells. `pause` is how many seconds it waits after a queue could not be read."""

    inbox: Inbox
    submit: Submit
    observe: Callable[[Observation], None]
    secrets: Path
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    new_id: Callable[[], str] = lambda: uuid.uuid4().hex
    random: Callable[[], float] = random.random
    pause: float = 2.0


@dataclass(frozen=True, slots=True)
class Channel:
    """An open queue and the event it feeds."""

    source: str
    event: str
    settings: SQS
    queue: Queue


def listen(documents: Sequence[EventDocument], listener: Listener, stop: threading.Event) -> None:
    """Run the EventSources and Sensors until `stop` is set; what is under way then stays in the inbox.

    `observe` is never called by two threads at once. If a thread ends with an error, sets `stop` and raises it.
    Raises DocumentError for documents with errors, StoreError when a queue or the inbox cannot be used.
    """
    refuse_errors(documents)
    sensors = [document.body for document in documents if isinstance(document.body, Sensor)]
    around = _surroundings(listener, stop)
    reactions = [Reaction(sensor, trigger) for sensor in sensors for trigger in sensor.spec.triggers]
    listener.inbox.prune(listener.clock())
    _drop_orphans(reactions, around)
    with ExitStack() as closing:
        channels = [closing.enter_context(_Open(found, around, listener.secrets)) for found in _queues(documents)]
        pool = closing.enter_context(ThreadPoolExecutor(max_workers=len(channels) + len(reactions) or 1))
        threads: list[Future[None]] = [pool.submit(_drain, c, sensors, listener, around) for c in channels]
        threads += [pool.submit(_work, reaction, around) for reaction in reactions]
        for thread in threads:
            thread.add_done_callback(lambda _: stop.set())
        try:
            stop.wait()
        finally:
            stop.set()
            listener.inbox.wake()
    for thread in threads:
        thread.result()


def refuse_errors(documents: Sequence[EventDocument]) -> None:
    """Raises DocumentError for the first problem that is an error."""
    for problem in check_events(documents):
        if problem.level == "error":
            raise DocumentError(problem.message, where=problem.where, hint=problem.hint)


def _surroundings(listener: Listener, stop: threading.Event) -> Surroundings:
    one_at_a_time = threading.Lock()

    def observe(observation: Observation) -> None:
        with one_at_a_time:
            listener.observe(observation)

    return Surroundings(listener.inbox, listener.submit, observe, listener.clock, listener.random, stop)


def _queues(documents: Sequence[EventDocument]) -> list[tuple[EventSource, str, SQS]]:
    sources = [document.body for document in documents if isinstance(document.body, EventSource)]
    return [(source, event, settings) for source in sources for event, settings in source.spec.sqs.items()]


class _Open:
    """A queue for the time of a `with`."""

    def __init__(self, found: tuple[EventSource, str, SQS], around: Surroundings, secrets: Path) -> None:
        self._source, self._event, self._settings = found
        self._around = around
        self._secrets = secrets

    def __enter__(self) -> Channel:
        self._queue = connect(self._settings, self._secrets)
        name = str(self._source.metadata.name)
        self._around.observe(Observation("listening", f"{self._queue.url}; {BUS_STAND_IN}", source=name))
        return Channel(name, self._event, self._settings, self._queue)

    def __exit__(self, *_: object) -> None:
        self._queue.close()


def _drop_orphans(reactions: Sequence[Reaction], around: Surroundings) -> None:
    """Drop what is kept for a trigger that is gone, as a cluster drops its consumer; but not silently."""
    known = {reaction.target for reaction in reactions}
    for target in around.inbox.targets():
        while target not in known and (delivery := around.inbox.next(target)):
            reason = "its Sensor or trigger is no longer among the documents"
            around.inbox.settle(delivery, "lost", reason)
            sensor, trigger = target
            around.observe(Observation("lost", reason, sensor=sensor, trigger=trigger, event=delivery.event))


def _drain(channel: Channel, sensors: Sequence[Sensor], listener: Listener, around: Surroundings) -> None:
    reachable = True
    while not around.stop.is_set():
        try:
            messages = channel.queue.receive()
            if not reachable:
                around.observe(Observation("reachable", channel.queue.url, source=channel.source))
            reachable = True
            for message in messages:
                _take(channel, message, sensors, listener, around)
        except StoreError as error:
            if reachable:
                around.observe(Observation("unreachable", error.message, source=channel.source))
            reachable = False
            around.stop.wait(listener.pause)


def _take(
    channel: Channel, message: Message, sensors: Sequence[Sensor], listener: Listener, around: Surroundings
) -> None:
    """Store, then delete: between the two the process may die, and the message only comes again. Raises StoreError."""
    try:
        data = message_data(message, channel.settings)
    except UnreadableError as error:
        fate = "it stays in the queue" if channel.settings.dlq else "it is deleted"
        around.observe(Observation("unreadable", f"{error.message}; {fate}", source=channel.source))
        if not channel.settings.dlq:
            channel.queue.delete(message)
        return
    event = Event(listener.new_id(), channel.source, channel.event, listener.clock(), data)
    wanted = targets(sensors, event)
    new = listener.inbox.store(event, wanted)
    kind: Kind = "received" if new else "redelivered"
    around.observe(Observation(kind, f"message {message.id}", source=channel.source, event=event))
    if new and not wanted:
        around.observe(Observation("unwanted", "no Sensor waits for it", source=channel.source, event=event))
    channel.queue.delete(message)


def _work(reaction: Reaction, around: Surroundings) -> None:
    while not around.stop.is_set():
        delivery = around.inbox.wait_for(reaction.target, IDLE_SECONDS)
        if delivery is not None and not around.stop.is_set():
            deliver(reaction, delivery, around)
