"""How far the batch moved from the data of the last promoted model: the population stability index of each column.

A shift is evidence for a person, not a gate: it says where to look when a model got better or worse.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from steps.card import distribution
from steps.card.distribution import Distribution
from steps.card.facts import Drift, Shift
from steps.contract import Contract

MODERATE, LARGE = 0.1, 0.25
"""Rules of thumb of credit scoring (Siddiqi, Credit Risk Scorecards, 2006): below is stable, above is a shift."""


def drift(frame: pd.DataFrame, contract: Contract, before: Mapping[str, Distribution], version: str) -> Drift:
    """Return every column of the batch against `before`, the distributions of that version's data."""
    shifts = [_shift(name, frame, contract, before) for name in contract.columns]
    shifts.sort(key=lambda shift: (shift.stability is None, -(shift.stability or 0.0), shift.column))
    return Drift(version, tuple(shifts))


def stability(before: Distribution, now: Distribution) -> float:
    """Return the population stability index of two distributions over the same bins; 0 is equal.

    Σ (now − before) · ln(now / before) over the bins' shares. Half a row is added to each bin, so that a bin that was
    empty once is a large shift and not an infinite one. Missing values are a bin of their own.
    """
    pairs = list(zip((*before.counts, before.missing), (*now.counts, now.missing), strict=True))
    pairs = [pair for pair in pairs if any(pair)]
    was, this = (sum(pair[side] + 0.5 for pair in pairs) for side in (0, 1))
    shares = [((a + 0.5) / was, (b + 0.5) / this) for a, b in pairs]
    return math.fsum((b - a) * math.log(b / a) for a, b in shares)


def word(value: float | None) -> str:
    """Return what an index means in a word."""
    if value is None:
        return "not compared"
    return "stable" if value < MODERATE else "moderate" if value < LARGE else "shifted"


def _shift(name: str, frame: pd.DataFrame, contract: Contract, before: Mapping[str, Distribution]) -> Shift:
    missing = float(frame[name].isna().mean()) if len(frame) else 0.0
    if contract.columns[name].personal:
        return Shift(name, None, None, 0.0, missing, "personal: not kept")
    if name not in before:
        return Shift(name, None, None, 0.0, missing, "not in that data")
    was = before[name]
    share = was.missing / was.rows if was.rows else 0.0
    if was.names if contract.columns[name].dtype in ("integer", "number") else was.edges:
        return Shift(name, None, None, share, missing, "was of another kind")
    now = distribution.like(frame[name], was)
    present = sum(now.counts)
    new = now.counts[-1] / present if was.names and present else None
    return Shift(name, stability(was, now), new, share, missing)
