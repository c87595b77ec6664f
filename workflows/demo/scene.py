"""What a person does on the stage and sees there: batches land, runs are watched, records are read back.

Each line that is printed comes from the bucket or the journal; what would not be true raises `RunFailedError`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date

import typer

from steps.registry import ledger, pointer
from steps.registry.runs import name_of
from steps.verdict import headline
from workflows import producer
from workflows.catalog import queue_name
from workflows.commands.up import notifications
from workflows.config import load
from workflows.demo.stage import PATIENCE, PIPELINE, POLL, Stage, rendered
from workflows.embedded import prepare
from workflows.engine.journal import Journal, WorkflowNotFoundError
from workflows.engine.model import Workflow
from workflows.errors import RunFailedError

MARKS = {"Succeeded": "✓", "Failed": "✗", "Error": "✗", "Skipped": "–", "Omitted": "–"}


def title(number: int, text: str) -> None:
    typer.echo(f"\n({number}) {text}")


def says(text: str) -> None:
    typer.echo(f"    {text}")


def lands(scene: Stage, batch: str, files: Mapping[str, bytes], missing: list[str] | None = None) -> str:
    """Put the files, then the marker; return the Workflow's name once it has ended."""
    name = put(scene, batch, files, missing)
    watched(scene, name)
    return name


def put(scene: Stage, batch: str, files: Mapping[str, bytes], missing: list[str] | None = None) -> str:
    """Put the files, then the marker; return the name of the Workflow that its event starts."""
    document = load(scene.pipelines / f"{PIPELINE}.yaml")
    below = {f"{batch}/{name}": body for name, body in files.items()}
    for name, body in below.items():
        if name.rpartition("/")[2] not in (missing or []):
            scene.store.create(f"{document.data.prefix}/{name}", body)
    marker = producer.batch(below, date.fromisoformat(batch))
    etag = scene.store.create(f"{document.data.prefix}/{batch}/{document.data.marker}", marker)
    return name_of(PIPELINE, batch, etag)


@contextmanager
def events_lost(scene: Stage) -> Iterator[None]:
    """Take the bucket's notifications away for the time of a block: what lands in it tells nobody."""
    document = load(scene.pipelines / f"{PIPELINE}.yaml")
    bucket, queue = document.data.bucket, queue_name(document.data.bucket)
    prepare(bucket, queue, [])
    try:
        yield
    finally:
        prepare(bucket, queue, notifications([document], bucket))


def again(scene: Stage, batch: str) -> None:
    """Overwrite the marker with its own bytes: S3 sends the event again, with the same etag."""
    document = load(scene.pipelines / f"{PIPELINE}.yaml")
    key = f"{document.data.prefix}/{batch}/{document.data.marker}"
    found = scene.store.get(key)
    if found is None:
        raise RunFailedError(f"{key} is gone")
    scene.store.put(key, found[0])


def mitigate(scene: Stage) -> None:
    """Change the document as a person would: take the comment marks off the mitigated model's lines."""
    file = scene.pipelines / f"{PIPELINE}.yaml"
    text = file.read_text(encoding="utf-8")
    without = re.sub(r"(?m)^  params: .*\n", "", text)
    changed = re.sub(r"(?m)^  # (params|mitigation): ", r"  \1: ", without)
    if changed == text:
        raise RunFailedError("the pipeline has no lines to change", where=str(file))
    file.write_text(changed, encoding="utf-8")
    rendered(scene.folder)


def watched(scene: Stage, name: str) -> None:
    """Show a Workflow's nodes as they end, until it has ended."""
    journal, show = Journal(scene.home), progress()
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            workflow = journal.read(name)
        except WorkflowNotFoundError:
            workflow = None
        if workflow:
            show(workflow)
            if workflow.status.phase and workflow.status.phase.completed:
                return
        time.sleep(POLL)
    raise RunFailedError(f"Workflow {name} did not end within {PATIENCE} s", where=str(scene.log))


def progress() -> Callable[[Workflow], None]:
    """Return a function that prints what has ended since it was last called, on one line."""
    shown: set[str] = set()

    def show(workflow: Workflow) -> None:
        if not shown:
            shown.add("")
            typer.echo(f"    {workflow.metadata.name}:", nl=False)
        for node in workflow.status.nodes.values():
            attempt = node.node_flag is not None and node.node_flag.retried
            if (
                node.id not in shown
                and node.type in ("Retry", "Skipped")
                and node.phase
                and node.phase.fulfilled
                and not attempt
            ):
                shown.add(node.id)
                typer.echo(f" {(node.template_name or node.display_name)} {MARKS[node.phase]}", nl=False)
        if workflow.status.phase and workflow.status.phase.completed and "end" not in shown:
            shown.add("end")
            typer.echo(f" → {workflow.status.phase}")

    return show


def came_to(scene: Stage, name: str, outcome: str) -> None:
    """Print the run's record; raises `RunFailedError` unless it says `outcome`."""
    body = next(
        (
            r.body
            for r in ledger.records(scene.store, PIPELINE)
            if r.kind == "outcome" and r.body["workflow"]["name"] == name
        ),
        None,
    )
    if body is None or body["outcome"] != outcome:
        found = f"{body['outcome']}: {body['message']}" if body else "no record"
        raise RunFailedError(f"{name} came to {found}, not to {outcome}", where=str(scene.log))
    says(f"{headline(body['outcome'], body['reason'])}: {body['message']}")


def standing(scene: Stage) -> str:
    found = pointer.read(scene.store, load(scene.pipelines / f"{PIPELINE}.yaml"))
    return found.pointer.version if found else ""


def runs(scene: Stage) -> list[str]:
    """Return the names of the pipeline's Workflows; those of CronWorkflows are none of them."""
    known = Journal(scene.home).list().workflows
    return [workflow.metadata.name or "" for workflow in known if workflow.template_name == PIPELINE]
