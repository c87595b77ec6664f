"""A deliberate new run of a batch: on record with who asked and why, and granted the claim before it exists.

The command calls it and starts the Workflow then. A run that still goes on keeps its claim; one that has ended without
a word is closed first, as reconcile would.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from steps.document import Document
from steps.registry import claim as claims
from steps.registry import closing, ledger, pointer
from steps.registry import marker as markers
from steps.registry.claim import Claim, Owner, Standing
from steps.registry.grant import grant
from steps.registry.marker import Marker
from steps.registry.objects import Store
from steps.registry.place import Place
from steps.registry.requester import Request
from steps.registry.runs import Runs, name_of
from steps.verdict import StoreError, headline

ATTEMPTS = 3
"""How often another writer of the claim may be faster."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What is asked for: which marker, who asks and why; `allow_older` lets it win over newer data in production."""

    ready: Marker
    by: str
    reason: str
    allow_older: bool = False

    @property
    def request(self) -> Request:
        return Request(self.by, self.reason, self.allow_older)

    @property
    def data_hash(self) -> str:
        return markers.data_hash(self.ready.files)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The Workflow to start: the claim waits for exactly this name."""

    name: str
    parameters: Mapping[str, str]


class ReplayRefused(Exception):  # noqa: N818 - an answer, not an error
    """The batch cannot be replayed now: what stands against it, and the next act."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def replay(store: Store, document: Document, request: Replay, runs: Runs, now: datetime) -> Wanted:
    """Grant the batch's content to a new Workflow and return it; it is on record before that.

    Raises `ReplayRefused`, `RunsError` and `StoreError`.
    """
    for _ in range(ATTEMPTS):
        standing = _free(store, document, request, runs, now)
        name = _name(document, request.ready, runs)
        attempt = standing.claim.attempt if standing else 1
        free = claims.of_marker(request.ready, Owner(name, ""), attempt, now.isoformat(timespec="seconds"))
        wanted = replace(free, request=request.request)
        ledger.append(store, document.name, _replayed(request, wanted, standing, now), now=now, since=now)
        granted = grant(store, document, standing, wanted)
        if granted.claim is not None:
            return Wanted(name, {"marker": wanted.marker, "etag": wanted.etag, **request.request.parameters})
        if granted.promoted is not None and standing is not None:
            _close(store, document, standing, runs, now)
            message = f"{standing.claim.workflow} was promoted after all: version {granted.version} is in production"
            raise ReplayRefused(message, f"retrain why {document.name}; ask again if it is to run again all the same")
    raise StoreError(f"{claims.key(document.name, request.data_hash)}: {ATTEMPTS} times another writer was faster")


def _free(store: Store, document: Document, request: Replay, runs: Runs, now: datetime) -> Standing | None:
    """Return the claim once nothing stands against a grant of it; raises `ReplayRefused`."""
    frozen = pointer.current(pointer.read(store, document)).frozen
    if frozen is not None:
        raise ReplayRefused(pointer.frozen(frozen).message, f"retrain unfreeze {document.name}, then ask again")
    standing = claims.read(store, document.name, request.data_hash)
    if standing is None:
        return None
    look = runs.look(standing.claim.workflow)
    if look is not None and not look.ended:
        message = f"{look.name} has this data and has not ended yet"
        raise ReplayRefused(message, f"wait for it (retrain get {look.name}) or stop it, then ask again")
    if standing.claim.uid and standing.claim.finished is None:
        _close(store, document, standing, runs, now)
        return claims.read(store, document.name, request.data_hash)
    return standing


def _close(store: Store, document: Document, standing: Standing, runs: Runs, now: datetime) -> None:
    """Put the end of the claim's owner on record, as reconcile would, which it could not do itself."""
    claim = standing.claim
    look = runs.look(claim.workflow)
    seen = look is not None and look.uid == claim.uid and look.ended
    closing.close(Place(store, document, runs, now), standing, look if seen else None)


def _name(document: Document, ready: Marker, runs: Runs) -> str:
    """Return `<base>-r<n>` with the first n that no Workflow has."""
    base, number = name_of(document.name, ready.batch, ready.etag), 1
    while runs.look(f"{base}-r{number}") is not None:
        number += 1
    return f"{base}-r{number}"


def _replayed(request: Replay, wanted: Claim, standing: Standing | None, now: datetime) -> ledger.Entry:
    ended = standing.claim.finished if standing else None
    after = f"{standing.claim.workflow} {headline(ended.outcome, ended.reason)}" if standing and ended else None
    names = ("batch", "as_of", "revision", "data_hash", "marker", "etag", "workflow")
    body = {
        **{name: getattr(wanted, name) for name in names},
        "by": request.by,
        "reason": request.reason,
        "message": f"{request.by} asked to run batch {wanted.batch} again: {request.reason}",
        "after": after,
        "allow_older": request.allow_older,
    }
    return ledger.Entry("replayed", f"replayed:{wanted.workflow}:{now.isoformat(timespec='milliseconds')}", body)
