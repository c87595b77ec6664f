"""The end of a run: decided, then recorded, then receipted. `record` calls it, and reconcile for who could not.

The decision is one compare-and-swap of the claim, so whoever comes second adopts it. Each of the three can be the last
before a crash; doing all three again changes nothing that stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from steps.document import Document
from steps.registry import account, ledger, pointer, receipt
from steps.registry import claim as claims
from steps.registry.account import Ended
from steps.registry.claim import Claim
from steps.registry.objects import Store
from steps.registry.pointer import Pointer
from steps.registry.receipt import Receipt
from steps.verdict import GIVEN_BACK, OPEN, Conclusion, Reason

EPOCH = datetime.fromtimestamp(0, UTC)
DEPLOY = "deploy"
"""The decision after which the step of that name runs."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What the run came to, all known: `ended` as it stands, its claim if it had one, production before and after."""

    ended: Ended
    claim: Claim | None
    production: Mapping[str, Any]

    @property
    def conclusion(self) -> Conclusion:
        return self.ended.conclusion


def end(store: Store, document: Document, ended: Ended, now: datetime) -> Decided:
    """Decide, record and receipt the end of a run; raises `StoreError` where it could not go on."""
    decided = decide(store, document, ended, now)
    enter(store, document, decided, now)
    settle(store, document, decided, now)
    return decided


def decide(store: Store, document: Document, ended: Ended, now: datetime) -> Decided:
    """Close the run's claim by what it came to, or learn from it what it came to already.

    Production knows best: a run whose version is there, or was, was promoted, whatever its last step left behind. A
    run that had its claim taken away has lost it, whatever else it thinks.
    """
    standing = pointer.current(pointer.read(store, document))
    version = pointer.carries(standing, ended.owner.uid)
    if version and ended.conclusion.reason is not Reason.PROMOTED:
        message = f"version {version} is in {document.deploy.pointer}, though the run ended with: "
        ended = replace(ended, conclusion=Conclusion(Reason.PROMOTED, message + ended.conclusion.message))
    claim = None
    if ended.data_hash:
        finished = claims.finished(ended.conclusion, now.isoformat(timespec="seconds"))
        claim = claims.close(store, document.name, ended.data_hash, ended.owner, finished)
        ended = replace(ended, conclusion=_standing(ended, claim))
    return Decided(ended, claim, _production(document, ended.conclusion, standing, version))


def enter(
    store: Store, document: Document, decided: Decided, now: datetime, unless: ledger.Stands | None = None
) -> bool:
    """Append the outcome record, once; False if another one stands, as `unless` says of it.

    So does one of the very end that the run comes to now but for its claim, which was taken away since: a `record` step
    that stood still says it again.
    """
    body = account.body(decided.ended, document, decided.production, now)
    entry = ledger.Entry(ledger.OUTCOME, decided.ended.owner.uid, body)
    end = decided.conclusion
    before = end.evidence.get("reason") if end.reason is Reason.CLAIM_LOST else None

    def stands(known: ledger.Record) -> bool:
        return known.body.get("reason") == before or (unless is not None and unless(known))

    record = ledger.append(store, document.name, entry, now=now, since=decided.ended.created, unless=stands)
    return record.says(entry)


def remember(store: Store, document: Document, claim: Claim, now: datetime) -> None:
    """See that the end of the claim's owner is on the ledger, for the claim is about to be written over.

    The owner may have died right after it had closed the claim, and its Workflow may be gone.
    """
    finished = claim.own_end
    if not claim.uid or finished is None or _on_record(store, document, claim):
        return
    ended = replace(account.of_claim(claim), conclusion=Conclusion(Reason(finished.reason), finished.message))
    standing = pointer.current(pointer.read(store, document))
    production = _production(document, ended.conclusion, standing, pointer.carries(standing, claim.uid))
    enter(store, document, Decided(ended, claim, production), now, unless=lambda _: True)


def _on_record(store: Store, document: Document, claim: Claim) -> bool:
    """Say whether the owner has an outcome; it may be in no day's index: a killed pod leaves no word of its data."""
    began = datetime.fromisoformat(claim.claimed_at)
    near = ledger.outcome_of(store, document.name, claim.uid, EPOCH, claim.as_of)
    return (near or ledger.outcome_of(store, document.name, claim.uid, began)) is not None


def settle(store: Store, document: Document, decided: Decided, now: datetime) -> bool:
    """Write the marker's receipt if the end is final and nothing can come after it; return whether that is so."""
    ended, end = decided.ended, decided.conclusion
    etag = ended.values.get("etag", "") or (decided.claim.etag if decided.claim else "")
    if end.reason in OPEN or not etag or still_deploying(decided):
        return False
    found = Receipt(
        batch=ended.batch(document),
        etag=etag,
        marker=ended.values.get("marker", ""),
        outcome=str(end.outcome),
        reason=str(end.reason),
        workflow=ended.owner.workflow,
        at=now.isoformat(timespec="seconds"),
    )
    receipt.write(store, document.name, found)
    return True


def still_deploying(decided: Decided) -> bool:
    """Say whether a process of the run may still be about to move production: nothing is final before it is fenced.

    So it is when the run was stopped while it deployed, and when reconcile broke off while it retired the claim.
    """
    claim, ended = decided.claim, decided.ended
    if claim is None or claim.retired or decided.conclusion.reason is Reason.PROMOTED:
        return False
    unknown = "" if ended.values.get("status") else DEPLOY
    stopped = decided.conclusion.reason is Reason.STOPPED and ended.outputs.get("decision", unknown) == DEPLOY
    return claim.retiring or stopped


def _standing(ended: Ended, claim: Claim | None) -> Conclusion:
    """Return what the run came to by its claim; by its own word if it never had one, or its word is promoted."""
    own = ended.conclusion
    if claim is not None and claim.finished is not None:
        reason = Reason(claim.finished.reason)
        return Conclusion(reason, claim.finished.message, own.evidence if own.reason is reason else {})
    if own.reason in GIVEN_BACK or own.reason is Reason.PROMOTED or not ended.outputs.get("token"):
        return own
    message = f"another run took the batch over before this one had ended; it would have been: {own.message}"
    return Conclusion(Reason.CLAIM_LOST, message, {"reason": str(own.reason), **own.evidence})


def _production(document: Document, end: Conclusion, standing: Pointer, version: str) -> Mapping[str, Any]:
    """Return production's version before and after the run: the same unless the run moved it."""
    where = {"pointer": document.deploy.pointer}
    change = end.evidence.get("production")
    if end.reason is Reason.PROMOTED and isinstance(change, dict):
        return {**where, **change}
    if end.reason is Reason.PROMOTED and version:
        return {**where, **pointer.change(standing, version)}
    return {**where, "before": standing.version or None, "after": standing.version or None}
