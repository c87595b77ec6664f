from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from documents import document

from steps.document import Gate
from steps.fairness import Fairness
from steps.gates import Champion, Measured, decide, judge, rounded

MEASURED = Measured(
    metrics={"roc_auc": 0.8, "log_loss": 0.3, "accuracy": 0.9, "precision": None},
    baseline={"roc_auc": 0.5, "log_loss": 0.4},
    champion=Champion("2026-02-16.1-abc", {"roc_auc": 0.75}),
    fairness={"disparate_impact": Fairness(0.85, "so and so", ("f", "m"))},
)


def gates(*declared: Mapping[str, Any]) -> tuple[Gate, ...]:
    return document(gates=[{"name": f"gate-{n}", **gate} for n, gate in enumerate(declared)]).gates


JUDGED: dict[str, tuple[dict[str, Any], float | None, bool, str]] = {
    "above": ({"kind": "metric", "metric": "accuracy", "above": 0.8}, 0.9, True, "accuracy 0.9 on the holdout"),
    "not above": ({"kind": "metric", "metric": "accuracy", "above": 0.95}, 0.9, False, ""),
    "equal is not above": ({"kind": "metric", "metric": "accuracy", "above": 0.9}, 0.9, False, ""),
    "below": ({"kind": "metric", "metric": "log_loss", "below": 0.4}, 0.3, True, ""),
    "equal is not below": ({"kind": "metric", "metric": "log_loss", "below": 0.3}, 0.3, False, ""),
    "undefined": ({"kind": "metric", "metric": "precision", "above": 0}, None, False, "precision undefined"),
    "undefined is not below": ({"kind": "metric", "metric": "precision", "below": 9}, None, False, ""),
    "absent": ({"kind": "metric", "metric": "recall", "above": 0}, None, False, ""),
    "baseline": (
        {"kind": "baseline", "metric": "roc_auc", "above": 0.2},
        0.3,
        True,
        "roc_auc 0.8 against 0.5 of the class shares alone",
    ),
    "baseline where less is better": ({"kind": "baseline", "metric": "log_loss", "above": 0.05}, 0.1, True, ""),
    "baseline undefined": ({"kind": "baseline", "metric": "f1", "above": 0}, None, False, ""),
    "champion": (
        {"kind": "champion", "metric": "roc_auc", "above": -0.01},
        0.05,
        True,
        "roc_auc 0.8 against 0.75 of version 2026-02-16.1-abc in production",
    ),
    "fairness": ({"kind": "fairness", "metric": "disparate_impact", "above": 0.9}, 0.85, False, "so and so"),
}


@pytest.mark.parametrize(("declared", "value", "passed", "evidence"), JUDGED.values(), ids=JUDGED)
def test_a_gate_passes_on_the_right_side_of_its_threshold_only(
    declared: dict[str, Any], value: float | None, passed: bool, evidence: str
) -> None:
    [gate] = gates(declared)
    found = judge(gate, MEASURED)
    assert (found.value, found.passed) == (pytest.approx(value), passed)
    assert evidence in found.evidence
    assert decide((gate,), (found,)) == ("deploy" if passed else "reject")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), None])
@pytest.mark.parametrize("side", ["above", "below"])
def test_no_number_never_passes(value: float | None, side: str) -> None:
    [gate] = gates({"kind": "metric", "metric": "accuracy", side: 0})
    found = judge(gate, replace(MEASURED, metrics={"accuracy": value}))
    assert (found.value, found.passed) == (None, False)
    assert json.dumps(found.to_json(), allow_nan=False)


CHAMPION = {"kind": "champion", "metric": "roc_auc", "above": 0.5}


def test_the_champion_s_gate_passes_while_production_is_empty() -> None:
    [gate] = gates(CHAMPION)
    found = judge(gate, replace(MEASURED, champion=Champion()))
    assert (found.value, found.passed, found.evidence) == (None, True, "production is empty")


def test_a_champion_that_cannot_be_measured_stops_the_model() -> None:
    [gate] = gates(CHAMPION)
    found = judge(gate, replace(MEASURED, champion=Champion("v1", problem="it is of another scikit-learn")))
    assert (found.value, found.passed) == (None, False)
    assert found.evidence == "version v1 cannot be measured: it is of another scikit-learn"


def test_deploy_needs_every_declared_gate() -> None:
    good = {"kind": "metric", "metric": "accuracy", "above": 0.8}
    declared = gates(good, {**good, "above": 0.95}, good)
    judged = tuple(judge(gate, MEASURED) for gate in declared)
    assert decide(declared, judged) == "reject"
    assert decide((declared[0], declared[2]), (judged[0], judged[2])) == "deploy"
    assert decide((declared[0], declared[2]), (judged[0],)) == "reject"
    assert decide((), ()) == "reject"


def test_a_gate_is_recorded_in_full() -> None:
    [gate] = gates({"kind": "baseline", "metric": "roc_auc", "above": 0.2})
    assert judge(gate, MEASURED).to_json() == {
        "name": "gate-0", "kind": "baseline", "metric": "roc_auc", "value": 0.3, "comparison": "above",
        "threshold": 0.2, "passed": True, "evidence": "roc_auc 0.8 against 0.5 of the class shares alone",
    }  # fmt: skip


def test_a_fairness_gate_s_record_names_its_groups() -> None:
    [gate] = gates({"kind": "fairness", "metric": "disparate_impact", "above": 0.9})
    assert judge(gate, MEASURED).to_json()["groups"] == ["f", "m"]
    long = replace(MEASURED, fairness={"disparate_impact": Fairness(0.5, "", ("x" * 500, "m"))})
    assert judge(gate, long).to_json()["groups"] == ["x" * 40, "m"]


def test_numbers_in_records_are_rounded_but_gates_are_judged_before() -> None:
    [gate] = gates({"kind": "metric", "metric": "accuracy", "above": 0.9})
    found = judge(gate, replace(MEASURED, metrics={"accuracy": 0.90000004}))
    assert (found.passed, found.to_json()["value"]) == (True, 0.9)
    assert rounded(2 / 3) == 0.666667
