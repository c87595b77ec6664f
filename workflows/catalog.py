"""The step catalog: what each step reads and writes. The definitions derive templates and the graph's edges from it.

It says nothing about who comes after whom: a task depends on the producers of what it reads. A test holds every row
against the `INTERFACE` that the step itself declares.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ARTIFACTS = "artifacts/{{workflow.name}}/{{workflow.uid}}"
"""The prefix of a run's artifacts: a name may come back after garbage collection, a uid never."""


@dataclass(frozen=True, slots=True)
class Written:
    """An output parameter; a step that ends early leaves the default. `exported` makes it a Workflow output."""

    name: str
    default: str = ""
    exported: bool = False


@dataclass(frozen=True, slots=True)
class Saved:
    """An output artifact, kept as it is (`archive: none`) at `key` below the run's prefix."""

    name: str
    key: str


@dataclass(frozen=True, slots=True)
class Step:
    """One row: `parameters` and `artifacts` are read, `writes` and `saves` are made for later steps and the record.

    `backoff` names the run's parameter that says how long the wait before a retry is. Argo waits before it asks whether
    to retry at all, so a step that may decide against going on has the short one: what it says is told soon. Where that
    is too short for an outage, `reconcile` starts another run. `optional` names artifacts, read or made, that are there
    only where the document exports its model.
    """

    name: str
    title: str
    parameters: tuple[str, ...]
    artifacts: tuple[str, ...]
    writes: tuple[Written, ...] = ()
    saves: tuple[Saved, ...] = ()
    optional: tuple[str, ...] = ()
    fan_out: str = ""
    only_when: Literal["", "deploy", "reject"] = ""
    store: bool = False
    timeout: str = "10m"
    backoff: Literal["retry-backoff", "verdict-backoff"] = "retry-backoff"

    @property
    def module(self) -> str:
        return f"steps.{self.name}"


RUN_PARAMETERS = {
    "marker": None,
    "etag": "",
    "trigger": "manual",
    "requested-by": "",
    "why": "",
    "allow-older": "false",
    "retry-backoff": "",
    "verdict-backoff": "5s",
}
"""The Workflow's own parameters with their defaults; None must be given. The document says `retry-backoff`."""

CLAIM = Step(
    name="claim",
    title="Claim the batch",
    parameters=("marker", "etag", "workflow", "uid", "created", "allow-older"),
    artifacts=("document",),
    writes=(
        Written("files", default="[]"),
        Written("batch", exported=True),
        Written("as-of", exported=True),
        Written("revision", exported=True),
        Written("data-hash", exported=True),
        Written("token", exported=True),
    ),
    saves=(Saved("manifest", "manifest.json"),),
    store=True,
    timeout="30m",
    backoff="verdict-backoff",
)
VALIDATE = Step(
    name="validate",
    title="Hold a file against the contract",
    parameters=("index", "file"),
    artifacts=("document", "manifest", "raw"),
    saves=(Saved("clean", "clean/{{inputs.parameters.index}}.parquet"),),
    fan_out="files",
    timeout="30m",
    backoff="verdict-backoff",
)
TRAIN = Step(
    name="train",
    title="Train the model",
    parameters=(),
    artifacts=("document", "clean"),
    saves=(Saved("model", "model.skops"), Saved("onnx", "model.onnx")),
    optional=("onnx",),
    timeout="3h",
)
EVALUATE = Step(
    name="evaluate",
    title="Judge the model by its gates",
    parameters=("workflow", "uid", "batch", "as-of", "revision", "data-hash"),
    artifacts=("document", "clean", "model", "onnx"),
    writes=(
        Written("decision", default="reject", exported=True),
        Written("evaluation", exported=True),
        Written("champion", exported=True),
    ),
    saves=(Saved("report", "report.json"), Saved("card", "report.html"), Saved("model-card", "model-card.md")),
    optional=("onnx",),
    store=True,
    timeout="30m",
)
DEPLOY = Step(
    name="deploy",
    title="Move production to the model",
    parameters=(
        "workflow", "uid", "created", "batch", "as-of", "revision", "data-hash", "token", "champion", "allow-older",
    ),
    artifacts=("document", "model", "report", "card", "model-card", "onnx"),
    optional=("onnx",),
    writes=(Written("version", exported=True),),
    only_when="deploy",
    store=True,
)  # fmt: skip
REJECT = Step(
    name="reject",
    title="Say why the model was rejected",
    parameters=("evaluation",),
    artifacts=("document",),
    only_when="reject",
    backoff="verdict-backoff",
)
RECORD = Step(
    name="record",
    title="Record the run",
    parameters=(
        "workflow", "uid", "status", "failures", "outputs", "marker", "etag", "trigger", "requested-by", "why",
        "created", "duration", "labels",
    ),
    artifacts=("document",),
    writes=(Written("outcome", exported=True), Written("reason", exported=True), Written("message", exported=True)),
    store=True,
)  # fmt: skip
NOTIFY = Step(
    name="notify",
    title="Tell people",
    parameters=("workflow", "uid", "status", "failures", "outputs", "marker"),
    artifacts=("document",),
    store=True,
)

STEPS: tuple[Step, ...] = (CLAIM, VALIDATE, TRAIN, EVALUATE, DEPLOY, REJECT)
"""The pipeline's steps; each has, besides its row, the output parameter `verdict`."""

EXIT_STEPS: tuple[Step, ...] = (RECORD, NOTIFY)
"""What runs when the Workflow has ended, whatever happened; they do not wait for each other."""


def queue_name(bucket: str) -> str:
    """Return the name of a bucket's EventSource and of the SQS queue it drains (Argo Events allows no dots)."""
    return f"{bucket.replace('.', '-')}-markers"
