"""The documents the engine runs: Workflow, WorkflowTemplate and ConfigMap, typed, as Argo v4.1 names their fields.

Built by the loader and the sensor, read by everything else. A field is here only if the engine honours it, or if a
local process has no use for it (`NoEffect`); whatever else Argo knows is missing on purpose, so that it is refused by
name. Containers are in `container.py`, parameters and artifacts in `values.py`, node statuses in `nodes.py`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, StrictBool, StrictInt, field_validator

from workflows.engine.container import Container, Script
from workflows.engine.nodes import NodeStatus, Time, WorkflowPhase
from workflows.engine.values import (
    AnyString,
    Arguments,
    Ineffective,
    Inputs,
    IntOrString,
    Model,
    NoEffect,
    Outputs,
    unsupported,
)

API_VERSION: Literal["argoproj.io/v1alpha1"] = "argoproj.io/v1alpha1"


class ObjectMeta(Model):
    """Identity of an object; the rest is what an API server adds."""

    name: str | None = None
    generate_name: str | None = None
    namespace: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    uid: str | None = None
    creation_timestamp: Time | None = None
    generation: NoEffect = None
    resource_version: NoEffect = None
    finalizers: NoEffect = None
    owner_references: NoEffect = None
    managed_fields: NoEffect = None


class ContinueOn(Model):
    """Let later tasks go on though this one failed."""

    failed: StrictBool = False
    error: StrictBool = False


class Sequence(Model):
    """A counted loop: `count` from `start`, or `start` to `end`, formatted as by printf."""

    count: IntOrString | None = None
    start: IntOrString | None = None
    end: IntOrString | None = None
    format: str | None = None


class DAGTask(Model):
    """One task: which template, after what, with which arguments, how often."""

    name: str
    template: str
    arguments: Arguments = Arguments()
    depends: str | None = None
    dependencies: tuple[str, ...] = ()
    when: str | None = None
    with_items: tuple[JsonValue, ...] | None = None
    with_param: str | None = None
    with_sequence: Sequence | None = None
    continue_on: ContinueOn | None = None


class DAG(Model):
    """Tasks and their order; `target` (space separated) limits what is run.

    `fail_fast` matters only where nodes are withheld, which `parallelism` alone does (dag.go, assessDAGPhase).
    """

    tasks: tuple[DAGTask, ...]
    target: str | None = None
    fail_fast: Annotated[StrictBool | None, Ineffective()] = None


class Backoff(Model):
    """Wait `duration` · `factor`^(n-1), at most `cap`, for no longer than `max_duration` in all."""

    duration: str | None = None
    factor: IntOrString | None = None
    cap: str | None = None
    max_duration: str | None = None


class RetryStrategy(Model):
    """When a failed attempt is tried again."""

    limit: IntOrString | None = None
    retry_policy: Literal["Always", "OnFailure", "OnError", "OnTransientError"] | None = None
    expression: str | None = None
    backoff: Backoff | None = None
    affinity: NoEffect = None


class Volume(Model):
    """A scratch directory; a pod's own file system does the same locally."""

    name: str
    empty_dir: NoEffect = None


class Template(Model):
    """One template: a container, a script or a DAG."""

    name: str
    inputs: Inputs = Inputs()
    outputs: Outputs = Outputs()
    container: Container | None = None
    script: Script | None = None
    dag: DAG | None = None
    retry_strategy: RetryStrategy | None = None
    timeout: str | None = None
    active_deadline_seconds: IntOrString | None = None
    volumes: tuple[Volume, ...] = ()
    metadata: NoEffect = None
    annotations: NoEffect = None
    pending_timeout: NoEffect = None
    node_selector: NoEffect = None
    affinity: NoEffect = None
    tolerations: NoEffect = None
    security_context: NoEffect = None
    scheduler_name: NoEffect = None
    priority_class_name: NoEffect = None
    service_account_name: NoEffect = None
    automount_service_account_token: NoEffect = None
    executor: NoEffect = None
    metrics: NoEffect = None
    pod_spec_patch: NoEffect = None
    pod_resources: NoEffect = None
    resource_claims: NoEffect = None

    def without_metrics(self) -> Template:
        """Return it less its metrics: those have variables of their own, and nothing here pushes them."""
        return self.model_copy(update={"metrics": None})


class Mutex(Model):
    """A lock by name; one holder a namespace."""

    name: str
    namespace: str | None = None


class Synchronization(Model):
    """The locks a Workflow holds while it runs."""

    mutexes: tuple[Mutex, ...] = ()


class ArtifactRepositoryRef(Model):
    """The ConfigMap and key that describe the artifact repository."""

    config_map: str | None = None
    key: str | None = None


class WorkflowTemplateRef(Model):
    """The WorkflowTemplate whose spec this Workflow runs."""

    name: str


class WorkflowMetadata(Model):
    """Labels and annotations put on the Workflow made from this spec."""

    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)

    @field_validator("labels", "annotations")
    @classmethod
    def _plain(cls, texts: dict[str, str]) -> dict[str, str]:
        if any("{{" in text for text in texts.values()):
            raise unsupported("tags in workflowMetadata")
        return texts


class WorkflowSpec(Model):
    """What to run: an entrypoint among templates, or a reference to a WorkflowTemplate that has them."""

    entrypoint: str | None = None
    on_exit: str | None = None
    arguments: Arguments = Arguments()
    templates: tuple[Template, ...] = ()
    workflow_template_ref: WorkflowTemplateRef | None = None
    active_deadline_seconds: StrictInt | None = None
    artifact_repository_ref: ArtifactRepositoryRef | None = None
    archive_logs: StrictBool | None = None
    synchronization: Synchronization | None = None
    workflow_metadata: WorkflowMetadata | None = None
    service_account_name: str | None = None
    priority: StrictInt | None = None
    volumes: tuple[Volume, ...] = ()
    ttl_strategy: NoEffect = None
    pod_gc: NoEffect = Field(default=None, alias="podGC")
    pod_metadata: NoEffect = None
    pod_disruption_budget: NoEffect = None
    pod_priority_class_name: NoEffect = None
    pod_spec_patch: NoEffect = None
    pod_resources: NoEffect = None
    resource_claims: NoEffect = None
    security_context: NoEffect = None
    node_selector: NoEffect = None
    affinity: NoEffect = None
    tolerations: NoEffect = None
    scheduler_name: NoEffect = None
    image_pull_secrets: NoEffect = None
    dns_policy: NoEffect = None
    dns_config: NoEffect = None
    host_network: NoEffect = None
    automount_service_account_token: NoEffect = None
    executor: NoEffect = None
    metrics: NoEffect = None
    artifact_gc: NoEffect = Field(default=None, alias="artifactGC")


class WorkflowStatus(Model):
    """How far a Workflow is. `stored_workflow_template_spec` is the merged spec that runs, if it came by reference."""

    phase: WorkflowPhase | None = None
    message: str | None = None
    started_at: Time | None = None
    finished_at: Time | None = None
    progress: str | None = None
    nodes: dict[str, NodeStatus] = Field(default_factory=dict)
    outputs: Outputs | None = None
    stored_workflow_template_spec: WorkflowSpec | None = None
    artifact_repository_ref: JsonValue = None
    conditions: tuple[dict[str, AnyString], ...] = ()


class Workflow(Model):
    """One run, before, while and after it runs."""

    api_version: Literal["argoproj.io/v1alpha1"]
    kind: Literal["Workflow"]
    metadata: ObjectMeta
    spec: WorkflowSpec
    status: WorkflowStatus = WorkflowStatus()

    @property
    def executed_spec(self) -> WorkflowSpec:
        """What runs: its own spec, or the one merged with its WorkflowTemplate's."""
        return self.status.stored_workflow_template_spec or self.spec

    @property
    def template_name(self) -> str:
        """The name of the WorkflowTemplate that it references, "" if it has templates of its own."""
        return self.spec.workflow_template_ref.name if self.spec.workflow_template_ref else ""


class WorkflowTemplate(Model):
    """A spec that Workflows refer to by name."""

    api_version: Literal["argoproj.io/v1alpha1"]
    kind: Literal["WorkflowTemplate"]
    metadata: ObjectMeta
    spec: WorkflowSpec


class ConfigMap(Model):
    """Plain configuration by key."""

    api_version: Literal["v1"]
    kind: Literal["ConfigMap"]
    metadata: ObjectMeta
    data: dict[str, str] = Field(default_factory=dict)
    binary_data: NoEffect = None
    immutable: NoEffect = None
