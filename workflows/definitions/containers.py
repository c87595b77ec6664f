"""The template of one step: its inputs, outputs, container, retries and limits, from its row and the document.

A step never gets a literal path: what it reads and writes comes through `{{inputs.artifacts.X.path}}` and friends, so
the same manifest runs where a path is a pod's and where it is a folder on a laptop.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from hera.workflows import Artifact, Container, NoneArchiveStrategy, Parameter, RetryStrategy, S3Artifact, models

from steps.document import Document
from steps.resources import Resources, Toleration
from steps.verdict import EXIT_VERDICT
from workflows.catalog import ARTIFACTS, EXIT_STEPS, Step
from workflows.definitions import metrics, pods

IMAGE = "retrain-steps:0.1.0"
GPU = "nvidia.com/gpu"
"""The resource that NVIDIA's device plugin offers, and by custom the taint of the nodes that have it."""
SLACK_ENV = "SLACK_WEBHOOK_URL"
THREADS_ENV = "OMP_NUM_THREADS"

DEFAULT_RESOURCES = Resources()
STEP_RESOURCES: Mapping[str, Resources] = {
    "validate": Resources(cpu="500m", memory="1Gi"),
    "train": Resources(cpu="1", memory="2Gi"),
    "evaluate": Resources(cpu="1", memory="2Gi"),
}
"""The steps that load the libraries of machine learning, and what each asks for unless its document says."""
SERVICE_ACCOUNTS = {"deploy": "retrain-deploy", "notify": "retrain-notify"}


def container(step: Step, document: Document) -> Container:
    """Return Hera's template of `step` for this pipeline."""
    return Container(
        name=step.name,
        annotations={"workflows.argoproj.io/title": step.title},
        labels={"app.kubernetes.io/component": step.name},
        inputs=[*_inputs(step)],
        outputs=[*_outputs(step)],
        image=IMAGE,
        command=["python", "-m", step.module],
        args=arguments(step),
        env=_environment(step, document),
        env_from=pods.storage() if step.store else [],
        resources=resources(size(step, document)),
        metrics=metrics.of_step(step, document),
        retry_strategy=_retries(step, document),
        timeout={str(name): limit for name, limit in document.run.timeouts.items()}.get(step.name, step.timeout),
        service_account_name=SERVICE_ACCOUNTS.get(step.name),
        node_selector=size(step, document).node_selector or None,
        tolerations=tolerations(size(step, document)),
        security_context=pods.container_security(),
        volume_mounts=pods.mounts(),
    )


def arguments(step: Step) -> list[str]:
    """Return the arguments in the `--name=value` form, so that no value can pass for an option."""
    return [
        *(f"--{name}={{{{inputs.parameters.{name}}}}}" for name in step.parameters),
        *(f"--{name}={{{{inputs.artifacts.{name}.path}}}}" for name in step.artifacts),
        *(f"--{written.name}={{{{outputs.parameters.{written.name}.path}}}}" for written in step.writes),
        *(f"--{saved.name}={{{{outputs.artifacts.{saved.name}.path}}}}" for saved in step.saves),
        *([] if step in EXIT_STEPS else ["--verdict={{outputs.parameters.verdict.path}}"]),
    ]


def _inputs(step: Step) -> list[Any]:
    return [
        *(Parameter(name=name) for name in step.parameters),
        *(Artifact(name=name, path=f"{pods.ROOT}/inputs/{name}") for name in step.artifacts),
    ]


def _outputs(step: Step) -> list[Any]:
    written = [
        Parameter(
            name=row.name,
            global_name=row.name if row.exported else None,
            value_from=models.ValueFrom(path=f"{pods.ROOT}/outputs/{row.name}", default=row.default),
        )
        for row in step.writes
    ]
    verdict = Parameter(
        name="verdict",
        global_name=verdict_name(step),
        value_from=models.ValueFrom(path=f"{pods.ROOT}/outputs/verdict", default=""),
    )
    saved = [
        S3Artifact(
            name=row.name,
            path=f"{pods.ROOT}/outputs/{row.name}",
            key=f"{ARTIFACTS}/{row.key}",
            archive=NoneArchiveStrategy(),
            optional=True,
        )
        for row in step.saves
    ]
    return [*written, *([] if step in EXIT_STEPS else [verdict]), *saved]


def verdict_name(step: Step) -> str:
    """Return the Workflow output that carries the step's verdict: one an item where the step is a loop."""
    return f"{step.name}-verdict" + ("-{{inputs.parameters.index}}" if step.fan_out else "")


def _environment(step: Step, document: Document) -> list[Any]:
    if step.name in STEP_RESOURCES:
        return [models.EnvVar(name=THREADS_ENV, value=str(threads(size(step, document).cpu)))]
    if step.name != "notify" or document.notify.slack is None:
        return []
    return [pods.secret(SLACK_ENV, document.notify.slack.secret, document.notify.slack.key)]


def threads(cpu: str) -> int:
    """Return how many threads have a CPU each: OpenMP, BLAS and Arrow would start one for every CPU of the node.

    On a large node that is memory for nothing, and a limit of pids or of CPU time that is soon reached.
    """
    return max(1, math.ceil(float(cpu[:-1]) / 1000 if cpu.endswith("m") else float(cpu)))


def size(step: Step, document: Document) -> Resources:
    """Return what the step's pod asks for: what the document says, else our own guess."""
    declared: dict[str, Resources] = {
        **STEP_RESOURCES,
        **{str(name): value for name, value in document.run.resources.items()},
    }
    return declared.get(step.name, DEFAULT_RESOURCES)


def resources(asked: Resources) -> models.ResourceRequirements:
    """Return it as Kubernetes says it: requests equal limits, and a GPU is a limit."""
    limits = {"cpu": asked.cpu, "memory": asked.memory, **({GPU: str(asked.gpu)} if asked.gpu else {})}
    return models.ResourceRequirements(requests={"cpu": asked.cpu, "memory": asked.memory}, limits=limits)


def tolerations(asked: Resources) -> list[models.Toleration] | None:
    """Return the taints that the pod stands: the document's, and the one of nodes that are kept for GPUs."""
    kept = [Toleration(key=GPU)] if asked.gpu and GPU not in {one.key for one in asked.tolerations} else []
    return [
        models.Toleration(key=one.key, operator=one.operator, value=one.value or None, effect=one.effect)
        for one in (*kept, *asked.tolerations)
    ] or None


def _retries(step: Step, document: Document) -> RetryStrategy:
    """Retry crashes and artifact errors alike, a verdict never: its exit code is reserved."""
    return RetryStrategy(
        limit=document.run.retries.limit,
        retry_policy="Always",
        expression=f"asInt(lastRetry.exitCode) != {EXIT_VERDICT}",
        backoff=models.Backoff(
            duration=f"{{{{workflow.parameters.{step.backoff}}}}}", factor=document.run.retries.factor
        ),
    )
