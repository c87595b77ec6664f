"""`retrain why`: one sentence from the ledger, then the evidence; and what has not ended yet in this home."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import typer

from steps.registry import ledger
from steps.registry.explanation import explain, moment_after
from workflows.commands import local
from workflows.commands.store import bucket_of
from workflows.config import find
from workflows.engine.model import Workflow
from workflows.engine.nodes import NodeType
from workflows.errors import RetrainError


def run(pipeline: str, day: str, pipelines: Path, home: Path | None = None, *, as_json: bool) -> int:
    """Print the explanation of the newest run, or of the newest about a day, and the runs of `home` that go on."""
    document, about = find(pipeline, pipelines), _day(day)
    with bucket_of(document) as store:
        known = (
            ledger.near(store, pipeline, moment_after(about, document)) if about else ledger.records(store, pipeline)
        )
        found = explain(known, document, about)
    ongoing = going_on(pipeline, home) if home else []
    if as_json:
        value = {"sentence": found.sentence, "outcome": found.outcome or None, "evidence": list(found.evidence)}
        typer.echo(json.dumps({**value, "unfinished": ongoing}, indent=2, ensure_ascii=False))
    else:
        evidence = [*(f"unfinished: {line}" for line in ongoing), *found.evidence]
        typer.echo("\n".join([found.sentence, *(f"  {line}" for line in evidence)]))
    return 0


def going_on(pipeline: str, home: Path) -> list[str]:
    """Return a line for each Workflow of the pipeline that this home has without an end, newest first."""
    return [line(workflow) for workflow in local.unfinished(home) if local.pipeline_of(workflow) == pipeline]


def line(workflow: Workflow) -> str:
    """Return what is known of a Workflow that has not ended: since when, and at which steps it is."""
    status, since = workflow.status, workflow.status.started_at or workflow.metadata.creation_timestamp
    pods = (node for node in status.nodes.values() if node.type == NodeType.POD)
    at = [node.template_name or node.name for node in pods if not (node.phase and node.phase.fulfilled)]
    where = f", at {', '.join(dict.fromkeys(at))}" if at else ""
    told = f": {status.message}" if status.message else ""
    begun = f" since {since.astimezone().isoformat(timespec='seconds')}" if since else ""
    return f"run {workflow.metadata.name} is {status.phase or 'Pending'}{begun}{where}{told}"


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise RetrainError(f"--date is {text!r}", hint="a day as YYYY-MM-DD, such as 2026-02-23") from None
