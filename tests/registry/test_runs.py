"""What a run is called, and what it came to as far as its Workflow shows."""

from __future__ import annotations

import json

import pytest

from steps.registry.runs import Look, name_of
from steps.verdict import Conclusion, Reason

FAILED = json.dumps([{"displayName": "train", "templateName": "train", "message": "main: Error (exit code 3)"}])
PROMOTED = json.dumps({"deploy-verdict": Conclusion(Reason.PROMOTED, "it is").to_json()})
STOPPED = "Stopped with strategy 'Terminate'"

CASES = {
    "a step failed": (Look("w", "u", "Failed", status="Failed", failures=FAILED), Reason.CRASHED, "exit code 3"),
    "its engine died": (Look("w", "u", "Error", "the engine died"), Reason.CRASHED, "w failed: the engine died"),
    "it took too long": (
        Look("w", "u", "Failed", "Max duration limit exceeded", status="Failed"),
        Reason.DEADLINE,
        "w exceeded its deadline",
    ),
    "a person stopped it": (Look("w", "u", "Failed", STOPPED, status="Failed"), Reason.STOPPED, "stopped in w"),
    "a person stopped it between a failure and its retry": (
        Look("w", "u", "Failed", STOPPED, status="Failed", failures=FAILED),
        Reason.STOPPED,
        "stopped in w",
    ),
    "a person stopped it after it had promoted": (
        Look("w", "u", "Failed", STOPPED, status="Failed", failures=FAILED, outputs=PROMOTED),
        Reason.PROMOTED,
        "it is",
    ),
    "nothing says why": (Look("w", "u", "Failed"), Reason.UNKNOWN, "ended 'Failed' and no step said why"),
    "its failures are damaged": (Look("w", "u", "Failed", STOPPED, failures="5"), Reason.STOPPED, "stopped in w"),
    "it lacks a status": (Look("w", "u", "Failed", failures=FAILED), Reason.CRASHED, "exit code 3"),
}


@pytest.mark.parametrize(("look", "reason", "says"), CASES.values(), ids=CASES)
def test_what_a_run_came_to_as_its_workflow_shows(look: Look, reason: Reason, says: str) -> None:
    assert look.conclusion.reason is reason
    assert says in look.conclusion.message


@pytest.mark.parametrize(
    ("etag", "attempt", "name"),
    [
        ("0123456789ABCDEF0123456789abcdef", 1, "loans-b-0123456789ab"),
        ("0123456789abcdef0123456789abcdef-2", 1, "loans-b-0123456789ab"),
        ("0-12", 1, "loans-b-012"),
        ("0123456789abcdef", 3, "loans-b-0123456789ab-3"),
    ],
)
def test_a_run_is_called_after_its_marker_as_the_sensor_calls_it(etag: str, attempt: int, name: str) -> None:
    assert name_of("loans", "b", etag, attempt) == name


def test_the_longest_name_is_one_that_a_workflow_may_have() -> None:
    assert len(name_of("a" * 20, "b" * 24, "c" * 32, 3)) <= 63
