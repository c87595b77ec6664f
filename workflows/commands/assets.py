"""`retrain assets`: what a pipeline has made, when, by which run, from what, and whether it is fresh."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from steps.document import Document
from steps.registry.assets import Asset, Found, assets
from workflows.commands.runs import table
from workflows.commands.store import bucket_of
from workflows.config import find, pipelines_in

COLUMNS = ("pipeline", "asset", "made", "fresh", "as_of", "batch", "from", "run", "detail")
FRESH = {True: "fresh", False: "stale", None: "–"}
SHOWN = 12
"""Characters of a hash in the table."""


def run(pipeline: str, pipelines: Path, *, as_json: bool) -> int:
    """Print the assets of one pipeline, or of all; exit code 1 if something could not be read."""
    documents = (find(pipeline, pipelines),) if pipeline else pipelines_in(pipelines)
    found = {document.name: _found(document) for document in documents}
    if as_json:
        value = {name: _json(one) for name, one in found.items()}
        typer.echo(json.dumps(value, indent=2, ensure_ascii=False))
    else:
        typer.echo(table([_row(name, asset) for name, one in found.items() for asset in one.assets], COLUMNS))
        for name, one in found.items():
            for unread in one.unread:
                typer.echo(f"{name}: not read: {unread}", err=True)
    return 1 if any(one.unread for one in found.values()) else 0


def _found(document: Document) -> Found:
    with bucket_of(document, quick=True) as store:
        return assets(store, document, datetime.now(UTC))


def _row(pipeline: str, asset: Asset) -> dict[str, Any]:
    return {
        "pipeline": pipeline,
        "asset": asset.name,
        "made": asset.made.isoformat(timespec="seconds") if asset.made else "never",
        "fresh": FRESH[asset.fresh],
        "as_of": asset.as_of,
        "batch": asset.batch,
        "from": asset.data_hash[:SHOWN],
        "run": asset.run,
        "detail": asset.detail,
    }


def _json(found: Found) -> dict[str, Any]:
    listed = [
        {
            "asset": asset.name,
            "made": asset.made.isoformat(timespec="seconds") if asset.made else None,
            "run": asset.run or None,
            "batch": asset.batch or None,
            "as_of": asset.as_of or None,
            "data_hash": asset.data_hash or None,
            "where": asset.where or None,
            "detail": asset.detail or None,
            "fresh": asset.fresh,
        }
        for asset in found.assets
    ]
    return {"assets": listed, "unread": list(found.unread)}
