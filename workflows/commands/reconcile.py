"""`retrain reconcile`: brings to its end what events, runs and people left undone; a CronWorkflow runs it.

One line for each thing done, as it is done. On this machine the runs that it starts are run to their ends, unless
`retrain up` serves the home: it takes them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import typer

from steps import notify
from steps.document import Document
from steps.registry.decision import PATIENCE
from steps.registry.ending import Decided
from steps.registry.objects import connect
from steps.registry.place import Place, Tell
from steps.registry.reconciliation import steps_of
from steps.registry.report import Line
from steps.registry.runs import Runs, RunsError
from steps.slack import WEBHOOK
from steps.verdict import StoreError
from workflows.commands.localruns import LocalRuns
from workflows.commands.run import interruptible, watch
from workflows.commands.terminal import canvas
from workflows.commands.whereabouts import Whereabouts, runs_at
from workflows.config import carried, find, pipelines_in
from workflows.errors import RetrainError


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked at: the documents of these files, else the pipeline of that name, else ("") all of the folder's.

    `whole`: every batch there is, not only the recent ones. `dry`: say what would be done, and do nothing.
    `patience` is how long after a marker its event may still come.
    """

    pipeline: str
    files: tuple[Path, ...]
    pipelines: Path
    whole: bool = False
    dry: bool = False
    patience: timedelta = PATIENCE

    def documents(self) -> tuple[Document, ...]:
        if self.files and self.pipeline:
            hint = "a document says its own name: give one of the two"
            raise RetrainError(f"both PIPELINE {self.pipeline!r} and --document are given", hint=hint)
        if self.files:
            return tuple(carried(file) for file in self.files)
        return (find(self.pipeline, self.pipelines),) if self.pipeline else pipelines_in(self.pipelines)


def run(asked: Asked, where: Whereabouts, *, as_json: bool) -> int:
    """Reconcile one pipeline after the other; exit code 0 when all could be looked at and done, else 1."""
    documents = asked.documents()
    try:
        runs = runs_at(where)
    except RunsError as error:
        raise RetrainError(str(error), where="the Workflows") from None
    found: list[dict[str, Any]] = []
    for document in documents:
        lines = 0
        for line in _lines(document, runs, asked):
            lines += line.verb not in ("wait", "ignore")
            found.append({"pipeline": document.name, "verb": str(line.verb), "about": line.about, "text": line.text})
            if not as_json:
                _print(document, line, dry=asked.dry)
        if not (lines or as_json):
            typer.echo(f"{document.name}: nothing to do")
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    if isinstance(runs, LocalRuns) and not asked.dry:
        _drive(runs, quiet=as_json)
    return 1 if any(one["verb"] == "trouble" for one in found) else 0


def _lines(document: Document, runs: Runs, asked: Asked) -> Iterator[Line]:
    try:
        store = connect(document.data.bucket)
        place = Place(store, document, runs, datetime.now(UTC), asked.dry, teller(document), asked.patience)
        yield from steps_of(place, whole=asked.whole)
    except StoreError as error:
        yield Line("trouble", f"bucket {document.data.bucket}", str(error))


def teller(document: Document) -> Tell | None:
    """Return what tells Slack of a run that was ended here, as `notify` would have, once; None without a webhook."""
    url = os.environ.get(WEBHOOK, "").strip()
    if not url:
        return None
    by = f"reconcile-{uuid4().hex[:12]}"

    def tell(decided: Decided) -> None:
        end, owner = decided.conclusion, decided.ended.owner
        if notify.wanted(document, end):
            said = notify.text(document, end, decided.ended.outputs, owner.workflow)
            typer.echo(notify.tell(url, said, document, f"run-{owner.uid}-{end.reason}", by), err=True)

    return tell


def _print(document: Document, line: Line, *, dry: bool) -> None:
    would = "would " if dry and not line.trouble and line.verb not in ("wait", "ignore") else ""
    shown = canvas()
    typer.echo(f"{document.name}: {would}{line.verb} {shown.clean(line.about)}: {shown.clean(line.text)}")


def _drive(runs: LocalRuns, *, quiet: bool) -> None:
    with interruptible() as cancel:
        runs.drive_started(cancel, None if quiet else watch())
        if cancel.is_set():
            raise KeyboardInterrupt
