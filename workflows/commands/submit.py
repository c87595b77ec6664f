"""`retrain submit`: starts the run of a marker by hand, under the name that its event gives it.

So a submit and an event, or two submits, come to one Workflow: whoever is second is told that it is there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from steps.document import Document
from steps.registry import marker
from steps.registry.requester import MANUAL
from steps.registry.runs import ETAG_LENGTH, Look, RunsError, name_of
from steps.verdict import Verdict, headline
from workflows.commands.localruns import LocalRuns
from workflows.commands.logs import label
from workflows.commands.run import interruptible, report, watch
from workflows.commands.store import bucket_of
from workflows.commands.tail import Tail
from workflows.commands.terminal import canvas
from workflows.commands.whereabouts import Whereabouts, asker, runs_at
from workflows.config import carried, find
from workflows.engine.inbox import is_served
from workflows.engine.model import Workflow
from workflows.engine.nodes import NodePhase, WorkflowPhase
from workflows.errors import RetrainError

if TYPE_CHECKING:
    from workflows.cluster.runs import ClusterRuns

Shown = Callable[[Workflow], None]
PENDING = NodePhase.PENDING
BEGINNING = ("ContainerCreating", "PodInitializing")
"""What every pod waits for, and not for long."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for. `marker` is a key of the pipeline's bucket; `etag`, if not "", saves looking at it there.

    `document` is a file that holds the pipeline's, instead of the one in the folder of the pipelines.
    """

    pipeline: str
    marker: str
    etag: str = ""
    reason: str = ""
    document: Path | None = None


@dataclass(frozen=True, slots=True)
class Manner:
    """What is done with it: `wait` for its end, print `logs` until then, or `dry`: print the Workflow, start none."""

    wait: bool = False
    logs: bool = False
    dry: bool = False
    as_json: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """A run by its name, and the parameters that whoever creates it gives it."""

    name: str
    pipeline: str
    batch: str
    parameters: dict[str, str]


def run(request: Request, pipelines: Path, place: Whereabouts, manner: Manner) -> int:
    """Start the run; exit code 0, with `wait` 1 unless it Succeeded. Where nothing else would run it, it runs here.

    Ctrl-C ends the waiting; a run of this process is stopped by it, one of a cluster goes on.
    """
    document = carried(request.document) if request.document else find(request.pipeline, pipelines)
    if document.name != request.pipeline:
        raise RetrainError(f"--document is of the pipeline {document.name!r}, not {request.pipeline!r}")
    try:
        runs = runs_at(place)
        wanted = _wanted(request, document, asker(runs))
        name = wanted.name
        if manner.dry:
            return _print(wanted, as_json=manner.as_json)
        made = runs.start(document.name, name, wanted.parameters)
        if not made:
            typer.echo(f"{name} {_there(wanted, runs.look(name))}", err=True)
        if manner.wait or manner.logs or (isinstance(runs, LocalRuns) and not is_served(place.home)):
            return _see_through(runs, name, place, manner)
    except RunsError as error:
        raise RetrainError(str(error), where=f"marker {request.marker!r}") from None
    typer.echo(json.dumps({"run": name, "created": made}) if manner.as_json else name)
    return 0


def _wanted(request: Request, document: Document, by: str) -> Wanted:
    """Return the run of the marker; raises `RetrainError` for a marker that no event of the pipeline could be of."""
    try:
        batch = marker.batch(request.marker, document.data)
    except Verdict as verdict:
        hint = "a marker is named by its key in the bucket; `retrain put` and producers write it last of all"
        raise RetrainError(str(verdict), where=f"bucket {document.data.bucket!r}", hint=hint) from None
    etag = request.etag or _etag(request.marker, document)
    if len(marker.compact(etag)) < ETAG_LENGTH:
        hint = "leave it out: it is looked up in the bucket"
        raise RetrainError(f"--etag is {etag!r}, expected at least {ETAG_LENGTH} letters and digits", hint=hint)
    given = {"marker": request.marker, "etag": etag, "trigger": MANUAL, "requested-by": by, "why": request.reason}
    return Wanted(name_of(document.name, batch, etag), document.name, batch, given)


def _etag(key: str, document: Document) -> str:
    with bucket_of(document, quick=True) as store:
        found = store.head(key)
    if found is None:
        hint = "the run of a batch begins when its marker is there; the producer writes it last of all"
        raise RetrainError(f"there is no marker at {key!r}", where=f"bucket {document.data.bucket!r}", hint=hint)
    return found.etag


def _print(wanted: Wanted, *, as_json: bool) -> int:
    """Print the Workflow for `kubectl create -f -`, which starts the same run."""
    from workflows.definitions.events import created
    from workflows.manifests import dump

    manifest = created(wanted.pipeline, wanted.name, wanted.parameters)
    typer.echo(json.dumps(manifest, indent=2) if as_json else dump(manifest).rstrip())
    return 0


def _there(wanted: Wanted, look: Look | None) -> str:
    """Say of a run that is there already how far it is, and how its batch is run again."""
    if look is None:
        return "was there a moment ago"
    if not look.ended:
        return f"is there already and is {look.phase or 'not taken up yet'}: nothing new is started"
    end = look.conclusion
    again = f"to run the batch again: retrain replay {wanted.pipeline} {wanted.batch} --reason …"
    return f"is there already and ended {headline(end.outcome, end.reason)}: nothing new is started; {again}"


def _see_through(runs: LocalRuns | ClusterRuns, name: str, place: Whereabouts, manner: Manner) -> int:
    """Show how the run goes on until it has ended; return the exit code by its phase."""
    progress = () if manner.as_json else (watch(), _waits())
    with interruptible() as cancel, _following(runs, name, place, manner) as follow:

        def on_change(workflow: Workflow) -> None:
            for show in (*progress, *follow):
                show(workflow)

        ended = runs.see_through(name, cancel, on_change)
    if cancel.is_set():
        if not isinstance(runs, LocalRuns):
            typer.echo(f"{name} goes on; the same command waits for it again", err=True)
        raise KeyboardInterrupt
    if manner.as_json and not isinstance(runs, LocalRuns):
        typer.echo(json.dumps(runs.get(name), indent=2, ensure_ascii=False))
        return 0 if ended.status.phase is WorkflowPhase.SUCCEEDED else 1
    return report(ended, as_json=manner.as_json)


@contextmanager
def _following(
    runs: LocalRuns | ClusterRuns, name: str, place: Whereabouts, manner: Manner
) -> Iterator[tuple[Shown, ...]]:
    """Print the logs as they come while the block goes on, if they are wanted; yield what has to see each change."""
    shown = canvas()

    def say(step: str, line: str) -> None:
        typer.echo(f"{step}: {shown.printable(line)}", err=manner.as_json)

    if not manner.logs:
        yield ()
    elif isinstance(runs, LocalRuns):
        with Tail(place.home, name, say):
            yield ()
    else:
        from workflows.cluster.podlogs import PodLogs

        logs = PodLogs(runs.connection, lambda node, line: say(label(node), line))
        try:
            yield (logs.show,)
        finally:
            logs.close()


def _waits() -> Shown:
    """Return a function that says on stderr what the run, or a pod of it, waits for, each thing once."""
    said: set[str] = set()

    def show(workflow: Workflow) -> None:
        status, shown = workflow.status, canvas()
        pending = [(node.display_name, node.message) for node in status.nodes.values() if node.phase is PENDING]
        if status.phase is WorkflowPhase.PENDING:
            pending.append((workflow.metadata.name or "", status.message))
        for name, message in pending:
            line = f"{PENDING:<9} {shown.clean(name)}: {shown.clean(message or '')}"
            if message and message not in BEGINNING and line not in said:
                said.add(line)
                typer.echo(line, err=True)

    return show
