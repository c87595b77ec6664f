"""What Argo Events takes and then loses, lets through or cannot place, between bus, source and Sensor.

Asked by `eventrules`. Sources: Argo Events v1.9, pkg/reconciler/eventbus and pkg/sensors; what a pattern may let
through is a matter of Argo Workflows, which expands tags inside of values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import yaml

from workflows.engine.events import EventBus, EventDocument, EventSource, JetStream, Sensor
from workflows.engine.problem import Problem
from workflows.engine.triggers import Trigger

DEFAULT_BUS = "default"
_CLASS = re.compile(r"\[(?:\\.|[^\]\\])*\]")
_ANYTHING = re.compile(r"(?<!\\)\.|\\[SDW]|\\p|\\P|\[:(?:print|graph|punct):\]")


def lets_braces_through(pattern: str) -> bool:
    """Whether a pattern may match what Argo expands: any character, or all but a few, or a brace."""
    classes = _CLASS.findall(pattern)
    outside = _CLASS.sub("", pattern)
    if any(one.startswith("[^") or "{" in one or _ANYTHING.search(one.replace(".", "")) for one in classes):
        return True
    return _ANYTHING.search(outside) is not None


def trigger_traps(trigger: Trigger, where: str) -> Iterator[Problem]:
    """An event lost with the pod, and a second delivery that counts as a failure."""
    if not trigger.at_least_once and not trigger.retry_strategy:
        hint = "set atLeastOnce: true, with retryStrategy and dlqTrigger"
        yield Problem(where, "an event that is being dealt with is lost if the Sensor's pod ends", hint, "warning")
    if trigger.template.k8s.operation in ("", "create") and any(
        parameter.dest == "metadata.name" for parameter in trigger.template.k8s.parameters
    ):
        message = "a second delivery creates what is there already: an error, retried and then dead"
        yield Problem(where, message, "write operation: patch", "warning")


def bus_problems(bus: JetStream, where: str) -> Iterator[Problem]:
    """What keeps the bus from being made, or from keeping what it was given."""
    replicas = bus.replicas if isinstance(bus.replicas, int) else 3
    if replicas == 2 or replicas < 1:
        yield Problem(where, f"a bus has 1 replica, or 3 and more, not {replicas}", "two make no majority")
    if bus.persistence is None:
        message = "without persistence a restart loses what waits, and the bus stays dead until its Sensors restart"
        yield Problem(where, message, "add persistence: {volumeSize: …}", "warning")
    yield from _stream(bus.stream_config, replicas, f"{where}, field 'streamConfig'")


def _stream(text: object, replicas: int, where: str) -> Iterator[Problem]:
    try:
        settings = yaml.safe_load(text) if isinstance(text, str) else {}
    except yaml.YAMLError:
        settings = None
    if not isinstance(settings, dict):
        yield Problem(where, "it is no mapping in YAML")
        return
    copies = settings.get("replicas", 3)
    if isinstance(copies, int) and copies > replicas:
        message = f"it wants {copies} copies of a stream, and the bus has {replicas}: no place is found for it"
        yield Problem(where, message, f"write replicas: {replicas} in it")
    if settings.get("retention", 0) not in (0, "Limits", "limits"):
        yield Problem(where, "a stream that forgets what was read breaks Sensors", "leave retention out")


def together(documents: Sequence[EventDocument], sources: dict[str | None, EventSource]) -> Iterator[Problem]:
    """Bus, source and Sensor meet: the bus is there, and it is the same for both."""
    buses = {document.body.metadata.name for document in documents if isinstance(document.body, EventBus)}
    for document in documents:
        body = document.body
        if isinstance(body, EventBus):
            continue
        where = f"{document.source}\n  in {document.title}"
        bus = _bus(body)
        if buses and bus not in buses:
            yield Problem(where, f"there is no EventBus {bus!r}", f"there are: {', '.join(sorted(map(str, buses)))}")
        if not isinstance(body.spec.template, dict) or not body.spec.template.get("serviceAccountName"):
            hint = "set spec.template.serviceAccountName"
            yield Problem(where, "its pod runs as the account `default`", hint, "warning")
        for dependency in body.spec.dependencies if isinstance(body, Sensor) else ():
            source = sources.get(dependency.event_source_name)
            if source is not None and _bus(source) != bus:
                message = f"it listens to {bus!r}, and {source.metadata.name!r} sends to {_bus(source)!r}"
                yield Problem(where, message, "give both the same eventBusName")


def _bus(body: EventSource | Sensor) -> str:
    return str(body.spec.event_bus_name or DEFAULT_BUS)
