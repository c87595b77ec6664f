"""Ends the runs that could not end themselves: killed, terminated, deleted, or with a broken `record` step.

Reconcile calls it. It does what `record` would have done, by the same code, from the Workflow as it is seen from
outside, or from the claim where there is no Workflow any more; and it never repeats what is on record.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from steps.registry import account, ending, ledger, receipt
from steps.registry import claim as claims
from steps.registry import grant as grants
from steps.registry import marker as markers
from steps.registry.account import Ended
from steps.registry.claim import Claim, Finished, Standing
from steps.registry.decision import ended_by
from steps.registry.entry import Record
from steps.registry.marker import Marker
from steps.registry.place import Place
from steps.registry.receipt import Receipt
from steps.registry.runs import Look
from steps.verdict import OPEN, Conclusion, Reason, Verdict, headline

FASTER = "another was faster"
"""What is said when somebody else wrote the claim first: the next look sees what came of it."""


def ended_run(place: Place, look: Look, claim: Claim | None = None) -> Ended:
    """Return a run that has ended as its Workflow shows it, with what its claim knows of the batch.

    A pod that was killed leaves no outputs, but may have claimed: without a claim given, the marker leads to it.
    """
    ended = account.of_look(look)
    if not ended.data_hash and claim is None:
        claim = _claim_of(place, ended)
    if claim is None:
        return ended
    left = {name: value for name, value in ended.outputs.items() if value}
    return replace(ended, outputs={**account.of_claim(claim).outputs, **left})


def finish(place: Place, ended: Ended, since: datetime | None) -> str:
    """Decide, record and receipt the end of a run, as its own `record` does; return what it came to.

    `since` is when the run can have begun at the earliest. What is on record stands, unless this end is for good and
    that one was not: so of two that end a run at once, the one that comes too late adds nothing.
    """
    store, document = place.store, place.document
    decided = ending.decide(store, document, ended, place.now)
    if ending.still_deploying(decided) and decided.claim is not None and decided.claim.finished is not None:
        retire(place, claims.read(store, place.pipeline, ended.data_hash))
        decided = ending.decide(store, document, ended, place.now)

    def stands(known: Record) -> bool:
        return not _betters(decided.conclusion, str(known.body.get("reason")))

    known = ledger.outcome_of(store, place.pipeline, ended.owner.uid, since or place.now)
    if known is None or not stands(known):
        entered = ending.enter(store, document, decided, place.now, stands)
        if entered and place.tell is not None and ended.owner.workflow:
            place.tell(decided)
    ending.settle(store, document, decided, place.now)
    return headline(decided.conclusion.outcome, decided.conclusion.reason)


def close(place: Place, standing: Standing, owner: Look | None) -> str:
    """See that a claim whose owner has ended or is gone is closed, and its run on record; return what it came to.

    The end that the claim has already is the run's: whoever wrote it may have come no further.
    """
    claim = standing.claim
    if not claim.uid:
        return release(place, standing, owner)
    ended = ended_run(place, owner, claim) if owner else account.of_claim(claim)
    if claim.own_end is not None:
        ended = replace(ended, conclusion=ended_by(claim.own_end))
    return finish(place, ended, _since(claim, owner))


def release(place: Place, standing: Standing, granted: Look | None) -> str:
    """Write the end of a claim whose grant came to nothing: its Workflow ended without adopting it, or was never there.

    What a replay was to better stands again; any other is the end of one more attempt.
    """
    former = standing.claim.former
    before = former.finished if former is not None else None
    if before is not None and before.final:
        grants.withdraw(place.store, place.document, standing)
    else:
        end = ended_run(place, granted).conclusion if granted else account.of_claim(standing.claim).conclusion
        if end.reason in (Reason.MARKER, Reason.KEY):
            # It says nothing of the content, which another marker may have.
            end = Conclusion(Reason.UNKNOWN, end.message, end.evidence)
        claims.end(place.store, place.pipeline, standing, claims.finished(end, place.at))
    return finish(place, account.of_look(granted), granted.created) if granted else "withdrawn"


def promoted(place: Place, data_hash: str) -> str:
    """Record that the former owner had got through before it could be fenced off."""
    standing = claims.read(place.store, place.pipeline, data_hash)
    if standing is None or not standing.claim.uid:
        return FASTER
    return finish(place, account.of_claim(standing.claim), _since(standing.claim, None))


def retire(place: Place, standing: Standing | None) -> Claim | None:
    """Retire a claim that has an end; return it as it then stands, None if another was faster."""
    if standing is None or standing.claim.finished is None:
        return None
    granted = grants.retire(place.store, place.document, standing, standing.claim.finished)
    if granted.promoted is None:
        return granted.claim
    now = claims.read(place.store, place.pipeline, standing.claim.data_hash)
    return now.claim if now else None


def _betters(end: Conclusion, known: str) -> bool:
    return end.reason not in OPEN and end.reason != known


def _claim_of(place: Place, ended: Ended) -> Claim | None:
    try:
        values = ended.values
        marker = markers.read(place.store, values.get("marker", ""), values.get("etag", ""), place.document.data)
    except Verdict:
        return None
    standing = claims.read(place.store, place.pipeline, markers.data_hash(marker.files))
    return standing.claim if standing is not None and standing.claim.owned_by(ended.owner) else None


def _since(claim: Claim, owner: Look | None) -> datetime | None:
    if owner is not None and owner.created is not None:
        return owner.created
    return claim.claimed


def settled(place: Place, marker: Marker, end: Finished, workflow: str) -> None:
    """Write the receipt of a marker that is settled by an end that would leave it open for another attempt."""
    found = Receipt(marker.batch, marker.etag, marker.key, end.outcome, end.reason, workflow, place.at)
    receipt.write(place.store, place.pipeline, found)
