"""The task before `train` that waits for a node, a bounded time, where training asks for a GPU or nodes of its own.

Argo's `timeout` counts the time that a pod is pending, but only of a template without retries: with them it looks at
the Retry node, which runs, and a pod that no node takes would wait for the run's deadline (executeTemplate in
workflow/controller/operator.go, 3.6 to 4.1; `pendingTimeout` of 4.1 is no different). So a pod that asks for what
`train` asks for, and then does nothing, waits without retries. It also brings the image, and wakes an autoscaler.
"""

from __future__ import annotations

from hera.workflows import Container, Task

from steps.document import Document
from workflows.catalog import TRAIN
from workflows.definitions import pods
from workflows.definitions.containers import IMAGE, resources, size, tolerations


def needed(document: Document) -> bool:
    """Whether `train` asks for what not every node has."""
    asked = size(TRAIN, document)
    return bool(asked.gpu or asked.node_selector)


def name(document: Document) -> str:
    """Return the name of task and template: what is waited for."""
    return "gpu" if size(TRAIN, document).gpu else "node"


def task(document: Document, after: tuple[str, ...]) -> None:
    """Add the task to the graph; `after` are the tasks whose success it waits for, as `train` would."""
    Task(name=name(document), template=name(document), depends=" && ".join(f"{one}.Succeeded" for one in after))


def container(document: Document) -> None:
    """Add its template."""
    asked = size(TRAIN, document)
    Container(
        name=name(document),
        annotations={"workflows.argoproj.io/title": "Wait for a node"},
        labels={"app.kubernetes.io/component": name(document)},
        image=IMAGE,
        command=["true"],
        resources=resources(asked),
        timeout=document.run.pending,
        node_selector=asked.node_selector or None,
        tolerations=tolerations(asked),
        security_context=pods.container_security(),
        volume_mounts=pods.mounts(),
    )
