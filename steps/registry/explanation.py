"""The answer to "why?": one sentence, then the evidence, from the records of a pipeline. `retrain why` prints it.

Pure. It says only what stands on the ledger; where nothing does, it says that, and where one would look.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from steps.document import Document
from steps.registry.ledger import Record
from steps.registry.state import Code, State, code
from steps.verdict import SENTENCES, Reason

EARLIER = 10
"""So many records before the explained one are looked at for earlier runs of its batch."""
LATEST = timedelta(days=45)
"""How long after its day a batch can still be recorded: beyond it a search for that day ends."""
VERBS: Mapping[str, str] = {
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


def moment_after(day: date, document: Document) -> datetime:
    """Return when the records about a day have all been written: what to pass to `ledger.near`."""
    return datetime.combine(day, datetime.min.time(), ZoneInfo(document.expect.timezone)) + LATEST


def explain(records: Iterable[Record], document: Document, day: date | None = None) -> Explanation:
    """Explain the newest run, or the newest about a day: of its `as_of`, or recorded on it in the pipeline's time zone.

    `records` come newest first, and no more of them are consumed than needed.
    """
    zone = ZoneInfo(document.expect.timezone)
    latest: Record | None = None
    intents: list[Record] = []
    newest_first = iter(records)
    for record in newest_first:
        latest = latest or record
        if day is not None and record.at.astimezone(zone).date() < day:
            break
        if record.kind == "intent":
            intents.append(record)
        elif record.kind == "outcome" and (day is None or _about(record, day, zone)):
            found = _explained(record, document, zone, _open(intents, record))
            earlier = tuple(_earlier(islice(newest_first, EARLIER), record))
            return replace(found, evidence=(*found.evidence, *earlier))
    return _nothing(document, day, latest, zone)


def _earlier(records: Iterable[Record], newest: Record) -> Iterator[str]:
    """Say what earlier runs of the same batch came to, such as the one that a replay repeats."""
    for record in records:
        body = record.body
        if record.kind == "outcome" and body.get("batch") == newest.body.get("batch"):
            came_to = f"{body.get('outcome')} ({body.get('reason')}): {body.get('message')}"
            yield f"before that: run {_who(record)} {came_to}"


def _about(record: Record, day: date, zone: ZoneInfo) -> bool:
    return record.body.get("as_of") == day.isoformat() or record.at.astimezone(zone).date() == day


def _open(intents: list[Record], run: Record) -> list[Record]:
    """Return the intents after the run that no outcome followed: a promotion was begun, and the run left no end."""
    return [intent for intent in intents if intent.uid != run.uid]


def _explained(record: Record, document: Document, zone: ZoneInfo, open_intents: list[Record]) -> Explanation:
    body = record.body
    outcome, reason = str(body.get("outcome")), str(body.get("reason"))
    batch = f"batch {body['batch']}" if body.get("batch") else "a batch that could not be named"
    because = "" if reason == outcome else f" ({reason})"
    sentence = f"{document.name}: {batch} {VERBS.get(outcome, outcome)}{because}: {body.get('message')}"
    lines = [*_facts(record, zone), *_gates(body.get("gates")), *_open_lines(open_intents)]
    return Explanation(sentence, tuple(lines), outcome, code(reason))


def _facts(record: Record, zone: ZoneInfo) -> Iterator[str]:
    body = record.body
    event, request, production = (_mapping(body.get(name)) for name in ("event", "request", "production"))
    yield f"meaning: {SENTENCES.get(_reason(body.get('reason')), 'no known reason')}"
    yield f"when: {record.at.astimezone(zone).isoformat(timespec='seconds')}"
    yield f"run: {_mapping(body.get('workflow')).get('name')} (uid {record.uid})"
    if body.get("as_of"):
        yield f"data: as of {body['as_of']} revision {body.get('revision')}, hash {str(body.get('data_hash'))[:12]}"
    yield f"started by: {event.get('trigger')} on {event.get('marker')}"
    if request.get("replay") or request.get("requested_by"):
        who, why = request.get("requested_by") or "unknown", request.get("why") or "no reason given"
        yield f"asked for{' as a replay' if request.get('replay') else ''}: by {who}: {why}"
    before, after = production.get("before") or "empty", production.get("after") or "empty"
    yield f"production: {before} → {after}" if before != after else f"production: {after}, untouched"
    yield from _broken(_mapping(body.get("evidence")))
    yield f"on record: {record.n}, sha256 {record.sha256[:12]}"


def _broken(evidence: Mapping[str, Any]) -> Iterator[str]:
    files = evidence.get("files")
    for file in files if isinstance(files, list) else []:
        if isinstance(file, dict):
            found, expected = file.get("found"), file.get("expected")
            yield f"file: {file.get('file')} {file.get('problem')}: {found}, expected {expected}"
    if evidence.get("exit_code") is not None:
        code, said = evidence["exit_code"], evidence.get("node_message")
        yield f"step: {evidence.get('node')} ended with exit code {code} ({said})"


def _gates(gates: Any) -> Iterator[str]:
    for gate in gates if isinstance(gates, list) else []:
        if isinstance(gate, dict):
            passed = "passed" if gate.get("passed") is True else "failed"
            if gate.get("value") is None:
                found = gate.get("evidence") or f"{gate.get('metric')} is no number"
            else:
                rule = f"{gate.get('comparison')} {gate.get('threshold')}"
                found = f"{gate.get('metric')} {gate['value']}, must be {rule}"
            yield f"gate: {gate.get('name')} {passed}: {found}"


def _open_lines(intents: list[Record]) -> Iterator[str]:
    for intent in intents:
        workflow, version = intent.body.get("workflow"), intent.body.get("version")
        yield f"also: run {workflow} began to promote {version} and left no outcome"


def _nothing(document: Document, day: date | None, latest: Record | None, zone: ZoneInfo) -> Explanation:
    where = f"{document.data.prefix}/<batch>/{document.data.marker} in bucket {document.data.bucket}"
    look = f"look: did a ready marker land? It would be {where}"
    if latest is None:
        sentence = f"{document.name}: nothing is on record; no run has ended yet"
        text = sentence if day is None else f"{sentence}, on {day} or any other day"
        return Explanation(text, (look,), code=State.NOT_LANDED)
    last = f"last on record: {latest.at.astimezone(zone).isoformat(timespec='seconds')}, run of {_who(latest)}"
    if day is None:
        return Explanation(f"{document.name}: no run has an outcome on record yet", (last, look), code=State.NOT_LANDED)
    return Explanation(f"{document.name}: nothing is on record about {day}", (last, look), code=State.NOT_LANDED)


def _who(record: Record) -> str:
    workflow = record.body.get("workflow")
    return str(workflow.get("name") if isinstance(workflow, dict) else workflow)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _reason(value: Any) -> Reason:
    try:
        return Reason(value)
    except ValueError:
        return Reason.UNKNOWN
