"""`retrain replay`: runs a batch again on purpose, under a name of its own, on record with who asked and why."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from steps.document import Document
from steps.registry import marker
from steps.registry.marker import Marker
from steps.registry.objects import Store
from steps.registry.replay import Replay, ReplayRefused
from steps.registry.replay import replay as grant
from steps.registry.runs import RunsError
from steps.verdict import Verdict
from workflows.commands.localruns import LocalRuns
from workflows.commands.run import interruptible, report, watch
from workflows.commands.store import bucket_of
from workflows.commands.whereabouts import Whereabouts, asker, runs_at
from workflows.config import find
from workflows.engine.model import Workflow
from workflows.errors import RetrainError

if TYPE_CHECKING:
    from workflows.cluster.runs import ClusterRuns

Shown = Callable[[Workflow], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for; `allow_older` lets it win over production made from newer data."""

    pipeline: str
    batch: str
    reason: str
    allow_older: bool


def run(request: Request, pipelines: Path, place: Whereabouts, *, as_json: bool) -> int:
    """Start the replay; here, run it to its end and print it: exit code 0 when it Succeeded, else 1.

    On a cluster it is started, and named. Ctrl-C stops a local run as it does with `run`.
    """
    try:
        runs = runs_at(place)
        name = start(request, pipelines, runs)
    except RunsError as error:
        raise RetrainError(str(error), where=f"batch {request.batch!r}") from None
    if not isinstance(runs, LocalRuns):
        typer.echo(json.dumps({"run": name}) if as_json else name)
        return 0
    return report(see_through(runs, name, None if as_json else watch()), as_json=as_json)


def start(request: Request, pipelines: Path, runs: LocalRuns | ClusterRuns) -> str:
    """Have the batch granted to a new Workflow, start that and return its name.

    Raises `RetrainError` if the batch cannot be replayed, and `RunsError`.
    """
    if not request.reason.strip():
        raise RetrainError("--reason is empty", hint="say why, for whoever reads the record")
    document = find(request.pipeline, pipelines)
    with bucket_of(document) as store:
        asked = Replay(_marker(store, document, request.batch), asker(runs), request.reason, request.allow_older)
        try:
            wanted = grant(store, document, asked, runs, datetime.now(UTC))
        except ReplayRefused as refused:
            raise RetrainError(str(refused), where=f"batch {request.batch!r}", hint=refused.hint) from None
    if not runs.start(document.name, wanted.name, wanted.parameters):
        raise RunsError(f"the Workflow {wanted.name} came into being at the same moment; ask again")
    return wanted.name


def see_through(runs: LocalRuns, name: str, on_change: Shown | None) -> Workflow:
    """Return the Workflow once it has ended; raises `KeyboardInterrupt` after a Ctrl-C has stopped it."""
    with interruptible() as cancel:
        ended = runs.see_through(name, cancel, on_change)
        if cancel.is_set():
            raise KeyboardInterrupt
    return ended


def _marker(store: Store, document: Document, batch: str) -> Marker:
    """Return the batch's marker, read before anything starts: what is wrong with it is said here, not by a run."""
    try:
        return marker.read(store, f"{document.data.prefix}/{batch}/{document.data.marker}", "", document.data)
    except Verdict as verdict:
        hint = "a batch is a folder below the prefix with a ready marker in it; the producer writes it, last of all"
        raise RetrainError(str(verdict), where=f"bucket {document.data.bucket!r}", hint=hint) from None
