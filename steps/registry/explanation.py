"""The answer to "why?": one sentence, then the evidence. `situation` asks here with the facts that it gathered.

Pure. The subject is the newest of what there is about the day: a run's outcome, a rollback, a batch that has landed and
goes its way. Where nothing is, the calendar says whether anything should be; where that cannot be known, it says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from steps.document import Document
from steps.registry import calendar, evidence, progress
from steps.registry.evidence import decides, instant, who
from steps.registry.facts import Batch, Facts, Unread, What
from steps.registry.ledger import Record
from steps.registry.plain import plain
from steps.registry.state import Code, State, code
from steps.verdict import Reason

SENTENCE = 900
"""Characters of the sentence at most; the message of a record in it has more than that only when it is hostile."""
LINE = 400
LINES = 50
ALSO = 3
VERBS = {
    "promoted": "was promoted",
    "skipped": "was skipped",
    "rejected": "was rejected",
    "refused": "was refused",
    "failed": "failed",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """A sentence and the lines that support it; `outcome` is "" where there is none, `unread` what was not read."""

    sentence: str
    evidence: tuple[str, ...] = ()
    outcome: str = ""
    code: Code = Reason.UNKNOWN
    unread: tuple[str, ...] = ()


def explain(document: Document, facts: Facts) -> Explanation:
    """Explain the facts; every text in the answer is one line, of a bounded length, and fit for a terminal."""
    zone = ZoneInfo(document.expect.timezone)
    subject = _subject(document, facts)
    if isinstance(subject, Batch):
        found = progress.explain(document, facts, subject)
        told = Explanation(found.sentence, found.evidence, found.outcome, found.code)
    elif subject is not None:
        told = _recorded(document, facts, subject)
    else:
        told = _nothing(document, facts)
    always = (
        *evidence.going_on(facts, subject),
        *evidence.hold(facts.production, zone),
        *evidence.lateness(facts.records, zone),
    )
    unread = tuple(plain(str(one), LINE) for one in facts.unread)
    lines = [plain(line, LINE) for line in (*told.evidence, *always)]
    if len(lines) > LINES:
        lines = [*lines[: LINES - 1], f"and {len(lines) - LINES + 1} lines more"]
    notes = tuple(f"not read: {one}" for one in unread)
    return replace(told, sentence=plain(told.sentence, SENTENCE), evidence=(*lines, *notes), unread=unread)


def _subject(document: Document, facts: Facts) -> Record | Batch | None:
    """Return what the explanation is about: the newest of the batches on their way and of the decisions on record."""
    days = _days(document, facts.day)
    batches = (one for one in facts.batches if _about(one.as_of, days) and progress.is_open(one, facts))
    decisions = (one for one in facts.records if decides(one) and _about(_as_of(one), days))
    found: list[tuple[datetime, Record | Batch]] = [(progress.since(one, facts), one) for one in batches]
    found += [(one.at, one) for one in decisions]
    if found:
        return max(found, key=lambda pair: pair[0])[1]
    return None if _missed(document, facts) else _of_the_day(document, facts)


def _days(document: Document, day: date | None) -> set[str]:
    """Return the days of data that are meant by a day: its own, and what a model due on it is made from."""
    return {day.isoformat(), calendar.needed_as_of(document.expect, day).isoformat()} if day else set()


def _about(as_of: str, days: set[str]) -> bool:
    return not days or as_of in days


def _as_of(record: Record) -> str:
    return str(record.body.get("as_of") or str(record.body.get("batch") or "")[:10])


def _missed(document: Document, facts: Facts) -> bool:
    """Say whether a model was due on the day, and should be there by now."""
    due = calendar.due(document.expect, facts.day) if facts.day else None
    return due is not None and due <= facts.now


def _of_the_day(document: Document, facts: Facts) -> Record | None:
    """Return the newest decision that was written on the day, about data of whatever day."""
    zone = ZoneInfo(document.expect.timezone)
    on_the_day = (one for one in facts.records if one.at.astimezone(zone).date() == facts.day)
    return next((one for one in on_the_day if decides(one)), None)


def _recorded(document: Document, facts: Facts, record: Record) -> Explanation:
    zone = ZoneInfo(document.expect.timezone)
    if record.kind == "rolled-back":
        return _rolled_back(document, facts, record)
    body = record.body
    outcome, reason = str(body.get("outcome")), str(body.get("reason"))
    batch = f"batch {body['batch']}" if body.get("batch") else "a batch that could not be named"
    because = "" if reason == outcome else f" ({reason})"
    sentence = f"{document.name}: {batch} {VERBS.get(outcome, outcome)}{because}: {body.get('message')}"
    lines = [
        *evidence.of_outcome(record, facts, zone),
        *progress.after(document, facts, record),
        *evidence.earlier(facts.records, record, "batch", body.get("batch")),
        *evidence.unfinished_promotions(facts.records),
        f"on record: {record.n}, sha256 {record.sha256[:12]}",
    ]
    return Explanation(sentence, tuple(lines), outcome, code(reason))


def _rolled_back(document: Document, facts: Facts, record: Record) -> Explanation:
    zone, body = ZoneInfo(document.expect.timezone), record.body
    before, after = body.get("replaces") or "empty", body.get("version") or "empty"
    why = body.get("reason") or "no reason given"
    sentence = f"{document.name}: production was rolled back from {before} to {after} by {body.get('by')}: {why}"
    past = evidence.earlier(facts.records, record, "as_of", body.get("as_of"))
    lines = (f"when: {instant(record.at, zone)}", *past, f"on record: {record.n}, sha256 {record.sha256[:12]}")
    return Explanation(sentence, lines, "", State.ROLLED_BACK)


def _nothing(document: Document, facts: Facts) -> Explanation:
    """Explain that there is nothing: whether there should be, or whether that cannot be known."""
    blind = facts.lacks(What.RECORDS, What.MARKERS)
    if blind is not None:
        return _unreadable(document, facts, blind)
    lines = tuple(_around(document, facts))
    day = facts.day
    if day is None:
        sentence = f"{document.name}: nothing is on record, and no batch has landed yet"
        return Explanation(sentence, lines, "", State.NOT_LANDED)
    if document.data.since is not None and day < document.data.since:
        sentence = f"{document.name}: {day} is before {document.data.since}, the first day that the pipeline takes"
        return Explanation(sentence, lines, "", State.BEFORE_INSTALLATION)
    due = calendar.due(document.expect, day)
    if due is None:
        sentence = f"{document.name}: no model is due on {day}, a {day:%A} (cadence {document.expect.cadence})"
        return Explanation(sentence, lines, "", State.NOT_EXPECTED)
    by = instant(due, ZoneInfo(document.expect.timezone))
    of = calendar.needed_as_of(document.expect, day)
    if due > facts.now:
        sentence = f"{document.name}: nothing has landed for {of} yet; the model of {day} is due by {by}"
        return Explanation(sentence, lines, "", State.NOT_DUE)
    seen = f"; last seen {_seen(document, facts.last_seen)}" if facts.last_seen else "; none was ever seen"
    sentence = f"{document.name}: no batch for {of} has landed, and the model of {day} was due by {by}{seen}"
    return Explanation(sentence, lines, "", State.NOT_LANDED)


def _unreadable(document: Document, facts: Facts, blind: Unread) -> Explanation:
    about = f"about {facts.day}" if facts.day else "last"
    sentence = f"{document.name}: what happened {about} cannot be said, for it could not be read: {blind}"
    return Explanation(sentence, tuple(_around(document, facts)), "", State.UNREADABLE)


def _seen(document: Document, batch: Batch) -> str:
    return f"batch {batch.name} at {instant(batch.landed, ZoneInfo(document.expect.timezone))}"


def _around(document: Document, facts: Facts) -> Iterator[str]:
    """Yield what is near the nothing: where a marker would be, what came last, what production is."""
    zone = ZoneInfo(document.expect.timezone)
    of = calendar.needed_as_of(document.expect, facts.day).isoformat() if facts.day else "<batch>"
    yield f"expected: {document.data.prefix}/{of}/{document.data.marker} in bucket {document.data.bucket}"
    if facts.last_seen:
        yield f"last seen: {_seen(document, facts.last_seen)}"
    for record in [one for one in facts.records if decides(one)][:ALSO]:
        came_to = record.body.get("message") or record.body.get("reason")
        yield f"also that day: batch {record.body.get('batch')}, run {who(record)}: {came_to}"
    if facts.latest:
        yield f"last on record: {instant(facts.latest.at, zone)}, {facts.latest.kind} of {who(facts.latest)}"
    if facts.production and facts.production.version:
        held = facts.production
        yield f"production: {held.version}, of {held.as_of} revision {held.revision}, since {held.promoted_at}"
