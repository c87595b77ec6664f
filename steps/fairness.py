"""Fairness of a model on the holdout, by the groups of the sensitive attribute; the rates are fairlearn's.

Called by `evaluate`. A value that some group cannot support, for want of rows, is None: unfair until shown.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from fairlearn.metrics import MetricFrame, count, false_positive_rate, selection_rate, true_positive_rate
from numpy.typing import NDArray

from steps.bootstrap import Floats
from steps.document import Model

METRICS = ("disparate_impact", "equalized_odds_difference")


@dataclass(frozen=True, slots=True)
class Group:
    """One group on the holdout: its rows, and rates (0 to 1), None where no row could have it."""

    rows: int
    favourable_rate: float | None
    true_positive_rate: float | None
    false_positive_rate: float | None


@dataclass(frozen=True, slots=True)
class Fairness:
    """A fairness metric, None if undetermined, and the sentence that says how it came about.

    `groups` are those that it is about: the one worst off, then the one best off if a comparison was possible.
    """

    value: float | None
    evidence: str
    groups: tuple[str, ...] = ()


def by_group(
    truth: NDArray[np.int64], labels: NDArray[np.int64], group: pd.Series[str], expected: Collection[str], model: Model
) -> dict[str, Group]:
    """Return the rates of each expected group, by name; `expected` are all groups of the batch, held out or not.

    Favourable is a prediction of `model.favourable`; a favourable value that is not the positive one is its opposite.
    """
    favourable = favoured(labels, model)
    rates = {name: Group(0, None, None, None) for name in sorted(expected)}
    if not len(truth):
        return rates
    chosen = MetricFrame(
        metrics={"rows": count, "rate": selection_rate},
        y_true=truth, y_pred=favourable, sensitive_features=group.to_numpy(),
    ).by_group  # fmt: skip
    errors = MetricFrame(
        metrics={"tpr": true_positive_rate, "fpr": false_positive_rate},
        y_true=truth, y_pred=labels, sensitive_features=group.to_numpy(),
    ).by_group  # fmt: skip
    for name in chosen.index:
        of_group = truth[(group == name).to_numpy()]
        rates[str(name)] = Group(
            rows=int(chosen.loc[name, "rows"]),
            favourable_rate=float(chosen.loc[name, "rate"]),
            true_positive_rate=float(errors.loc[name, "tpr"]) if of_group.any() else None,
            false_positive_rate=float(errors.loc[name, "fpr"]) if not of_group.all() else None,
        )
    return rates


def favoured(labels: NDArray[np.int64], model: Model) -> NDArray[np.int64]:
    """Return 1 where the answer is the favourable one, else 0."""
    return labels if model.favourable in (None, model.positive) else 1 - labels


def spread(metric: str, rates: Mapping[str, Sequence[Floats]]) -> Floats:
    """Return the metric for each resample; `rates` are each group's, favourable, true and false positive."""
    if len(rates) < 2:
        return np.full(1, np.nan)
    chosen, hits, alarms = (np.array([group[place] for group in rates.values()]) for place in range(3))
    if metric == "disparate_impact":
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(chosen.min(axis=0) / chosen.max(axis=0), dtype=np.float64)
    return np.asarray(np.maximum(np.ptp(hits, axis=0), np.ptp(alarms, axis=0)), dtype=np.float64)


def measure(metric: str, groups: Mapping[str, Group]) -> Fairness:
    """Return `disparate_impact` or `equalized_odds_difference` (see `steps.criteria.FairnessGate`)."""
    if len(groups) < 2:
        return Fairness(None, f"there is one group only: {', '.join(groups) or 'none'}")
    empty = [name for name, group in groups.items() if not group.rows]
    if empty:
        return Fairness(None, f"no row of the group {empty[0]!r} is held out", (empty[0],))
    return _disparate_impact(groups) if metric == "disparate_impact" else _equalized_odds_difference(groups)


def _disparate_impact(groups: Mapping[str, Group]) -> Fairness:
    """Return the smallest rate of favourable predictions over the largest; 1 is equal."""
    rates = {name: group.favourable_rate or 0.0 for name, group in groups.items()}
    lowest, highest = min(rates, key=lambda name: rates[name]), max(rates, key=lambda name: rates[name])
    if not rates[highest]:
        return Fairness(None, "no group has a favourable prediction")
    said = "favourable for {:.1%} of {} ({} rows)"
    parts = [said.format(rates[name], repr(name), groups[name].rows) for name in (lowest, highest)]
    return Fairness(rates[lowest] / rates[highest], ", ".join(parts), (lowest, highest))


def _equalized_odds_difference(groups: Mapping[str, Group]) -> Fairness:
    differences: dict[str, float] = {}
    extremes: dict[str, tuple[str, str]] = {}
    for rate in ("true_positive_rate", "false_positive_rate"):
        values = {name: getattr(group, rate) for name, group in groups.items()}
        lacking = next((name for name, value in values.items() if value is None), None)
        if lacking is not None:
            text = f"no held-out row of the group {lacking!r} can have a {rate.replace('_', ' ')}"
            return Fairness(None, text, (lacking,))
        lowest, highest = min(values, key=lambda name: values[name]), max(values, key=lambda name: values[name])
        differences[rate] = values[highest] - values[lowest]
        extremes[rate] = (lowest, highest)
    said = [f"{rate.replace('_', ' ')}s differ by {value:.3g}" for rate, value in differences.items()]
    widest = max(differences, key=lambda rate: differences[rate])
    return Fairness(differences[widest], ", ".join(said), extremes[widest])
