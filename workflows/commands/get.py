"""`retrain get`: one run's nodes as a tree; where its journal is gone, what the ledger has of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any

import typer

from steps.registry import ledger
from workflows.commands.store import bucket_of
from workflows.commands.terminal import canvas
from workflows.config import pipelines_in
from workflows.engine.journal import Journal, WorkflowNotFoundError
from workflows.engine.view import frame

FARTHEST = 1000
"""Outcomes that are looked at for a run whose name says no day."""
FACTS = ("outcome", "reason", "message", "batch", "as_of", "decision")


def run(name: str, pipelines: Path, home: Path, *, as_json: bool) -> int:
    """Print the run `name`; raises `WorkflowNotFoundError` when neither journal nor ledger has it."""
    try:
        workflow = Journal(home).read(name)
    except WorkflowNotFoundError:
        return _from_the_ledger(name, pipelines, home, as_json=as_json)
    if as_json:
        typer.echo(workflow.to_json(indent=2))
    else:
        typer.echo(frame(workflow, datetime.now(UTC), canvas()))
    return 0


def record_of(name: str, pipelines: Path) -> dict[str, Any] | None:
    """Return the newest outcome record of the Workflow `name`, looked for in the pipeline its name starts with.

    Looks where a batch that is named after a day says, then at the newest `FARTHEST` outcomes.
    """
    for document in pipelines_in(pipelines):
        if name.startswith(f"{document.name}-"):
            day = name.removeprefix(f"{document.name}-")[:10]
            with bucket_of(document, quick=True) as store:
                newest = islice(ledger.outcomes(store, document.name), FARTHEST)
                for record in chain(ledger.of_data(store, document.name, day), newest):
                    if record.kind == ledger.OUTCOME and _object(record.body.get("workflow")).get("name") == name:
                        return dict(record.body)
    return None


def _from_the_ledger(name: str, pipelines: Path, home: Path, *, as_json: bool) -> int:
    body = record_of(name, pipelines)
    if body is None:
        raise WorkflowNotFoundError(
            f"there is no run {name!r}", where=str(home), hint="`retrain runs` lists those on record"
        )
    if as_json:
        typer.echo(json.dumps(body, indent=2, ensure_ascii=False))
        return 0
    typer.echo(f"{name}: its nodes are not in {home}; on record is:")
    facts = {name: body.get(name) for name in FACTS}
    for name, value in {**facts, **_object(body.get("workflow")), **_object(body.get("times"))}.items():
        if value is not None:
            typer.echo(f"  {name}: {value}")
    return 0


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
