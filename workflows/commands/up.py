"""`retrain up`: everything on this machine until Ctrl-C: an S3 with its queue, the Sensors, the Workflows they start.

It runs the files under the manifests folder as they are at the moment of each start, as a cluster runs what was last
applied. With an embedded S3 nothing outlives it; with `--endpoint` buckets, records and the inbox do.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import typer

from steps.document import Document
from workflows.catalog import queue_name
from workflows.commands import documents, local
from workflows.commands.run import interruptible
from workflows.config import pipelines_in
from workflows.embedded import EmbeddedStore, Notification, environment, prepare
from workflows.engine.buckets import connect, probe_conditional_writes
from workflows.engine.driver import run as drive
from workflows.engine.events import EventDocument, EventSource, events_among
from workflows.engine.inbox import Inbox, erase
from workflows.engine.journal import Journal
from workflows.engine.listener import Listener, listen
from workflows.engine.model import Workflow
from workflows.engine.observation import Observation
from workflows.engine.values import Parameter
from workflows.errors import DocumentError

QUIET = ("received", "redelivered")
AT_ONCE = 8
RUNS = "workflows"
INBOX = "sensor.sqlite"
EMBEDDED = "embedded"
"""The part of the home whose runs last as long as an embedded store; those on a real one are kept beside it."""
PROBE = "registry"


@dataclass(frozen=True, slots=True)
class Desk:
    """What starting a run needs; one for the time of `up`."""

    manifests: Path
    home: Path
    cancel: threading.Event
    pool: ThreadPoolExecutor
    runs: dict[str, Future[Workflow]] = field(default_factory=dict)


def run(pipelines: Path, manifests: Path, home: Path, *, endpoint: str, port: int) -> int:
    """Run until interrupted; ends what still runs as `argo stop` does, and leaves nothing half-written."""
    found = pipelines_in(pipelines)
    events = events_among(documents.read(manifests).others)
    home = home if endpoint else home / EMBEDDED
    with interruptible() as cancel, store(endpoint, port, home) as url:
        for bucket, queue in queues(found, events).items():
            prepare(bucket, queue, notifications(found, bucket))
            probe_conditional_writes(connect(), bucket, PROBE)
        introduce(found, url, home, embedded=not endpoint)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            desk = Desk(manifests, home, cancel, pool)
            inbox = Inbox(home / INBOX)
            try:
                listener = Listener(inbox, lambda resource: submit(desk, resource), told, home / "secrets")
                listen(events, listener, cancel)
            finally:
                cancel.set()
                inbox.close()
    typer.echo(f"ended; {unfinished(home)} Workflows were not finished")
    return 0


@contextmanager
def store(endpoint: str, port: int, home: Path) -> Iterator[str]:
    """Yield the store's URL: the one given, or an embedded one whose runs start from nothing, as its buckets do."""
    if endpoint:
        os.environ.update({"AWS_ENDPOINT_URL_S3": endpoint, "AWS_ENDPOINT_URL_SQS": endpoint})
        home.mkdir(parents=True, exist_ok=True)
        yield endpoint
        return
    erase(home / INBOX)  # refused while another `up` holds it, before anything else is touched
    shutil.rmtree(home / RUNS, ignore_errors=True)
    with EmbeddedStore(port, home / "store.log") as embedded:
        os.environ.update(environment(embedded.endpoint))
        yield embedded.endpoint


def queues(found: Sequence[Document], events: Sequence[EventDocument]) -> dict[str, str]:
    """Return for each pipeline's bucket the queue that an EventSource among the manifests drains.

    Raises `DocumentError` if none does: its markers would start nothing, silently.
    """
    drained = {
        settings.queue
        for event in events
        if isinstance(event.body, EventSource)
        for settings in event.body.spec.sqs.values()
    }
    pairs = {document.data.bucket: queue_name(document.data.bucket) for document in found}
    for bucket, queue in pairs.items():
        if queue not in drained:
            hint = "run `retrain render`; the manifests are not those of these pipelines"
            raise DocumentError(f"no EventSource drains the queue {queue!r} of the bucket {bucket!r}", hint=hint)
    return pairs


def notifications(found: Sequence[Document], bucket: str) -> list[Notification]:
    """Return what each pipeline of the bucket hears of: its markers, nothing else."""
    return [
        Notification(document.name, f"{document.data.prefix}/", f"/{document.data.marker}")
        for document in found
        if document.data.bucket == bucket
    ]


def submit(desk: Desk, resource: dict[str, Any]) -> Literal["created", "exists"]:
    """Start the Workflow that a Sensor made; "exists" if its name was used, whatever became of that run."""
    workflow = Workflow.model_validate(resource)
    name = workflow.metadata.name or ""
    journal = Journal(desk.home)
    if journal.directory(name).exists():
        return "exists"
    found = documents.read(desk.manifests)
    objects = local.objects(found, desk.home)
    settings = local.settings(desk.home, desk.cancel, Shown(name))
    running = desk.pool.submit(drive, with_local_backoff(workflow, found), objects, settings)
    desk.runs[name] = running
    # The event may be forgotten only once the journal has the run: wait for that moment, not for the run.
    while not journal.directory(name).exists():
        if running.done():
            running.result()
        desk.cancel.wait(0.01)
    return "created"


def with_local_backoff(workflow: Workflow, found: documents.Manifests) -> Workflow:
    """Return the Workflow with a laptop's wait before a retry, where its template has that parameter."""
    name, value = local.BACKOFF
    reference = workflow.spec.workflow_template_ref
    declared = found.template(reference.name).spec.arguments.parameters if reference else ()
    given = workflow.spec.arguments.parameters
    if name in {parameter.name for parameter in given} or name not in {parameter.name for parameter in declared}:
        return workflow
    arguments = workflow.spec.arguments.model_copy(update={"parameters": (*given, Parameter(name=name, value=value))})
    return workflow.model_copy(update={"spec": workflow.spec.model_copy(update={"arguments": arguments})})


def introduce(found: Sequence[Document], url: str, home: Path, *, embedded: bool) -> None:
    """Say where everything is and what a person needs to use it from another terminal."""
    if embedded:
        typer.echo(f"S3 and SQS at {url}, embedded: what is in it lasts as long as this command. In another terminal:")
        exports = environment(url)
    else:
        typer.echo(f"S3 and SQS at {url}. In another terminal, beside your credentials:")
        exports = {"AWS_ENDPOINT_URL_S3": url, "AWS_ENDPOINT_URL_SQS": url}
    for name, value in {**exports, "RETRAIN_HOME": str(home.resolve())}.items():
        typer.echo(f"  export {name}={value}")
    left = unfinished(home)
    if left:
        typer.echo(
            f"{left} Workflows of an earlier time never finished; `retrain runs` lists them, `replay` runs again"
        )
    for document in found:
        place = f"s3://{document.data.bucket}/{document.data.prefix}/<batch>/{document.data.marker}"
        typer.echo(f"{document.name}: waiting for markers at {place}")


def unfinished(home: Path) -> int:
    """Return how many Workflows of this home have not ended."""
    phases = [workflow.status.phase for workflow in Journal(home).list().workflows]
    return sum(not (phase and phase.completed) for phase in phases)


def told(observation: Observation) -> None:
    """Print what became of an event; one that changed nothing is said too, once it is known why."""
    if observation.kind in QUIET:
        return
    if observation.kind == "exists":
        typer.echo(f"{clock()}  {observation.name}  delivered again: this Workflow exists, nothing runs")
    else:
        typer.echo(f"{clock()}  {observation}")


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
                typer.echo(f"{clock()}  {self._name}  {node.template_name} {node.phase}{message}")
        phase = workflow.status.phase
        if phase and phase.completed and not self._ended:
            self._ended = True
            typer.echo(f"{clock()}  {self._name}  {phase}: {came_to(workflow)}")


def came_to(workflow: Workflow) -> str:
    """Return outcome, reason and sentence, as the Workflow's own outputs have them."""
    outputs = workflow.status.outputs.parameters if workflow.status.outputs else ()
    given = {parameter.name: parameter.value for parameter in outputs}
    if not given.get("outcome"):
        return workflow.status.message or "it left no outcome"
    return f"{given['outcome']} ({given.get('reason')}): {given.get('message')}"
