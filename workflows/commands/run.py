"""`retrain run`: runs a Workflow, or a WorkflowTemplate with parameters, as processes, and shows how it goes on.

A CronWorkflow is run now, whatever its times, as `argo submit --from cronwf/…` does.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import typer

from workflows.commands import documents, local
from workflows.commands.terminal import canvas
from workflows.engine.cronworkflow import scheduled
from workflows.engine.driver import run as drive
from workflows.engine.effect import fields
from workflows.engine.loader import Document, load
from workflows.engine.model import Workflow
from workflows.engine.nodes import WorkflowPhase
from workflows.engine.objects import from_template, resolve
from workflows.engine.view import frame
from workflows.errors import DocumentError, RetrainError


def run(document: str, parameters: Sequence[str], manifests: Path, home: Path, *, as_json: bool) -> int:
    """Run it to its end and print it; exit code 0 when it Succeeded, 1 when not, 130 when it was interrupted."""
    given = dict(_parameter(text) for text in parameters)
    workflow, found = _workflow(document, given, manifests)
    objects = local.objects(found, home)
    if not as_json and (without := fields([resolve(workflow, objects)])):
        typer.echo(f"without effect here: {', '.join(without)}", err=True)
    with interruptible() as cancel:
        settings = local.settings(home, cancel, None if as_json else watch(), local.places(home, manifests))
        done = drive(local.with_backoff(workflow, found), objects, settings)
        code = report(done, as_json=as_json)
        if cancel.is_set():
            raise KeyboardInterrupt
    return code


def report(workflow: Workflow, *, as_json: bool) -> int:
    """Print the Workflow as it ended; returns the exit code."""
    if as_json:
        typer.echo(workflow.to_json(indent=2))
    else:
        typer.echo(frame(workflow, datetime.now(UTC), canvas()))
    return 0 if workflow.status.phase is WorkflowPhase.SUCCEEDED else 1


def watch() -> Callable[[Workflow], None]:
    """Return a function that says on stderr which nodes have ended since it was last called."""
    shown: set[str] = set()

    def show(workflow: Workflow) -> None:
        for node in workflow.status.nodes.values():
            if node.phase and node.phase.fulfilled and node.id not in shown:
                shown.add(node.id)
                message = f": {node.message}" if node.message else ""
                typer.echo(f"{node.phase:<9} {node.display_name or node.name}{message}", err=True)

    return show


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Turn Ctrl-C and SIGTERM into an event for the time of a block, so that what runs ends cleanly."""
    cancel = threading.Event()
    before = {number: signal.signal(number, lambda *_: cancel.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield cancel
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise RetrainError(f"-p {text!r} is no name=value", hint="such as -p marker=incoming/loans/b1/_READY.json")
    return name, value


def _workflow(document: str, given: dict[str, str], manifests: Path) -> tuple[Workflow, documents.Manifests]:
    """Return what to run, and the documents around it: a file brings its own, a pipeline is among the manifests."""
    file = Path(document)
    if not (file.is_file() or file.suffix in (".yaml", ".yml", ".json")):
        if not manifests.is_dir():
            message = f"there is no file {document!r}, and no folder {str(manifests)!r} to find a pipeline in"
            raise DocumentError(message, hint="name a file, or the folder by --manifests")
        found = documents.read(manifests)
        return from_template(found.template(document), local.generated_name(f"{document}-"), given), found
    around = documents.read(manifests) if manifests.is_dir() else documents.sort(())
    own = documents.sort(load([file]))
    found = documents.sort((*_others(around, own), *own.templates, *own.config_maps))
    if own.workflows:
        return _named(own.workflows[0], given), found
    if own.templates:
        name = own.templates[0].metadata.name or ""
        return from_template(own.templates[0], local.generated_name(f"{name}-"), given), found
    if own.cron_workflows:
        return _named(scheduled(own.cron_workflows[0], datetime.now(UTC)), given), found
    kinds = [*("ConfigMap" for _ in own.config_maps), *(other.kind for other in own.others)]
    hint = f"it holds: {', '.join(dict.fromkeys(kinds)) or 'nothing'}"
    raise DocumentError("holds no Workflow, no WorkflowTemplate and no CronWorkflow", where=document, hint=hint)


def _others(around: documents.Manifests, own: documents.Manifests) -> list[Document]:
    """Return the documents around a file without those that the file brings itself."""
    templates = {template.metadata.name for template in own.templates}
    config_maps = {config_map.metadata.name for config_map in own.config_maps}
    return [
        *(template for template in around.templates if template.metadata.name not in templates),
        *(config_map for config_map in around.config_maps if config_map.metadata.name not in config_maps),
    ]


def _named(workflow: Workflow, given: dict[str, str]) -> Workflow:
    """Return the Workflow with a name, and with the parameters given on the command line."""
    metadata = workflow.metadata
    if not metadata.name:
        name = local.generated_name(metadata.generate_name or "workflow-")
        metadata = metadata.model_copy(update={"name": name})
    known = {parameter.name: parameter for parameter in workflow.spec.arguments.parameters}
    unknown = next((name for name in given if name not in known), None)
    if unknown is not None and workflow.spec.workflow_template_ref is None:
        raise DocumentError(
            f"the Workflow has no parameter {unknown!r}", hint=f"there are: {', '.join(known) or 'none'}"
        )
    changed = {name: known[name].model_copy(update={"value": value}) for name, value in given.items() if name in known}
    parameters = tuple({**known, **changed}.values())
    arguments = workflow.spec.arguments.model_copy(update={"parameters": parameters})
    spec = workflow.spec.model_copy(update={"arguments": arguments})
    return workflow.model_copy(update={"metadata": metadata, "spec": spec})
