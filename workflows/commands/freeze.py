"""`retrain freeze`: stops promotion, on record with who and why. Runs go on; their models do not reach production."""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import typer

from steps.registry.freeze import freeze
from steps.registry.pointer import Frozen
from workflows.commands.store import bucket_of
from workflows.config import find


def run(pipeline: str, reason: str, pipelines: Path, *, as_json: bool) -> int:
    """Freeze production and print since when it is; exit 0, also if it was frozen already."""
    document = find(pipeline, pipelines)
    wanted = Frozen(getpass.getuser(), reason.strip(), datetime.now(UTC).isoformat(timespec="milliseconds"))
    with bucket_of(document) as store:
        production = freeze(store, document, wanted).pointer
    found = production.frozen or wanted
    if as_json:
        frozen = {**asdict(found), "already": found != wanted}
        typer.echo(
            json.dumps({"pipeline": document.name, "version": production.version or None, "frozen": frozen}, indent=2)
        )
        return 0
    since = f"frozen by {found.by} since {found.at}: {found.reason or 'no reason given'}"
    already = "" if found == wanted else "already "
    typer.echo(f"{document.name}: production stays {production.version or 'empty'}, {already}{since}")
    return 0
