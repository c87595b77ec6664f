"""Grants: giving a claim to another run, or to nobody, so that its former owner can no longer promote.

Called by reconcile and replay, once the owner has ended as far as anybody can see. A paused process may still wake up,
so the order is: the claim gets a higher token, then production is fenced, then the pointer is read. `deploy` reads the
pointer first and the claim second, then swaps from what it read first: either it sees the higher token, or the fence
comes after its read and its swap fails, or its swap came before the fence and is found here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from steps.document import Document
from steps.registry import claim as claims
from steps.registry import ending, pointer
from steps.registry.claim import Claim, Finished, Standing
from steps.registry.objects import Store
from steps.registry.pointer import Pointer
from steps.verdict import Conclusion, Reason


@dataclass(frozen=True, slots=True)
class Granted:
    """What came of a grant: the claim as it stands, None if another writer was faster (look again, later).

    `promoted` is the pointer if the former owner's `version` had got through: then nobody was granted anything, the
    claim is closed as promoted by that owner, and its outcome is to be recorded.
    """

    claim: Claim | None
    promoted: Pointer | None = None
    version: str = ""


def grant(store: Store, document: Document, standing: Standing | None, wanted: Claim) -> Granted:
    """Give the claim to the Workflow `wanted.workflow`, which must not exist yet, and fence its former owner.

    Its `claim` step adopts the claim. How the former owner ended is put on record, for the claim says it no longer.
    Doing the same again, after a crash, goes on where that ended. Raises `StoreError`.
    """
    if standing is not None and standing.claim.granted_to(wanted.workflow):
        return _given(store, document, standing.claim, wanted.claimed_at)
    former = _former(standing.claim) if standing else None
    free = replace(wanted, uid="", finished=None, former=former, fenced=False)
    taken = claims.take(store, document.name, replace(free, token=1), standing)
    return _given(store, document, taken, wanted.claimed_at) if taken else Granted(None)


def retire(store: Store, document: Document, standing: Standing, finished: Finished) -> Granted:
    """End the claim for good without a next owner, as before a receipt that its owner did not write.

    The owner stays named, by a token that is no longer its own, and once it is fenced off that is written there too:
    until then nobody may rely on it. Doing the same again changes nothing. Raises `StoreError`.
    """
    claim = standing.claim
    if claim.retiring and claim.finished is not None and claim.finished.reason == finished.reason:
        taken: Claim | None = claim
    else:
        ended = replace(claim, finished=finished, former=_former(claim), fenced=False)
        taken = claims.take(store, document.name, ended, standing)
    if taken is None or taken.retired:
        return Granted(taken)
    found = _fenced(store, document, taken, finished.at)
    now = claims.read(store, document.name, claim.data_hash)
    if found.claim is None or now is None or now.claim != found.claim:
        return replace(found, claim=None)
    return Granted(claims.fenced(store, document.name, now))


def withdraw(store: Store, document: Document, standing: Standing) -> Claim | None:
    """Take a grant back that no Workflow adopted, so that the former owner's end stands again.

    None if there is no such grant or end, or if another writer was faster.
    """
    former = standing.claim.former
    if standing.claim.uid or former is None or former.finished is None:
        return None
    return claims.take(store, document.name, replace(former, former=former), standing)


def _given(store: Store, document: Document, claim: Claim, at: str) -> Granted:
    """Fence off the former owner and put its end on record; that comes last, for it may turn out as promoted."""
    granted = _fenced(store, document, claim, at)
    if granted.claim is not None and claim.former is not None:
        ending.remember(store, document, claim.former, datetime.fromisoformat(at))
    return granted


def _former(claim: Claim) -> Claim | None:
    """Return who is to be fenced off: the owner, or whom a grant that nobody adopted took the claim from."""
    return replace(claim, finished=claim.own_end, former=claim.earlier, fenced=False) if claim.uid else claim.former


def _fenced(store: Store, document: Document, claim: Claim, at: str) -> Granted:
    """Fence production, then look whether the former owner got through before: its end, if so, was promoted."""
    former = claim.former
    if former is None:
        return Granted(claim)
    standing = pointer.fence(store, document)
    if former.finished is not None and former.finished.reason == Reason.PROMOTED:
        return Granted(claim)
    version = pointer.carries(standing.pointer, former.uid)
    if not version:
        return Granted(claim)
    now = claims.read(store, document.name, claim.data_hash)
    if now is None or now.claim != claim:
        return Granted(None)
    message = f"version {version} of batch {claim.batch} is in {document.deploy.pointer}"
    end = claims.finished(Conclusion(Reason.PROMOTED, message), at)
    closed = replace(former, finished=end, former=former)
    if claims.take(store, document.name, closed, now) is None:
        return Granted(None)
    return Granted(None, standing.pointer, version)
