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
from steps.criteria import METRICS, Gate, Task
from steps.preparation import Preparation
from steps.resources import Resources

PIPELINE_NAME = r"[a-z][a-z0-9-]{0,19}"
BATCH_NAME = r"[a-z0-9][a-z0-9-]{0,23}"
KEY_PART = r"[A-Za-z0-9][A-Za-z0-9._=-]*"
FILE_KEY = rf"{KEY_PART}(?:/{KEY_PART})*"
DURATION = r"[1-9][0-9]*[smh]"
SECONDS = {"s": 1, "m": 60, "h": 3600}

Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]
Duration = Annotated[str, StringConstraints(pattern=rf"^{DURATION}$")]
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
    """What is trained; `holdout` is the share of the rows (0 to 1) that training never sees.

    With `positive`, the target's value that is the positive class, it is a classification, without it a regression.
    Rows are held out by a hash of their content, or, with the column `time`, the newest are.
    `threshold` names the metric for which the probability that makes a positive is chosen within the training rows.
    `export` makes a second file of the same model beside it, for servers that have no Python.
    """

    target: ColumnName
    positive: Scalar | None = None
    favourable: Scalar | None = None
    features: tuple[ColumnName, ...] = Field(min_length=1)
    sensitive: ColumnName | None = None
    estimator: Annotated[str, StringConstraints(pattern=r"^(sklearn|steps\.estimators)(\.[A-Za-z_][A-Za-z0-9_]*)+$")]
    params: dict[str, Any] = Field(default_factory=dict)
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    holdout: Annotated[float, Field(gt=0, lt=1)] = 0.3
    time: ColumnName | None = None
    threshold: Literal["accuracy", "balanced_accuracy", "f1"] | None = None
    prepare: Preparation = Preparation()
    mitigation: Mitigation | None = None
    export: Literal["onnx"] | None = None

    @property
    def task(self) -> Task:
        return "regression" if self.positive is None else "classification"


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


StepName = Literal["claim", "validate", "train", "evaluate", "deploy", "reject", "record", "notify"]


class Run(Value):
    """How a run is run; `deadline` bounds the whole of it, `timeouts` and `resources` a step each.

    `pending` is how long a run waits for a node before training that asks for a GPU or for nodes of its own.
    """

    retries: Retries = Retries()
    deadline: Duration = "6h"
    pending: Duration = "1h"
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
        model = self.model
        named = (model.sensitive, model.time, *(gate.by for gate in self.gates if gate.kind == "slice"))
        for column in (model.target, *model.features, *(name for name in named if name)):
            if column not in self.contract.columns:
                raise ValueError(f"column {column!r} is used by the model or a gate but not in the contract")
        if model.target in model.features:
            raise ValueError(f"the target {model.target!r} cannot be a feature")
        if model.time and self.contract.columns[model.time].dtype not in ("date", "integer", "number"):
            raise ValueError(f"model.time needs a column of dates or numbers, {model.time!r} is none")
        return self

    @model_validator(mode="after")
    def _target_fits(self) -> Document:
        model, dtype = self.model, self.contract.columns[self.model.target].dtype
        for name, value in (("positive", model.positive), ("favourable", model.favourable)):
            if value is not None and not fits(value, dtype):
                raise ValueError(f"model.{name} is {value!r}, but the target {model.target!r} is {dtype}")
        if model.task == "classification":
            return self
        if dtype not in ("integer", "number"):
            raise ValueError(
                f"model.positive is missing: which value of {model.target!r} ({dtype}) is the positive class?"
            )
        for name in ("favourable", "threshold", "mitigation"):
            if getattr(model, name) is not None:
                raise ValueError(f"model.{name} is for classification, and without model.positive this is a regression")
        return self

    @model_validator(mode="after")
    def _gates_fit(self) -> Document:
        task = self.model.task
        for gate in self.gates:
            known = METRICS[task]
            if gate.kind in ("metric", "slice", "baseline", "champion") and gate.metric not in known:
                why = "" if task == "classification" else " (model.positive is not given)"
                raise ValueError(
                    f"gate {gate.name!r}: {gate.metric} is no metric of a {task}{why}; {', '.join(known)} are"
                )
            if gate.kind == "fairness" and task == "regression":
                raise ValueError(f"gate {gate.name!r}: {gate.metric} needs a classification; use kind slice")
            if gate.kind == "slice" and self.contract.columns[gate.by].dtype not in ("string", "boolean", "integer"):
                raise ValueError(f"gate {gate.name!r}: slices need a column of few values, {gate.by!r} is none")
        if len({gate.name for gate in self.gates}) != len(self.gates):
            raise ValueError("two gates have the same name")
        return self

    @model_validator(mode="after")
    def _drift_has_columns(self) -> Document:
        for gate in self.gates:
            if gate.kind != "drift":
                continue
            kept = {name for name, column in self.contract.columns.items() if not column.personal}
            for name in gate.columns:
                if name not in kept:
                    why = "personal: nothing of it is kept" if name in self.contract.columns else "not in the contract"
                    raise ValueError(f"gate {gate.name!r}: column {name!r} is {why}")
            if gate.metric == "label_rate" and (gate.columns or self.model.task == "regression"):
                raise ValueError(f"gate {gate.name!r}: label_rate is of the target of a classification; no columns")
            if gate.metric != "label_rate" and not (gate.columns or kept & {*self.model.features}):
                raise ValueError(f"gate {gate.name!r}: every feature is personal, so nothing is kept to compare")
        return self

    @model_validator(mode="after")
    def _fairness_has_a_group(self) -> Document:
        needs = [gate.name for gate in self.gates if gate.kind == "fairness"]
        if self.model.sensitive is None and (needs or self.model.mitigation):
            raise ValueError("fairness needs model.sensitive, the column whose groups are compared")
        if self.model.mitigation and self.model.sensitive in self.model.features:
            raise ValueError(f"with mitigation the sensitive column {self.model.sensitive!r} cannot be a feature")
        if self.model.mitigation and self.model.threshold:
            raise ValueError("model.threshold would undo what model.mitigation does; give one of them")
        return self

    @model_validator(mode="after")
    def _export_is_held_to_the_model(self) -> Document:
        parity = [gate for gate in self.gates if gate.kind == "parity"]
        if self.model.export and not parity:
            raise ValueError("model.export needs a gate of kind parity: how far may the file's answers be off?")
        for gate in parity:
            if not self.model.export:
                raise ValueError(f"gate {gate.name!r}: parity is of an exported file; give model.export")
            if gate.metric == "label_difference" and self.model.task == "regression":
                raise ValueError(f"gate {gate.name!r}: a regression has no labels; use score_difference")
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
