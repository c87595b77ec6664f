from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from documents import document

from steps.criteria import Gate
from steps.gates import decide, judge, rounded
from steps.measured import Found


def gates(*declared: Mapping[str, Any]) -> tuple[Gate, ...]:
    return document(gates=[{"name": f"gate-{n}", **gate} for n, gate in enumerate(declared)]).gates


ACCURACY = {"kind": "metric", "metric": "accuracy"}
JUDGED: dict[str, tuple[dict[str, Any], Found, bool]] = {
    "above": ({"above": 0.8}, Found(0.9, ""), True),
    "not above": ({"above": 0.95}, Found(0.9, ""), False),
    "equal is not above": ({"above": 0.9}, Found(0.9, ""), False),
    "below": ({"below": 0.4}, Found(0.3, ""), True),
    "equal is not below": ({"below": 0.3}, Found(0.3, ""), False),
    "no number is not above": ({"above": 0}, Found(None, ""), False),
    "no number is not below": ({"below": 0}, Found(None, ""), False),
    "NaN": ({"above": 0}, Found(float("nan"), ""), False),
    "infinity is not above": ({"above": 0}, Found(float("inf"), ""), False),
    "minus infinity is not below": ({"below": 0}, Found(float("-inf"), ""), False),
    "waived by the document": ({"above": 0}, Found(None, "", waived=True), True),
    "waived, but there is a number": ({"above": 0.95}, Found(0.9, "", waived=True), False),
    "a bad number with a good interval": ({"above": 0.95}, Found(0.9, "", (0.96, 0.99)), False),
}


@pytest.mark.parametrize(("declared", "found", "passed"), JUDGED.values(), ids=JUDGED)
def test_a_gate_passes_on_the_right_side_of_its_threshold_only(
    declared: dict[str, Any], found: Found, passed: bool
) -> None:
    [gate] = gates({**ACCURACY, **declared})
    judged = judge(gate, found)
    assert judged.passed is passed
    assert decide((gate,), (judged,)) == ("deploy" if passed else "reject")
    assert json.dumps(judged.to_json(), allow_nan=False)


def test_deploy_needs_every_declared_gate() -> None:
    declared = gates(*({**ACCURACY, "above": threshold} for threshold in (0.8, 0.95, 0.8)))
    judged = tuple(judge(gate, Found(0.9, "")) for gate in declared)
    assert decide(declared, judged) == "reject"
    assert decide((declared[0], declared[2]), (judged[0], judged[2])) == "deploy"
    assert decide((declared[0], declared[2]), (judged[0],)) == "reject"
    assert decide((), ()) == "reject"


def test_a_gate_is_recorded_in_full() -> None:
    [gate] = gates({"kind": "baseline", "metric": "roc_auc", "above": 0.2})
    assert judge(gate, Found(0.3, "so and so", (0.25, 2 / 3), ("f", "x" * 500))).to_json() == {
        "name": "gate-0", "kind": "baseline", "metric": "roc_auc", "value": 0.3, "comparison": "above",
        "threshold": 0.2, "passed": True, "evidence": "so and so", "interval": [0.25, 0.666667],
        "groups": ["f", "x" * 40],
    }  # fmt: skip


@pytest.mark.parametrize("ends", [None, (float("nan"), 1.0), (0.0, float("inf"))])
def test_what_is_no_interval_is_not_recorded(ends: tuple[float, float] | None) -> None:
    [gate] = gates({**ACCURACY, "above": 0})
    assert "interval" not in judge(gate, Found(0.3, "", ends)).to_json()


def test_numbers_in_records_are_rounded_but_gates_are_judged_before() -> None:
    [gate] = gates({**ACCURACY, "above": 0.9})
    found = judge(gate, Found(0.90000004, ""))
    assert (found.passed, found.to_json()["value"]) == (True, 0.9)
    assert rounded(2 / 3) == 0.666667
