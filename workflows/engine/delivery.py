"""Deals with one event for one trigger: attempts, waits between them, and the dlqTrigger when all have failed.

Called by the listener's workers. `atLeastOnce: true` tries as the retryStrategy says and survives a crash; without it
there is one try, which a crash may cost, as on a cluster. Source: pkg/sensors/listener.go and shared/util/retry.go.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from workflows.engine.deadletter import DeadLetterError, tell
from workflows.engine.events import Sensor
from workflows.engine.inbox import Delivery, Inbox, State
from workflows.engine.observation import Observation
from workflows.engine.sensor import (
    Created,
    Discarded,
    Event,
    Filtered,
    ParameterError,
    admitted,
    condition_names,
    respond,
)
from workflows.engine.triggers import ONCE, DeadLetterTrigger, Trigger
from workflows.errors import RetrainError

INTERRUPTED = "the process ended during its only try"

Submit = Callable[[dict[str, Any]], Literal["created", "exists"]]
"""Makes the Workflow, or says that one of its name exists. Raises RetrainError or OSError when it can do neither."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a delivery needs besides the event. `random` gives 0 to 1, for jitter."""

    inbox: Inbox
    submit: Submit
    observe: Callable[[Observation], None]
    clock: Callable[[], datetime]
    random: Callable[[], float]
    stop: threading.Event


@dataclass(frozen=True, slots=True)
class Reaction:
    """A trigger and the Sensor it is part of."""

    sensor: Sensor
    trigger: Trigger

    @property
    def target(self) -> tuple[str, str]:
        """Its name in the inbox."""
        return str(self.sensor.metadata.name), self.trigger.template.name

    def seen(self, observation: Observation) -> Observation:
        """The observation with the names of Sensor and trigger."""
        sensor, trigger = self.target
        return replace(observation, sensor=sensor, trigger=trigger)


class FailedAttemptError(RetrainError):
    """One attempt came to nothing."""


def deliver(reaction: Reaction, delivery: Delivery, around: Surroundings) -> None:
    """Deal with the delivery, or leave it pending because the listener is to stop."""
    trigger = reaction.trigger
    strategy = (trigger.retry_strategy or ONCE) if trigger.at_least_once else ONCE
    reason = INTERRUPTED
    for attempt in range(delivery.attempts + 1, strategy.attempts + 1):
        if not trigger.at_least_once:
            around.inbox.attempted(delivery, INTERRUPTED)
        try:
            observation = _attempt(reaction, delivery.event, around)
        except FailedAttemptError as error:
            reason = error.message
        else:
            _settle(reaction, delivery, observation, around)
            return
        if trigger.at_least_once:
            around.inbox.attempted(delivery, reason)
        told = f"attempt {attempt} of {strategy.attempts}: {reason}"
        around.observe(reaction.seen(Observation("failed", told, event=delivery.event)))
        if attempt < strategy.attempts and around.stop.wait(strategy.delay(attempt, around.random)):
            return
    _give_up(reaction, delivery, reason, around)


def _settle(reaction: Reaction, delivery: Delivery, observation: Observation, around: Surroundings) -> None:
    state: dict[str, State] = {
        "created": "created",
        "exists": "exists",
        "filtered": "filtered",
        "discarded": "discarded",
        "dead": "dead",
        "lost": "lost",
    }
    around.inbox.settle(delivery, state[observation.kind], observation.name or observation.reason)
    around.observe(reaction.seen(replace(observation, event=delivery.event)))


def _attempt(reaction: Reaction, event: Event, around: Surroundings) -> Observation:
    """Raises FailedAttemptError."""
    try:
        outcome = respond(reaction.sensor, reaction.trigger, event)
    except ParameterError as error:
        raise FailedAttemptError(error.message) from None
    match outcome:
        case Filtered(reason):
            return Observation("filtered", reason)
        case Discarded(reason):
            return Observation("discarded", reason)
        case Created(resource):
            return _submit(reaction, resource, around)


def _submit(reaction: Reaction, resource: dict[str, Any], around: Surroundings) -> Observation:
    """Create, or patch: a patch of what exists changes nothing here, even if that run has failed."""
    patch = reaction.trigger.template.k8s.operation == "patch"
    name = _name(resource)
    try:
        answer = around.submit(resource if patch else _labelled(resource, reaction, around.clock()))
    except (RetrainError, OSError) as error:
        raise FailedAttemptError(f"cannot create {name!r}: {error}") from None
    if answer == "created":
        return Observation("created", name=name)
    if patch:
        return Observation("exists", "a Workflow of that name exists; nothing runs again", name=name)
    raise FailedAttemptError(f"a Workflow {name!r} exists already")


def _name(resource: dict[str, Any]) -> str:
    metadata = resource.get("metadata")
    return str(metadata.get("name", "")) if isinstance(metadata, dict) else ""


def _labelled(resource: dict[str, Any], reaction: Reaction, now: datetime) -> dict[str, Any]:
    """As `operation: create` labels what it makes; `patch` does not."""
    sensor, trigger = reaction.target
    labels = {
        "events.argoproj.io/sensor": sensor,
        "events.argoproj.io/trigger": trigger,
        "events.argoproj.io/action-timestamp": str(int(now.timestamp() * 1000)),
    }
    metadata = dict(resource.get("metadata") or {})
    metadata["labels"] = {**(metadata.get("labels") or {}), **labels}
    return {**resource, "metadata": metadata}


def _give_up(reaction: Reaction, delivery: Delivery, reason: str, around: Surroundings) -> None:
    letter = reaction.trigger.dlq_trigger
    if letter is None:
        _settle(reaction, delivery, Observation("lost", f"{reason}; there is no dlqTrigger to tell"), around)
        return
    found = admitted(reaction.sensor, reaction.trigger, delivery.event)
    name = condition_names(reaction.sensor, reaction.trigger)[0]
    events = found if isinstance(found, dict) else {name: delivery.event}
    told = _tell(letter, events, around)
    if told is not None:
        _settle(reaction, delivery, replace(told, reason=f"{reason}; {told.reason}"), around)


def _tell(letter: DeadLetterTrigger, events: dict[str, Event], around: Surroundings) -> Observation | None:
    """None when the listener is to stop before an answer was had."""
    strategy = letter.retry_strategy
    for attempt in range(1, strategy.attempts + 1):
        try:
            return Observation("dead", f"dlqTrigger: {tell(letter.template, events)}")
        except (DeadLetterError, ParameterError) as error:
            reason = error.message
        if attempt < strategy.attempts and around.stop.wait(strategy.delay(attempt, around.random)):
            return None
    return Observation("lost", f"the dlqTrigger failed: {reason}")
