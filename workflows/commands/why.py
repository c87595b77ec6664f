"""`retrain why`: one sentence from the ledger, then the evidence."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import typer

from steps.registry import ledger
from steps.registry.explanation import explain, moment_after
from workflows.commands.store import bucket_of
from workflows.config import find
from workflows.errors import RetrainError


def run(pipeline: str, day: str, pipelines: Path, *, as_json: bool) -> int:
    """Print the explanation of the newest run, or of the newest about a day."""
    document, about = find(pipeline, pipelines), _day(day)
    with bucket_of(document) as store:
        known = (
            ledger.near(store, pipeline, moment_after(about, document)) if about else ledger.records(store, pipeline)
        )
        found = explain(known, document, about)
    if as_json:
        value = {"sentence": found.sentence, "outcome": found.outcome or None, "evidence": list(found.evidence)}
        typer.echo(json.dumps(value, indent=2, ensure_ascii=False))
    else:
        typer.echo("\n".join([found.sentence, *(f"  {line}" for line in found.evidence)]))
    return 0


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise RetrainError(f"--date is {text!r}", hint="a day as YYYY-MM-DD, such as 2026-02-23") from None
