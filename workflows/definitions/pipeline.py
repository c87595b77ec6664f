"""The WorkflowTemplate of one pipeline: claim, validate each file, train, evaluate, then deploy or reject.

Everything a run needs stands in it, its pipeline document included, so that a Workflow that references it carries
nothing but arguments: a cluster may forbid the rest.
"""

from __future__ import annotations

import json
from typing import Any

from hera.workflows import DAG, Artifact, NoneArchiveStrategy, Parameter, S3Artifact, Task, WorkflowTemplate, models

from steps.document import Document, seconds
from workflows.catalog import EXIT_STEPS, RUN_PARAMETERS, STEPS, TRAIN, Step
from workflows.definitions import metrics, pods, waiting
from workflows.definitions.arguments import asked, dependencies, is_collected, prefix_of, producer_of, value_of
from workflows.definitions.containers import IMAGE, container
from workflows.definitions.waves import wave

WEEK = 7 * 24 * 3600


def workflow_template(document: Document) -> dict[str, Any]:
    """Return the manifest of the pipeline's WorkflowTemplate."""
    steps = [asked(step, exports=document.model.export is not None) for step in STEPS]
    with WorkflowTemplate(
        name=document.name,
        labels=labels(document),
        annotations={
            "workflows.argoproj.io/title": f"Retrain {document.name}",
            "workflows.argoproj.io/description": document.description,
            "retrain/owner": document.owner,
            **wave("WorkflowTemplate"),
        },
        entrypoint="pipeline",
        on_exit="exit",
        arguments=_parameters(document),
        service_account_name="retrain-steps",
        active_deadline_seconds=seconds(document.run.deadline),
        artifact_repository_ref=models.ArtifactRepositoryRef(
            config_map="artifact-repositories", key=document.data.bucket
        ),
        archive_logs=True,
        metrics=metrics.of_run(document),
        synchronization=models.Synchronization(mutexes=[models.Mutex(name=f"retrain-{document.name}")]),
        ttl_strategy=models.TTLStrategy(seconds_after_completion=WEEK),
        pod_gc=models.PodGC(strategy="OnPodSuccess", delete_delay_duration="600s"),
        pod_disruption_budget=models.PodDisruptionBudgetSpec(min_available=9999),
        workflow_metadata=models.WorkflowMetadata(labels=labels(document)),
        pod_metadata=models.Metadata(labels=labels(document)),
        security_context=pods.security(),
        volumes=pods.volumes(),
    ) as template:
        with DAG(name="pipeline", inputs=[_carried(document)]):
            for step in steps:
                _task(step, document)
        with DAG(name="exit", inputs=[_carried(document)]):
            for step in EXIT_STEPS:
                _exit_task(step)
        for step in (*steps, *EXIT_STEPS):
            container(step, document)
        if waiting.needed(document):
            waiting.container(document)
    manifest: dict[str, Any] = template.to_dict()
    return manifest


def labels(document: Document) -> dict[str, str]:
    """Return the labels that every object of the pipeline carries."""
    return labels_of(document.name)


def labels_of(pipeline: str) -> dict[str, str]:
    """Return the same by the pipeline's name."""
    return {
        "app.kubernetes.io/name": "retrain",
        "app.kubernetes.io/instance": pipeline,
        "app.kubernetes.io/part-of": "retrain",
        "app.kubernetes.io/managed-by": "retrain",
        "app.kubernetes.io/version": IMAGE.rpartition(":")[2],
    }


SHARED = {name: value for name, value in labels_of("").items() if name != "app.kubernetes.io/instance"}
"""The labels of what all pipelines share."""


def document_text(document: Document) -> str:
    """Return the document as the run carries it: JSON, without what is left at its default."""
    value = document.model_dump(mode="json", exclude_defaults=True)
    return json.dumps(value, indent=2, ensure_ascii=True) + "\n"


def _carried(document: Document) -> models.Artifact:
    """Return the document as an input of a graph.

    It stands in both graphs: for a Workflow that references this template, Argo v4.1 gives the exit handler only the
    Workflow's own artifact arguments (seen: `templates.exit inputs.artifacts.document was not supplied`).
    """
    return models.Artifact(name="document", raw=models.RawArtifact(data=document_text(document)))


def _parameters(document: Document) -> list[Parameter]:
    defaults = {**RUN_PARAMETERS, "retry-backoff": document.run.retries.backoff}
    return [
        Parameter(name=name) if value is None else Parameter(name=name, value=value) for name, value in defaults.items()
    ]


def _task(step: Step, document: Document) -> None:
    after = dependencies()[step.name]
    if step.name == TRAIN.name and waiting.needed(document):
        waiting.task(document, after)
        after = (waiting.name(document),)
    Task(
        name=step.name,
        template=step.name,
        depends=" && ".join(f"{name}.Succeeded" for name in after) or None,
        when=_gate(step),
        with_param=f"{{{{tasks.claim.outputs.parameters.{step.fan_out}}}}}" if step.fan_out else None,
        arguments=[
            *(Parameter(name=name, value=value_of(step, name)) for name in step.parameters),
            *(_artifact(name, document) for name in step.artifacts),
        ],
    )


def _gate(step: Step) -> str | None:
    """Compare words, never numbers: whatever is not the word `deploy` rejects."""
    operator = {"deploy": "==", "reject": "!="}.get(step.only_when)
    return f"{{{{tasks.evaluate.outputs.parameters.decision}}}} {operator} deploy" if operator else None


def _artifact(name: str, document: Document) -> Any:
    if name == "document":
        return Artifact(name=name, from_="{{inputs.artifacts.document}}")
    if name == "raw":
        return S3Artifact(name=name, key=f"{document.data.prefix}/{{{{item.file}}}}", archive=NoneArchiveStrategy())
    if is_collected(name):
        return S3Artifact(name=name, key=prefix_of(name), archive=NoneArchiveStrategy())
    return Artifact(name=name, from_=f"{{{{tasks.{producer_of(name, artifact=True).name}.outputs.artifacts.{name}}}}}")


def _exit_task(step: Step) -> None:
    Task(
        name=step.name,
        template=step.name,
        continue_on=models.ContinueOn(failed=True, error=True),
        arguments=[
            *(Parameter(name=name, value=value_of(step, name)) for name in step.parameters),
            *(Artifact(name=name, from_=f"{{{{inputs.artifacts.{name}}}}}") for name in step.artifacts),
        ],
    )
