"""Thresholds lie below what was measured and above guessing, and say where they come from."""

from __future__ import annotations

from typing import Any

import pytest

from steps.document import Document
from steps.draft.column import Facts
from steps.draft.criterion import gates, primary
from steps.draft.measurement import Candidate, Measured, Spread
from steps.draft.target import Target

CLASSES = Target("y", "classification", "yes", 0.4)
RARE = Target("y", "classification", "yes", 0.03)
NUMBERS = Target("y", "regression")
SEX = Facts("sex", "string", 400, 0, 2, values=(("f", 200), ("m", 200)))


def measured(**spreads: tuple[float, float]) -> Measured:
    return Measured(Candidate("x", "y"), {name: Spread(*spread) for name, spread in spreads.items()})


def thresholds(found: Measured, wanted: Target, sensitive: Facts | None = None) -> dict[str, Any]:
    return {gate["name"]: gate.get("above", gate.get("below")) for gate, _ in gates(found, wanted, sensitive)}


TABLE: dict[str, tuple[Measured, Target, dict[str, float]]] = {
    "two deviations below": (measured(roc_auc=(0.85, 0.03)), CLASSES, {"roc-auc": 0.79, "better-than-dummy": 0.17}),
    "a margin where folds agree": (measured(roc_auc=(0.9, 0.0)), CLASSES, {"roc-auc": 0.88, "better-than-dummy": 0.2}),
    "rare classes are ranked": (
        measured(average_precision=(0.43, 0.05)),
        RARE,
        {"average-precision": 0.33, "better-than-dummy": 0.2},
    ),
    "numbers": (measured(r2=(0.6, 0.1)), NUMBERS, {"r2": 0.4, "better-than-dummy": 0.3}),
    "no better than guessing": (
        measured(roc_auc=(0.51, 0.02)),
        CLASSES,
        {"roc-auc": 0.47, "better-than-dummy": 0.02},
    ),
    "not measured": (measured(), CLASSES, {"better-than-dummy": 0.02}),
}


@pytest.mark.parametrize(("found", "wanted", "expected"), TABLE.values(), ids=TABLE)
def test_thresholds(found: Measured, wanted: Target, expected: dict[str, float]) -> None:
    assert thresholds(found, wanted) == pytest.approx({**expected, "no-worse-than-production": -0.02})


def test_a_hopeless_sample_is_called_so() -> None:
    said = {gate["name"]: comment for gate, comment in gates(measured(roc_auc=(0.51, 0.02)), CLASSES, None)}
    assert "expect a rejection" in said["better-than-dummy"]


def test_fairness_is_gated_where_groups_are_named() -> None:
    assert thresholds(measured(roc_auc=(0.8, 0.0)), CLASSES, SEX)["disparate-impact"] == 0.8
    assert thresholds(measured(r2=(0.5, 0.0), mae=(1234.0, 9.0)), NUMBERS, SEX)["same-error-for-all"] == 310


@pytest.mark.parametrize("wanted", [CLASSES, RARE, NUMBERS], ids=["classes", "rare", "numbers"])
def test_the_document_knows_each_gate(wanted: Target) -> None:
    found = measured(r2=(0.5, 0.1), mae=(9.0, 1.0), roc_auc=(0.8, 0.1), average_precision=(0.4, 0.1))
    assert primary(wanted) in [gate["metric"] for gate, _ in gates(found, wanted, SEX)]
    columns = {"y": {"dtype": "string" if wanted.positive else "number"}, "sex": {"dtype": "string"}}
    model = {"target": "y", "features": ["x"], "sensitive": "sex", "estimator": "sklearn.linear_model.Ridge"}
    positive = {"positive": wanted.positive} if wanted.positive else {}
    Document.model_validate(
        {
            "name": "x",
            "owner": "a",
            "description": "b",
            "data": {"bucket": "retrain", "prefix": "x"},
            "contract": {"columns": {**columns, "x": {"dtype": "number"}}},
            "model": {**model, **positive},
            "gates": [gate for gate, _ in gates(found, wanted, SEX)],
        }
    )
