"""The rules of reconcile, a case a row: what stands about an open marker, and what is to be done."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from steps.registry.claim import Claim, Finished
from steps.registry.decision import ATTEMPTS, PATIENCE, Facts, Verb, decide, minutes, unusable
from steps.registry.marker import File, Marker
from steps.registry.pointer import EMPTY, Frozen, Pointer
from steps.registry.runs import Look, name_of
from steps.verdict import Conclusion, Reason

NOW = datetime(2026, 2, 23, 6, tzinfo=UTC)
ETAG = "0123456789abcdef0123456789abcdef"
MARKER = Marker("incoming/loans/b/_READY.json", ETAG, "b", "2026-02-22", 1, (File(key="b/f", size=1, sha256="a" * 64),))
NAME = name_of("loans", "b", ETAG)
SECOND = name_of("loans", "b", ETAG, 2)
OTHER = "loans-other-ffffffffffff"
CLAIM = Claim(
    data_hash="h",
    batch="b",
    marker=MARKER.key,
    etag=ETAG,
    as_of="2026-02-22",
    revision=1,
    workflow=NAME,
    uid="u1",
    token=1,
    attempt=1,
    claimed_at="2026-02-23T05:00:00+00:00",
)
PRODUCTION = Pointer("2026-02-22.1-x", "", "h0", "old", "2026-02-22", 1, 1, "w", "x", "2026-02-22T06:00:00+00:00")


def ended(reason: Reason) -> Finished:
    end = Conclusion(reason, "as it was")
    return Finished(str(end.outcome), str(end.reason), end.message, "2026-02-23T05:30:00+00:00")


def mine(**changes: Any) -> Claim:
    return replace(CLAIM, **changes)


def granted(minutes_ago: int, **changes: Any) -> Claim:
    at = (NOW - timedelta(minutes=minutes_ago)).isoformat()
    return mine(workflow=SECOND, uid="", attempt=2, claimed_at=at, former=CLAIM, **changes)


def foreign(**changes: Any) -> Claim:
    return mine(batch="other", marker="incoming/loans/other/_READY.json", etag="f" * 32, workflow=OTHER, **changes)


def retired(reason: Reason, **changes: Any) -> Claim:
    return mine(finished=ended(reason), former=mine(finished=ended(reason)), fenced=True, **changes)


def replayed(by: Claim, reason: Reason, **changes: Any) -> Claim:
    """Return the claim of a replay of what ended so, which crashed."""
    before = replace(by, finished=ended(reason))
    return replace(before, workflow=f"{NAME}-r1", uid="u2", finished=ended(Reason.CRASHED), former=before, **changes)


def running(name: str = NAME, *at: str) -> Look:
    return Look(name, "u1", "Running", at=at)


def failed(name: str = NAME, message: str = "Error (exit code 1)") -> Look:
    node = f'[{{"displayName": "train", "templateName": "train", "message": "{message}", "finishedAt": "t"}}]'
    return Look(name, "u1", "Failed", status="Failed", failures=node)


def said(step: str, reason: Reason, status: str, *, token: str = "") -> Look:
    outputs = {f"{step}-verdict": Conclusion(reason, "as it said").to_json(), "token": token}
    return Look(NAME, "u1", status, status=status, outputs=json.dumps(outputs))


FROZEN = Frozen("ada", "an audit", "2026-02-22T00:00:00+00:00")
YOUNG = NOW - timedelta(minutes=4)
REFUSED_KEY = said("claim", Reason.MARKER, "Failed")

CASES: dict[str, tuple[dict[str, Any], Verb, str]] = {
    "of before the installation": ({"since": date(2026, 2, 23)}, Verb.IGNORE, "before data.since 2026-02-23"),
    "of the day of the installation": ({"since": date(2026, 2, 22)}, Verb.START, "no event"),
    # nobody has the content
    "just landed": ({"landed": YOUNG}, Verb.WAIT, "landed 4 min ago, its event may still come"),
    "its event was lost": ({}, Verb.START, "no event had started a run 12 min after its marker landed"),
    "its run goes on": ({"own": running(NAME, "train")}, Verb.WAIT, f"run {NAME} goes on, at train"),
    "its run is not taken yet": ({"own": Look(NAME, "u1")}, Verb.WAIT, f"run {NAME} goes on"),
    "its run crashed before it claimed": ({"own": failed()}, Verb.RETRY, "attempt 2 of 3, after run .* reason crashed"),
    "its run was refused": ({"own": REFUSED_KEY}, Verb.RECEIPT, "ended refused"),
    "its run was superseded": ({"own": said("claim", Reason.SUPERSEDED, "Succeeded")}, Verb.RECEIPT, "ended skipped"),
    "its run found production frozen": (
        {"own": said("claim", Reason.FROZEN, "Succeeded")},
        Verb.RETRY,
        "reason frozen",
    ),
    # its own run has the content
    "claimed, and its run goes on": ({"claim": mine(), "owner": running()}, Verb.WAIT, "goes on"),
    "claimed, and its run has ended": ({"claim": mine(), "owner": failed()}, Verb.CLOSE, "has ended and left"),
    "claimed, and its run is gone": ({"claim": mine()}, Verb.CLOSE, "is gone and left"),
    "ended, but still telling people": (
        {"claim": mine(finished=ended(Reason.GATE)), "owner": running()},
        Verb.WAIT,
        "goes on",
    ),
    "promoted": ({"claim": mine(finished=ended(Reason.PROMOTED))}, Verb.RECEIPT, "ended promoted"),
    "rejected": ({"claim": mine(finished=ended(Reason.GATE))}, Verb.RECEIPT, "ended rejected"),
    "stopped by a person": ({"claim": mine(finished=ended(Reason.STOPPED))}, Verb.RECEIPT, "ended failed"),
    "crashed": ({"claim": mine(finished=ended(Reason.CRASHED))}, Verb.RETRY, "attempt 2 of 3"),
    "crashed, and its Workflow is seen": (
        {"claim": mine(finished=ended(Reason.CRASHED)), "owner": failed(), "own": failed()},
        Verb.RETRY,
        "attempt 2 of 3",
    ),
    "production moved": ({"claim": mine(finished=ended(Reason.PRODUCTION_MOVED))}, Verb.RETRY, "production-moved"),
    "incomplete": ({"claim": mine(finished=ended(Reason.INCOMPLETE))}, Verb.RETRY, "reason incomplete"),
    "crashed twice": ({"claim": mine(attempt=2, finished=ended(Reason.STORE))}, Verb.RETRY, "attempt 3 of 3"),
    "crashed three times": (
        {"claim": mine(attempt=3, finished=ended(Reason.CRASHED))},
        Verb.GIVE_UP,
        r"3 attempts were not enough; the last ended failed \(crashed\): as it was",
    ),
    "given up, and broken off": ({"claim": retired(Reason.CRASHED, attempt=3)}, Verb.GIVE_UP, "3 attempts"),
    "retired as it was stopped": ({"claim": retired(Reason.STOPPED)}, Verb.RECEIPT, "ended failed"),
    "retired as superseded, and broken off": (
        {"claim": mine(finished=ended(Reason.SUPERSEDED), former=mine(finished=ended(Reason.CRASHED)))},
        Verb.SETTLE,
        "left it open and it is superseded",
    ),
    "found promoted when it was retired": (
        {"claim": mine(finished=ended(Reason.PROMOTED), former=mine(finished=ended(Reason.CRASHED)))},
        Verb.RECEIPT,
        "ended promoted",
    ),
    # replayed
    "rejected, and its replay crashed": (
        {"claim": replayed(mine(), Reason.GATE)},
        Verb.RECEIPT,
        f"run {NAME} ended rejected, and the replay {NAME}-r1 did not better that",
    ),
    "rejected, and its second replay crashed, too": (
        {"claim": replace(replayed(mine(), Reason.CRASHED), uid="u3", former=replayed(mine(), Reason.GATE))},
        Verb.RECEIPT,
        "ended rejected",
    ),
    "crashed, and its replay crashed, too": ({"claim": replayed(mine(), Reason.CRASHED)}, Verb.RETRY, "attempt 2"),
    "the same data was promoted elsewhere, and its replay crashed": (
        {"claim": replayed(foreign(), Reason.PROMOTED)},
        Verb.SETTLE,
        "unchanged since loans-other-ffffffffffff .*, which ended promoted",
    ),
    # granted
    "granted just now": ({"claim": granted(4)}, Verb.WAIT, f"run {SECOND} is about to be started"),
    "granted, and never started": ({"claim": granted(5)}, Verb.RESTART, f"run {SECOND} was granted .* never started"),
    "granted, and started": ({"claim": granted(1), "owner": running(SECOND)}, Verb.WAIT, f"run {SECOND} goes on"),
    "granted, and ended without taking it": ({"claim": granted(1), "owner": failed(SECOND)}, Verb.CLOSE, "has ended"),
    # another marker has the same content
    "the same data elsewhere, just landed": (
        {"claim": foreign(finished=ended(Reason.STORE)), "landed": YOUNG},
        Verb.WAIT,
        "its event may still come",
    ),
    "the same data runs elsewhere": ({"claim": foreign(), "owner": running(OTHER)}, Verb.WAIT, f"run {OTHER} goes on"),
    "the same data was promoted elsewhere": (
        {"claim": foreign(finished=ended(Reason.PROMOTED))},
        Verb.SETTLE,
        "unchanged since loans-other-ffffffffffff",
    ),
    "the same data was promoted, its own run found": (
        {"claim": foreign(finished=ended(Reason.PROMOTED)), "own": said("claim", Reason.UNCHANGED, "Succeeded")},
        Verb.RECEIPT,
        "ended skipped",
    ),
    "the same data was under way, its own run found": (
        {"claim": foreign(finished=ended(Reason.PROMOTED)), "own": said("claim", Reason.DUPLICATE, "Succeeded")},
        Verb.SETTLE,
        "unchanged since",
    ),
    "the same data was taken over, and its own run came too late": (
        {"claim": foreign(finished=ended(Reason.GATE)), "own": said("reject", Reason.GATE, "Failed", token="1")},
        Verb.SETTLE,
        "unchanged since",
    ),
    "the same data crashed elsewhere": ({"claim": foreign(finished=ended(Reason.CRASHED))}, Verb.RETRY, "attempt 2"),
    "the same data was incomplete elsewhere": (
        {"claim": foreign(finished=ended(Reason.INCOMPLETE))},
        Verb.START,
        "no event had started a run",
    ),
    "the same data was given up elsewhere": (
        {"claim": foreign(finished=ended(Reason.CRASHED), former=foreign(), fenced=True)},
        Verb.SETTLE,
        r"unchanged since .* ended failed \(crashed\)",
    ),
    # production
    "production has newer data": ({"production": replace(PRODUCTION, revision=2)}, Verb.SETTLE, "newer"),
    "production has this data's day": ({"production": PRODUCTION}, Verb.START, "no event"),
    "superseded while it crashed": (
        {"claim": mine(attempt=3, finished=ended(Reason.CRASHED)), "production": replace(PRODUCTION, revision=2)},
        Verb.SETTLE,
        "newer",
    ),
    "frozen, and its event was lost": ({"production": replace(EMPTY, frozen=FROZEN)}, Verb.WAIT, "frozen by ada"),
    "frozen, and it crashed": (
        {"production": replace(EMPTY, frozen=FROZEN), "claim": mine(finished=ended(Reason.CRASHED))},
        Verb.WAIT,
        "promotion is frozen by ada since .*: an audit",
    ),
    "frozen when it ran": ({"claim": mine(finished=ended(Reason.FROZEN))}, Verb.RETRY, "reason frozen"),
}


@pytest.mark.parametrize(("changes", "verb", "why"), CASES.values(), ids=CASES)
def test_the_rules(changes: dict[str, Any], verb: Verb, why: str) -> None:
    facts = Facts(NOW, NOW - timedelta(minutes=12), MARKER)
    found = decide(replace(facts, **changes))
    assert found.verb is verb, found.why
    assert re.search(why, found.why)


@pytest.mark.parametrize("verb", [verb for verb in Verb if verb is not Verb.IGNORE])
def test_every_verb_is_among_the_cases(verb: Verb) -> None:
    assert any(row[1] is verb for row in CASES.values())


def test_a_retry_after_an_incomplete_batch_asks_for_files_written_since() -> None:
    facts = Facts(NOW, NOW, MARKER, claim=mine(finished=ended(Reason.INCOMPLETE)))
    assert decide(facts).rechecked == datetime(2026, 2, 23, 5, tzinfo=UTC) - PATIENCE
    assert decide(replace(facts, claim=mine(finished=ended(Reason.STORE)))).rechecked is None
    assert decide(replace(facts, claim=mine(finished=ended(Reason.INCOMPLETE), claimed_at="?"))).rechecked is not None


def test_no_content_is_given_more_runs_than_the_limit() -> None:
    claim, runs = mine(), 1
    while (
        found := decide(Facts(NOW, NOW, MARKER, claim=replace(claim, finished=ended(Reason.STORE))))
    ).verb is Verb.RETRY:
        claim, runs = replace(claim, attempt=found.attempt), runs + 1
    assert (runs, found.verb) == (ATTEMPTS, Verb.GIVE_UP)


NO_MARKER = Conclusion(Reason.MARKER, "the marker cannot be used: no")
NO_KEY = Conclusion(Reason.KEY, "its key is not acceptable")
ANEW = Conclusion(Reason.MARKER, "written anew", {"live_etag": "e"})
UNUSABLE: dict[str, tuple[Conclusion, Look | None, int, Verb]] = {
    "no marker, its event may come": (NO_MARKER, None, 4, Verb.WAIT),
    "no marker, no event came": (NO_MARKER, None, 5, Verb.SETTLE),
    "no marker, its run goes on": (NO_MARKER, running(), 60, Verb.WAIT),
    "no marker, its run said so": (NO_MARKER, REFUSED_KEY, 60, Verb.RECEIPT),
    "no marker, its run crashed": (NO_MARKER, failed(), 60, Verb.SETTLE),
    "no acceptable key, which starts no run": (NO_KEY, None, 0, Verb.SETTLE),
    "written anew between list and look": (ANEW, None, 60, Verb.WAIT),
}


@pytest.mark.parametrize(("verdict", "own", "age", "verb"), UNUSABLE.values(), ids=UNUSABLE)
def test_the_rules_of_what_is_no_marker(verdict: Conclusion, own: Look | None, age: int, verb: Verb) -> None:
    assert unusable(NOW, NOW - timedelta(minutes=age), own, verdict).verb is verb


@pytest.mark.parametrize(
    ("seconds", "text"), [(-5, "0 min"), (59, "0 min"), (720, "12 min"), (7200, "2 h"), (172800, "2 days")]
)
def test_a_duration_is_said_as_a_person_says_it(seconds: int, text: str) -> None:
    assert minutes(timedelta(seconds=seconds)) == text


def test_how_long_an_event_is_awaited_can_be_said() -> None:
    landed = Facts(NOW, NOW, MARKER)
    assert decide(landed).verb is Verb.WAIT
    assert decide(replace(landed, patience=timedelta(0))).verb is Verb.START
