"""Parity: how far an exported file's answers are from the model's on the held-out rows. For `findings`."""

from __future__ import annotations

import numpy as np

from steps.measured import Found
from steps.model import Predictions


def measure(metric: str, model: Predictions, exported: Predictions | None) -> Found:
    """Return `score_difference` or `label_difference` (see `steps.criteria.ParityGate`); None without any answers."""
    if exported is None:
        return Found(None, "there is no exported file")
    if not len(model.scores):
        return Found(None, "no row is held out")
    apart = np.abs(model.scores - exported.scores)
    lost = int(np.sum(~np.isfinite(apart)))
    if lost:
        return Found(None, f"the answer of ONNX or of the model is no number in {lost:,} of {len(apart):,} rows")
    others = int(np.sum(model.labels != exported.labels))
    value = float(apart.max()) if metric == "score_difference" else others / len(apart)
    labels = f", {others} of {len(apart):,} labels differ" if model.probabilities else f" over {len(apart):,} rows"
    return Found(value, f"ONNX and model are at most {apart.max():.3g} apart{labels}")
