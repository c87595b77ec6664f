"""Builders of evidence for the report card's tests: the loans document, scores that are mostly right, two groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from documents import document
from frames import loans

from steps import profile
from steps.card import build, distribution
from steps.card.build import Evidence, Judgement, Met
from steps.card.facts import Absent, Answers, Card, Champion
from steps.document import Document

GATES: tuple[dict[str, Any], ...] = (
    {"name": "accuracy", "kind": "metric", "metric": "accuracy", "value": 0.91, "comparison": "above",
     "threshold": 0.8, "passed": True, "evidence": "accuracy 0.91 on the holdout"},
    {"name": "fair", "kind": "fairness", "metric": "disparate_impact", "value": 0.85, "comparison": "above",
     "threshold": 0.9, "passed": False, "evidence": "favourable for 40.0% of 'a' (50 rows)", "interval": [0.7, 0.97]},
)  # fmt: skip
HOLDOUT = 60
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\x00\u202e{{ 7 * 7 }}$\\frac"


def answers(truth: Any, wrong: int = 5, seed: int = 0) -> Answers:
    """Return answers of which about one in `wrong` is not the truth's."""
    noise = np.random.default_rng(seed).uniform(0, 0.5, len(truth))
    scores = np.where(np.arange(len(truth)) % wrong == 0, 1 - truth, truth) * 0.5 + noise
    return Answers((scores > 0.5).astype(np.int64), scores, True)


def truth(rows: int = HOLDOUT) -> Any:
    return np.array([row % 3 == 0 for row in range(rows)], dtype=np.int64)


def evidence(of: Document | None = None, **changes: Any) -> Evidence:
    """Return evidence of a rejected classifier while production is empty."""
    of = of or document()
    frame, actual = loans(of), truth()
    made = Evidence(
        task="classification",
        document=of,
        frame=frame,
        profile=profile.profile(frame, of.contract),
        rows={"train": 140, "holdout": HOLDOUT},
        truth=actual,
        answers=answers(actual),
        groups={"group": np.array(["a", "b"] * (HOLDOUT // 2), dtype=object)},
        met=Met(Champion()),
        judgement=Judgement("reject", GATES, {"accuracy": 0.91, "log_loss": 0.3}, {"accuracy": 0.6},
                            frozenset({"log_loss"})),
        provenance={"Batch": {"batch": "2026-02-23", "data hash": "ab" * 32}, "Run": {"git SHA": None}},
    )  # fmt: skip
    return replace(made, **changes)


def met(of: Document | None = None, **changes: Any) -> Met:
    """Return a champion that was measured, whose data was the same."""
    of = of or document()
    found = Met(
        Champion("2026-02-16.1-5b0c77aa"),
        answers(truth(), wrong=4, seed=1),
        {"accuracy": 0.9, "log_loss": 0.35},
        distribution.distributions(loans(of), of.contract),
    )
    return replace(found, **changes)


def regression(**changes: Any) -> Evidence:
    """Return evidence of a regressor."""
    random = np.random.default_rng(3)
    actual = random.normal(100, 20, HOLDOUT)
    said = Answers(np.zeros(HOLDOUT, dtype=np.int64), actual + random.normal(0, 5, HOLDOUT))
    gate = {"name": "error", "kind": "metric", "metric": "rmse", "value": 4.9, "comparison": "below",
            "threshold": 8.0, "passed": True, "evidence": "rmse 4.9 on the holdout"}  # fmt: skip
    return evidence(
        task="regression", truth=actual, answers=said,
        judgement=Judgement("deploy", (gate,), {"rmse": 4.9}, {"rmse": 20.0}, frozenset({"rmse"})),
        **changes,
    )  # fmt: skip


def card(**changes: Any) -> Card:
    return build.card(evidence(**changes))


def hostile() -> Card:
    of = document(description=HOSTILE.split("{{")[0], owner="<b onclick=x>")
    group = np.array([HOSTILE, "東京"] * 30, dtype=object)
    gate = {**GATES[1], "evidence": HOSTILE}
    made = evidence(
        of, groups={"group": group}, judgement=Judgement("reject", (gate,), {"accuracy": 0.9}, {}),
        met=met(champion=Champion(HOSTILE)), provenance={HOSTILE: {HOSTILE: HOSTILE}},
    )  # fmt: skip
    found = build.card(made)
    spoilt = replace(found.columns[0], name=HOSTILE, looks=HOSTILE)
    return replace(found, columns=(spoilt, *found.columns[1:]), drift=Absent(HOSTILE))


def bare() -> Card:
    """Return a card on which nothing is that could be absent."""
    none: Any = np.array([], dtype=np.int64)
    return card(
        truth=none, answers=answers(none), groups={}, judgement=Judgement("reject", (), {}, {}), provenance={},
        met=met(champion=Champion("v1", "its model file is not there"), answers=None, before=None),
    )  # fmt: skip


def large() -> Card:
    columns = {f"column_with_a_rather_long_name_{number}": {"dtype": "number"} for number in range(200)}
    of = document(contract__columns={**document().contract.model_dump()["columns"], **columns})
    frame = loans(document())
    frame = pd.concat([frame, pd.DataFrame(dict.fromkeys(columns, frame["income"]))], axis=1)
    group = np.array([f"group number {row % 100}" for row in range(60)], dtype=object)
    gates = tuple({**GATES[0], "name": f"gate-{number}", "evidence": "e" * 300} for number in range(30))
    return build.card(
        replace(evidence(met=met()), document=of, frame=frame, profile=profile.profile(frame, of.contract),
                groups={"group": group}, judgement=Judgement("reject", gates, {"accuracy": 0.9}, {"accuracy": 0.5}))
    )  # fmt: skip


CARDS: dict[str, Callable[[], Card]] = {
    "rejected": card,
    "champion": lambda: card(met=met()),
    "regression": lambda: build.card(regression()),
    "hostile": hostile,
    "bare": bare,
    "large": large,
}
