"""`retrain unfreeze`: allows promotion again, on record with who and why."""

from __future__ import annotations

import getpass
import json
from datetime import UTC, datetime
from pathlib import Path

import typer

from steps.registry.freeze import unfreeze
from workflows.commands.store import bucket_of
from workflows.config import find


def run(pipeline: str, reason: str, pipelines: Path, *, as_json: bool) -> int:
    """Unfreeze production; exit 0, also if it was not frozen, and 1 if somebody froze it anew meanwhile."""
    document = find(pipeline, pipelines)
    with bucket_of(document) as store:
        production = unfreeze(store, document, getpass.getuser(), reason.strip(), datetime.now(UTC)).pointer
    if as_json:
        frozen = production.frozen is not None
        typer.echo(
            json.dumps({"pipeline": document.name, "version": production.version or None, "frozen": frozen}, indent=2)
        )
    elif production.frozen is None:
        typer.echo(f"{document.name}: production is {production.version or 'empty'} and may be promoted to")
    else:
        typer.echo(f"{document.name}: {production.frozen.by} froze it anew at {production.frozen.at}")
    return 1 if production.frozen else 0
