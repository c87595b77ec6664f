"""`reject` names each failed gate, and rejects even what it cannot read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from batches import arguments, written

from steps import reject


def gate(name: str, passed: bool, value: float | None = 0.5, comparison: str = "above") -> dict[str, Any]:
    return {"name": name, "kind": "metric", "metric": "accuracy", "value": value, "comparison": comparison,
            "threshold": 0.9, "passed": passed, "evidence": ""}  # fmt: skip


def call(folder: Path, evaluation: str) -> tuple[int, dict[str, Any]]:
    code = reject.main(arguments(folder, {"evaluation": evaluation}, reject.INTERFACE.writes))
    verdict: dict[str, Any] = json.loads(written(folder)["verdict"])
    return code, verdict


def test_each_failed_gate_is_named_with_value_and_threshold(tmp_path: Path) -> None:
    gates = [gate("good", True), gate("bad", False), gate("worse", False, 0.90001, "below"), gate("nan", False, None)]
    code, verdict = call(tmp_path, json.dumps({"decision": "reject", "gates": gates, "metrics": {"accuracy": 0.5}}))
    assert (code, verdict["outcome"], verdict["reason"]) == (42, "rejected", "gate")
    assert verdict["message"] == (
        "bad: accuracy 0.5 is not above 0.9; worse: accuracy 0.90001 is not below 0.9; "
        "nan: accuracy is undetermined: it is no number"
    )
    assert [failed["name"] for failed in verdict["evidence"]["failed"]] == ["bad", "worse", "nan"]


def test_the_group_that_a_gate_failed_for_is_named(tmp_path: Path) -> None:
    few = {**gate("few", False, None), "groups": ["x"], "evidence": "the group 'x' has 6 held-out rows; 10 are needed"}
    groups = [{**gate("fair", False, 0.84), "groups": ["f\n", "m"]}, few]
    _, verdict = call(tmp_path, json.dumps({"gates": groups}))
    assert verdict["message"] == (
        "fair: accuracy 0.84 is not above 0.9 for group 'f\\n', against 'm'; "
        "few: accuracy is undetermined: the group 'x' has 6 held-out rows; 10 are needed"
    )


UNREADABLE = {
    "empty": "",
    "no JSON": "{",
    "a list": "[]",
    "no gates": "{}",
    "a gate that is none": '{"gates": [1]}',
    "a gate without a value": '{"gates": [{"name": "a", "passed": false}]}',
    "the default of a lost output": "absent",
}


@pytest.mark.parametrize("evaluation", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_an_evaluation_that_cannot_be_read_is_still_a_rejection(tmp_path: Path, evaluation: str) -> None:
    code, verdict = call(tmp_path, evaluation)
    assert (code, verdict["reason"]) == (42, "gate")
    assert "cannot be read, so nothing is deployed" in verdict["message"]


@pytest.mark.parametrize("passed", ["true", 1, None], ids=repr)
def test_only_true_is_passed(tmp_path: Path, passed: Any) -> None:
    _, verdict = call(tmp_path, json.dumps({"gates": [{**gate("odd", True), "passed": passed}]}))
    assert verdict["message"].startswith("odd: ")


def test_a_rejection_without_a_failed_gate_says_so(tmp_path: Path) -> None:
    assert "names no failed gate" in call(tmp_path, '{"gates": []}')[1]["message"]
