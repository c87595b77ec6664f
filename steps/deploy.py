"""`deploy`: move production to this run's model by one compare-and-swap, from the very champion it was judged against.

The last step of a run whose model passed every gate. Each request can be the last before a crash and every attempt may
be a second one, so: versions are immutable, the intent is on the ledger before the swap, and an attempt that finds its
own version in production, or there before, has succeeded.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from steps import document as documents
from steps import interface
from steps.document import Document
from steps.interface import Call, Interface
from steps.registry import claim as claims
from steps.registry import ledger, objects, pointer, version
from steps.registry.claim import Owner
from steps.registry.objects import Store
from steps.registry.pointer import Pointer
from steps.verdict import Conclusion, Reason, StoreError, Verdict

INTERFACE = Interface(
    parameters=(
        "workflow",
        "uid",
        "created",
        "batch",
        "as-of",
        "revision",
        "data-hash",
        "token",
        "champion",
        "allow-older",
    ),
    artifacts=("document", "model", "report", "card", "model-card", "onnx"),
    writes=("version", "verdict"),
    optional=("onnx",),
)
NO_CHAMPION = "none"
ATTEMPTS = 8
"""How often the pointer may be written by others, fenced or frozen, while this step is about to move it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """The run that wants production: `target` is the pointer it would write, `made_of` goes into `version.json`.

    `target.previous` is the version that it was judged against, "" if production was empty. `created` is when the
    Workflow was, None if unknown.
    """

    target: Pointer
    allow_older: bool
    made_of: Mapping[str, Any]
    created: datetime | None = None

    @property
    def owner(self) -> Owner:
        return Owner(self.target.workflow, self.target.uid)


def deploy(store: Store, document: Document, candidate: Candidate, files: version.Files, now: datetime) -> Conclusion:
    """Move production and return `promoted`, or what stands against it by now: `superseded` or `frozen`.

    The pointer is read before the claim, and swapped from what was read: whoever takes the claim away fences the
    pointer afterwards. Raises `Verdict` (claim lost, production moved) and `StoreError`.
    """
    target = candidate.target
    for attempt in range(ATTEMPTS):
        standing = pointer.read(store, document)
        if pointer.reached(standing, target.version):
            return _promoted(document, target)
        _hold(store, document, candidate)
        against = _against(candidate, pointer.current(standing))
        if against is not None:
            return against
        if not attempt:
            version.write(store, document.name, target.version, files, candidate.made_of)
            ledger.append(store, document.name, _intent(candidate), now=now, since=candidate.created)
        if pointer.move(store, document, target, standing):
            return _promoted(document, target)
    raise StoreError(f"{pointer.key(document)}: {ATTEMPTS} times another writer was faster; try again")


def _against(candidate: Candidate, production: Pointer) -> Conclusion | None:
    """Return what forbids the move, None if nothing does; raises `Verdict` if the model was judged against another."""
    target = candidate.target
    if production.frozen is not None:
        return pointer.frozen(production.frozen)
    if production.order > target.order and not candidate.allow_older:
        return _superseded(production, target)
    if production.version != target.previous:
        raise _moved(target, production)
    return None


def _hold(store: Store, document: Document, candidate: Candidate) -> None:
    """Raise `Verdict` (claim lost) unless the batch is still this run's, by this run's token."""
    target = candidate.target
    standing = claims.read(store, document.name, target.data_hash)
    if claims.holds(standing, candidate.owner, target.token):
        return
    who = f"{standing.claim.workflow} by token {standing.claim.token}" if standing else "nobody"
    message = f"the claim of batch {target.batch} is held by {who}, not by this run's token {target.token}"
    if standing is not None and standing.claim.owned_by(candidate.owner) and standing.claim.finished is not None:
        message = f"this run's claim of batch {target.batch} was ended as {standing.claim.finished.outcome} already"
    raise Verdict(Reason.CLAIM_LOST, message, holder=standing.claim.workflow if standing else None)


def _intent(candidate: Candidate) -> ledger.Entry:
    target = candidate.target
    body = {
        "version": target.version,
        "replaces": target.previous,
        "data_hash": target.data_hash,
        "batch": target.batch,
        "as_of": target.as_of,
        "revision": target.revision,
        "token": target.token,
        "workflow": target.workflow,
        "by": target.workflow,
        "message": f"version {target.version} is about to replace {target.previous or 'nothing'}",
    }
    return ledger.Entry("intent", target.uid, body)


def _promoted(document: Document, target: Pointer) -> Conclusion:
    message = f"version {target.version} of batch {target.batch} is in {document.deploy.pointer}"
    change = {"before": target.previous or None, "after": target.version}
    return Conclusion(Reason.PROMOTED, message, {"version": target.version, "production": change})


def _superseded(newer: Pointer, target: Pointer) -> Conclusion:
    message = (
        f"production got version {newer.version} of {newer.as_of} revision {newer.revision} meanwhile, newer than this "
        f"batch of {target.as_of} revision {target.revision}"
    )
    return Conclusion(Reason.SUPERSEDED, message, {"version": newer.version, "batch": newer.batch})


def _moved(target: Pointer, production: Pointer) -> Verdict:
    now = production.version or "empty"
    message = f"production is {now} by now, but this run's model was judged against {target.previous or 'empty'}"
    return Verdict(Reason.PRODUCTION_MOVED, message, champion=target.previous or None, production=now)


def _candidate(call: Call, document: Document, now: datetime) -> Candidate:
    values = call.parameters
    target = Pointer(
        version=version.name(values["as-of"], int(values["revision"]), values["uid"]),
        previous="" if values["champion"] == NO_CHAMPION else values["champion"],
        data_hash=values["data-hash"],
        batch=values["batch"],
        as_of=values["as-of"],
        revision=int(values["revision"]),
        token=int(values["token"]),
        workflow=values["workflow"],
        uid=values["uid"],
        promoted_at=now.isoformat(timespec="seconds"),
    )
    made_of = {
        **{
            name: getattr(target, name)
            for name in ("data_hash", "batch", "as_of", "revision", "token", "workflow", "uid")
        },
        "previous": target.previous or None,
        "git_sha": os.environ.get("RETRAIN_GIT_SHA"),
        "image": os.environ.get("RETRAIN_IMAGE"),
        "document": document.model_dump(mode="json"),
        "pipeline_hash": documents.fingerprint(document),
    }
    return Candidate(target, values["allow-older"] == "true", made_of, interface.created(values["created"]))


def run(call: Call) -> None:
    now = datetime.now(UTC)
    document = documents.read(call.artifacts["document"].read_bytes())
    store = objects.connect(document.data.bucket)
    given = call.artifacts
    files = version.Files(given["model"], given["report"], given["card"], given["model-card"], given.get("onnx"))
    candidate = _candidate(call, document, now)
    answer = deploy(store, document, candidate, files, now)
    if answer.reason is Reason.PROMOTED:
        call.write("version", candidate.target.version)
    call.write("verdict", answer.to_json())
    print(f"{answer.outcome}: {answer.message}", file=sys.stderr)  # noqa: T201 - the step's log


def main(argv: list[str] | None = None) -> int:
    return interface.run(INTERFACE, run, argv)


if __name__ == "__main__":
    sys.exit(main())
