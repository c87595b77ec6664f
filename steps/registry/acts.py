"""What reconcile does to one batch: ends a run that could not, starts one, gives a claim on, settles a marker.

`reconciliation` calls these, one a decision. Each is a row of requests that may break off between any two, be done
twice or by two at once: it is the conditional writes below (claims, ledger, receipts, names of Workflows) that let
only one count.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime

from steps.registry import claim as claims
from steps.registry import ending, ledger
from steps.registry import grant as grants
from steps.registry import marker as markers
from steps.registry.account import Ended
from steps.registry.claim import Claim, Owner, Standing
from steps.registry.closing import FASTER, close, ended_run, finish, promoted, retire, settled
from steps.registry.decision import ATTEMPTS, Action, Facts
from steps.registry.listing import Found
from steps.registry.marker import Marker
from steps.registry.place import Place
from steps.registry.runs import name_of
from steps.verdict import Conclusion, Reason, headline

BY = "retrain reconcile"
TRIGGER = "reconcile"


def start(place: Place, marker: Marker, action: Action) -> str:
    """Start the run that the marker's event would have; return its name, and whether it was there already."""
    name = name_of(place.pipeline, marker.batch, marker.etag)
    return _start(place, name, {"marker": marker.key, "etag": marker.etag}, action.why)


def retry(place: Place, facts: Facts, standing: Standing | None, action: Action) -> str:
    """Grant the content to the next attempt, put that on record and start it; return what was done."""
    marker = facts.marker
    name = name_of(place.pipeline, marker.batch, marker.etag, action.attempt)
    wanted = claims.of_marker(marker, Owner(name, ""), action.attempt, place.at)
    return _give(place, standing, wanted, action.why)


def restart(place: Place, standing: Standing, action: Action) -> str:
    """Start the Workflow that the claim was granted to, after whoever granted it broke off; return what was done."""
    return _give(place, standing, standing.claim, action.why)


def settle(place: Place, facts: Facts, standing: Standing | None, conclusion: Conclusion) -> str:
    """Put a conclusion that needed no run on record, and settle the marker; return what it came to.

    A claim that this marker's dead run left open, or never adopted, is retired first, lest somebody wakes up and
    promotes after all.
    """
    claim = facts.claim
    loose = claim is not None and (claim.retiring or not claim.uid or not claim.settled) and not claim.fenced
    if standing and claim and facts.mine and loose and not claims.given_back(claim):
        retired = grants.retire(place.store, place.document, standing, claims.finished(conclusion, place.at))
        if retired.promoted is not None:
            return promoted(place, claim.data_hash)
        if retired.claim is None:
            return FASTER
        ending.remember(place.store, place.document, retired.claim, place.now)
    marker = facts.marker
    outputs = {
        "batch": marker.batch,
        "as-of": marker.as_of,
        "revision": str(marker.revision),
        "data-hash": markers.data_hash(marker.files),
    }
    came_to = _without_run(place, marker.key, marker.etag, facts.landed, outputs, conclusion)
    settled(place, marker, claims.finished(conclusion, place.at), "")
    return came_to


def confirm(place: Place, facts: Facts, standing: Standing | None, conclusion: Conclusion) -> str:
    """See that the end of a run is on record and settles the marker; return what it came to."""
    if facts.mine and standing is not None and standing.claim.uid:
        came_to = close(place, standing, facts.owner)
        earlier = standing.claim.earlier
        if earlier is not None and earlier.finished is not None:
            settled(place, facts.marker, earlier.finished, earlier.workflow)
        return came_to
    run = facts.owner if facts.mine else facts.own
    if run is None or (facts.mine and run.conclusion.reason is not conclusion.reason):
        return settle(place, facts, standing, conclusion)
    ended = ended_run(place, run)
    # The marker's own ETag: what the event gave the run may be shortened.
    return finish(place, replace(ended, values={**ended.values, "etag": facts.marker.etag}), run.created)


def refuse(place: Place, found: Found, conclusion: Conclusion) -> str:
    """Put on record that a marker cannot be used, and settle it; return what it came to."""
    return _without_run(place, found.key, found.etag, found.modified, {}, conclusion)


def give_up(place: Place, facts: Facts, standing: Standing) -> str:
    """Take the content from its last owner for good, put that on record and settle the marker."""
    granted = retire(place, standing)
    if granted is None:
        return FASTER
    if granted.finished is None or granted.finished.reason == Reason.PROMOTED:
        return promoted(place, granted.data_hash)
    ending.remember(place.store, place.document, granted, place.now)
    marker, ended = facts.marker, granted.finished
    body = {
        "batch": marker.batch,
        "as_of": marker.as_of,
        "revision": marker.revision,
        "data_hash": granted.data_hash,
        "workflow": granted.workflow,
        "attempts": granted.attempt,
        "outcome": ended.outcome,
        "reason": ended.reason,
        "message": f"{granted.attempt} attempts were not enough; the last one: {ended.message}",
        "by": BY,
    }
    uid = _uid(marker.batch, marker.etag)
    ledger.append(place.store, place.pipeline, ledger.Entry("gave-up", uid, body), now=place.now, since=facts.landed)
    settled(place, marker, ended, granted.workflow)
    return headline(ended.outcome, ended.reason)


def _without_run(
    place: Place, key: str, etag: str, landed: datetime, outputs: dict[str, str], conclusion: Conclusion
) -> str:
    values = {
        "workflow": "",
        "uid": _uid(outputs.get("batch") or hashlib.sha256(key.encode()).hexdigest(), etag),
        "marker": key,
        "etag": etag,
        "trigger": TRIGGER,
        "created": landed.isoformat(timespec="seconds"),
    }
    return finish(place, Ended(values, outputs, conclusion), landed)


def _give(place: Place, standing: Standing | None, wanted: Claim, why: str) -> str:
    """Grant the claim to the Workflow that `wanted` names, put that on record, and start it."""
    granted = grants.grant(place.store, place.document, standing, wanted)
    if granted.promoted is not None:
        return promoted(place, wanted.data_hash)
    claim = granted.claim
    if claim is None:
        return FASTER
    if claim.workflow == name_of(place.pipeline, claim.batch, claim.etag, claim.attempt):  # else a replay, on record
        _put_retried(place, claim)
    event = {"marker": claim.marker, "etag": claim.etag}
    if claim.request is None:
        return _start(place, claim.workflow, event, why)
    return _made(place, claim.workflow, {**event, **claim.request.parameters})


def _start(place: Place, name: str, event: dict[str, str], why: str) -> str:
    return _made(place, name, {**event, "trigger": TRIGGER, "requested-by": BY, "why": why})


def _made(place: Place, name: str, parameters: dict[str, str]) -> str:
    made = place.runs.start(place.pipeline, name, parameters)
    return f"started {name}" if made else f"{name} is there already"


def _put_retried(place: Place, claim: Claim) -> None:
    """Put the new attempt on record; in the same words whenever it is done, so that it is there once."""
    former = claim.former
    ended = former.finished if former else None
    body = {
        "batch": claim.batch,
        "as_of": claim.as_of,
        "revision": claim.revision,
        "data_hash": claim.data_hash,
        "workflow": claim.workflow,
        "attempt": claim.attempt,
        "token": claim.token,
        "after": {"workflow": former.workflow, "uid": former.uid} if former else None,
        "outcome_before": ended.outcome if ended else None,
        "reason": ended.reason if ended else str(Reason.UNKNOWN),
        "message": f"attempt {claim.attempt} of {ATTEMPTS}"
        + (f", after {former.workflow} ended {headline(ended.outcome, ended.reason)}" if former and ended else ""),
        "by": BY,
    }
    entry = ledger.Entry("retried", f"reconcile:{claim.workflow}", body)
    ledger.append(place.store, place.pipeline, entry, now=place.now)


def _uid(what: str, etag: str) -> str:
    return f"reconcile:{what}:{etag}"
