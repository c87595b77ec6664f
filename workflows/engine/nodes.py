"""What a run looks like from outside: nodes, phases and times in Argo's own shape.

Written by the state machine and the executor, read by view, journal and every `--json`. The shape is Argo's
NodeStatus (pkg/apis/workflow/v1alpha1/workflow_types.go) so that tools for Argo's statuses read ours.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, PlainSerializer, StrictBool

from workflows.engine.values import Inputs, Model, Outputs


class NodePhase(StrEnum):
    """Argo's eight phases less Unknown."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    SKIPPED = "Skipped"
    FAILED = "Failed"
    ERROR = "Error"
    OMITTED = "Omitted"

    @property
    def completed(self) -> bool:
        """It ran and ended."""
        return self in (NodePhase.SUCCEEDED, NodePhase.FAILED, NodePhase.ERROR)

    @property
    def fulfilled(self) -> bool:
        """Nothing more will happen: completed, skipped or omitted."""
        return self.completed or self in (NodePhase.SKIPPED, NodePhase.OMITTED)

    @property
    def bad(self) -> bool:
        """Failed (the work) or Error (what surrounds it)."""
        return self in (NodePhase.FAILED, NodePhase.ERROR)


class WorkflowPhase(StrEnum):
    """The phase of a whole Workflow."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    ERROR = "Error"

    @property
    def completed(self) -> bool:
        """It ended, with onExit and all."""
        return self in (WorkflowPhase.SUCCEEDED, WorkflowPhase.FAILED, WorkflowPhase.ERROR)


class NodeType(StrEnum):
    """What a node stands for; only Pod runs anything."""

    POD = "Pod"
    STEPS = "Steps"
    STEP_GROUP = "StepGroup"
    DAG = "DAG"
    TASK_GROUP = "TaskGroup"
    RETRY = "Retry"
    SKIPPED = "Skipped"


def whole_seconds(moment: datetime) -> datetime:
    """The moment in UTC without fractions, as Kubernetes stores times; `asInt(lastRetry.duration)` relies on it."""
    return moment.astimezone(UTC).replace(microsecond=0)


def _kubernetes(moment: datetime) -> str:
    return whole_seconds(moment).strftime("%Y-%m-%dT%H:%M:%SZ")


Time = Annotated[datetime, AfterValidator(whole_seconds), PlainSerializer(_kubernetes, return_type=str)]


class NodeFlag(Model):
    """`hooked`: started by a hook or onExit; `retried`: an attempt below a Retry node."""

    hooked: StrictBool = False
    retried: StrictBool = False


class NodeSynchronizationStatus(Model):
    """The lock a node waits for."""

    waiting: str | None = None


class NodeStatus(Model):
    """One node of the run's graph. `children` and `outbound_nodes` are node ids; `name` is the full dotted name."""

    id: str
    name: str
    display_name: str = ""
    type: NodeType
    template_name: str | None = None
    template_scope: str | None = None
    phase: NodePhase | None = None
    boundary_id: str | None = Field(default=None, alias="boundaryID")
    message: str | None = None
    started_at: Time | None = None
    finished_at: Time | None = None
    progress: str | None = None
    inputs: Inputs | None = None
    outputs: Outputs | None = None
    children: tuple[str, ...] = ()
    outbound_nodes: tuple[str, ...] = ()
    host_node_name: str | None = None
    node_flag: NodeFlag | None = None
    synchronization_status: NodeSynchronizationStatus | None = None
