"""The CronWorkflows that look after one pipeline: reconcile, its daily sweep, and watch. `manifests.render` calls it.

Each carries the pipeline document and its whole Workflow inline, so that it depends on nothing but the image: what
looks after the runs must work when a run's own template is broken or gone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hera.workflows import Container, CronWorkflow, models

from steps.document import Document, seconds
from workflows.definitions import metrics, pods
from workflows.definitions.containers import SLACK_ENV
from workflows.definitions.pipeline import document_text, labels
from workflows.definitions.waves import wave

IMAGE = "retrain:0.1.0"
PAGE_ENV = "PAGE_URL"
SERVICE_ACCOUNT = "retrain-reconcile"
QUARTER = 15
DAY = 24 * 60
KEPT_SECONDS = 2 * 24 * 3600
SIZE: Mapping[str, str] = {"cpu": "500m", "memory": "512Mi"}


@dataclass(frozen=True, slots=True)
class Duty:
    """What is done, when, by which words of the command line; `late` and `limit` are seconds.

    `late`: how long after its time a missed one is still worth starting. `limit`: how long it may take.
    """

    name: str
    title: str
    command: tuple[str, ...]
    schedules: tuple[str, ...]
    late: int
    limit: int


def duties(document: Document) -> tuple[Duty, ...]:
    """Return what is to be done for the pipeline; nobody watches for what is never due."""
    quarterly = f"*/{QUARTER} * * * *"
    reconcile = Duty("reconcile", "Start what is missing", ("reconcile",), (quarterly,), 600, 600)
    sweep = Duty("sweep", "Look at every batch there is", ("reconcile", "--all"), ("40 3 * * *",), 6 * 3600, 3600)
    if document.expect.cadence == "never":
        return (reconcile, sweep)
    at = due_schedule(document)
    watch = Duty("watch", "Say what is late", ("watch",), (*([at] if at else []), quarterly), 3600, 600)
    return (reconcile, sweep, watch)


def due_schedule(document: Document) -> str:
    """Return the schedule of the minute in which the grace after the deadline is over, by the clock on the wall.

    Empty where a quarter of an hour has it anyway. Every day: whether something is due is for watch to know.
    """
    deadline = document.expect.deadline
    minute = deadline.hour * 60 + deadline.minute + math.ceil((deadline.second + seconds(document.expect.grace)) / 60)
    return f"{minute % 60} {minute % DAY // 60} * * *" if minute % QUARTER else ""


def cron_workflows(document: Document) -> dict[str, dict[str, Any]]:
    """Return the manifests by what they do."""
    return {duty.name: _cron_workflow(duty, document) for duty in duties(document)}


def _cron_workflow(duty: Duty, document: Document) -> dict[str, Any]:
    marks = {**labels(document), "app.kubernetes.io/component": duty.name}
    # Not the instance: that label says of a Workflow that it is one of the pipeline's runs.
    own = {name: value for name, value in marks.items() if name != "app.kubernetes.io/instance"}
    with CronWorkflow(
        name=f"{document.name}-{duty.name}",
        labels=marks,
        annotations={"workflows.argoproj.io/title": f"{duty.title} ({document.name})", **wave("CronWorkflow")},
        schedules=list(duty.schedules),
        timezone=document.expect.timezone,
        concurrency_policy="Forbid",
        starting_deadline_seconds=duty.late,
        successful_jobs_history_limit=1,
        failed_jobs_history_limit=3,
        entrypoint=duty.name,
        service_account_name=SERVICE_ACCOUNT,
        active_deadline_seconds=duty.limit,
        archive_logs=False,
        ttl_strategy=models.TTLStrategy(seconds_after_completion=KEPT_SECONDS),
        pod_gc=models.PodGC(strategy="OnPodSuccess", delete_delay_duration="600s"),
        workflow_metadata=models.WorkflowMetadata(labels=own),
        pod_metadata=models.Metadata(labels=marks),
        security_context=pods.security(),
        volumes=pods.volumes(),
    ) as cron:
        _container(duty, document)
    manifest: dict[str, Any] = cron.to_dict()
    return manifest


def _container(duty: Duty, document: Document) -> None:
    Container(
        name=duty.name,
        inputs=[
            models.Artifact(
                name="document", path=f"{pods.ROOT}/document.json", raw=models.RawArtifact(data=document_text(document))
            )
        ],
        image=IMAGE,
        command=["python", "-m", "workflows"],
        args=[*duty.command, "--document={{inputs.artifacts.document.path}}"],
        env=_secrets(document),
        env_from=pods.storage(),
        resources=models.ResourceRequirements(requests=dict(SIZE), limits=dict(SIZE)),
        metrics=metrics.of_duty(duty.name, document),
        security_context=pods.container_security(),
        volume_mounts=pods.mounts(),
    )


def _secrets(document: Document) -> list[models.EnvVar]:
    """Return where to tell people, from Secrets that may not be there: then it is said in the log that nobody was."""
    channels = ((SLACK_ENV, document.notify.slack), (PAGE_ENV, document.notify.page))
    return [pods.secret(name, key.secret, key.key) for name, key in channels if key is not None]
