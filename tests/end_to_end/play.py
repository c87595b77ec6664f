"""Plays a case at a place and holds it to its ends, by what is in the bucket and what the place's Workflows say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from end_to_end.cases import ORDER, Case, End
from end_to_end.place import PIPELINE, Place, Workflow, day, ended, nodes, phase, until

from steps.registry import chain, ledger, pointer, version
from workflows import producer

ATTEMPTS = 3
DAYS = 14
LONG = ("train", "evaluate")
"""Steps that go on for seconds, so that a kill comes in the middle; of a short one it may come too late."""


@dataclass(frozen=True)
class Came:
    """What a batch came to: the body of its newest outcome record, and the Workflow that this is about."""

    record: Mapping[str, Any]
    workflow: Workflow


def play(place: Place, case: Case) -> list[Came]:
    """Let it happen, wait until every batch has ended, and hold all that is promised; return what they came to."""
    before = pointer.current(pointer.read(place.store, place.document)).version
    with place.away(case.away) if case.away and place.events else nullcontext():
        markers = [land(place, case, number) for number in range(len(case.ends))]
    if not place.events:
        place.reconcile()
    _disturb(place, case, str(day(case.day)))
    for _ in range(case.deliveries - 1):
        place.store.put(*markers[0])
    came = [wait(place, str(day(case.day + number))) for number in range(len(case.ends))]
    for one, may in zip(came, case.ends, strict=True):
        _holds(place, one, may)
    _production(place, came, before)
    assert chain.verify(place.store, PIPELINE).broken == ""
    return came


def land(place: Place, case: Case, number: int) -> tuple[str, bytes]:
    """Put a batch's files, then its marker; return the marker's key and content."""
    batch, prefix = str(day(case.day + number)), place.document.data.prefix
    files = {f"{batch}/{name}": body for name, body in case.files(number).items()}
    for key, body in list(files.items())[: len(files) - case.lost]:
        place.store.put(f"{prefix}/{key}", body)
    key, marker = f"{prefix}/{batch}/{place.document.data.marker}", producer.batch(files, day(case.day + number))
    place.store.put(key, marker)
    return key, marker


def _disturb(place: Place, case: Case, batch: str) -> None:
    if case.killed:
        name = _first(place, batch)
        late = [step for step in case.killed if not place.kill(name, step)]
        assert not set(late) & set(LONG), f"killed after their ends: {late}"
    if case.restarted:
        name = _first(place, batch)
        until(lambda: _runs_now(_named(place, name), case.restarted), f"{name} is at {case.restarted}", place.patience)
        place.restart()


def _first(place: Place, batch: str) -> str:
    found = until(lambda: runs_of(place, batch), f"a run of {batch} begins", place.patience)
    return str(found[0]["metadata"]["name"])


def _named(place: Place, name: str) -> Workflow:
    return next(one for one in place.workflows() if one["metadata"]["name"] == name)


def _runs_now(workflow: Workflow, step: str) -> bool:
    return any(
        node.get("templateName") == step and node["type"] == "Pod" and node.get("phase") in ("Pending", "Running")
        for node in nodes(workflow)
    )


def runs_of(place: Place, batch: str) -> list[Workflow]:
    """Return the runs of a batch, the first attempt first."""
    name = f"{PIPELINE}-{batch}-"
    found = [one for one in place.workflows() if str(one["metadata"]["name"]).startswith(name)]
    return sorted(found, key=lambda one: len(one["metadata"]["name"]))


def outcomes(place: Place, batch: str) -> Iterator[Mapping[str, Any]]:
    """Yield the bodies of the batch's outcome records, the newest first."""
    for record in ledger.records(place.store, PIPELINE):
        if record.kind == "outcome" and record.body["batch"] == batch:
            yield record.body


def wait(place: Place, batch: str) -> Came:
    """Return what the batch came to; what broke off is reconcile's to begin again, as on any day."""
    for _ in range(ATTEMPTS):
        until(lambda: _at_rest(place, batch), f"the runs of {batch} end", place.patience, place.pause)
        runs = {one["metadata"]["uid"]: one for one in runs_of(place, batch)}
        last = next(outcomes(place, batch), None)
        if last is not None and last["outcome"] != "failed":
            return Came(last, runs.get(last["workflow"]["uid"], {}))
        place.reconcile()
    raise AssertionError(f"{batch} came to nothing: {list(outcomes(place, batch))}")


def _at_rest(place: Place, batch: str) -> bool:
    runs = runs_of(place, batch)
    settled = any(body["outcome"] != "failed" for body in outcomes(place, batch))
    return settled if not runs else all(ended(one) for one in runs)


def _holds(place: Place, came: Came, may: tuple[End, ...]) -> None:
    """Hold record, phase, steps, outputs and messages of a run against one of the ends that it may have."""
    record, workflow = came.record, came.workflow
    end = next((one for one in may if (one.outcome, one.reason) == (record["outcome"], record["reason"])), None)
    assert end is not None, f"{record['outcome']} ({record['reason']}): {record['message']}"
    assert record["event"]["trigger"] in ("event", "reconcile")
    if not workflow:  # of a backlog reconcile starts only the newest
        assert end.outcome == "skipped"
        return
    assert phase(workflow) == end.phase
    given = {one["name"]: one.get("value") for one in workflow["status"]["outputs"]["parameters"]}
    assert (given["outcome"], given["reason"]) == (end.outcome, end.reason)
    ran = Counter(node["templateName"] for node in nodes(workflow) if node["type"] == "Pod")
    assert set(ran) == {*end.steps, "record", "notify"}
    told = [text for text in place.told()["slack"] if workflow["metadata"]["name"] in text]
    assert len(told) == (end.outcome != "skipped"), told
    _archived(place, workflow)


def _archived(place: Place, workflow: Workflow) -> None:
    """Hold that each pod that ended left its log and its artifacts in the bucket."""
    for node in nodes(workflow):
        saved = {one["name"]: one for one in (node.get("outputs") or {}).get("artifacts") or []}
        if node["type"] != "Pod" or node["phase"] != "Succeeded":
            continue
        assert "main-logs" in saved, f"{node['displayName']} left no log"
        for name, artifact in saved.items():
            key = artifact["s3"]["key"]
            found = place.store.head(key) or next(iter(place.store.keys(f"{key}/")), None)
            assert found or artifact.get("optional"), f"{node['displayName']} left no {name} at {key}"


def _production(place: Place, came: list[Came], before: str) -> None:
    """Hold that production is what the last promotion made, or else what it was, and that it is all there."""
    made = [one.record["production"]["after"] for one in came if one.record["outcome"] == "promoted"]
    standing = pointer.current(pointer.read(place.store, place.document)).version
    assert standing == (made[-1] if made else before)
    if standing:
        assert place.store.head(version.model_key(PIPELINE, standing)) is not None


def once(place: Place) -> None:
    """Hold, after all that was played, that no batch had two runs that nothing broke off, and none two effects."""
    for batch, runs in _by_batch(place).items():
        found = [body for body in outcomes(place, batch) if _final(body)]
        assert len(found) <= 1, f"{batch}: {[(body['outcome'], body['workflow']['name']) for body in found]}"
        broken = [body for body in outcomes(place, batch) if body["outcome"] == "failed"]
        assert len(runs) <= 1 + len(broken), f"{batch}: {[one['metadata']['name'] for one in runs]}"


def late(place: Place) -> None:
    """Hold that a model that nothing came for is told of once by each way, and said by nobody a second time."""
    before = {way: len(texts) for way, texts in place.told().items()}
    morning = datetime.combine(day(DAYS + 2), time(7), UTC)
    for minutes in (0, 15):
        place.watch(morning + timedelta(minutes=minutes))
    told = {way: texts[before[way] :] for way, texts in place.told().items()}
    assert {way: len(texts) for way, texts in told.items()} == {"slack": 1, "page": 1}, told
    for (text,) in told.values():
        assert "is late" in text
        assert f"no batch for {day(DAYS + 2)} has landed" in text
    (record,) = [record for record in ledger.records(place.store, PIPELINE) if record.kind == "late"]
    assert record.body["reason"] == "not-landed"


def _final(body: Mapping[str, Any]) -> bool:
    """Whether reconcile leaves it at that: a crashed run is tried again, an incomplete batch looked at again."""
    return body["outcome"] != "failed" and body["reason"] != "incomplete"


def _by_batch(place: Place) -> Mapping[str, list[Workflow]]:
    batches = {str(day(number)) for number in range(DAYS)}
    return {batch: runs for batch in sorted(batches) if (runs := runs_of(place, batch))}


def levels(workflow: Workflow) -> Iterator[str]:
    """Yield a line for each level of the graph: when its pods began, after the run did, and how long they took."""
    began = workflow["metadata"]["creationTimestamp"]
    for step in (*ORDER, "reject", "record", "notify"):
        pods = [node for node in nodes(workflow) if node["type"] == "Pod" and node.get("templateName") == step]
        if pods:
            first, last = min(node["startedAt"] for node in pods), max(node["finishedAt"] for node in pods)
            yield f"{step:<9} {_seconds(began, first):6.0f} s  {_seconds(first, last):4.0f} s  {len(pods)} pods"
    yield f"{'whole':<9} {_seconds(began, workflow['status']['finishedAt']):6.0f} s"


def _seconds(first: str, last: str) -> float:
    return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()
