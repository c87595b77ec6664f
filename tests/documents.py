"""Builders of pipeline documents with defaults, for every test that needs one."""

from __future__ import annotations

import copy
from typing import Any

from steps.document import Document

LOANS: dict[str, Any] = {
    "name": "loans",
    "owner": "ml-platform@example.com",
    "description": "Approve small loans.",
    "data": {"bucket": "retrain", "prefix": "incoming/loans"},
    "contract": {
        "rows": {"min": 10},
        "columns": {
            "income": {"dtype": "number", "min": 0},
            "credit_score": {"dtype": "integer", "min": 300, "max": 850},
            "group": {"dtype": "string", "allowed": ["a", "b"]},
            "approved": {"dtype": "integer", "allowed": [0, 1]},
        },
    },
    "model": {
        "target": "approved",
        "positive": 1,
        "features": ["income", "credit_score"],
        "sensitive": "group",
        "estimator": "sklearn.tree.DecisionTreeClassifier",
    },
    "gates": [{"name": "accuracy", "kind": "metric", "metric": "accuracy", "above": 0.8}],
}


def loans(**changes: Any) -> dict[str, Any]:
    """Return the loans document as a mapping; `model__seed=3` changes a nested field."""
    value = copy.deepcopy(LOANS)
    for path, change in changes.items():
        *parents, key = path.split("__")
        place = value
        for parent in parents:
            place = place.setdefault(parent, {})
        place[key] = change
    return value


def regression(**changes: Any) -> Document:
    """Return a document that predicts the income as a number."""
    told = {"target": "income", "positive": None, "features": ["credit_score"],
            "estimator": "sklearn.tree.DecisionTreeRegressor"}  # fmt: skip
    gates = [{"name": "error", "kind": "metric", "metric": "mae", "below": 1000}]
    return document(**{**{f"model__{name}": value for name, value in told.items()}, "gates": gates, **changes})


def document(**changes: Any) -> Document:
    """Return the loans document, typed."""
    return Document.model_validate(loans(**changes))
