"""One attempt at a template, as the state machine hands it to an executor, and what came of it.

Made by the state machine, carried by the driver, run by the executor. It is a value of its own so that the machine
never sees a process and an executor never sees the graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from workflows.engine.model import Template
from workflows.engine.nodes import NodePhase
from workflows.engine.template import substitute
from workflows.engine.values import Artifact, Model, NoEffect, S3Artifact


class S3Repository(S3Artifact):
    """The bucket of a repository and the format of the keys in it."""

    key_format: str | None = None
    key_prefix: str | None = None
    create_bucket_if_not_present: NoEffect = None


class ArtifactRepository(Model):
    """Where artifacts without a complete location of their own go; the YAML text below one key of its ConfigMap."""

    s3: S3Repository | None = None
    archive_logs: bool = False


@dataclass(frozen=True, slots=True)
class Pod:
    """What to run.

    `template` is substituted except for the path tags of inputs and outputs: only the executor knows those paths (see
    `with_paths`). `repository.s3.key_format` is substituted for this pod. `deadline` ends the pod with the message
    `deadline_message`. `archive_logs` is the workflow's and repository's say taken together. `capture` asks for
    `PodResult.result`, standard output.
    """

    workflow: str
    uid: str
    namespace: str
    node_id: str
    name: str
    template: Template
    repository: ArtifactRepository | None = None
    deadline: datetime | None = None
    deadline_message: str = "Pod was active on the node longer than the specified deadline"
    environment: Mapping[str, str] = field(default_factory=dict)
    archive_logs: bool = False
    capture: bool = True


@dataclass(frozen=True, slots=True)
class PodResult:
    """What came of it; outputs are there even if it failed.

    `phase` is Succeeded, Failed (the process, a deadline) or Error (what surrounds it: artifacts, a missing output).
    `parameters` are the values read from files; an absent one is for the machine to default or report. Times are UTC,
    whole seconds. `artifacts` have the location they were saved at. `reported` is False if it ended before there was
    anything to save: Argo then has no outputs of it, not even the defaults.
    """

    phase: NodePhase
    started_at: datetime
    finished_at: datetime
    exit_code: int | None = None
    message: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    artifacts: tuple[Artifact, ...] = ()
    result: str | None = None
    reported: bool = True


def with_paths(template: Template, paths: Mapping[str, str]) -> Template:
    """The template with path tags replaced; keyed as in the tag, such as `inputs.artifacts.X.path`."""
    return Template.model_validate_json(substitute(template.to_json(), paths))
