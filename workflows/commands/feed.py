"""What `retrain up` prints while it runs: what became of every event, and every Workflow's nodes as they end."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime

import typer

from steps.verdict import headline
from workflows.engine.journal import Journal
from workflows.engine.model import Workflow
from workflows.engine.nodes import NodeStatus, WorkflowPhase
from workflows.engine.observation import Observation
from workflows.engine.sensor import Event

Change = Callable[[Workflow], None]

QUIET = ("received", "redelivered")
NOTHING = ": nothing to do"
"""How a line of reconcile ends that is worth no line here."""
REFUSALS = ("filtered", "discarded")


class Feed:
    """Prints what became of an event. With several Sensors on one bucket all but one say no to each marker: that is
    worth a line only when none says yes."""

    def __init__(self, sensors: int) -> None:
        self._sensors = sensors
        self._refused: Counter[str] = Counter()

    def __call__(self, observation: Observation) -> None:
        if observation.kind in QUIET:
            return
        if observation.kind in REFUSALS and observation.event:
            self._refuse(observation, observation.event)
        elif observation.kind == "exists":
            typer.echo(f"{clock()}  {observation.name}  delivered again: this Workflow exists, nothing runs")
        else:
            typer.echo(f"{clock()}  {observation}")

    def _refuse(self, observation: Observation, event: Event) -> None:
        self._refused[event.id] += 1
        if self._refused[event.id] < self._sensors:
            return
        del self._refused[event.id]
        if is_test(event):
            typer.echo(f"{clock()}  S3's test event arrived: the bucket's notifications reach the Sensors")
        else:
            typer.echo(f"{clock()}  no Sensor takes an event; the last one's reason: {observation}")


def is_test(event: Event) -> bool:
    """Whether it is what S3 sends when a bucket's notifications are set."""
    body = event.data.get("body")
    return isinstance(body, dict) and body.get("Event") == "s3:TestEvent"


def clock() -> str:
    return datetime.now().astimezone().strftime("%H:%M:%S")


class Shown:
    """Prints a Workflow's nodes as they end, and what it came to; one for each Workflow."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._seen: set[str] = set()
        self._ended = False

    def __call__(self, workflow: Workflow) -> None:
        for node in workflow.status.nodes.values():
            if node.type == "Pod" and node.phase and node.phase.completed and node.id not in self._seen:
                self._seen.add(node.id)
                message = f": {node.message}" if node.message else ""
                typer.echo(f"{clock()}  {self._name}  {step(node)} {node.phase}{message}")
        phase = workflow.status.phase
        if phase and phase.completed and not self._ended:
            self._ended = True
            typer.echo(f"{clock()}  {self._name}  {phase}: {came_to(workflow)}")


class CronFeed:
    """Prints what CronWorkflows' Workflows said when it is not what the one before said, and each that failed."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._said: dict[str, list[str]] = {}

    def __call__(self, cron: str, workflow: Workflow) -> None:
        name = workflow.metadata.name or ""
        logs = (log.read_text(encoding="utf-8", errors="replace") for log in self._journal.logs(name))
        said = [line for text in logs for line in text.splitlines() if not line.endswith(NOTHING)]
        if said != self._said.get(cron, []):
            for line in said:
                typer.echo(f"{clock()}  {cron}  {line}")
        self._said[cron] = said
        if workflow.status.phase is not WorkflowPhase.SUCCEEDED:
            said_why = workflow.status.message or next(_messages(workflow), "it does not say why")
            typer.echo(f"{clock()}  {name}  {workflow.status.phase}: {said_why}")


def _messages(workflow: Workflow) -> Iterator[str]:
    return (node.message for node in workflow.status.nodes.values() if node.message)


def step(node: NodeStatus) -> str:
    """Return the step's name with the item of its loop, without the number of the attempt."""
    name = node.display_name or node.name
    return re.sub(r"\(\d+\)$", "", name) if node.node_flag and node.node_flag.retried else name


def came_to(workflow: Workflow) -> str:
    """Return outcome, reason and sentence, as the Workflow's own outputs have them."""
    outputs = workflow.status.outputs.parameters if workflow.status.outputs else ()
    given = {parameter.name: parameter.value for parameter in outputs}
    if not given.get("outcome"):
        return workflow.status.message or "it left no outcome"
    return f"{headline(given['outcome'] or '', given.get('reason') or '')}: {given.get('message')}"
