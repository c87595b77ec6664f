"""`claim`: take the batch that a marker announces, or say why there is nothing to do, before anything is trained.

First step of a run. The order is cheap to dear: the marker's key, the marker, its file names, a claim that stands,
production's batch, then every byte of every file; only a batch that is complete is claimed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from steps import document as documents
from steps import interface
from steps.document import Document
from steps.interface import Call, Interface
from steps.registry import claim as claims
from steps.registry import marker as markers
from steps.registry import objects, pointer
from steps.registry.claim import Claim, Owner
from steps.registry.marker import File, Marker
from steps.registry.objects import Store
from steps.verdict import Conclusion, Reason, Verdict

INTERFACE = Interface(
    parameters=("marker", "etag", "workflow", "uid", "replay", "allow-older"),
    artifacts=("document",),
    writes=("files", "batch", "as-of", "revision", "data-hash", "token", "verdict"),
    saves=("manifest",),
)
BROKEN_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks, and what a person allowed: to run a batch again, and to run one older than production's."""

    owner: Owner
    replay: bool = False
    allow_older: bool = False


def claim(store: Store, document: Document, marker: Marker, request: Request, at: str) -> Claim | Conclusion:
    """Return the claim as this run now holds it, or the conclusion that there is nothing to do.

    `at` is now, UTC in ISO 8601. Raises `Verdict` (incomplete) and `StoreError`.
    """
    wanted = _wanted(marker, request.owner, at)
    standing = claims.read(store, document.name, wanted.data_hash)
    if standing is not None and standing.claim.owned_by(request.owner):
        return standing.claim
    if standing is not None and not request.replay:
        return _taken(standing.claim, document)
    if not request.allow_older and (newer := _superseded(store, document, marker)):
        return newer
    verify(store, document.data.prefix, marker.files)
    taken = claims.take(store, document.name, wanted, standing)
    return taken or _raced(store, document, wanted.data_hash)


def verify(store: Store, prefix: str, files: tuple[File, ...]) -> None:
    """Read every file and hold it against the marker; raises `Verdict` (incomplete) that lists what is wrong."""
    problems = list(_problems(store, prefix, files))
    if problems:
        first, more = problems[0], len(problems) - 1
        message = f"the file {first['file']!r} is {first['problem']}: {first['found']}, expected {first['expected']}"
        message += f" (and {more} more of {len(files)} files)" if more else ""
        raise Verdict(Reason.INCOMPLETE, message, files=problems[:BROKEN_SHOWN], broken=len(problems), of=len(files))


def _problems(store: Store, prefix: str, files: tuple[File, ...]) -> Iterator[dict[str, Any]]:
    for file in files:
        found = store.digest(f"{prefix}/{file.key}", file.size)
        size = {"expected": f"{file.size} bytes"}
        if found is None:
            yield {"file": file.key, "problem": "missing", "found": "nothing there", **size}
        elif found.size != file.size:
            problem = "short" if found.size < file.size else "different"
            yield {"file": file.key, "problem": problem, "found": f"{found.size} bytes", **size}
        elif found.sha256 != file.sha256:
            sums = {"found": f"sha256 {found.sha256}", "expected": f"sha256 {file.sha256}"}
            yield {"file": file.key, "problem": "different", **sums}


def _wanted(marker: Marker, owner: Owner, at: str) -> Claim:
    return Claim(
        data_hash=markers.data_hash(marker.files),
        batch=marker.batch,
        marker=marker.key,
        etag=marker.etag,
        as_of=marker.as_of,
        revision=marker.revision,
        workflow=owner.workflow,
        uid=owner.uid,
        token=1,
        claimed_at=at,
    )


def _taken(standing: Claim, document: Document) -> Conclusion:
    """Say that somebody has this data; a run that ended badly is named as such, with the way to run it again."""
    evidence = {"workflow": standing.workflow, "uid": standing.uid, "batch": standing.batch}
    if standing.finished is None:
        return Conclusion(Reason.DUPLICATE, f"duplicate of {standing.workflow}, which has not ended yet", evidence)
    ended = standing.finished
    message = (
        f"unchanged since {standing.workflow} (batch {standing.batch}), which ended {ended.outcome} ({ended.reason}); "
        f"to run it again: retrain replay {document.name} {standing.batch}"
    )
    return Conclusion(Reason.UNCHANGED, message, {**evidence, "outcome": ended.outcome, "reason": ended.reason})


def _superseded(store: Store, document: Document, marker: Marker) -> Conclusion | None:
    production = pointer.read(store, document)
    if production is None or production.pointer.order <= marker.order:
        return None
    newer = production.pointer
    message = (
        f"production has version {newer.version} of {newer.as_of} revision {newer.revision}, newer than this batch "
        f"of {marker.as_of} revision {marker.revision}"
    )
    return Conclusion(Reason.SUPERSEDED, message, {"version": newer.version, "batch": newer.batch})


def _raced(store: Store, document: Document, data_hash: str) -> Conclusion:
    winner = claims.read(store, document.name, data_hash)
    if winner is None:
        return Conclusion(Reason.DUPLICATE, "another run took this data at the same moment")
    return _taken(winner.claim, document)


def _manifest(document: Document, marker: Marker) -> dict[str, Any]:
    files = [
        {"index": f"{index:04}", "file": file.key, "size": file.size, "sha256": file.sha256}
        for index, file in enumerate(marker.files)
    ]
    facts = {"pipeline": document.name, "batch": marker.batch, "as_of": marker.as_of, "revision": marker.revision}
    return {**facts, "data_hash": markers.data_hash(marker.files), "files": files}


def run(call: Call) -> None:
    """Do the step: what is known is written as soon as it is, so that a refusal is on record with its batch."""
    document = documents.read(call.artifacts["document"].read_bytes())
    values = call.parameters
    call.write("files", "[]")
    call.write("batch", markers.batch(values["marker"], document.data))
    store = objects.connect(document.data.bucket)
    marker = markers.read(store, values["marker"], values["etag"], document.data)
    call.write("as-of", marker.as_of)
    call.write("revision", str(marker.revision))
    manifest = _manifest(document, marker)
    call.write("data-hash", manifest["data_hash"])
    # A skipped run has a manifest too: Argo resolves what the loop is to read before it sees that the loop is empty.
    call.save("manifest").write_text(json.dumps(manifest, indent=2), encoding="utf-8")
    request = Request(
        Owner(values["workflow"], values["uid"]), values["replay"] == "true", values["allow-older"] == "true"
    )
    answer = claim(store, document, marker, request, datetime.now(UTC).isoformat(timespec="seconds"))
    if isinstance(answer, Conclusion):
        call.write("verdict", answer.to_json())
        print(f"{answer.outcome}: {answer.message}", file=sys.stderr)  # noqa: T201 - the step's log
        return
    call.write("token", str(answer.token))
    call.write("files", json.dumps([{"index": file["index"], "file": file["file"]} for file in manifest["files"]]))


def main(argv: list[str] | None = None) -> int:
    return interface.run(INTERFACE, run, argv)


if __name__ == "__main__":
    sys.exit(main())
