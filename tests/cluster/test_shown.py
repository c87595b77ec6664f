"""A cluster's Workflow is shown as one of this machine, whatever else its object holds."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from workflows.cluster.shown import shown
from workflows.engine.view import Canvas, frame

TIME = "2026-02-23T06:00:01Z"
NODE = {"id": "w-1", "name": "w.train(0)", "displayName": "train(0)", "type": "Pod", "templateName": "train",
        "phase": "Failed", "message": "Error (exit code 1)", "boundaryID": "w", "startedAt": TIME, "finishedAt": TIME,
        "resourcesDuration": {"cpu": 1}, "memoizationStatus": None, "hostNodeName": "n"}  # fmt: skip
DAG = {"id": "w", "name": "w", "displayName": "w", "type": "DAG", "phase": "Failed", "startedAt": TIME}
STATUS = {"phase": "Failed", "startedAt": TIME, "finishedAt": "2026-02-23T06:02:06Z", "progress": "1/2",
          "estimatedDuration": 9, "outputs": {"parameters": [{"name": "reason", "value": "crashed"}, {"name": "x"}]},
          "nodes": {"w": DAG, "w-1": NODE}}  # fmt: skip


def workflow(**status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "w", "managedFields": [{}]}, "spec": {"hooks": {}}, "status": {**STATUS, **status}}


def test_it_is_drawn_as_a_run_of_this_machine() -> None:
    picture = frame(shown(workflow()), datetime(2026, 2, 23, 7, tzinfo=UTC), Canvas(width=80))
    assert picture.splitlines() == [
        "Name:     w",
        "Status:   Failed",
        "Duration: 2m05s (1/2)",
        "Outputs:",
        "  reason: crashed",
        "",
        "STEP          TEMPLATE  DURATION  MESSAGE",
        "✖ w                     59m59s",
        "└─✖ train(0)  train     0s        Error (exit code 1)",
    ]


def test_packed_nodes_are_shown_too() -> None:
    packed = base64.b64encode(gzip.compress(json.dumps({"w-1": NODE}).encode())).decode()
    assert list(shown(workflow(nodes=None, compressedNodes=packed)).status.nodes) == ["w-1"]


@pytest.mark.parametrize(
    "status",
    [{}, {"phase": ""}, {"phase": "Unheard"}, {"phase": 5}, {"nodes": {"a": {"type": "Plugin"}, "b": 5}, "phase": ""}],
    ids=["nothing yet", "not taken up", "an unknown phase", "no text", "nodes of no known type"],
)
def test_what_cannot_be_shown_is_left_out(status: dict[str, Any]) -> None:
    found = shown({"metadata": {"name": "w"}, "status": status})
    assert (found.status.phase, dict(found.status.nodes)) == (None, {})
    assert shown({"metadata": {"name": "w"}}).status.phase is None
