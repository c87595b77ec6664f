"""The pipeline document: what a pipeline is, typed; every step and every definition reads this model and nothing else.

It has no I/O: `workflows.config` reads YAML into it, a step gets it as the JSON artifact `document`. Unknown keys are
refused everywhere, for a misspelt gate must never become an absent one.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date, time
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import Field, StringConstraints, field_validator, model_validator

from steps.contract import ColumnName, Contract, Scalar, Value, fits

PIPELINE_NAME = r"[a-z][a-z0-9-]{0,19}"
BATCH_NAME = r"[a-z0-9][a-z0-9-]{0,23}"
KEY_PART = r"[A-Za-z0-9][A-Za-z0-9._=-]*"
FILE_KEY = rf"{KEY_PART}(?:/{KEY_PART})*"
DURATION = r"[1-9][0-9]*[smh]"
QUANTITY = r"[0-9]+(?:\.[0-9]+)?(?:m|k|M|G|T|Ki|Mi|Gi|Ti)?"
SECONDS = {"s": 1, "m": 60, "h": 3600}

Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]
Duration = Annotated[str, StringConstraints(pattern=rf"^{DURATION}$")]
Quantity = Annotated[str, StringConstraints(pattern=rf"^{QUANTITY}$")]
KubernetesName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$")]


def seconds(duration: str) -> int:
    """Return a duration such as `90s`, `5m` or `2h` in seconds."""
    return int(duration[:-1]) * SECONDS[duration[-1]]


class Data(Value):
    """Where batches land; the marker is `<prefix>/<batch>/<marker>`."""

    bucket: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    prefix: Annotated[str, StringConstraints(pattern=rf"^{FILE_KEY}$", max_length=200)]
    marker: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$")] = "_READY.json"
    since: date | None = None

    @property
    def marker_pattern(self) -> str:
        """Return the anchored pattern (RE2, Python) of the marker keys that may start a run; group 1 is the batch."""
        return rf"^{re.escape(self.prefix)}/({BATCH_NAME})/{re.escape(self.marker)}$"


class Mitigation(Value):
    """Fairness in training, by fairlearn's reductions approach."""

    method: Literal["exponentiated-gradient"]
    constraint: Literal["demographic-parity", "equalized-odds"] = "demographic-parity"
    difference_bound: Annotated[float, Field(gt=0, lt=1)] = 0.01
    max_iterations: Annotated[int, Field(ge=1, le=500)] = 50


class Model(Value):
    """What is trained; `holdout` is the share of the rows (0 to 1) that training never sees."""

    target: ColumnName
    positive: Scalar
    favourable: Scalar | None = None
    features: tuple[ColumnName, ...] = Field(min_length=1)
    sensitive: ColumnName | None = None
    estimator: Annotated[str, StringConstraints(pattern=r"^(sklearn|steps\.estimators)(\.[A-Za-z_][A-Za-z0-9_]*)+$")]
    params: dict[str, Any] = Field(default_factory=dict)
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    holdout: Annotated[float, Field(gt=0, lt=1)] = 0.3
    mitigation: Mitigation | None = None


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


Metric = Literal[
    "accuracy", "balanced_accuracy", "average_precision", "f1", "log_loss", "precision", "recall", "roc_auc"
]


class MetricGate(_Gate):
    """A metric of the model on the holdout."""

    kind: Literal["metric"]
    metric: Metric


class FairnessGate(_Gate):
    """A fairness metric of the model on the holdout, by the sensitive attribute.

    `disparate_impact` is the smallest group's rate of favourable predictions over the largest's (0 to 1);
    `equalized_odds_difference` the larger of the groups' differences in true and false positive rate (0 to 1).
    """

    kind: Literal["fairness"]
    metric: Literal["disparate_impact", "equalized_odds_difference"]


class BaselineGate(_Gate):
    """The metric's gain over a dummy that predicts from the class shares alone, on the same holdout."""

    kind: Literal["baseline"]
    metric: Metric


class ChampionGate(_Gate):
    """The metric's gain over the model in production, on the same holdout; passes while production is empty."""

    kind: Literal["champion"]
    metric: Metric


Gate = Annotated[MetricGate | FairnessGate | BaselineGate | ChampionGate, Field(discriminator="kind")]


class Deploy(Value):
    """Where a promoted model goes: the name of the pointer that serving follows."""

    pointer: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,29}$")] = "production"


Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
MonthDay = Annotated[int, Field(ge=1, le=31, strict=True)]


class Expect(Value):
    """When a new model is due: by `deadline` (local time in `timezone`) on each day of the cadence, plus `grace`.

    `on` is the weekly cadence's weekday (monday) or the monthly one's day (1); a month without it has it on its last.
    The model of a day is made from data as of `lag` days before it, weekdays where the cadence is.
    """

    cadence: Literal["daily", "weekdays", "weekly", "monthly", "never"] = "daily"
    on: Weekday | MonthDay | None = None
    deadline: time = time(6)
    timezone: str = "UTC"
    grace: Duration = "30m"
    lag: Annotated[int, Field(ge=0, le=366)] = 0

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"unknown time zone {name!r}; expected an IANA name such as Europe/Berlin")
        return name

    @field_validator("deadline")
    @classmethod
    def _local_time(cls, deadline: time) -> time:
        if deadline.tzinfo is not None:
            raise ValueError("the deadline is local time in expect.timezone; leave its offset out")
        return deadline

    @model_validator(mode="after")
    def _on_fits(self) -> Expect:
        kinds = {"weekly": (str, "a weekday such as monday"), "monthly": (int, "a day of the month, 1 to 31")}
        kind, expected = kinds.get(self.cadence, (type(None), "nothing"))
        if self.on is not None and not isinstance(self.on, kind):
            raise ValueError(f"on is {self.on!r}, but cadence {self.cadence} takes {expected} there")
        return self


class Retries(Value):
    """Retries after the first attempt; the wait is `backoff` times `factor` to the attempt."""

    limit: Annotated[int, Field(ge=0, le=10)] = 2
    backoff: Duration = "5m"
    factor: Annotated[int, Field(ge=1, le=10)] = 2


class Resources(Value):
    cpu: Quantity = "500m"
    memory: Quantity = "512Mi"
    gpu: Annotated[int, Field(ge=0, le=16)] = 0
    node_selector: dict[str, str] = Field(default_factory=dict)


StepName = Literal["claim", "validate", "train", "evaluate", "deploy", "reject", "record", "notify"]


class Run(Value):
    """How a run is run; `deadline` bounds the whole of it, `timeouts` and `resources` a step each."""

    retries: Retries = Retries()
    deadline: Duration = "6h"
    timeouts: dict[StepName, Duration] = Field(default_factory=dict)
    resources: dict[StepName, Resources] = Field(default_factory=dict)


class SecretKey(Value):
    """A reference to one key of a Kubernetes Secret; never the secret itself."""

    secret: KubernetesName
    key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,63}$")] = "url"


class Notify(Value):
    slack: SecretKey | None = None
    page: SecretKey | None = None
    skipped: bool = False


class Document(Value):
    """One pipeline. Raises `pydantic.ValidationError` on construction from anything unacceptable."""

    name: Annotated[str, StringConstraints(pattern=rf"^{PIPELINE_NAME}$")]
    owner: Text
    description: Text
    data: Data
    contract: Contract
    model: Model
    gates: tuple[Gate, ...] = Field(min_length=1, max_length=30)
    deploy: Deploy = Deploy()
    expect: Expect = Expect()
    run: Run = Run()
    notify: Notify = Notify()

    @model_validator(mode="after")
    def _columns_exist(self) -> Document:
        used = [self.model.target, *self.model.features, *([self.model.sensitive] if self.model.sensitive else [])]
        for column in used:
            if column not in self.contract.columns:
                raise ValueError(f"column {column!r} is used by the model but not in the contract")
        if self.model.target in self.model.features:
            raise ValueError(f"the target {self.model.target!r} cannot be a feature")
        dtype = self.contract.columns[self.model.target].dtype
        for name, value in (("positive", self.model.positive), ("favourable", self.model.favourable)):
            if value is not None and not fits(value, dtype):
                raise ValueError(f"model.{name} is {value!r}, but the target {self.model.target!r} is {dtype}")
        return self

    @model_validator(mode="after")
    def _fairness_has_a_group(self) -> Document:
        needs = [gate.name for gate in self.gates if gate.kind == "fairness"]
        if self.model.sensitive is None and (needs or self.model.mitigation):
            raise ValueError("fairness needs model.sensitive, the column whose groups are compared")
        if self.model.mitigation and self.model.sensitive in self.model.features:
            raise ValueError(f"with mitigation the sensitive column {self.model.sensitive!r} cannot be a feature")
        if len({gate.name for gate in self.gates}) != len(self.gates):
            raise ValueError("two gates have the same name")
        return self

    @model_validator(mode="after")
    def _no_tags(self) -> Document:
        """Refuse what Argo would expand: tags are replaced even inside a raw artifact (seen on a controller)."""
        for brace in ("{{", "$("):
            if brace in self.model_dump_json():
                raise ValueError(f"{brace!r} may not stand in a pipeline document")
        return self


def fingerprint(document: Document) -> str:
    """Return the sha256 of the document, every default written out: the same pipeline, the same fingerprint."""
    canonical = json.dumps(document.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def read(text: str | bytes) -> Document:
    """Return the document of a JSON text, as a run carries it; raises `pydantic.ValidationError`."""
    return Document.model_validate_json(text)
