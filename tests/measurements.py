"""Builders of what `evaluate` measures, from literal truth and scores, for tests of what gates are judged by."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from steps import bootstrap, metrics
from steps.criteria import Gate
from steps.document import Document
from steps.measured import Champion, Held, Measured
from steps.model import Predictions, Trained, about


def classes(scores: list[float] | np.ndarray) -> Predictions:
    """Return a classifier's answers, positive from a half on."""
    values = np.asarray(scores, dtype=np.float64)
    return Predictions((values >= 0.5).astype(np.int64), values, True)


def numbers(values: list[float] | np.ndarray) -> Predictions:
    """Return a regressor's answers."""
    return Predictions(np.zeros(len(values), dtype=np.int64), np.asarray(values, dtype=np.float64), False)


def measured(of: Document, rows: pd.DataFrame, predicted: Predictions, rival: Predictions | None = None) -> Measured:
    """Return what was measured on these rows, which have the target, against a champion `v1` that said `rival`."""
    model, task = of.model, of.model.task
    truth = rows[model.target].to_numpy(dtype=np.float64 if task == "regression" else np.int64)
    dummy = classes([truth.mean()] * len(rows)) if task == "classification" else numbers([truth.mean()] * len(rows))
    champion = Champion("v1", metrics.measure(truth, rival, task), predicted=rival) if rival else Champion()
    held = Held(
        rows=rows,
        truth=truth,
        predicted=predicted,
        dummy=dummy,
        expected={name: frozenset(rows[name].astype(str)) for name in rows if rows[name].nunique() < 10},
        resamples=bootstrap.resamples(len(rows), model.seed),
    )
    mine, least = metrics.measure(truth, predicted, task), metrics.measure(truth, dummy, task)
    return Measured(of, Trained(None, about(of, rows)), held, mine, least, champion, {})


def gate(of: Document) -> Gate:
    """Return the document's first gate."""
    return of.gates[0]


def declared(**gate: Any) -> list[dict[str, Any]]:
    return [{"name": "gate", **gate}]
