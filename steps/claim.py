"""`claim`: take the batch that a marker announces, or say why there is nothing to do, before anything is trained.

First step of a run. The order is cheap to dear: the marker's key, the marker, its file names, a claim that stands,
production, then every byte of every file. The claim is taken before the files are read, and given back if they are not
as the marker says: then reconcile looks at them again, and any run may take it.
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
from steps.registry import ending, ledger, objects, pointer
from steps.registry import marker as markers
from steps.registry.claim import Claim, Owner, Standing
from steps.registry.marker import File, Marker
from steps.registry.objects import Store
from steps.verdict import Conclusion, Outcome, Reason, StoreError, Verdict, headline

INTERFACE = Interface(
    parameters=("marker", "etag", "workflow", "uid", "created", "allow-older"),
    artifacts=("document",),
    writes=("files", "batch", "as-of", "revision", "data-hash", "token", "verdict"),
    saves=("manifest",),
)
BROKEN_SHOWN = 10
ATTEMPTS = 8
"""How often another run may come between reading the claim and taking it."""


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks, since when its Workflow is there, and whether a person allowed it to be older than production."""

    owner: Owner
    created: datetime | None = None
    allow_older: bool = False


def claim(store: Store, document: Document, marker: Marker, request: Request, now: datetime) -> Claim | Conclusion:
    """Return the claim as this run now holds it, or the conclusion that there is nothing to do.

    Raises `Verdict` (incomplete; the claim is given back) and `StoreError`.
    """
    held = _get_hold(store, document, claims.of_marker(marker, request.owner, 1, _instant(now)), request)
    if isinstance(held, Conclusion):
        return held
    ledger.append(store, document.name, _started(held), now=now, since=request.created)
    try:
        verify(store, document.data.prefix, marker.files)
    except Verdict as incomplete:
        ended = claims.finished(incomplete.conclusion, _instant(now))
        claims.close(store, document.name, held.data_hash, request.owner, ended)
        raise
    return held


def _get_hold(store: Store, document: Document, wanted: Claim, request: Request) -> Claim | Conclusion:
    """Return the claim that this run has, was granted, or may take; else say what stands against it."""
    owner, where = request.owner, document.name
    for _ in range(ATTEMPTS):
        standing = claims.read(store, where, wanted.data_hash)
        if standing is not None and standing.claim.granted_to(owner.workflow):
            claims.adopt(store, where, standing, owner, wanted.claimed_at)
            continue
        own = standing is not None and standing.claim.owned_by(owner) and not standing.claim.settled
        free = standing is None or claims.given_back(standing.claim)
        if standing is not None and not (own or free):
            return _taken(standing.claim, document, owner)
        against = _against(store, document, wanted, request)
        if against is not None:
            if own:
                claims.close(store, where, wanted.data_hash, owner, claims.finished(against, wanted.claimed_at))
            return against
        held = standing.claim if standing is not None and not free else _take(store, document, wanted, standing)
        if held is not None:
            return held
    raise StoreError(f"{claims.key(where, wanted.data_hash)}: {ATTEMPTS} times another run was faster; try again")


def _take(store: Store, document: Document, wanted: Claim, standing: Standing | None) -> Claim | None:
    """Take the claim of nobody, or one given back, once it is on record how whoever gave it back ended."""
    if standing is not None and standing.claim.uid != wanted.uid:
        ending.remember(store, document, standing.claim, datetime.fromisoformat(wanted.claimed_at))
    return claims.take(store, document.name, wanted, standing)


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


def _started(held: Claim) -> ledger.Entry:
    names = ("batch", "as_of", "revision", "data_hash", "marker", "etag", "workflow", "token", "attempt")
    body = {name: getattr(held, name) for name in names}
    message = f"{held.workflow} has the data of batch {held.batch} (attempt {held.attempt}, token {held.token})"
    return ledger.Entry("started", held.uid, {**body, "by": held.workflow, "message": message})


def _taken(standing: Claim, document: Document, owner: Owner) -> Conclusion:
    """Say that somebody has this data; a run that ended badly is named as such, with the way to run it again."""
    last, standing = standing, standing.earlier or standing
    evidence = {"workflow": standing.workflow, "uid": standing.uid, "batch": standing.batch}
    ended = standing.finished
    if ended is None:
        return Conclusion(Reason.DUPLICATE, f"duplicate of {standing.workflow}, which has not ended yet", evidence)
    evidence |= {"outcome": ended.outcome, "reason": ended.reason}
    if standing.owned_by(owner) and ended.outcome == Outcome.SKIPPED:
        return Conclusion(Reason(ended.reason), ended.message, evidence)
    if not last.settled:
        message = (
            f"duplicate of {standing.workflow}, which ended {headline(ended.outcome, ended.reason)} and is due again"
        )
        return Conclusion(Reason.DUPLICATE, message, evidence)
    message = (
        f"unchanged since {standing.workflow} (batch {standing.batch}), which ended "
        f"{headline(ended.outcome, ended.reason)}; to run it again: retrain replay {document.name} {standing.batch}"
    )
    return Conclusion(Reason.UNCHANGED, message, evidence)


def _against(store: Store, document: Document, wanted: Claim, request: Request) -> Conclusion | None:
    """Return what production has against this batch now: it is frozen, or has newer data."""
    production = pointer.current(pointer.read(store, document))
    if production.frozen is not None:
        return pointer.frozen(production.frozen)
    if production.order <= wanted.order or request.allow_older:
        return None
    message = (
        f"production has version {production.version} of {production.as_of} revision {production.revision}, newer than "
        f"this batch of {wanted.as_of} revision {wanted.revision}"
    )
    return Conclusion(Reason.SUPERSEDED, message, {"version": production.version, "batch": production.batch})


def _instant(now: datetime) -> str:
    return now.isoformat(timespec="seconds")


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
    owner = Owner(values["workflow"], values["uid"])
    request = Request(owner, interface.created(values["created"]), values["allow-older"] == "true")
    answer = claim(store, document, marker, request, datetime.now(UTC))
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
