"""From a message to the object a Sensor would create: envelope, transform, filters, parameters. Pure.

Called by the listener for every event and trigger. It does what pkg/sensors of Argo Events v1.9.11 does, so that a key
that starts nothing here starts nothing on a cluster.
"""

from __future__ import annotations

import base64
import copy
import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import jq

from workflows.engine import gjson
from workflows.engine.eventfilter import FilterError, refusal
from workflows.engine.events import SQS, Dependency, Sensor
from workflows.engine.gotext import decode, encode
from workflows.engine.triggers import ParameterSource, Trigger, TriggerParameter
from workflows.errors import RetrainError

TYPE = "sqs"


class ParameterError(RetrainError):
    """A trigger's parameter cannot be filled from this event: the attempt fails, as on a cluster."""


class UnreadableError(RetrainError):
    """A message is not what its EventSource says it is (`jsonBody`)."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a queue. `receipt` is what deletes it."""

    id: str
    body: str
    receipt: str = ""
    attributes: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """A CloudEvent: `source` is the EventSource's name, `subject` the event's; `data` is JSON with Go's numbers."""

    id: str
    source: str
    subject: str
    time: datetime
    data: Any

    @property
    def context(self) -> dict[str, str]:
        """What a contextKey reads."""
        return {
            "id": self.id,
            "source": self.source,
            "specversion": "1.0",
            "type": TYPE,
            "datacontenttype": "application/json",
            "subject": self.subject,
            "time": self.time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


@dataclass(frozen=True, slots=True)
class Created:
    """The object to create. It may exist already; that is for the one who submits it to find out."""

    resource: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Filtered:
    """A filter says no: not this Sensor's business."""

    reason: str


@dataclass(frozen=True, slots=True)
class Discarded:
    """The transform or a filter has no answer for this event, which is dropped, as on a cluster."""

    reason: str


Outcome = Created | Filtered | Discarded


def message_data(message: Message, source: SQS) -> dict[str, Any]:
    """The event data of a message: `{messageId, messageAttributes, body, metadata?}`.

    The body is JSON with `jsonBody`, else base64 text. Raises UnreadableError when it is not the JSON it should be.
    """
    body: Any = base64.b64encode(message.body.encode("utf-8", "replace")).decode()
    if source.json_body:
        try:
            body = decode(message.body)
        except (ValueError, RecursionError):
            raise UnreadableError(f"the message's body is not JSON: {message.body!r:.120}") from None
    attributes = dict(message.attributes) if message.attributes else None
    data = {"messageId": message.id, "messageAttributes": attributes, "body": body}
    if source.metadata:
        data["metadata"] = dict(source.metadata)
    try:
        encoded = encode(data)
    except RecursionError:
        raise UnreadableError("the message's body is nested too deeply") from None
    sound: dict[str, Any] = decode(_without_lone_surrogates(encoded))
    return sound


def _without_lone_surrogates(text: str) -> str:
    """Half a character becomes U+FFFD, as when Go reads JSON; it could be neither matched nor stored."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def listening(sensor: Sensor, event: Event) -> tuple[Trigger, ...]:
    """The triggers of the Sensor whose conditions name a dependency on this kind of event."""
    names = {dependency.name for dependency in _matching(sensor, event)}
    return tuple(trigger for trigger in sensor.spec.triggers if names & set(condition_names(sensor, trigger)))


def condition_names(sensor: Sensor, trigger: Trigger) -> tuple[str, ...]:
    """The dependencies of a trigger, any one of which is enough. Source: listener.go's getDependencyExpression."""
    if not trigger.template.conditions:
        return tuple(dependency.name for dependency in sensor.spec.dependencies)
    parts = trigger.template.conditions.replace("(", " ").replace(")", " ").split("||")
    wanted = [part.strip().replace("-", "_") for part in parts]
    return tuple(d.name for d in sensor.spec.dependencies if d.name.replace("-", "_") in wanted)


def respond(sensor: Sensor, trigger: Trigger, event: Event) -> Outcome:
    """What the trigger makes of the event. Raises ParameterError when its parameters cannot be filled."""
    found = admitted(sensor, trigger, event)
    return Created(fill(trigger, found)) if isinstance(found, dict) else found


def admitted(sensor: Sensor, trigger: Trigger, event: Event) -> dict[str, Event] | Filtered | Discarded:
    """The event as parameters see it, under the name of the first dependency that lets it through."""
    wanted = condition_names(sensor, trigger)
    answers: list[Filtered | Discarded] = []
    for dependency in _matching(sensor, event):
        if dependency.name in wanted:
            answer = admit(dependency, event)
            if isinstance(answer, Event):
                return {dependency.name: answer}
            answers.append(answer)
    if not answers:
        return Discarded(f"trigger {trigger.template.name!r} no longer waits for {event.source}/{event.subject}")
    return answers[0]


def _matching(sensor: Sensor, event: Event) -> Iterable[Dependency]:
    kind = (event.source, event.subject)
    return (d for d in sensor.spec.dependencies if (d.event_source_name, d.event_name) == kind)


def admit(dependency: Dependency, event: Event) -> Event | Filtered | Discarded:
    """The event as the dependency's transform leaves it, if its filters let it through."""
    if dependency.transform:
        transformed = _transform(dependency.transform.jq, event.data)
        if isinstance(transformed, Discarded):
            return transformed
        event = replace(event, data=transformed)
    if dependency.filters:
        try:
            reason = refusal(dependency.filters, event.data)
        except FilterError as error:
            return Discarded(f"filtering error: {error}")
        if reason:
            return Filtered(reason)
    return event


@functools.lru_cache(maxsize=64)
def compile_transform(program: str) -> Any:
    """The jq program. Raises ValueError with jq's words if it is none."""
    return jq.compile(program)


def _transform(program: str, data: Any) -> Any:
    """The program's first output; Discarded if there is none, or it is no object."""
    try:
        first = next(iter(compile_transform(program).input_text(encode(data, html=False))), None)
        if not isinstance(first, dict):
            return Discarded("the transform gave no output" if first is None else "the transform gave no JSON object")
        return decode(encode(first))
    except (ValueError, RecursionError) as error:
        return Discarded(f"the transform failed: {error!s:.300}")


def fill(trigger: Trigger, events: Mapping[str, Event]) -> dict[str, Any]:
    """The trigger's object with its parameters put in, in their order. Raises ParameterError."""
    resource = copy.deepcopy(trigger.template.k8s.source.resource)
    return dict(put_parameters(resource, trigger.template.k8s.parameters, events))


def put_parameters(document: Any, parameters: Iterable[TriggerParameter], events: Mapping[str, Event]) -> Any:
    """The document with each parameter at its destination. Raises ParameterError."""
    for parameter in parameters:
        found = _value(parameter.src, events)
        if found is gjson.ABSENT:
            continue
        raw = parameter.src.use_raw_data and not isinstance(found, str)
        value = found if raw else _as_text(found)
        current = gjson.get(document, parameter.dest)
        if parameter.operation in ("append", "prepend") and current is not gjson.ABSENT:
            parts = (gjson.text(current), _as_text(found))
            value = "".join(parts if parameter.operation == "append" else reversed(parts))
        try:
            document = gjson.put(document, parameter.dest, value)
        except gjson.PathError as error:
            raise ParameterError(str(error)) from None
    return document


def _value(source: ParameterSource, events: Mapping[str, Event]) -> Any:
    """The parameter's value, its default, or ABSENT when its dependency did not occur and it has no default."""
    event = events.get(source.dependency_name)
    if event is None:
        return gjson.ABSENT if source.value is None else source.value
    if source.data_key is None and source.context_key is None:
        return source.value
    key = source.data_key or source.context_key or ""
    found = gjson.get(event.data if source.data_key else event.context, key)
    if found is not gjson.ABSENT:
        return found
    if source.value is None:
        raise ParameterError(
            f"the event has no {key!r} for dependency {source.dependency_name!r}, and there is no default"
        )
    return source.value


def _as_text(value: Any) -> str:
    """What is put where text is wanted: null as `null`, the rest as gjson's String."""
    return "null" if value is None else gjson.text(value)


def targets(sensors: Iterable[Sensor], event: Event) -> tuple[tuple[str, str], ...]:
    """Every (sensor, trigger) that waits for this kind of event."""
    return tuple(
        (str(sensor.metadata.name), trigger.template.name) for sensor in sensors for trigger in listening(sensor, event)
    )
