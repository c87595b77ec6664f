"""`retrain up`: everything on this machine until Ctrl-C: an S3 with its queue, the Sensors, the Workflows they start.

It runs the files under the manifests folder as they are at the moment of each start, as a cluster runs what was last
applied. With an embedded S3 nothing outlives it; with `--endpoint` buckets, records and the inbox do.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Literal

import typer

from steps.document import Document
from workflows.catalog import queue_name
from workflows.commands import documents, local
from workflows.commands.controller import Desk, serve
from workflows.commands.feed import Feed
from workflows.commands.run import interruptible
from workflows.config import pipelines_in
from workflows.embedded import EmbeddedStore, Notification, environment, make_bucket, prepare
from workflows.engine.buckets import connect, probe_conditional_writes
from workflows.engine.driver import submit
from workflows.engine.effect import fields
from workflows.engine.events import EventDocument, EventSource, Sensor, events_among
from workflows.engine.inbox import FILE, Inbox, erase
from workflows.engine.journal import AlreadyExistsError
from workflows.engine.listener import Listener, listen
from workflows.engine.model import Workflow
from workflows.errors import DocumentError

RUNS = "workflows"
EMBEDDED = "embedded"
"""The part of the home whose runs last as long as an embedded store; those on a real one are kept beside it."""
PROBE = "registry"
EXAMPLE_BATCH = "2026-02-23"


def run(pipelines: Path, manifests: Path, home: Path, *, endpoint: str, port: int) -> int:
    """Run until interrupted, then return 0: Ctrl-C is how it is meant to end.

    What still runs is ended as `argo stop` does, exit handlers included, and nothing is left half-written.
    """
    found = pipelines_in(pipelines)
    applied = documents.read(manifests)
    events = events_among(applied.others)
    home = home if endpoint else home / EMBEDDED
    with interruptible() as cancel, inbox_of(home, fresh=not endpoint) as inbox, store(endpoint, port, home) as url:
        for bucket, queue in queues(found, events).items():
            make_bucket(bucket)
            probe_conditional_writes(connect(), bucket, PROBE)
            prepare(bucket, queue, notifications(found, bucket))
        introduce(found, url, home, embedded=not endpoint)
        known = (*applied.templates, *applied.cron_workflows)
        typer.echo(f"Accepted, without effect outside a cluster: {', '.join(fields(known))}.")
        if applied.cron_workflows:
            typer.echo(f"Started at their times: {', '.join(cron.name for cron in applied.cron_workflows)}.")
        desk = Desk(manifests, home, cancel, local.places(home, manifests, pipelines))
        with ThreadPoolExecutor(1, "controller") as thread:
            serving = thread.submit(serve, desk, applied.cron_workflows)
            try:
                sensors = sum(isinstance(event.body, Sensor) for event in events)
                listener = Listener(inbox, lambda resource: create(desk, resource), Feed(sensors), home / "secrets")
                listen(events, listener, cancel)
            finally:
                cancel.set()
        serving.result()
    again = f"; stopped: {', '.join(desk.stopped)} (`retrain replay` runs a batch again)" if desk.stopped else ""
    typer.echo(f"ended{again}")
    return 0


@contextmanager
def inbox_of(home: Path, *, fresh: bool) -> Iterator[Inbox]:
    """Yield the home's inbox, which only one `up` can hold; taken before anything else is touched.

    A store that starts empty starts without the events and runs of the one before.
    """
    if fresh:
        erase(home / FILE)
    with closing(Inbox(home / FILE)) as inbox:
        if fresh:
            shutil.rmtree(home / RUNS, ignore_errors=True)
        yield inbox


@contextmanager
def store(endpoint: str, port: int, home: Path) -> Iterator[str]:
    """Yield the store's URL: the one given, or an embedded one."""
    if endpoint:
        os.environ.update({"AWS_ENDPOINT_URL_S3": endpoint, "AWS_ENDPOINT_URL_SQS": endpoint})
        yield endpoint
        return
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


def create(desk: Desk, resource: dict[str, Any]) -> Literal["created", "exists"]:
    """Create the Workflow that a Sensor made, for the controller to run; "exists" if its name was used.

    The event may be forgotten once this returns: the journal has the run, and whoever serves the home begins it.
    """
    found = documents.read(desk.manifests)
    try:
        submit(local.with_backoff(Workflow.model_validate(resource), found), desk.settings())
    except AlreadyExistsError:
        return "exists"
    return "created"


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
    for left in local.unfinished(home):
        typer.echo(f"{left.metadata.name}: not begun at an earlier time; it begins now")
    for document in found:
        place = f"s3://{document.data.bucket}/{document.data.prefix}/<batch>/{document.data.marker}"
        typer.echo(f"{document.name}: waiting for markers at {place}")
    typer.echo(f"To see one run, there: retrain put {found[0].name} {EXAMPLE_BATCH} [FILE…]; Ctrl-C here ends it all.")
