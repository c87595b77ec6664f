"""Claims without an end that no open marker leads to any more: the last pass of a whole reconcile.

A marker may be written anew, settled or removed while its content waits for a run that was granted it; when that never
comes, or dies with its Workflow, only the claim still knows. Recent claims are read, one request each, for a run keeps
its claim for hours, not weeks.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from steps.registry import claim as claims
from steps.registry import closing, receipt
from steps.registry.claim import Claim
from steps.registry.decision import PATIENCE
from steps.registry.place import Place

RECENT = timedelta(days=8)
"""How long after its last change a claim is looked at: a day longer than Workflows are kept."""


def recent(place: Place) -> Iterator[str]:
    """Yield the data hashes of the claims that changed not long ago; raises `StoreError`."""
    prefix = claims.key(place.pipeline, "").removesuffix(".json")
    for listed in place.store.keys(prefix):
        if place.now - listed.modified < RECENT:
            yield listed.key.removeprefix(prefix).removesuffix(".json")


def close(place: Place, data_hash: str) -> tuple[str, str] | None:
    """Close the claim if nobody else will; return its Workflow and what that came to, None if nothing was to be done.

    A run that goes on, one that is about to be started, and what an open marker leads to, are left alone.
    """
    standing = claims.read(place.store, place.pipeline, data_hash)
    if standing is None or standing.claim.finished is not None:
        return None
    claim = standing.claim
    look = place.runs.look(claim.workflow)
    owner = look if look is not None and claim.uid in ("", look.uid) else None
    if owner is not None and not owner.ended:
        return None
    if owner is None and not claim.uid and claim.claimed and place.now - claim.claimed < PATIENCE:
        return None
    if _has_open_marker(place, claim):
        return None
    return claim.workflow, "nothing" if place.dry else closing.close(place, standing, owner)


def _has_open_marker(place: Place, claim: Claim) -> bool:
    found = place.store.head(claim.marker)
    if found is None or found.etag != claim.etag:
        return False
    return receipt.read(place.store, place.pipeline, claim.batch, claim.etag) is None
