"""What Argo Events would refuse, silently get wrong, or never do, found in documents that are well formed.

Asked by `retrain lint`, and by the listener before it starts. The controller accepts nearly everything and the pods
then fail, or worse, do not: a pattern without anchors lets keys through that Argo would expand.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic import ValidationError

from workflows.engine import gjson
from workflows.engine.events import Dependency, EventBus, EventDocument, EventSource, Sensor
from workflows.engine.eventtraps import bus_problems, lets_braces_through, together, trigger_traps
from workflows.engine.model import Workflow
from workflows.engine.problem import Problem
from workflows.engine.sensor import compile_transform, condition_names
from workflows.engine.triggers import Backoff, Trigger, TriggerParameter

# Names become NATS subjects, durable consumers and key-value buckets.
NAME = re.compile(r"[A-Za-z0-9_-]+")
DEPENDENCY_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
CONDITIONS = re.compile(r"[A-Za-z0-9_|&()\s-]+")
MADE = (["metadata", "labels"], ["metadata", "annotations"])
"""Maps that a parameter may make."""
# What differs between two deliveries of the same thing: nothing created may depend on it.
VOLATILE = frozenset(("id", "time"))


def check_events(documents: Sequence[EventDocument]) -> tuple[Problem, ...]:
    """Every problem of the EventSources and Sensors, each alone and all together."""
    found: list[Problem] = []
    for document in documents:
        match document.body:
            case EventSource():
                found += _check_source(document.body, _place(document))
            case Sensor():
                found += _check_sensor(document.body, _place(document))
            case EventBus():
                found += bus_problems(document.body.spec.jetstream, _place(document))
    return (*found, *_check_together(documents))


def created(documents: Sequence[EventDocument]) -> tuple[Workflow, ...]:
    """The Workflows that the Sensors create, by the triggers' names, before an event fills them; for `validate.check`.

    One that is no Workflow is left out: `check_events` says so.
    """
    found = []
    for sensor in (document.body for document in documents if isinstance(document.body, Sensor)):
        for trigger in sensor.spec.triggers:
            try:
                workflow = Workflow.model_validate(trigger.template.k8s.source.resource)
            except ValidationError:
                continue
            metadata = workflow.metadata.model_copy(update={"name": trigger.template.name})
            found.append(workflow.model_copy(update={"metadata": metadata}))
    return tuple(found)


def _place(document: EventDocument) -> str:
    return f"{document.source}\n  in {document.title}"


def _check_name(name: str | None, what: str, where: str, pattern: re.Pattern[str] = NAME) -> Iterator[Problem]:
    if not pattern.fullmatch(name or ""):
        yield Problem(where, f"{what} name {name!r} is no part of a bus subject", "letters, digits, - and _ only")


def _check_source(source: EventSource, where: str) -> Iterator[Problem]:
    yield from _check_name(source.metadata.name, "EventSource", where)
    for event, settings in source.spec.sqs.items():
        here = f"{where}, event {event!r}"
        yield from _check_name(event, "event", here)
        if not settings.json_body:
            hint = "set jsonBody: true"
            yield Problem(here, "without jsonBody the body is base64 text, which no filter can read", hint, "warning")
        elif not settings.dlq:
            message = "a message that is no JSON is deleted, and nobody hears of it"
            yield Problem(here, message, "set dlq: true, and a dead-letter queue behind it", "warning")
        if (settings.access_key is None) != (settings.secret_key is None):
            yield Problem(here, "accessKey and secretKey go together")


def _check_sensor(sensor: Sensor, where: str) -> Iterator[Problem]:
    yield from _check_name(sensor.metadata.name, "Sensor", where)
    names = [dependency.name for dependency in sensor.spec.dependencies]
    for alike in _repeated(name.replace("-", "_") for name in names):
        yield Problem(where, f"two dependencies are called {alike!r}: conditions turn '-' into '_'")
    for name in _repeated(trigger.template.name for trigger in sensor.spec.triggers):
        yield Problem(where, f"two triggers are called {name!r}")
    for dependency in sensor.spec.dependencies:
        yield from _check_dependency(dependency, f"{where}, dependency {dependency.name!r}")
    for trigger in sensor.spec.triggers:
        yield from _check_trigger(sensor, trigger, f"{where}, trigger {trigger.template.name!r}")


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _check_dependency(dependency: Dependency, where: str) -> Iterator[Problem]:
    yield from _check_name(dependency.name, "dependency", where, DEPENDENCY_NAME)
    yield from _check_name(dependency.event_source_name, "EventSource", where)
    yield from _check_name(dependency.event_name, "event", where)
    if dependency.transform:
        try:
            compile_transform(dependency.transform.jq)
        except ValueError as error:
            yield Problem(f"{where}, field 'transform.jq'", f"jq cannot read it: {' '.join(str(error).split())}")
    if dependency.filters is None:
        yield Problem(
            where, "it has no filters: every event passes", "filter the key by an anchored pattern", "warning"
        )
        return
    for number, one in enumerate(dependency.filters.data, 1):
        for pattern in one.value if one.type == "string" else ():
            if not anchored(pattern):
                message = f"pattern {pattern!r} is found anywhere in the text"
                yield Problem(f"{where}, data filter {number}", message, "write ^…$, and \\. for a dot")
            elif lets_braces_through(pattern):
                message = f"pattern {pattern!r} lets keys through whose braces Argo would expand"
                hint = "say which characters may stand there, such as [a-z0-9-], and \\. for a dot"
                yield Problem(f"{where}, data filter {number}", message, hint, "warning")
        if one.comparator == "!=" and len(one.value) > 1:
            message = "with != a list of values passes if any one of them does not hold"
            yield Problem(f"{where}, data filter {number}", message, "make it one filter a value")


def anchored(pattern: str) -> bool:
    """Whether a pattern can only match the whole text: from ^ to $, and no alternative outside of brackets."""
    if not (pattern.startswith("^") and pattern.endswith("$")) or pattern.endswith("\\$"):
        return False
    depth, inside, at = 0, False, 0
    while at < len(pattern):
        character = pattern[at]
        if character == "\\":
            at += 1
        elif inside:
            inside = character != "]"
        elif character == "[":
            inside = True
        elif character in "()":
            depth += 1 if character == "(" else -1
        elif character == "|" and depth == 0:
            return False
        at += 1
    return True


def _check_trigger(sensor: Sensor, trigger: Trigger, where: str) -> Iterator[Problem]:
    yield from _check_name(trigger.template.name, "trigger", where)
    yield from _check_conditions(sensor, trigger, where)
    yield from _check_retries(trigger, where)
    yield from trigger_traps(trigger, where)
    resource = trigger.template.k8s.source.resource
    kind = (resource.get("apiVersion"), resource.get("kind"))
    if kind != ("argoproj.io/v1alpha1", "Workflow"):
        yield Problem(where, f"the engine does not support creating a {kind[1]} of {kind[0]} yet", "create a Workflow")
    else:
        yield from _check_workflow(resource, where)
    yield from _check_parameters(sensor, trigger, where)


def _check_conditions(sensor: Sensor, trigger: Trigger, where: str) -> Iterator[Problem]:
    conditions = trigger.template.conditions
    several = not conditions and len(sensor.spec.dependencies) > 1
    if "&&" in conditions or several:
        meant = "no conditions, which waits for all dependencies," if several else f"conditions {conditions!r}"
        yield Problem(where, f"the engine does not support {meant} yet", "join them by ||")
        return
    if conditions and not CONDITIONS.fullmatch(conditions):
        yield Problem(where, f"conditions {conditions!r} know only dependency names, &&, || and brackets")
        return
    known = condition_names(sensor, trigger)
    wanted = conditions.replace("(", " ").replace(")", " ").split("||") if conditions else []
    for name in wanted:
        if name.strip().replace("-", "_") not in {one.replace("-", "_") for one in known}:
            have = ", ".join(dependency.name for dependency in sensor.spec.dependencies)
            yield Problem(where, f"conditions name {name.strip()!r}, which is no dependency", f"there are: {have}")


def _check_retries(trigger: Trigger, where: str) -> Iterator[Problem]:
    if trigger.dlq_trigger and not (trigger.at_least_once and trigger.dlq_trigger.at_least_once):
        yield Problem(where, "a dlqTrigger needs atLeastOnce: true, in the trigger and in itself")
    if trigger.retry_strategy and not trigger.at_least_once:
        yield Problem(where, "retryStrategy has no effect without atLeastOnce: true", level="warning")
    if trigger.at_least_once and not trigger.dlq_trigger:
        hint = "add a dlqTrigger: log: {} at the least"
        yield Problem(where, "when every attempt has failed the event is dropped without a word", hint, "warning")
    letter = trigger.dlq_trigger.retry_strategy if trigger.dlq_trigger else None
    for strategy in (trigger.retry_strategy, letter):
        yield from _check_backoff(strategy, where)


def _check_backoff(strategy: Backoff | None, where: str) -> Iterator[Problem]:
    if strategy and isinstance(strategy.duration, int):
        message = f"a retryStrategy's duration {strategy.duration} is nanoseconds"
        yield Problem(where, message, f'write it with a unit: "{strategy.duration}s"', "warning")


def _check_workflow(resource: dict[str, Any], where: str) -> Iterator[Problem]:
    try:
        Workflow.model_validate(resource)
    except ValidationError as error:
        for found in error.errors(include_url=False):
            field = ".".join(str(part) for part in found["loc"])
            yield Problem(f"{where}, field 'k8s.source.resource.{field}'", found["msg"])


def _check_parameters(sensor: Sensor, trigger: Trigger, where: str) -> Iterator[Problem]:
    k8s = trigger.template.k8s
    waited = condition_names(sensor, trigger)
    for number, parameter in enumerate(k8s.parameters, 1):
        here = f"{where}, parameter {number}"
        if parameter.src.dependency_name not in waited:
            yield Problem(here, f"{parameter.src.dependency_name!r} is no dependency of this trigger")
        yield from _check_destination(k8s.source.resource, parameter, here)
        if parameter.src.data_key is None and parameter.src.context_key in VOLATILE and k8s.operation == "patch":
            message = (
                f"{parameter.src.context_key!r} differs between deliveries: a second one would rewrite the Workflow"
            )
            yield Problem(here, message)
    named = gjson.get(k8s.source.resource, "metadata.name") is not gjson.ABSENT
    named = named or any(parameter.dest == "metadata.name" for parameter in k8s.parameters)
    if k8s.operation == "patch" and not named:
        yield Problem(where, "a patch needs metadata.name: it asks for the object by name first")


def _check_destination(resource: dict[str, Any], parameter: TriggerParameter, where: str) -> Iterator[Problem]:
    """A destination in a list must exist: beyond its end sjson pads with null, and a query finds nothing silently."""
    if parameter.dest == "metadata.name":
        return
    *before, last = gjson.parse(parameter.dest)
    parent = gjson.follow(resource, tuple(before))
    strict = isinstance(parent, list) or any(isinstance(step, gjson.Match) for step in before)
    beyond = strict and gjson.follow(parent, (last,)) is gjson.ABSENT
    if not before:
        yield Problem(where, f"dest {parameter.dest!r} would replace a whole part of the object")
    elif beyond or (parent is gjson.ABSENT and before not in MADE):
        yield Problem(where, f"dest {parameter.dest!r} leads nowhere in the resource", "add the place it fills, empty")


def _check_together(documents: Sequence[EventDocument]) -> Iterator[Problem]:
    sources = {d.body.metadata.name: d.body for d in documents if isinstance(d.body, EventSource)}
    sensors = [(d, d.body) for d in documents if isinstance(d.body, Sensor)]
    names = [(type(d.body).__name__, d.body.metadata.name) for d in documents]
    yield from together(documents, sources)
    for kind, name in _duplicates(names):
        yield Problem("the event documents", f"{kind} {name!r} stands twice")
    for document, sensor in sensors:
        for dependency in sensor.spec.dependencies:
            source = sources.get(dependency.event_source_name)
            if source is None or dependency.event_name not in source.spec.sqs:
                wanted = f"{dependency.event_source_name}/{dependency.event_name}"
                yield Problem(
                    _place(document), f"dependency {dependency.name!r} waits for {wanted}, which nobody sends"
                )


def _duplicates(names: Sequence[tuple[str, str | None]]) -> list[tuple[str, str | None]]:
    return [name for name, count in Counter(names).items() if count > 1]
