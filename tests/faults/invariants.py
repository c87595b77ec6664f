"""What must hold of every schedule once its world is at rest. Each finding is a sentence."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

from faults.producers import Landed
from faults.world import SECRET, World

from steps.registry import calendar, chain, ledger, pointer, receipt
from steps.registry import claim as claims
from steps.registry.ledger import Record
from steps.registry.pointer import Pointer
from steps.registry.situation import situation
from steps.verdict import OPEN, Reason

GAVE_UP = "gave-up"


@dataclass(frozen=True, slots=True)
class Move:
    """A write of the pointer that changed production: from what to what, by whom, as which write of the bucket."""

    before: Pointer
    after: Pointer
    by: str
    number: int


class Ruins:
    """What a schedule left: everything the invariants look at, read once."""

    def __init__(self, world: World, landed: Sequence[Landed]) -> None:
        self.world = world
        self.landed = landed
        self.store = world.store()
        self.name = world.document.name
        self.records = sorted(ledger.records(self.store, self.name), key=lambda record: record.n)
        self.moves = list(_moves(world))
        self._contents = {(one.key, one.etag): one.content for one in landed}
        self._events = {one.uid: (one.parameters["marker"], one.parameters["etag"]) for one in world.cluster.ever}
        self.replays = {one.uid for one in world.cluster.ever if re.search(r"-r\d+$", one.name)}

    def content(self, uid: str) -> str:
        """Return what a run's data was, whatever the registry calls it; "" if it never got that far."""
        return self._contents.get(self._events.get(uid, ("", "")), "")

    def of_kind(self, kind: str) -> list[Record]:
        return [record for record in self.records if record.kind == kind]

    @property
    def promotions(self) -> list[Move]:
        return [move for move in self.moves if move.by.startswith("deploy")]


def findings(world: World, landed: Sequence[Landed]) -> Iterator[str]:
    """Yield what does not hold, a sentence each; nothing if all does."""
    for actor in world.schedule.failed:
        yield f"{actor.name} crashed by itself: {actor.error!r}"
    yield from (f"no order explains {key}: {wrong}" for key, wrong in world.history.wrong())
    ruins = Ruins(world, landed)
    for check in (chained, promoted_once, forward, agreed, settled, ended, explained, told_once, no_secret):
        yield from (f"{check.__name__}: {finding}" for finding in check(ruins))


def chained(ruins: Ruins) -> Iterator[str]:
    """The ledger's chain holds, has no gap, and its time never goes back."""
    broken = chain.verify(ruins.store, ruins.name).broken
    if broken:
        yield broken
    for before, after in pairwise(ruins.records):
        if after.at < before.at:
            yield f"record {after.n} is of {after.at}, before record {before.n}"


def promoted_once(ruins: Ruins) -> Iterator[str]:
    """No content moves production twice, but by a replay; no run does at all."""
    by_uid = Counter(move.after.uid for move in ruins.promotions)
    yield from (f"the run {uid} moved production {count} times" for uid, count in by_uid.items() if count > 1)
    by_data = Counter(ruins.content(move.after.uid) for move in ruins.promotions if move.after.uid not in ruins.replays)
    yield from (f"the data {data[:8]} moved production {count} times" for data, count in by_data.items() if count > 1)
    for move in ruins.moves:
        if not move.by.startswith(("deploy", "bob")):
            yield f"{move.by} moved production from {move.before.version} to {move.after.version}"
        if move.by.startswith("deploy") and move.before.frozen is not None:
            yield f"{move.by} moved production though it was frozen by {move.before.frozen.by}"


def forward(ruins: Ruins) -> Iterator[str]:
    """Production never goes back to older data unless rolled back."""
    for move in ruins.promotions:
        if move.after.order < move.before.order and move.after.uid not in ruins.replays:
            yield f"production went back from {move.before.version} to {move.after.version}"


def agreed(ruins: Ruins) -> Iterator[str]:
    """A version in production is whole, has an intent from before and one promoted outcome; and no other has one."""
    writes = {write.held.key: number for number, write in reversed(list(enumerate(ruins.world.bucket.writes)))}
    outcomes = [record for record in ruins.of_kind("outcome") if record.body["reason"] == Reason.PROMOTED]
    by_uid = Counter(record.uid for record in outcomes)
    intents = {record.body["version"]: record for record in reversed(ruins.of_kind("intent"))}
    for move in ruins.promotions:
        version, uid = move.after.version, move.after.uid
        for part in ("model.skops", "report.json", "version.json"):
            at = writes.get(f"registry/{ruins.name}/versions/{version}/{part}")
            if at is None or at > move.number:
                yield f"{version} came into production without its {part}"
        intent = intents.get(version)
        if intent is None or writes[ledger.key(ruins.name, intent.n)] > move.number:
            yield f"{version} came into production before its intent was on the ledger"
        if by_uid[uid] != 1:
            yield f"{version} is or was in production, but has {by_uid[uid]} promoted outcomes"
    for uid in by_uid.keys() - {move.after.uid for move in ruins.promotions}:
        yield f"the run {uid} is on record as promoted, but was never in production"


def settled(ruins: Ruins) -> Iterator[str]:
    """Every live marker has its receipt, and its content at most one end that is an effect."""
    bucket = ruins.world.bucket
    held = {found.key: json.loads(found.body) for found in bucket.below(f"registry/{ruins.name}/re")}
    for landed in ruins.landed:
        live = bucket.find(landed.key)
        if live is None or live.etag != landed.etag:
            continue
        where = _receipt_key(ruins, landed)
        if where not in held:
            yield f"the marker {landed.key} ({landed.etag[:8]}) of {landed.as_of} has no receipt"
            continue
        reason = held[where]["reason"]
        gave_up = any(record.kind == GAVE_UP for record in ruins.records)
        if reason in OPEN - {Reason.INCOMPLETE} and not gave_up:
            yield f"the receipt of {landed.key} says {reason}, which settles nothing"
    effects: dict[str, list[str]] = defaultdict(list)
    for record in ruins.of_kind("outcome"):
        data, reason = ruins.content(record.uid), record.body["reason"]
        if data and record.uid not in ruins.replays and reason in (Reason.PROMOTED, Reason.GATE, Reason.CONTRACT):
            effects[data].append(f"{reason} ({record.uid})")
    for data, found in effects.items():
        if len(found) > 1:
            yield f"the data {data[:8]} came to {len(found)} ends: {', '.join(found)}"
    for where in claims_of(ruins):
        claim = claims.read(ruins.store, ruins.name, where)
        if claim is not None and claim.claim.finished is None:
            yield f"the claim of {where[:8]} by {claim.claim.workflow} was never closed"


def ended(ruins: Ruins) -> Iterator[str]:
    """Every run that began has an outcome on record, no two final ones, and nothing after a final one."""
    outcomes: dict[str, list[bool]] = defaultdict(list)
    for record in ruins.of_kind("outcome"):
        outcomes[record.uid].append(record.body["reason"] in OPEN)
    for uid, are_open in outcomes.items():
        if are_open not in ([True], [False], [True, True], [True, False], [True, True, False]):
            yield f"the run {uid} has {len(are_open)} outcomes on record ({are_open})"
    for uid in {record.uid for record in ruins.of_kind("started")} - outcomes.keys():
        yield f"the run {uid} started and has no outcome on record"
    for workflow in ruins.world.cluster.workflows.values():
        if workflow.uid not in outcomes:
            yield f"the Workflow {workflow.name} ({workflow.uid}) has no outcome on record"


def explained(ruins: Ruins) -> Iterator[str]:
    """Every day on which a model was due has an explanation."""
    world = ruins.world
    document, now = world.document, world.schedule.moment()
    last = calendar.last_due(document.expect, now)
    day = world.schedule.start.date()
    while last is not None and day <= last[0]:
        try:
            said = situation(ruins.store, document, world.runs(), day, now)
        except Exception as error:  # noqa: BLE001 - an explanation never raises
            yield f"{day} cannot be explained: {error!r}"
            return
        lost = "is gone and left no word" in said.sentence
        if (str(said.code) in ("unknown", "unreadable") and not lost) or said.unread:
            yield f"{day}: {said.sentence} ({said.code}) {said.unread}"
        day += timedelta(days=1)


def told_once(ruins: Ruins) -> Iterator[str]:
    """Nobody is told the same twice, or once more, which says so; what no store could keep is not counted."""
    told: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for one in ruins.world.channels.told:
        told[one.channel, one.about].append(one.repeated)
    for (channel, about), repeated in told.items():
        if repeated.count(False) > 1 or len(repeated) > 2:
            yield f"{channel} was told {len(repeated)} times: {about} ({repeated})"


def no_secret(ruins: Ruins) -> Iterator[str]:
    """No object holds a secret."""
    for write in ruins.world.bucket.writes:
        if SECRET.encode() in write.held.body:
            yield f"{write.held.key} holds the webhook's secret"


def claims_of(ruins: Ruins) -> list[str]:
    prefix = claims.key(ruins.name, "").removesuffix(".json")
    return [held.key.removeprefix(prefix).removesuffix(".json") for held in ruins.world.bucket.below(prefix)]


def _receipt_key(ruins: Ruins, landed: Landed) -> str:
    found = re.fullmatch(ruins.world.document.data.marker_pattern, landed.key)
    if found is None:
        return receipt.refusal_key(ruins.name, landed.key, landed.etag)
    return receipt.key(ruins.name, found.group(1), landed.etag)


def _moves(world: World) -> Iterator[Move]:
    before = pointer.EMPTY
    key = pointer.key(world.document)
    for number, write in enumerate(world.bucket.writes):
        if write.held.key != key:
            continue
        after = _pointer(json.loads(write.held.body))
        if after.version != before.version:
            yield Move(before, after, write.by, number)
        before = after


def _pointer(value: dict[str, Any]) -> Pointer:
    frozen = value.pop("frozen", None)
    return Pointer(**{**value, "trail": tuple(value["trail"]), "frozen": frozen and pointer.Frozen(**frozen)})
