"""What `evaluate` measured on the holdout, and what a gate is judged by. `findings` goes from the one to the other.

Values only: everything is of the same held-out rows, so any two numbers here may be compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from steps.bootstrap import Interval, Resamples
from steps.document import Document
from steps.fairness import Fairness
from steps.metrics import Metrics
from steps.model import Predictions, Trained, Truth


@dataclass(frozen=True, slots=True)
class Champion:
    """The model in production as `evaluate` met it: its version, "" if there is none, and its metrics.

    `problem` says why it could not be measured, `predicted` what it answered if it could. `notice` says what makes the
    comparison unfair, "" if nothing does.
    """

    version: str = ""
    metrics: Metrics | None = None
    problem: str = ""
    predicted: Predictions | None = None
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """The held-out rows: what they are, what is true of them, and what the model and the dummy said.

    `expected` are the groups of the whole batch, by column: one that is not held out would be missed here.
    """

    rows: pd.DataFrame
    truth: Truth
    predicted: Predictions
    dummy: Predictions
    expected: Mapping[str, frozenset[str]]
    resamples: Resamples


@dataclass(frozen=True, slots=True)
class Moved:
    """How far the batch moved from the data of `version`, "" if production is empty; `problem` says why nobody knows.

    By column, where it can be compared: `stability`, the population stability index, `distance`, Wasserstein's in
    standard deviations, and `new`, the share of categories that were not there; `why` says why it cannot. `labels` are
    the shares of positives then and now.
    """

    version: str = ""
    problem: str = ""
    stability: Mapping[str, float] = field(default_factory=dict)
    distance: Mapping[str, float] = field(default_factory=dict)
    new: Mapping[str, float] = field(default_factory=dict)
    why: Mapping[str, str] = field(default_factory=dict)
    labels: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything gates ask for: the holdout, and metrics of the model, of the dummy and of the champion on it.

    `exported` is what the exported file answers on it, None without one.
    """

    document: Document
    trained: Trained
    held: Held
    metrics: Metrics
    baseline: Metrics
    champion: Champion
    fairness: Mapping[str, Fairness]
    moved: Moved = Moved()
    exported: Predictions | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What one gate is judged by: `value` is None where there is no number, `evidence` one sentence.

    `interval` is where the value lies (low, high). `groups` are those it is about, the one worst off first. With
    `waived` the document lets the gate pass although there is no value.
    """

    value: float | None
    evidence: str
    interval: Interval | None = None
    groups: tuple[str, ...] = ()
    waived: bool = False
