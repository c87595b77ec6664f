"""The card as one plain value: everything the page, the model card and the JSON say, and nothing they do not.

`build` makes it, the renderers read it. What is not there is an `Absent` with its reason, so that no renderer guesses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Task = Literal["classification", "regression"]
Decision = Literal["deploy", "reject"]
Points = tuple[tuple[float, float], ...]
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Absent:
    """Why something is not on the card, as a sentence without a full stop."""

    why: str


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate's answer. `value` is None where it is undetermined; `interval` is (low, high) where evidence has one."""

    name: str
    kind: str
    metric: str
    value: float | None
    comparison: str
    threshold: float
    passed: bool
    evidence: str
    interval: Interval | None = None

    @property
    def result(self) -> Literal["passed", "failed", "undetermined"]:
        if self.passed:
            return "passed"
        return "undetermined" if self.value is None else "failed"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of model, champion and dummy on the same holdout."""

    name: str
    model: float | None
    champion: float | None
    baseline: float | None
    lower_is_better: bool = False

    @property
    def gain(self) -> float | None:
        """Return how much better the model is than the champion: positive is better, also where lower values are."""
        if self.model is None or self.champion is None:
            return None
        return self.champion - self.model if self.lower_is_better else self.model - self.champion


@dataclass(frozen=True, slots=True)
class Champion:
    """The model in production: its version, "" if there is none, and why it could not be measured, "" if it was."""

    version: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Answers:
    """What one model answered on the holdout.

    Classification: `labels` 0 or 1 and `scores` that grow with the belief in 1, in 0 to 1 if `probabilities`.
    Regression: `scores` are the predicted values, the other two mean nothing.
    """

    labels: NDArray[np.int64]
    scores: NDArray[np.float64]
    probabilities: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A curve of one model: points from left to right, and its area where that is a metric."""

    points: Points
    area: float | None = None


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin of the calibration curve: mean score, observed share of positives with its interval, rows."""

    predicted: float
    observed: float
    interval: Interval
    rows: int


@dataclass(frozen=True, slots=True)
class Confusion:
    """Rows by truth and answer."""

    true_negative: int
    false_positive: int
    false_negative: int
    true_positive: int


@dataclass(frozen=True, slots=True)
class Binary:
    """The pictures of one classifier on the holdout."""

    roc: Line | Absent
    precision_recall: Line | Absent
    calibration: tuple[Bin, ...] | Absent
    confusion: Confusion | Absent


@dataclass(frozen=True, slots=True)
class Residuals:
    """The pictures of one regressor: (predicted, truth) of some rows, and (low, median, high) of residuals by bin."""

    points: Points
    rows: int
    bands: tuple[tuple[float, float, float, float], ...]
    """(mean prediction, 10th, 50th and 90th percentile of truth − prediction)."""
    histogram: tuple[tuple[float, float, int], ...]
    """(from, to, rows) of the residuals."""


Pictures = Binary | Residuals | Absent


@dataclass(frozen=True, slots=True)
class Slice:
    """One group of the holdout: its rows and, by name, the rates or errors it has, None where no row can have one."""

    name: str
    rows: int
    values: Mapping[str, float | None]
    intervals: Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class Slicing:
    """The holdout by the values of one column; `shown` of them is the one the plot shows."""

    by: str
    slices: tuple[Slice, ...]
    shown: str
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the batch: its role, how it looks, and what it was in the last promoted data."""

    name: str
    role: str
    dtype: str
    missing: int
    distinct: int
    looks: str
    bars: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Shift:
    """How far a column moved from the last promoted data; `stability` is the population stability index."""

    column: str
    stability: float | None
    new_categories: float | None
    missing_before: float
    missing_now: float
    why: str = ""


@dataclass(frozen=True, slots=True)
class Drift:
    """The columns against the data of `version`, most moved first."""

    version: str
    shifts: tuple[Shift, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """What the card is about: texts of the document, and the words for its classes."""

    pipeline: str
    description: str
    owner: str
    target: str
    positive: str
    favourable: str
    sensitive: str
    features: tuple[str, ...]
    estimator: str
    params: str
    mitigation: str


@dataclass(frozen=True, slots=True)
class Card:
    """The whole card; `provenance` are headed lists of (what, value)."""

    task: Task
    decision: Decision
    subject: Subject
    rows: Mapping[str, int]
    gates: tuple[Gate, ...]
    metrics: tuple[Metric, ...]
    champion: Champion
    model: Pictures
    rival: Pictures
    slicings: tuple[Slicing, ...] | Absent
    columns: tuple[Column, ...]
    drift: Drift | Absent
    provenance: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
