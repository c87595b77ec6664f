"""CronWorkflows: a Workflow's spec and when to run it; and the Workflow that one moment of it makes.

Built by the loader, kept by the timekeeper. A module of its own beside `model.py`, because nothing that runs a Workflow
asks who made it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt, field_validator

from workflows.engine.model import API_VERSION, ObjectMeta, Workflow, WorkflowMetadata, WorkflowSpec
from workflows.engine.values import Model, unsupported
from workflows.engine.variables import rfc3339

LABEL = "workflows.argoproj.io/cron-workflow"
SCHEDULED_TIME = "workflows.argoproj.io/scheduled-time"
LONGEST_NAME = 52  # a Workflow's 63 less `-` and a moment's ten digits

Count = Annotated[StrictInt, Field(ge=0)]


class CronWorkflowSpec(Model):
    """What to run and when; limits say how many of its ended Workflows are kept."""

    workflow_spec: WorkflowSpec
    schedules: tuple[str, ...] = ()
    timezone: str | None = None
    concurrency_policy: Literal["Allow", "Forbid", "Replace"] = "Allow"
    starting_deadline_seconds: Count | None = None
    successful_jobs_history_limit: Count = 3
    failed_jobs_history_limit: Count = 1
    suspend: StrictBool = False
    workflow_metadata: WorkflowMetadata | None = None

    @field_validator("concurrency_policy")
    @classmethod
    def _honoured(cls, policy: str) -> str:
        if policy == "Replace":
            raise unsupported("concurrencyPolicy 'Replace'")
        return policy


class CronWorkflow(Model):
    """A Workflow that is started at set times."""

    api_version: Literal["argoproj.io/v1alpha1"]
    kind: Literal["CronWorkflow"]
    metadata: ObjectMeta
    spec: CronWorkflowSpec

    @property
    def name(self) -> str:
        return self.metadata.name or ""


def scheduled(cron: CronWorkflow, moment: datetime) -> Workflow:
    """Return the Workflow of one moment: its name holds the moment, so that it can be made once only.

    As in workflow/common/convert.go: of the CronWorkflow's own labels none is handed on, but workflowMetadata's are.
    """
    extra = cron.spec.workflow_metadata or WorkflowMetadata()
    return Workflow(
        api_version=API_VERSION,
        kind="Workflow",
        metadata=ObjectMeta(
            name=f"{cron.name}-{int(moment.timestamp())}",
            labels={LABEL: cron.name, **extra.labels},
            annotations={SCHEDULED_TIME: rfc3339(moment), **extra.annotations},
        ),
        spec=cron.spec.workflow_spec,
    )


def maker_of(workflow: Workflow) -> str:
    """Return the name of the CronWorkflow that made the Workflow, "" if none did."""
    return workflow.metadata.labels.get(LABEL, "")
