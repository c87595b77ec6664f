"""`retrain runs`: the runs on record, newest first, and those of this home that are not: unfinished, or unrecorded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import typer

from steps.document import Document
from steps.registry import ledger
from steps.registry.plain import plain
from workflows.commands.store import bucket_of
from workflows.config import find, pipelines_in
from workflows.engine.journal import Journal
from workflows.engine.nodes import WorkflowPhase

GOING_ON = ("Pending", "Running")
LONGEST = 200
COLUMNS = ("recorded", "pipeline", "batch", "outcome", "reason", "run")


def run(pipeline: str, pipelines: Path, home: Path, *, limit: int, as_json: bool) -> int:
    """Print the newest `limit` runs of one pipeline, or of all."""
    documents = (find(pipeline, pipelines),) if pipeline else pipelines_in(pipelines)
    rows = sorted((row for document in documents for row in recorded(document, limit)), key=_recorded, reverse=True)
    known = {row["uid"] for row in rows}
    here = [row for row in in_home(home, {document.name for document in documents}) if row["uid"] not in known]
    unrecorded = here if len(rows) < limit else [row for row in here if row["outcome"] in GOING_ON]
    found = [*unrecorded, *rows][:limit]
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        typer.echo(table(found) if found else "no run is on record")
    return 0


def recorded(document: Document, limit: int) -> list[dict[str, Any]]:
    """Return the newest outcome records of a pipeline, a row each."""
    with bucket_of(document, quick=True) as store:
        return [_row(record) for record in islice(ledger.outcomes(store, document.name), limit)]


def _row(record: ledger.Record) -> dict[str, Any]:
    body = record.body
    return {
        "recorded": record.at.isoformat(timespec="seconds"),
        "pipeline": body.get("pipeline"),
        "batch": body.get("batch"),
        "outcome": body.get("outcome"),
        "reason": body.get("reason"),
        "message": body.get("message"),
        "run": _name(body.get("workflow")),
        "uid": record.uid,
    }


def _name(workflow: Any) -> Any:
    return workflow.get("name") if isinstance(workflow, dict) else workflow


def in_home(home: Path, pipelines: set[str]) -> Iterator[dict[str, Any]]:
    """Yield the pipelines' Workflows of this home, newest first, their phase as outcome; damaged ones on stderr."""
    listing = Journal(home).list()
    for damaged in listing.damaged:
        typer.echo(str(damaged), err=True)
    for workflow in reversed(listing.workflows):
        phase, name = workflow.status.phase, workflow.template_name
        if name in pipelines:
            yield {
                "recorded": None,
                "pipeline": name,
                "batch": None,
                "outcome": str(phase or WorkflowPhase.PENDING),
                "reason": None,
                "message": workflow.status.message,
                "run": workflow.metadata.name,
                "uid": workflow.metadata.uid,
            }


def _recorded(row: dict[str, Any]) -> str:
    return str(row["recorded"])


def table(rows: list[dict[str, Any]], columns: Sequence[str] = COLUMNS) -> str:
    """Return the rows as columns of text."""
    cells = [list(columns), *([plain(str(row[column] or "–"), LONGEST) for column in columns] for row in rows)]
    widths = [max(len(line[index]) for line in cells) for index in range(len(columns))]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells
    )
