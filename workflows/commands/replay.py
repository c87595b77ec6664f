"""`retrain replay`: runs a batch again on purpose, here, under a name of its own, on record with who asked and why."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from steps.document import Document
from steps.registry import marker
from steps.registry.marker import Marker
from steps.verdict import Verdict
from workflows.commands import documents, local
from workflows.commands.run import interruptible, report, watch
from workflows.commands.store import bucket_of
from workflows.config import find
from workflows.engine.driver import run as drive
from workflows.engine.journal import Journal
from workflows.engine.model import Workflow
from workflows.engine.objects import from_template
from workflows.errors import RetrainError

ETAG_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for; `allow_older` lets it win over production made from newer data."""

    pipeline: str
    batch: str
    reason: str
    allow_older: bool


def run(request: Request, pipelines: Path, manifests: Path, home: Path, *, as_json: bool) -> int:
    """Run the replay to its end and print it; exit code 0 when it Succeeded, else 1. Ctrl-C stops it as `run` does."""
    name = start(request, pipelines, manifests, home, None if as_json else watch())
    return report(Journal(home).read(name), as_json=as_json)


def start(
    request: Request, pipelines: Path, manifests: Path, home: Path, on_change: Callable[[Workflow], None] | None
) -> str:
    """Run the replay to its end and return the Workflow's name; raises `RetrainError` if its marker cannot be used."""
    if not request.reason.strip():
        raise RetrainError("--reason is empty", hint="say why, for whoever reads the record")
    document = find(request.pipeline, pipelines)
    found = documents.read(manifests)
    ready = _marker(document, request.batch)
    parameters = {
        "marker": ready.key,
        "etag": ready.etag,
        "trigger": "replay",
        "requested-by": getpass.getuser(),
        "why": request.reason,
        "allow-older": "true" if request.allow_older else "false",
        local.BACKOFF[0]: local.BACKOFF[1],
    }
    name = _free_name(f"{document.name}-{request.batch}-{ready.etag[:ETAG_LENGTH]}", Journal(home))
    workflow = from_template(found.template(document.name), name, parameters)
    with interruptible() as cancel:
        drive(workflow, local.objects(found, home), local.settings(home, cancel, on_change))
        if cancel.is_set():
            raise KeyboardInterrupt
    return name


def _marker(document: Document, batch: str) -> Marker:
    """Return the batch's marker, read before anything starts: what is wrong with it is said here, not by a run."""
    key = f"{document.data.prefix}/{batch}/{document.data.marker}"
    try:
        with bucket_of(document) as store:
            return marker.read(store, key, "", document.data)
    except Verdict as verdict:
        hint = "a batch is a folder below the prefix with a ready marker in it; the producer writes it, last of all"
        raise RetrainError(str(verdict), where=f"bucket {document.data.bucket!r}", hint=hint) from None


def _free_name(base: str, journal: Journal) -> str:
    """Return `<base>-r<n>` with the first n that this home has not used."""
    number = 1
    while journal.directory(f"{base}-r{number}").exists():
        number += 1
    return f"{base}-r{number}"
