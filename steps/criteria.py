"""The gates as the document declares them: what is measured, and on which side of which threshold it must lie.

`steps.document` holds them, `steps.findings` measures, `steps.gates` judges. A gate has a kind, and a metric by
scikit-learn's name or by that of what is measured.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints, model_validator

from steps.contract import ColumnName, Value

ClassMetric = Literal[
    "accuracy", "balanced_accuracy", "average_precision", "brier_score", "f1", "log_loss", "precision", "recall",
    "roc_auc",
]  # fmt: skip
NumberMetric = Literal["explained_variance", "mae", "mape", "r2", "rmse"]
Metric = ClassMetric | NumberMetric
Task = Literal["classification", "regression"]
METRICS: dict[Task, tuple[str, ...]] = {"classification": get_args(ClassMetric), "regression": get_args(NumberMetric)}
CHECK = r"steps\.checks(\.[A-Za-z][A-Za-z0-9_]*){2,}"


class _Gate(Value):
    """A gate passes when its value is strictly above, or strictly below, the threshold; NaN never passes."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    above: float | None = None
    below: float | None = None

    @model_validator(mode="after")
    def _one_threshold(self) -> _Gate:
        if (self.above is None) == (self.below is None):
            raise ValueError("give exactly one of above and below")
        return self


class _Sampled(_Gate):
    """With `confidence` the value judged is the bound that the estimate keeps with it (one-sided, by the bootstrap)."""

    confidence: Annotated[float, Field(gt=0.5, lt=1)] | None = None


class _Grouped(_Sampled):
    """Groups with fewer than `min_rows` held-out rows block the gate as undetermined, or are left out and named."""

    min_rows: Annotated[int, Field(ge=1)] = 10
    small_groups: Literal["block", "leave-out"] = "block"


class MetricGate(_Sampled):
    """A metric of the model on the holdout."""

    kind: Literal["metric"]
    metric: Metric


class FairnessGate(_Grouped):
    """A fairness metric of the model on the holdout, by the sensitive attribute.

    `disparate_impact` is the smallest group's rate of favourable predictions over the largest's (0 to 1);
    `equalized_odds_difference` the larger of the groups' differences in true and false positive rate (0 to 1).
    """

    kind: Literal["fairness"]
    metric: Literal["disparate_impact", "equalized_odds_difference"]


class SliceGate(_Grouped):
    """A metric on each group of rows with one value of the column `by`: the worst, or largest less smallest."""

    kind: Literal["slice"]
    metric: Metric
    by: ColumnName
    compare: Literal["worst", "difference"] = "worst"


class BaselineGate(_Sampled):
    """The metric's gain over a dummy that predicts from the target's shares or mean alone, on the same holdout."""

    kind: Literal["baseline"]
    metric: Metric


class ChampionGate(_Sampled):
    """The metric's gain over the model in production, on the same holdout; passes while production is empty."""

    kind: Literal["champion"]
    metric: Metric


class DriftGate(_Gate):
    """How far the batch moved from the data of the model in production; passes while production is empty.

    Judged is the largest of `columns`, or of the features: the population stability index, the first Wasserstein
    distance in standard deviations of that data, or the share of the rows (0 to 1) whose category was not there.
    `label_rate` is how much the share (0 to 1) of the positive class changed.
    """

    kind: Literal["drift"]
    metric: Literal["stability_index", "wasserstein_distance", "new_categories", "label_rate"]
    columns: tuple[ColumnName, ...] = ()


class CostGate(_Gate):
    """What a prediction costs: milliseconds that one row takes (the median of several), or mebibytes of the file."""

    kind: Literal["cost"]
    metric: Literal["latency_ms", "size_mib"]


class ParityGate(_Gate):
    """How far the exported file's answers are from the model's, on the holdout.

    `score_difference` is the largest of the probabilities (0 to 1), or of a regression's numbers (the target's unit);
    `label_difference` the share of rows (0 to 1) with another label.
    """

    kind: Literal["parity"]
    metric: Literal["score_difference", "label_difference"]


class CheckGate(_Gate):
    """A number from a function of your own, `steps.checks.<module>.<function>`; see `steps/checks/__init__.py`."""

    kind: Literal["check"]
    metric: Annotated[str, StringConstraints(pattern=rf"^{CHECK}$", max_length=120)]


Gate = Annotated[
    MetricGate | FairnessGate | SliceGate | BaselineGate | ChampionGate | DriftGate | CostGate | ParityGate | CheckGate,
    Field(discriminator="kind"),
]
