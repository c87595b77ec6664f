"""Ends that are on no record: of the run that made production, of runs that have ended, of claims left behind.

The first, second and last pass of `reconciliation`; what is found is ended by `closing`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from steps.registry import account, closing, forgotten, ledger, leftover, pointer, receipt
from steps.registry import claim as claims
from steps.registry.claim import Claim
from steps.registry.place import Place
from steps.registry.report import Line, guarded
from steps.registry.runs import Look
from steps.verdict import Conclusion, Reason

EPOCH = datetime.fromtimestamp(0, UTC)
UNRECORDED = "NOT ON THE LEDGER"
"""What `record` says of a run that it could not record."""


def production(place: Place) -> Iterator[Line]:
    """Put on record the promotion that production shows, if the run that made it has ended without."""
    found = pointer.current(pointer.read(place.store, place.document))
    if found.empty or not found.uid:
        return
    standing = claims.read(place.store, place.pipeline, found.data_hash)
    claim = standing.claim if standing is not None and standing.claim.uid == found.uid else None
    if claim is not None and claim.finished and _receipted(place, claim):
        return  # known by three requests, whatever the ledger's length
    look = place.runs.look(found.workflow)
    own = look if look is not None and look.uid == found.uid else None
    if own is not None and not own.ended:
        return
    known = ledger.outcome_of(place.store, place.pipeline, found.uid, EPOCH, found.as_of)
    if known is not None and known.body.get("reason") == Reason.PROMOTED:
        return
    ended = (
        closing.ended_run(place, own, claim) if own else account.of_claim(claim) if claim else account.of_pointer(found)
    )
    message = f"version {found.version} is in {place.document.deploy.pointer}"
    ended = replace(ended, conclusion=Conclusion(Reason.PROMOTED, message))
    came_to = "" if place.dry else closing.finish(place, ended, own.created if own else None)
    yield Line("record", found.workflow, f"production has {found.version}, which was not on record: {came_to}")


def _receipted(place: Place, claim: Claim) -> bool:
    """Say whether the claim's own run has settled the marker; the receipt may be of the one that a replay repeats."""
    found = receipt.read(place.store, place.pipeline, claim.batch, claim.etag)
    return found is not None and found.workflow == claim.workflow


def ended_runs(place: Place, whole: bool) -> Iterator[Line]:
    """Put on record how runs ended that could not do so themselves: killed, terminated, their record step broken."""
    for look in place.runs.all(place.pipeline):
        if look.ended and look.uid and (whole or not _recorded(look)):
            yield from guarded(look.name, partial(_ended_run, place, look))


def _recorded(look: Look) -> bool:
    """Say whether the run's own record step says that it is on record: good enough between two sweeps."""
    return look.recorded and UNRECORDED not in account.of_look(look).outputs.get("message", UNRECORDED)


def _ended_run(place: Place, look: Look) -> Iterator[Line]:
    known = ledger.outcome_of(place.store, place.pipeline, look.uid, look.created or place.now)
    if known is None:
        came_to = "" if place.dry else closing.finish(place, closing.ended_run(place, look), look.created)
        yield Line("close", look.name, f"it has ended and nothing was on record: {came_to or look.phase}")


def forgotten_runs(place: Place) -> Iterator[Line]:
    """Put on record how runs ended of which nothing is left but that they began."""
    since, made = place.now - forgotten.WINDOW, pointer.current(pointer.read(place.store, place.document))
    for began in forgotten.unended(place.store, place.pipeline, since, made):
        name = str(began.body.get("workflow", ""))
        came_to = forgotten.close(place, began)
        if came_to:
            yield Line("close", name, f"it is gone and nothing was on record: {came_to}")


def claims_left(place: Place) -> Iterator[Line]:
    """Close the claims that no open marker leads to any more."""
    for data_hash in leftover.recent(place):
        yield from guarded(f"claim {data_hash[:8]}", partial(_claim_left, place, data_hash))


def _claim_left(place: Place, data_hash: str) -> Iterator[Line]:
    closed = leftover.close(place, data_hash)
    if closed is not None:
        yield Line("close", closed[0], f"its claim had no end, and no open marker leads there: {closed[1]}")
