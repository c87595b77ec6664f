"""Between bus, source and Sensor nothing is lost or let through that the documents do not say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from workflows.engine.eventrules import check_events, created
from workflows.engine.events import events_among
from workflows.engine.eventtraps import lets_braces_through
from workflows.engine.loader import parse
from workflows.engine.problem import Problem
from workflows.engine.validate import check

TEXT = (Path(__file__).parent / "documents" / "events.yaml").read_text()
OPEN = {
    "^incoming/.*$": True,
    "^incoming/[^/]+$": True,
    r"^incoming/\S+$": True,
    "^a.b$": True,
    r"^[\S]$": True,
    "^[{}]$": True,
    r"^incoming/loans/([a-z0-9][a-z0-9-]{0,23})/_READY\.json$": False,
    r"^[A-Za-z0-9._/=-]+$": False,
    r"^[.]\.\d\w$": False,
}


@pytest.mark.parametrize(("pattern", "expected"), OPEN.items(), ids=OPEN)
def test_a_pattern_that_takes_any_character_takes_braces(pattern: str, expected: bool) -> None:
    assert lets_braces_through(pattern) is expected


def problems(old: str, new: str) -> tuple[Problem, ...]:
    assert old in TEXT
    return check_events(events_among(parse(TEXT.replace(old, new), "events.yaml")))


AT_ONCE = "- atLeastOnce: true\n    retryStrategy: {steps: 3, duration: 1ms, factor: 2, jitter: 0.2}\n"
LETTER = "    dlqTrigger: {atLeastOnce: true, template: {name: dead-letter, log: {}}}\n    template:"
PERSISTENCE = "persistence: {accessMode: ReadWriteOnce, volumeSize: 10Gi}"
BROKEN: dict[str, tuple[str, str, str, str]] = {
    "two members": ("replicas: 3", "replicas: 2", "a bus has 1 replica, or 3 and more, not 2", "error"),
    "more copies than members": (
        PERSISTENCE,
        f'{PERSISTENCE}\n    streamConfig: "replicas: 5"',
        "it wants 5 copies of a stream, and the bus has 3",
        "error",
    ),
    "default copies of one member": (
        "replicas: 3",
        'replicas: 1\n    streamConfig: "maxMsgs: 5"',
        "it wants 3 copies of a stream, and the bus has 1",
        "error",
    ),
    "no settings": (PERSISTENCE, f'{PERSISTENCE}\n    streamConfig: "maxAge"', "it is no mapping in YAML", "error"),
    "a work queue": (PERSISTENCE, f'{PERSISTENCE}\n    streamConfig: "retention: 2"', "forgets what was read", "error"),
    "no disk": (PERSISTENCE, "serviceAccountName: a", "the bus stays dead", "warning"),
    "another bus": (
        "  eventBusName: default\n  replicas: 1",
        "  eventBusName: other\n  replicas: 1",
        "there is no EventBus 'other'",
        "error",
    ),
    "buses that do not meet": (
        "  eventBusName: default\n  replicas: 1",
        "  eventBusName: other\n  replicas: 1",
        "it listens to 'other', and 'retrain-markers' sends to 'default'",
        "error",
    ),
    "no account": (
        "  template: {serviceAccountName: retrain-sensor}\n",
        "",
        "its pod runs as the account `default`",
        "warning",
    ),
    "messages deleted": ("dlq: true", "dlq: false", "a message that is no JSON is deleted", "warning"),
    "an open pattern": ("_READY\\.json$", "_READY.json$", "whose braces Argo would expand", "warning"),
    "created twice": ("operation: patch", "operation: create", "creates what is there already", "warning"),
    "lost with the pod": (
        AT_ONCE + LETTER,
        "- template:",
        "an event that is being dealt with is lost if the Sensor's pod ends",
        "warning",
    ),
}


@pytest.mark.parametrize(("old", "new", "says", "level"), BROKEN.values(), ids=BROKEN)
def test_what_would_lose_events_or_let_them_through_is_found(old: str, new: str, says: str, level: str) -> None:
    found = [problem for problem in problems(old, new) if says in problem.message]
    assert [problem.level for problem in found] == [level]
    assert found[0].where.startswith("events.yaml\n  in ")


def workflow(change: dict[str, Any], template: str = "loans") -> tuple[Problem, ...]:
    """What `argo lint` would say of the Workflow that the Sensor creates."""
    documents = list(yaml.safe_load_all(TEXT))
    documents[2]["spec"]["triggers"][0]["template"]["k8s"]["source"]["resource"]["spec"].update(change)
    text = yaml.safe_dump_all(documents)
    templates = (
        "apiVersion: argoproj.io/v1alpha1\nkind: WorkflowTemplate\n"
        f"metadata: {{name: {template}}}\nspec:\n  entrypoint: main\n"
        "  arguments: {parameters: [{name: marker}, {name: etag}, {name: trigger}, {name: needed}]}\n"
        "  templates: [{name: main, container: {image: a, command: ['{{workflow.parameters.marker}}']}}]\n"
    )
    found = parse(text + "---\n" + templates, "events.yaml")
    return tuple(one for one in check((*found, *created(events_among(found)))) if one.where.startswith("Workflow '"))


def test_the_workflow_that_a_sensor_creates_is_linted_too() -> None:
    (found,) = workflow({})
    assert (found.where, found.message) == (
        "Workflow 'loans', field 'spec.arguments', parameter 'needed'",
        "it has no value",
    )
    (found,) = workflow({}, "mortgage")
    assert "there is no WorkflowTemplate 'loans'" in found.message
