"""`retrain audit`: how long a pipeline's ledger is, and with `--verify` whether every link of it holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from steps.document import Document
from steps.registry import ledger
from steps.registry.chain import Anchor, verify
from workflows.commands import anchor as anchors
from workflows.commands.ahead import at_once
from workflows.commands.store import bucket_of
from workflows.config import find


def run(pipeline: str, pipelines: Path, anchor: Path | None, *, whole: bool, as_json: bool) -> int:
    """Print what the ledger holds, or verify it, against the anchor if there is one; 1 if it is broken."""
    document = find(pipeline, pipelines)
    answer = verified(document, anchor) if whole or anchor else summary(document)
    typer.echo(json.dumps(answer, indent=2) if as_json else _sentence(answer))
    return 1 if answer.get("broken") else 0


def summary(document: Document) -> dict[str, Any]:
    """Return how many records there are and the ends of the chain; nothing between is read."""
    with bucket_of(document, quick=True) as store:
        last = ledger.head(store, document.name)
        first = ledger.must(store, document.name, 1) if last else None
    return {
        "pipeline": document.name,
        "records": last.n if last else 0,
        "sha256": last.sha256 if last else ledger.GENESIS,
        "first": first.at.isoformat() if first else None,
        "last": last.at.isoformat() if last else None,
        "kind": last.kind if last else None,
    }


def verified(document: Document, file: Path | None) -> dict[str, Any]:
    """Verify the chain, and only if it holds, and holds what the anchor says, move the anchor to its newest record."""
    anchor = anchors.read(file, document.name) if file else None
    with bucket_of(document) as store:
        chain = verify(store, document.name, anchor, at_once)
    answer = {"pipeline": document.name, "records": chain.records, "sha256": chain.sha256, "broken": chain.broken}
    if file is None or chain.broken:
        return answer
    anchors.write(file, document.name, Anchor(chain.records, chain.sha256))
    return {**answer, "anchor": str(file), "anchored": anchor.n if anchor else None}


def _sentence(answer: dict[str, Any]) -> str:
    name, count = answer["pipeline"], answer["records"]
    records = f"{count} record{'' if count == 1 else 's'}"
    if "broken" not in answer:
        if not count:
            return f"{name}: nothing is on record"
        between = f"from {answer['first']} to {answer['last']}"
        return f"{name}: {records} {between}, the newest {answer['kind']}, sha256 {answer['sha256']} (not verified)"
    if answer["broken"]:
        return f"{name}: BROKEN: {answer['broken']}; what holds: {records} from the first"
    text = f"{name}: {records} hold, sha256 {answer['sha256']}"
    if "anchor" not in answer:
        return text
    since = "it is new" if answer["anchored"] is None else f"it was at record {answer['anchored']}"
    return f"{text}; the anchor {answer['anchor']} is at the newest ({since})"
