"""Where a batch is that has landed and has no outcome on record; and after one, what reconcile does next.

Pure; called by `explanation`. The Workflow, where it can be seen, knows best; then the claim, then the receipt,
then the marker alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from steps.document import Document
from steps.registry import backlog, decision, evidence
from steps.registry.backlog import Lack
from steps.registry.claim import Claim
from steps.registry.decision import ATTEMPTS, Action, Verb, minutes
from steps.registry.evidence import instant, is_outcome, marker_of, moment
from steps.registry.facts import Batch, Facts, What
from steps.registry.ledger import Record
from steps.registry.pointer import EMPTY
from steps.registry.runs import Look, name_of
from steps.registry.state import Code, State, code
from steps.verdict import OPEN, headline

STARTS = (Verb.START, Verb.RESTART, Verb.RETRY)
NEXT: Mapping[Verb, str] = {
    Verb.IGNORE: "leaves it alone",
    Verb.WAIT: "waits",
    Verb.CLOSE: "records the end of its run, and decides again",
    Verb.RECEIPT: "settles it",
    Verb.SETTLE: "settles it without a run",
    Verb.START: "starts its run",
    Verb.RESTART: "starts its run again",
    Verb.RETRY: "starts another attempt",
    Verb.GIVE_UP: "gives up",
}
WAITS = re.compile(r"Waiting for (\S{1,300}) lock")
STUCK = re.compile(r"Unschedulable|Insufficient|ImagePull|ErrImage|InvalidImageName|CreateContainer")
NO_GPU = re.compile(r"Insufficient \S*gpu", re.IGNORECASE)
EPOCH = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence, its evidence, what it is about, and the outcome if there is one."""

    sentence: str
    evidence: tuple[str, ...]
    code: Code
    outcome: str = ""


def is_open(batch: Batch, facts: Facts) -> bool:
    """Say whether the batch itself is to be explained: something goes on with it, or no record tells its outcome."""
    if any(not look.ended for look in facts.looks_of(batch)) or _unfinished(batch):
        return True
    return not any(is_outcome(one) and batch.is_of(*marker_of(one)) for one in facts.records)


def since(batch: Batch, facts: Facts) -> datetime:
    """Return when the latest thing happened to the batch that is not on record as its outcome."""
    claim = _unfinished(batch)
    moments = [look.created for look in facts.looks_of(batch) if not look.ended]
    moments += [batch.landed, moment(claim.claimed_at) if claim else None]
    return max((moment for moment in moments if moment), default=EPOCH)


def explain(document: Document, facts: Facts, batch: Batch) -> Told:
    """Explain a batch that is open."""
    looks, claim = facts.looks_of(batch), _unfinished(batch)
    going = next((look for look in looks if not look.ended), None)
    told = (
        (_going(document, facts, batch, going) if going else None)
        or (_claimed(document, facts, batch, claim) if claim else None)
        or _settled(document, batch)
        or (_unrecorded(document, batch, looks[0]) if looks else None)
        or _landed(document, facts, batch)
    )
    zone = ZoneInfo(document.expect.timezone)
    past = evidence.earlier(facts.records, None, "batch", batch.name)
    lines = (*told.evidence, *evidence.of_batch(batch, zone), *past, *_next(document, facts, batch))
    return Told(told.sentence, lines, told.code, told.outcome)


def after(document: Document, facts: Facts, record: Record) -> Iterator[str]:
    """Say what follows an outcome that is not the last word: another look, another attempt, or that there is none."""
    reason, batch = code(record.body.get("reason")), str(record.body.get("batch"))
    if reason not in OPEN:
        return
    mine = next((one for one in facts.batches if one.is_of(*marker_of(record))), None)
    again = f"to run it again: retrain replay {document.name} {batch} --reason …"
    if any(one.kind == "gave-up" and one.body.get("batch") == batch for one in facts.records):
        yield f"next: nothing, for reconcile gave up; {again}"
    elif mine is not None and mine.receipt is not None:
        yield f"next: nothing, for the batch is settled; {again}"
    elif mine is not None:
        yield from evidence.broken_files([asdict(one) for one in mine.broken], "file now")
        yield from _next(document, facts, mine)


def _next(document: Document, facts: Facts, batch: Batch) -> Iterator[str]:
    """Say what reconcile does about the batch, by reconcile's own rules; nothing if what they need is not known."""
    if batch.marker is None or batch.landed is None or batch.receipt is not None:
        return
    if facts.looks is None or facts.lacks(What.PRODUCTION, What.CLAIMS, What.RECEIPTS):
        return
    looks, claim = {look.name: look for look in facts.looks}, batch.claim
    owner = looks.get(claim.workflow) if claim else None
    known = decision.Facts(
        now=facts.now,
        landed=batch.landed,
        marker=batch.marker,
        since=document.data.since,
        production=facts.production or EMPTY,
        claim=claim,
        owner=owner if owner and claim and claim.uid in ("", owner.uid) else None,
        own=looks.get(name_of(document.name, batch.name, batch.etag)),
    )
    action = decision.decide(known)
    lack = _lack(batch, action)
    if lack is not None and action.verb in STARTS:
        until = backlog.incomplete_until(document, batch.marker, batch.landed)
        action = backlog.incomplete(known, lack, until)
    yield f"next: reconcile {NEXT[action.verb]}: {action.why}"


def _lack(batch: Batch, action: Action) -> Lack | None:
    """Return what the batch lacks by its files' sizes, or that nothing was written since a run found it different."""
    if batch.broken or batch.marker is None or action.rechecked is None or batch.touched is None:
        return batch.broken[0] if batch.broken else None
    if batch.touched > action.rechecked:
        return None
    return Lack(batch.marker.files[0].key, "different, it or another", "what a run found so", "a file written since")


def _going(document: Document, facts: Facts, batch: Batch, look: Look) -> Told:
    zone = ZoneInfo(document.expect.timezone)
    begun = f" since {instant(look.created, zone)}" if look.created else ""
    run = f"{document.name}: run {look.name} of batch {batch.name}{_attempt(batch, look)}"
    lines = [f"run: {look.name} (uid {look.uid}) is {look.phase or 'not taken up yet'}{begun}"]
    if look.parameters.get("trigger") == "reconcile" and not _attempt(batch, look):
        lines.append(evidence.lost_event((batch.key, batch.etag), look.created, facts))
    lines += [f"at: {step}" for step in look.at]
    texts = (look.message, *look.at)
    waits = next((found for found in map(WAITS.search, texts) if found), None)
    stuck = next((text for text in texts if STUCK.search(text)), None)
    if waits:
        holder = next((one.name for one in facts.looks or () if one.phase == "Running" and one.uid != look.uid), "")
        held = f"the mutex held by {holder}" if holder else f"the mutex {waits.group(1)}, held by another run"
        return Told(f"{run} waits for {held}{begun}", (*lines, f"message: {look.message}"), State.WAITING)
    if stuck:
        gpu = ": no GPU" if NO_GPU.search(stuck) else ""
        return Told(f"{run} is pending{gpu}{begun}: {stuck}", tuple(lines), State.PENDING)
    if not look.phase:
        return Told(f"{run} is pending{begun}: no controller has taken it up", tuple(lines), State.PENDING)
    where = f", at {', '.join(step.partition(':')[0] for step in look.at)}" if look.at else ""
    return Told(f"{run} is {look.phase}{begun}{where}", tuple(lines), State.RUNNING)


def _claimed(document: Document, facts: Facts, batch: Batch, claim: Claim) -> Told:
    """Explain a claim that nobody has closed, and whose Workflow is not seen to go on."""
    zone = ZoneInfo(document.expect.timezone)
    run = f"{document.name}: batch {batch.name} is with run {claim.workflow} since {instant(claim.claimed_at, zone)}"
    look = next(
        (one for one in facts.looks_of(batch) if one.name == claim.workflow and claim.uid in ("", one.uid)), None
    )
    if look is not None:
        return _unrecorded(document, batch, look)
    if not claim.uid:
        text = f"{run}, as attempt {claim.attempt} of {ATTEMPTS}, and the run has not started"
        return Told(text, (), State.NOT_STARTED)
    if facts.looks is None:
        text = f"{run}; whether it goes on is not known here, for its Workflow was not looked at"
        return Told(text, (f"run: {claim.workflow} (uid {claim.uid})",), State.RUNNING)
    text = f"{run}, which is gone and left no outcome on record"
    return Told(text, (), State.UNRECORDED)


def _unrecorded(document: Document, batch: Batch, look: Look) -> Told:
    """Explain a Workflow that has ended, by what its exit handler was given: the record will say the same."""
    end = look.conclusion
    by = f"by its Workflow it {headline(end.outcome, end.reason)}: {end.message}"
    text = f"{document.name}: run {look.name} of batch {batch.name} has ended, which is not on record yet; {by}"
    return Told(text, (), State.UNRECORDED)


def _settled(document: Document, batch: Batch) -> Told | None:
    """Explain by the receipt, or by the closed claim, where the record itself was not found."""
    done = batch.receipt or (batch.owned.finished if batch.owned else None)
    if done is None:
        return None
    by = "its receipt" if batch.receipt else "its claim"
    run = (batch.receipt.workflow if batch.receipt else batch.owned.workflow if batch.owned else "") or "no run"
    text = f"{document.name}: batch {batch.name} is settled by {by}: {headline(done.outcome, done.reason)}, {run}"
    return Told(text, (), code(done.reason), done.outcome)


def _landed(document: Document, facts: Facts, batch: Batch) -> Told:
    zone = ZoneInfo(document.expect.timezone)
    name = f"{document.name}: batch {batch.name}"
    first = document.data.since
    if first is not None and batch.as_of < first.isoformat():
        text = f"{name} is of {batch.as_of}, before {first}, the first day that the pipeline takes"
        return Told(text, (), State.BEFORE_INSTALLATION)
    ago = f" at {instant(batch.landed, zone)}, {minutes(facts.now - batch.landed)} ago" if batch.landed else ""
    if batch.broken:
        more = f" (and {len(batch.broken) - 1} more)" if len(batch.broken) > 1 else ""
        text = f"{name} landed{ago}, but is incomplete yet: {batch.broken[0]}{more}"
        return Told(text, (), State.INCOMPLETE_YET)
    text = f"{name} landed{ago}, and its run has not started"
    other = batch.claim
    same = (f"claim: run {other.workflow} has the same data, as batch {other.batch}",) if other else ()
    return Told(text, same, State.NOT_STARTED)


def _unfinished(batch: Batch) -> Claim | None:
    return batch.owned if batch.owned and batch.owned.finished is None else None


def _attempt(batch: Batch, look: Look) -> str:
    claim = batch.owned
    mine = claim is not None and claim.workflow == look.name and claim.attempt > 1
    return f" (attempt {claim.attempt} of {ATTEMPTS})" if claim and mine else ""
