"""Why, where not everything can be read: what could not be is named, the rest is answered, and the cost is bounded."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from situations import DAY, Scene, lines, told
from stores import Blind, Watched

from steps.registry import claim as claims
from steps.registry import ledger, pointer
from steps.registry import marker as markers
from steps.registry.asking import FAILURES
from steps.registry.objects import DeniedError, UnreachableError
from steps.registry.state import State
from steps.verdict import Reason


def blind(scene: Scene, error: Exception, *prefixes: str) -> Blind:
    return Blind(scene.memory, error=error, prefixes=prefixes)


def rejected() -> Scene:
    scene = Scene()
    marker = scene.land()
    scene.begin(marker)
    scene.later(9)
    scene.end(marker, scene.failed(Reason.GATE, "unfair"))
    return scene


DENIED = {
    "the markers": ("incoming/", "the ready markers", Reason.GATE, "was rejected (gate): unfair"),
    "production": (
        "registry/loans/production.json",
        "production's pointer",
        Reason.GATE,
        "was rejected (gate): unfair",
    ),
    "the claims": ("registry/loans/claims/", "the claims", Reason.GATE, "was rejected (gate): unfair"),
    "the ledger": ("registry/loans/ledger/", "the ledger", Reason.GATE, "is settled by its receipt: rejected (gate)"),
    "the ledger and the receipts": ("registry/loans/", "the ledger", State.UNRECORDED, "has ended, which is not on"),
}


@pytest.mark.parametrize(("prefix", "what", "code", "says"), DENIED.values(), ids=DENIED)
def test_what_is_denied_is_named_and_the_rest_is_answered(prefix: str, what: str, code: Any, says: str) -> None:
    scene = rejected()
    found = scene.why(store=blind(scene, DeniedError(f"s3://retrain/{prefix}: Access Denied"), prefix))
    told(found, code, says)
    assert f"{what}: s3://retrain/{prefix}: Access Denied" in found.unread
    assert f"not read: {what}: s3://retrain/{prefix}: Access Denied" in found.evidence


def test_a_refused_kubernetes_api_is_named_and_the_rest_is_answered() -> None:
    scene = rejected()
    scene.runs.broken = "list Workflows in namespace 'argo': not allowed (403)"
    found = scene.why()
    told(found, Reason.GATE, "was rejected (gate): unfair")
    assert found.unread == ("the Workflows: list Workflows in namespace 'argo': not allowed (403)",)


def test_without_the_workflows_a_claim_says_who_has_the_batch() -> None:
    scene = Scene()
    marker = scene.land()
    scene.begin(marker)
    found = scene.why(runs=None)
    told(found, State.RUNNING, f"is with run {scene.name(marker)} since 2026-02-23T04:00", "is not known here")
    assert found.unread == ()


def test_a_damaged_record_hides_no_other() -> None:
    scene = rejected()
    scene.memory.put(ledger.key("loans", 1), b"{")
    for day in (DAY, None):
        found = scene.why(day)
        told(found, Reason.GATE, "was rejected (gate): unfair")
        assert [one.partition(" is no record")[0] for one in found.unread] == [f"the ledger: {ledger.key('loans', 1)}"]
    scene.memory.put(ledger.key("loans", 2), b"{")
    told(scene.why(), Reason.GATE, "is settled by its receipt: rejected (gate)")


def test_a_damaged_claim_is_named() -> None:
    scene = Scene()
    marker = scene.land()
    scene.begin(marker)
    scene.memory.put(claims.key("loans", markers.data_hash(marker.files)), b"[]")
    found = scene.why()
    told(found, State.RUNNING, "is Running")
    assert "is no claim" in found.unread[0]


WRONG = {"as_of": None, "revision": "1", "attempt": [], "workflow": {}, "trail": "v1", "version": 3, "finished": "x"}


@pytest.mark.parametrize("field", WRONG)
def test_a_field_of_another_type_is_named_and_never_worked_with(field: str) -> None:
    scene = Scene()
    first, marker = scene.land("2026-02-20"), scene.land()
    scene.begin(first)
    scene.promote(first)
    scene.begin(marker)
    damaged = 0
    for key in (pointer.key(scene.pipeline), claims.key("loans", markers.data_hash(marker.files))):
        value = json.loads(scene.memory.bodies[key][0])
        if field in value:
            damaged += 1
            scene.memory.put(key, json.dumps({**value, field: WRONG[field]}).encode())
    found = scene.why()
    told(found, State.RUNNING, "is Running")
    assert len(found.unread) == damaged > 0


def test_with_the_store_down_what_the_workflows_say_is_told() -> None:
    scene = Scene()
    marker = scene.land()
    scene.begin(marker, at=("train",))
    store = blind(scene, UnreachableError("s3://retrain: no answer"), "")
    told(scene.why(store=store), State.RUNNING, scene.name(marker), "is Running", ", at train")
    assert len(store.asked) == FAILURES


def test_with_nothing_to_read_it_says_exactly_what() -> None:
    scene = rejected()
    scene.runs.broken = "the Kubernetes API at https://k8s cannot be reached"
    store = blind(scene, UnreachableError("s3://retrain: no answer"), "")
    for day in (DAY, None):
        found = scene.why(day, store)
        told(found, State.UNREADABLE, "cannot be said, for it could not be read: the ledger: s3://retrain: no answer")
        assert {one.partition(":")[0] for one in found.unread} >= {"the ledger", "the ready markers", "the Workflows"}


def test_it_is_not_said_that_nothing_landed_when_that_was_not_seen() -> None:
    scene = Scene()
    scene.later(200)
    told(scene.why(store=blind(scene, DeniedError("denied"), "incoming/")), State.UNREADABLE, "the ready markers")
    told(scene.why(store=blind(scene, DeniedError("denied"), "registry/loans/ledger/")), State.UNREADABLE, "the ledger")


def test_a_marker_that_cannot_be_used_is_told_before_its_run_says_so() -> None:
    scene = Scene()
    scene.memory.put(scene.key("2026-02-23"), b"{")
    found = scene.why()
    told(found, State.NOT_STARTED, "batch 2026-02-23 landed")
    assert lines(found, "marker")[0].startswith("marker: the marker cannot be used")


def test_the_requests_do_not_grow_with_the_ledger_or_the_bucket() -> None:
    def asked(days: int) -> tuple[int, int]:
        scene = Scene()
        for back in range(days, 0, -1):
            day = DAY - timedelta(days=back)
            for number in range(20):
                scene.memory.put(f"incoming/loans/{day}/{number}.csv", b"")
            body = {"outcome": "rejected", "reason": "gate", "batch": str(day), "as_of": str(day), "message": ""}
            ledger.append(scene.memory, "loans", ledger.Entry("outcome", str(day), body), now=scene.now)
        marker = scene.land()
        scene.begin(marker)
        scene.promote(marker)
        scene.later(24 * 60)
        counts = []
        for day in (DAY, None):
            store = Watched(scene.memory)
            told(scene.why(day, store), Reason.PROMOTED, "batch 2026-02-23 was promoted")
            counts.append(len(store.asked))
        return counts[0], counts[1]

    few, many = asked(60), asked(600)
    assert many[0] <= 40
    assert many[1] <= 40
    assert many[0] - few[0] <= 5
    assert many[1] == few[1]
