"""`retrain rollback`: production goes back to a version it had, and stays there until it is unfrozen; on record."""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import typer

from steps.registry import rollback
from workflows.commands.store import bucket_of
from workflows.config import find
from workflows.errors import RetrainError


def run(pipeline: str, to: str, reason: str, pipelines: Path, *, as_json: bool) -> int:
    """Roll back and print from where to where; exit 0, and 2 if there is no such version to go back to."""
    document = find(pipeline, pipelines)
    request = rollback.Rollback(to.strip(), getpass.getuser(), reason.strip())
    with bucket_of(document) as store:
        try:
            production = rollback.rollback(store, document, request, datetime.now(UTC))
        except rollback.RollbackRefused as refused:
            hint = f"retrain history {document.name} lists the versions"
            raise RetrainError(str(refused), where=document.name, hint=hint) from None
    if as_json:
        typer.echo(json.dumps({"pipeline": document.name, **asdict(production)}, indent=2))
        return 0
    typer.echo(
        f"{document.name}: production went back from {production.previous} to {production.version} and is frozen; "
        f"to allow promotion again: retrain unfreeze {document.name}"
    )
    return 0
