"""`retrain history`: a pipeline's versions, newest first, and what became of each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from steps.registry.history import Version, history
from steps.registry.plain import plain
from workflows.commands.ahead import at_once
from workflows.commands.runs import table
from workflows.commands.store import bucket_of
from workflows.config import find

COLUMNS = ("version", "batch", "as_of", "promoted", "run", "state")
LONGEST = 200


def run(pipeline: str, pipelines: Path, *, limit: int, as_json: bool) -> int:
    """Print the newest `limit` versions of the pipeline, by the order of their data."""
    document = find(pipeline, pipelines)
    with bucket_of(document, quick=True) as store:
        rows = [row(version) for version in history(store, document, limit, at_once)]
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        cells = [{**one, "state": _told(one)} for one in rows]
        typer.echo(table(cells, COLUMNS) if rows else f"{pipeline} has no version yet")
    return 0


def row(version: Version) -> dict[str, Any]:
    """Return a version as data; who took it back, why and when if somebody did."""
    back = version.back
    return {
        "version": version.name,
        "batch": version.batch or None,
        "as_of": version.as_of,
        "promoted": version.promoted.isoformat(timespec="seconds") if version.promoted else None,
        "run": version.workflow or None,
        "state": version.state,
        "rolled_back": {
            "at": back.at.isoformat(timespec="seconds"),
            **{name: back.body.get(name) for name in ("by", "reason", "version")},
        }
        if back
        else None,
    }


def _told(one: dict[str, Any]) -> str:
    back = one["rolled_back"]
    if not back:
        return str(one["state"])
    why = f"by {back['by']} to {back['version']} at {back['at']}: {back['reason'] or 'no reason given'}"
    again = "" if one["state"] == "rolled back" else f"{one['state']}, "
    return plain(f"{again}rolled back {why}", LONGEST)
