"""A Workflow as the Kubernetes API has it is seen as its own exit handler saw it, however damaged it is."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from steps.registry.outcome import conclude
from steps.registry.runs import Look
from steps.verdict import Conclusion, Reason
from workflows.cluster.look import OFFLOADED, UNREADABLE, look_at
from workflows.engine.failures import exit_texts
from workflows.engine.model import Workflow

NAME = "loans-2026-02-23-0123456789ab"
LABELS = {"workflows.argoproj.io/creator": "ana"}
TIME = "2026-02-23T06:00:01Z"


def node(name: str, kind: str = "Pod", phase: str = "Succeeded", **more: Any) -> dict[str, Any]:
    full = f"{NAME}.{name}" if name else NAME
    known = {"id": full, "name": full, "displayName": name or NAME, "type": kind, "phase": phase, "finishedAt": TIME}
    return {**known, "templateName": name.partition("(")[0] or "pipeline", **more}


NODES = [
    node("", "DAG", "Failed"),
    node("claim(0)"),
    node("train", "Retry", "Failed", message="No more retries left"),
    node("train(0)", phase="Failed", message="Error (exit code 1)"),
    node("train(1)", phase="Error", message='OOMKilled (exit code 137) "<&>"'),
    node("record", phase="Succeeded"),
]
OUTPUTS = {"parameters": [{"name": "data-hash", "value": "ab"}, {"name": "empty"}, {"name": "token", "value": "1"}]}


def workflow(nodes: list[dict[str, Any]] = NODES, **status: Any) -> dict[str, Any]:
    known = {one["id"]: one for one in nodes}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": NAME, "uid": "u1", "creationTimestamp": "2026-02-23T05:00:00Z", "labels": LABELS},
        "spec": {
            "workflowTemplateRef": {"name": "loans"},
            "arguments": {"parameters": [{"name": "trigger", "value": "event"}]},
        },
        "status": {"phase": "Failed", "finishedAt": TIME, "nodes": known, "outputs": OUTPUTS, **status},
    }


def concluded(look: Look) -> Conclusion:
    return conclude(look.status, look.failures, look.outputs)


def test_it_is_seen_with_all_that_the_registry_asks_for() -> None:
    look = look_at(workflow())
    assert (look.name, look.uid, look.phase, look.status, look.ended) == (NAME, "u1", "Failed", "Failed", True)
    assert look.created == datetime(2026, 2, 23, 5, tzinfo=UTC)
    assert look.finished == datetime(2026, 2, 23, 6, 0, 1, tzinfo=UTC)
    assert json.loads(look.outputs) == {"data-hash": "ab", "token": "1"}
    assert look.parameters == {"trigger": "event"}
    assert look.recorded
    assert look.labels == {"workflows.argoproj.io/creator": "ana"}


def test_it_comes_to_what_its_exit_handler_said_in_the_same_words() -> None:
    value = workflow()
    status, failures = exit_texts(Workflow.model_validate(value))
    look = look_at(value)
    assert look.status == status
    assert json.loads(look.failures) == json.loads(failures)
    assert concluded(look) == conclude(status, failures, look.outputs)
    assert concluded(look).reason is Reason.OUT_OF_MEMORY


@pytest.mark.parametrize(
    ("phases", "status"),
    [
        (("Succeeded", "Failed"), "Succeeded"),
        (("Omitted", "Failed"), "Succeeded"),
        (("Failed", "Error"), "Failed"),
        (("", "Error"), "Error"),
    ],
    ids=["the exit handler failed", "nothing ran", "both failed", "no node was made"],
)
def test_its_status_is_that_of_the_graph_not_of_the_exit_handler(phases: tuple[str, str], status: str) -> None:
    entry, phase = phases
    assert look_at(workflow([node("", "DAG", entry)] if entry else [], phase=phase)).status == status


def test_what_goes_on_is_told_with_its_message() -> None:
    nodes = [
        node("", "DAG", "Running"),
        node("train(0)", phase="Pending", message="Unschedulable: 0/3 nodes are available"),
        node("validate(0:index:0000)", phase="Running"),
        node("validate(1:index:0001)", phase="Running"),
        node("claim(0)"),
    ]
    look = look_at(workflow(nodes, phase="Running"))
    assert look.at == ("train: Unschedulable: 0/3 nodes are available", "validate")
    assert not look.ended
    assert not look.recorded


def test_an_event_that_comes_again_does_not_change_what_the_run_was_given() -> None:
    stored = {"arguments": {"parameters": [{"name": "trigger", "value": "reconcile"}, {"name": "marker"}]}}
    look = look_at(workflow(storedWorkflowTemplateSpec=stored))
    assert look.parameters == {"trigger": "reconcile"}


def packed(nodes: Any) -> str:
    return base64.b64encode(gzip.compress(json.dumps(nodes).encode())).decode()


def test_packed_nodes_are_unpacked() -> None:
    text = packed({one["id"]: one for one in NODES})
    assert look_at(workflow([], compressedNodes=text)) == look_at(workflow())


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ({"compressedNodes": "%"}, UNREADABLE),
        ({"compressedNodes": base64.b64encode(b"\x28\xb5\x2f\xfd zstd").decode()}, UNREADABLE),
        ({"compressedNodes": packed([1])}, UNREADABLE),
        ({"compressedNodes": packed({"a": {}})[:-16]}, UNREADABLE),
        ({"offloadNodeStatusVersion": "fnv:1"}, OFFLOADED),
        ({"offloadNodeStatusVersion": "fnv:1", "message": "m"}, f"m ({OFFLOADED})"),
    ],
    ids=["no base64", "no gzip", "a list", "cut off", "in the database", "in the database, and a message"],
)
def test_nodes_that_cannot_be_read_are_said_to_be(status: dict[str, Any], says: str) -> None:
    look = look_at(workflow([], **status))
    assert (look.message, look.status, look.failures) == (says, "Failed", "null")
    assert json.loads(look.outputs)["data-hash"] == "ab"


DAMAGED: dict[str, Any] = {
    "nothing": {},
    "no maps": {"metadata": 5, "spec": [], "status": "x"},
    "wrong kinds": {
        "metadata": {"name": 5, "creationTimestamp": "yesterday"},
        "status": {"nodes": {"a": 5, "b": {"phase": "Failed", "name": 5}}, "outputs": {"parameters": {"a": 1}}},
    },
    "no zone": {"metadata": {"name": "n", "creationTimestamp": "2026-02-23T05:00:00"}, "status": {"nodes": []}},
    "parameters without values": {"spec": {"arguments": {"parameters": [{"name": "a"}, 5, {"value": None}]}}},
}


@pytest.mark.parametrize("value", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_workflow_is_seen_as_far_as_it_goes(value: Any) -> None:
    look = look_at(value)
    assert look.created is None
    assert look.parameters == {}
    assert concluded(look).reason in (Reason.UNKNOWN, Reason.CRASHED)
