from __future__ import annotations

from typing import Any

import pytest
from documents import document
from pydantic import ValidationError

GATE: dict[str, Any] = {"name": "like-before", "kind": "drift", "metric": "stability_index", "below": 0.25}
PERSONAL: dict[str, Any] = {
    f"contract__columns__{name}": {"dtype": dtype, "personal": True}
    for name, dtype in (("income", "number"), ("credit_score", "integer"))
}
WRONG: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "no such column": ({"columns": ["z"]}, {}, "column 'z' is not in the contract"),
    "a personal column": ({"columns": ["income"]}, PERSONAL, "column 'income' is personal: nothing of it is kept"),
    "only personal features": ({}, PERSONAL, "every feature is personal"),
    "a label rate of columns": ({"metric": "label_rate", "columns": ["income"]}, {}, "no columns"),
    "a label rate of numbers": (
        {"metric": "label_rate"}, {"model__positive": None, "model__target": "income", "model__features": ["group"]},
        "label_rate is of the target of a classification",
    ),
    "no such metric": ({"metric": "accuracy"}, {}, "Input should be 'stability_index'"),
    "no threshold": ({"below": None}, {}, "give exactly one of above and below"),
}  # fmt: skip


@pytest.mark.parametrize(("gate", "changes", "says"), WRONG.values(), ids=WRONG)
def test_a_drift_gate_that_could_never_be_judged_is_refused(
    gate: dict[str, Any], changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValidationError, match=says):
        document(gates=[{**GATE, **gate}], **changes)


@pytest.mark.parametrize("columns", [[], ["group", "approved"]], ids=["the features", "any column"])
def test_a_drift_gate_names_columns_or_means_the_features(columns: list[str]) -> None:
    assert document(gates=[{**GATE, "columns": columns}]).gates[0].metric == "stability_index"
