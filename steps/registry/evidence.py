"""The lines that support an explanation, from records and what lies in the bucket; each is `<what>: <finding>`.

Pure. A record is read as hostile: a field of an unexpected form makes no line, or says what stands there instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from steps.registry.decision import minutes
from steps.registry.facts import Batch, Facts, newest
from steps.registry.ledger import Record
from steps.registry.pointer import Pointer
from steps.registry.state import MEANINGS, code
from steps.verdict import headline

FILES = 5
"""Broken files, and failed gates, that are named one by one."""
EARLIER = 5
"""Earlier runs of the batch that are named."""


def instant(at: datetime | str | None, zone: ZoneInfo) -> str:
    """Return a time in the pipeline's zone to the second; what is no time as it is."""
    known = moment(at) if isinstance(at, str) else at
    return known.astimezone(zone).isoformat(timespec="seconds") if known else str(at or "an unknown time")


def moment(text: str) -> datetime | None:
    """Return the time that a text of the registry holds, None for what is no time with a zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def who(record: Record) -> str:
    """Return the name of the Workflow that a record is about."""
    workflow = record.body.get("workflow")
    return str((workflow.get("name") if isinstance(workflow, Mapping) else workflow) or "unknown")


def is_outcome(record: Record) -> bool:
    return record.kind == "outcome"


def decides(record: Record) -> bool:
    """Say whether a record can be the answer: how a run ended, or that production was put back."""
    return is_outcome(record) or record.kind == "rolled-back"


def marker_of(record: Record) -> tuple[Any, Any]:
    """Return marker key and ETag that a record is about."""
    event = mapping(record.body.get("event"))
    return (event.get("marker") or record.body.get("marker"), event.get("etag") or record.body.get("etag"))


def of_outcome(record: Record, facts: Facts, zone: ZoneInfo) -> Iterator[str]:
    """Yield what supports an outcome: when, which run, of what, why so, and what it did to production."""
    body = record.body
    yield f"meaning: {MEANINGS[code(body.get('reason'))]}"
    yield f"when: {instant(record.at, zone)}"
    if mapping(body.get("workflow")).get("name"):
        yield f"run: {who(record)} (uid {record.uid})"
    if body.get("as_of"):
        yield f"data: as of {body['as_of']} revision {body.get('revision')}, hash {str(body.get('data_hash'))[:12]}"
    yield from _started(record, facts)
    yield from _asked(mapping(body.get("request")))
    yield from _production(mapping(body.get("production")))
    yield from broken_files(mapping(body.get("evidence")).get("files"))
    yield from _step(mapping(body.get("evidence")))
    yield from gates(body.get("gates"))


def _started(record: Record, facts: Facts) -> Iterator[str]:
    trigger, marker = mapping(record.body.get("event")).get("trigger"), marker_of(record)
    begun = next((one for one in facts.records if one.kind == "started" and one.uid == record.uid), None)
    attempt = begun.body.get("attempt") if begun else None
    yield f"started by: {trigger} on {marker[0]}{f', attempt {attempt}' if attempt not in (None, 1) else ''}"
    if trigger == "reconcile" and attempt in (None, 1):
        yield lost_event(marker, begun.at if begun else None, facts)


def lost_event(marker: tuple[Any, Any], begun: datetime | None, facts: Facts) -> str:
    """Say that reconcile had to start what an event should have, and how long after the batch had landed."""
    landed = next((batch.landed for batch in facts.batches if batch.is_of(*marker)), None)
    after = f" {minutes(begun - landed)} after the batch landed" if landed and begun else ""
    return f"event: lost, and caught up by reconcile{after}"


def _asked(request: Mapping[str, Any]) -> Iterator[str]:
    if request.get("replay") or request.get("requested_by"):
        by, why = request.get("requested_by") or "unknown", request.get("why") or "no reason given"
        yield f"asked for{' as a replay' if request.get('replay') else ''}: by {by}: {why}"


def _production(production: Mapping[str, Any]) -> Iterator[str]:
    before, after = production.get("before") or "empty", production.get("after") or "empty"
    if production:
        yield f"production: {before} → {after}" if before != after else f"production: {after}, untouched"


def broken_files(files: Any, when: str = "file") -> Iterator[str]:
    """Yield a line for each file that is not what the marker says, as `claim` put them on record."""
    known = [file for file in files if isinstance(file, Mapping)] if isinstance(files, list) else []
    for file in known[:FILES]:
        yield f"{when}: {file.get('file')} {file.get('problem')}: {file.get('found')}, expected {file.get('expected')}"
    if len(known) > FILES:
        yield f"{when}: and {len(known) - FILES} more"


def _step(evidence: Mapping[str, Any]) -> Iterator[str]:
    if evidence.get("exit_code") is not None:
        said = evidence.get("node_message")
        yield f"step: {evidence.get('node')} ended with exit code {evidence['exit_code']} ({said})"
    violations = evidence.get("violations")
    for one in violations[:FILES] if isinstance(violations, list) else ():
        if isinstance(one, Mapping):
            yield f"contract: column {one.get('column')!r} breaks {one.get('rule')} {one.get('count')} times"


def gates(found: Any) -> Iterator[str]:
    """Yield a line for each gate of an evaluation, the failed ones first."""
    known = [gate for gate in found if isinstance(gate, Mapping)] if isinstance(found, list) else []
    for gate in sorted(known, key=lambda gate: gate.get("passed") is True):
        yield f"gate: {gate.get('name')} {'passed' if gate.get('passed') is True else 'failed'}: {_judged(gate)}"


def _judged(gate: Mapping[str, Any]) -> str:
    said = gate.get("evidence")
    if gate.get("value") is None:
        return str(said or f"{gate.get('metric')} is no number")
    rule = f"{gate.get('metric')} {gate['value']}, must be {gate.get('comparison')} {gate.get('threshold')}"
    groups = gate.get("groups")
    named = [repr(group) for group in groups] if isinstance(groups, list) else []
    about = f", group {' against '.join(named)}" if named and gate.get("passed") is not True else ""
    return f"{rule}{about} ({said})" if about and said else f"{rule}{about}"


def earlier(records: Iterable[Record], newest: Record | None, name: str, value: object) -> Iterator[str]:
    """Say what runs before the newest came to whose record has that value by that name: the batch's, or the day's."""
    past = (one for one in records if newest is None or one.n < newest.n)
    for one in islice((one for one in past if is_outcome(one) and one.body.get(name) == value), EARLIER):
        outcome, reason = str(one.body.get("outcome")), str(one.body.get("reason"))
        yield f"before that: run {who(one)} {headline(outcome, reason)}: {one.body.get('message')}"


def unfinished_promotions(records: Iterable[Record]) -> Iterator[str]:
    """Say of each promotion that was begun and that no outcome followed; `records` newest first."""
    ended: set[str] = set()
    for record in records:
        if decides(record):
            ended.add(record.uid)
        elif record.kind == "intent" and record.uid not in ended:
            yield f"also: run {who(record)} began to promote {record.body.get('version')} and left no outcome"


def going_on(facts: Facts, subject: Batch | Record | None) -> Iterator[str]:
    """Say what else goes on: every such run if the newest is asked for, those on the day's batches else."""
    told = facts.looks_of(subject) if isinstance(subject, Batch) else ()
    days = [look for batch in facts.batches for look in facts.looks_of(batch)]
    for look in newest(facts.looks or ()):
        if not look.ended and look not in told and (facts.day is None or look in days):
            where = f", at {', '.join(look.at)}" if look.at else ""
            yield f"goes on: run {look.name} is {look.phase or 'not taken up yet'}{where}"


def lateness(records: Iterable[Record], zone: ZoneInfo) -> Iterator[str]:
    """Say who was told that the model was late, and that it had come, oldest first."""
    for record in reversed([one for one in records if one.kind in ("late", "recovered")]):
        told = ", ".join(f"{channel} {state}" for channel, state in mapping(record.body.get("told")).items())
        words = "late" if record.kind == "late" else "recovered"
        yield f"{words}: the model of {record.body.get('day')}, told at {instant(record.at, zone)} ({told or 'nobody'})"


def hold(production: Pointer | None, zone: ZoneInfo) -> Iterator[str]:
    """Say that nothing is promoted at present, since when and because of whom."""
    frozen = production.frozen if production else None
    if frozen:
        yield f"frozen: by {frozen.by} since {instant(frozen.at, zone)}: {frozen.reason or 'no reason given'}"


def of_batch(batch: Batch, zone: ZoneInfo) -> Iterator[str]:
    """Yield what is known of a batch that landed, without any run of it."""
    landed = f"landed: {batch.key} at {instant(batch.landed, zone)}" if batch.landed else f"landed: {batch.key}"
    yield landed
    if batch.marker:
        yield f"data: as of {batch.marker.as_of} revision {batch.marker.revision}, {len(batch.marker.files)} files"
    if batch.problem:
        yield f"marker: {batch.problem}"
    yield from broken_files([asdict(one) for one in batch.broken])
    if batch.looked and batch.marker and batch.looked < len(batch.marker.files):
        yield f"files: the first {batch.looked} of {len(batch.marker.files)} were looked at"


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
