"""What is to be done about one marker that has no receipt: the rules of reconcile, in the order in which they hold.

Pure: `reconciliation` gathers the facts, asks here and acts. The first rule that says something decides. Whatever it
decides may be decided again after a crash, by another reconcile at the same time, or while events arrive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from steps.registry.claim import Claim, Finished, given_back
from steps.registry.marker import Marker
from steps.registry.outcome import read_outputs
from steps.registry.pointer import EMPTY, Pointer
from steps.registry.runs import Look
from steps.verdict import OPEN, Conclusion, Reason, headline

ATTEMPTS = 3
"""Runs that one content is given at most."""
PATIENCE = timedelta(minutes=5)
"""How long an event, and whoever has granted a claim, may take until the run they start is there."""


class Verb(StrEnum):
    """What to do; START to GIVE_UP act on the batch, the others leave it for the next time."""

    IGNORE = "ignore"
    """It is none of this installation's."""
    WAIT = "wait"
    """Something goes on, or is awaited."""
    CLOSE = "close"
    """The owner of the claim has ended and left no end: write it, then decide again."""
    RECEIPT = "receipt"
    """A run has come to a final end: see that it is on record, then settle the marker."""
    SETTLE = "settle"
    """No run is needed: record the conclusion, then settle the marker."""
    START = "start"
    """No run was ever started: start the one that the event would have."""
    RESTART = "restart"
    """The claim was granted to a Workflow that was never created: create it."""
    RETRY = "retry"
    """The last run left the batch open: grant the claim to the next attempt and start it."""
    GIVE_UP = "give up"
    """The last attempt left the batch open: settle the marker all the same."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One open marker and what stands about it.

    `landed` is when this version of it was written, `claim` who has its content. `owner` is the Workflow that the claim
    names (same name and uid, or same name while nobody has adopted the claim); `own` the one that the marker's event
    makes. None: it is not there, or not any more.
    """

    now: datetime
    landed: datetime
    marker: Marker
    since: date | None = None
    production: Pointer = EMPTY
    claim: Claim | None = None
    owner: Look | None = None
    own: Look | None = None
    patience: timedelta = PATIENCE

    @property
    def mine(self) -> bool:
        """Say whether the claim is for this very version of the marker."""
        return self.claim is not None and (self.claim.marker, self.claim.etag) == (self.marker.key, self.marker.etag)

    @property
    def age(self) -> timedelta:
        """Return how long ago the marker landed; the store's clock may be ahead of ours."""
        return max(self.now - self.landed, timedelta(0))

    @property
    def going_on(self) -> Look | None:
        """Return the run of this content that has not ended, if there is one."""
        return next((look for look in (self.owner, self.own) if look is not None and not look.ended), None)

    @property
    def used(self) -> int:
        """Return how many runs the content was given."""
        return self.claim.attempt if self.claim else 1 if self.own else 0


@dataclass(frozen=True, slots=True)
class Action:
    """What to do and why, as a part of a sentence. `conclusion` is what SETTLE and RECEIPT settle by.

    `attempt` is the number of the run that START and RETRY start. `rechecked` says since when (UTC) a file must have
    been written, if the last run found the batch incomplete though every size is right.
    """

    verb: Verb
    why: str
    conclusion: Conclusion | None = None
    attempt: int = 0
    rechecked: datetime | None = None


def decide(facts: Facts) -> Action:
    """Return what the first rule that applies says."""
    return next(action for rule in RULES if (action := rule(facts)) is not None)


def _before_since(facts: Facts) -> Action | None:
    if facts.since is None or facts.marker.as_of >= facts.since.isoformat():
        return None
    return Action(Verb.IGNORE, f"its data is of {facts.marker.as_of}, before data.since {facts.since}")


def _goes_on(facts: Facts) -> Action | None:
    """Whatever stands elsewhere, a run that has not ended will say for itself."""
    look = facts.going_on
    if look is None:
        return None
    return Action(Verb.WAIT, f"run {look.name} goes on" + (f", at {', '.join(look.at)}" if look.at else ""))


def _granted(facts: Facts) -> Action | None:
    claim = facts.claim
    if claim is None or claim.uid or claim.finished or facts.owner is not None:
        return None
    if facts.now - (claim.claimed or facts.now) < PATIENCE:
        return Action(Verb.WAIT, f"run {claim.workflow} is about to be started")
    return Action(Verb.RESTART, f"run {claim.workflow} was granted the batch and never started", attempt=claim.attempt)


def _owner_ended(facts: Facts) -> Action | None:
    claim = facts.claim
    if claim is None or claim.finished is not None:
        return None
    how = "has ended" if facts.owner is not None else "is gone"
    return Action(Verb.CLOSE, f"run {claim.workflow} {how} and left the claim unfinished")


def _settled(facts: Facts) -> Action | None:
    """The content is done with: by this marker's own run, or by another marker's."""
    last = facts.claim
    claim = last and (last.earlier or last)
    if last is None or claim is None or claim.finished is None or not last.settled:
        return None
    ended = claim.finished
    if facts.mine:
        if claim is not last:
            why = f"run {claim.workflow} ended {ended.outcome}, and the replay {last.workflow} did not better that"
            return Action(Verb.RECEIPT, why, ended_by(ended))
        if not ended.final:
            return Action(Verb.GIVE_UP, _gave_up(claim.attempt, ended), attempt=claim.attempt)
        if _written_over(claim, ended):
            return Action(Verb.SETTLE, f"run {claim.workflow} left it open and it is {ended.reason}", ended_by(ended))
        return Action(Verb.RECEIPT, f"run {claim.workflow} ended {ended.outcome}", ended_by(ended))
    if own := _own_end(facts):
        return Action(Verb.RECEIPT, f"run {facts.own.name if facts.own else ''} ended {own.outcome}", own)
    since = f"{claim.workflow} (batch {claim.batch}), which ended {headline(ended.outcome, ended.reason)}"
    message = f"unchanged since {since}: the same data, so no run was needed"
    evidence = {"workflow": claim.workflow, "uid": claim.uid, "batch": claim.batch}
    return Action(Verb.SETTLE, message, Conclusion(Reason.UNCHANGED, message, evidence))


def _own_settled(facts: Facts) -> Action | None:
    """The marker's own run ended for good without the claim, as one does that was refused or came too late."""
    end = _own_end(facts)
    if end is None or facts.own is None:
        return None
    return Action(Verb.RECEIPT, f"run {facts.own.name} ended {end.outcome}", end)


def _superseded(facts: Facts) -> Action | None:
    newer, marker = facts.production, facts.marker
    if newer.empty or newer.order <= marker.order:
        return None
    why = f"production has version {newer.version} of {newer.as_of} revision {newer.revision}, which is newer"
    return Action(Verb.SETTLE, why, superseded(marker, newer.batch))


def _attempts_used(facts: Facts) -> Action | None:
    if facts.used < ATTEMPTS:
        return None
    ended = facts.claim.finished if facts.claim else None
    return Action(Verb.GIVE_UP, _gave_up(facts.used, ended), attempt=facts.used)


def _event_awaited(facts: Facts) -> Action | None:
    if facts.own is not None or facts.mine or facts.age >= facts.patience:
        return None
    return Action(Verb.WAIT, f"its marker landed {minutes(facts.age)} ago, its event may still come")


def _frozen(facts: Facts) -> Action | None:
    frozen = facts.production.frozen
    if frozen is None:
        return None
    why = f"promotion is frozen by {frozen.by} since {frozen.at}: {frozen.reason or 'no reason given'}"
    return Action(Verb.WAIT, why)


def _never_started(facts: Facts) -> Action | None:
    claim = facts.claim
    if facts.own is not None or facts.mine or (claim is not None and not given_back(claim)):
        return None
    return Action(Verb.START, f"no event had started a run {minutes(facts.age)} after its marker landed", attempt=1)


def _left_open(facts: Facts) -> Action | None:
    """What is left: a run has ended in a way that another attempt may better."""
    claim, attempt = facts.claim, facts.used + 1
    if claim is None or claim.finished is None:
        own = facts.own.conclusion if facts.own else Conclusion(Reason.UNKNOWN, "")
        name, reason = facts.own.name if facts.own else "", str(own.reason)
    else:
        name, reason = claim.workflow, claim.finished.reason
    rechecked = None
    if claim is not None and facts.mine and reason == Reason.INCOMPLETE:
        rechecked = (claim.claimed or facts.landed) - PATIENCE
    why = f"attempt {attempt} of {ATTEMPTS}, after run {name} ended with reason {reason}"
    return Action(Verb.RETRY, why, attempt=attempt, rechecked=rechecked)


RULES: tuple[Callable[[Facts], Action | None], ...] = (
    _before_since,
    _goes_on,
    _granted,
    _owner_ended,
    _settled,
    _own_settled,
    _superseded,
    _attempts_used,
    _event_awaited,
    _frozen,
    _never_started,
    _left_open,
)


def superseded(marker: Marker, by: str) -> Conclusion:
    """Return what a batch comes to without a run when a newer one, `by`, is in production or about to be run.

    The sentence does not name that one: of two reconciles that see another, only one record is to come.
    """
    message = f"newer data than this batch's of {marker.as_of} revision {marker.revision} is there, so it was not run"
    return Conclusion(Reason.SUPERSEDED, message, {"batch": by})


def unusable(now: datetime, landed: datetime, own: Look | None, verdict: Conclusion) -> Action:
    """Return what to do about a marker that cannot be used, by what its own run says of it if there is one."""
    if "live_etag" in verdict.evidence:
        return Action(Verb.WAIT, "its marker was written anew meanwhile; the next look sees that")
    if own is not None and not own.ended:
        return Action(Verb.WAIT, f"run {own.name} goes on")
    if own is not None and own.conclusion.reason not in OPEN:
        return Action(Verb.RECEIPT, f"run {own.name} ended {own.conclusion.outcome}", own.conclusion)
    if verdict.reason is Reason.MARKER and own is None and now - landed < PATIENCE:
        return Action(Verb.WAIT, f"its marker landed {minutes(now - landed)} ago, its event may still come")
    return Action(Verb.SETTLE, verdict.message, verdict)


def ended_by(finished: Finished) -> Conclusion:
    """Return the conclusion that a closed claim holds."""
    try:
        return Conclusion(Reason(finished.reason), finished.message)
    except ValueError:
        return Conclusion(Reason.UNKNOWN, finished.message)


def minutes(time: timedelta) -> str:
    """Return a duration as a person says it: `12 min`, from two hours on `3 h`, from two days on `4 days`."""
    whole = max(0, int(time.total_seconds() // 60))
    return f"{whole} min" if whole < 120 else f"{whole // 60} h" if whole < 2880 else f"{whole // 1440} days"


def _own_end(facts: Facts) -> Conclusion | None:
    """Return how the marker's own run ended, if for good and without ever holding the claim: else that knows better."""
    own = facts.own
    apart = own is not None and not facts.mine and not read_outputs(own.outputs).get("token")
    return own.conclusion if own and apart and own.conclusion.reason not in OPEN else None


def _written_over(claim: Claim, ended: Finished) -> bool:
    """Say whether the end is reconcile's, over the one that the run had: it settles the marker and not the run."""
    before = claim.former.finished if claim.former and claim.retiring else None
    return before is not None and ended.reason not in (before.reason, Reason.PROMOTED)


def _gave_up(attempts: int, ended: Finished | None) -> str:
    last = f"; the last ended {headline(ended.outcome, ended.reason)}: {ended.message}" if ended else ""
    return f"{attempts} attempts were not enough{last}"
