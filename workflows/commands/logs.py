"""`retrain logs`: what a run's steps wrote, from this home, else from the logs that were archived in the bucket."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import typer

from steps.registry.objects import Store
from workflows.commands.store import bucket_of
from workflows.commands.terminal import canvas
from workflows.config import pipelines_in
from workflows.engine.graph import Graph
from workflows.engine.journal import Journal, JournalError, WorkflowNotFoundError
from workflows.engine.nodes import NodeStatus, NodeType
from workflows.errors import RetrainError

LARGEST = 64 << 20
ARCHIVED = "main.log"


def run(name: str, step: str, pipelines: Path, home: Path) -> int:
    """Print the logs of the run, or of its pods whose name holds the step's."""
    found = list(local(name, home)) or list(archived(name, pipelines))
    if not found:
        raise WorkflowNotFoundError(f"there are no logs of {name!r} here or in the bucket", where=str(home))
    wanted = [(pod, text) for pod, text in found if not step or f"-{step}-" in pod or pod.endswith(f"-{step}")]
    if not wanted:
        pods = ", ".join(pod for pod, _ in found)
        raise RetrainError(f"{name} has no pod of a step {step!r}", hint=f"its pods are: {pods}")
    labels = {**by_template(name, [pod for pod, _ in found]), **by_node(name, home)}
    shown = canvas()
    for pod, text in wanted:
        for line in text.splitlines():
            typer.echo(f"{labels[pod]}: {shown.printable(line)}")
    return 0


def by_node(name: str, home: Path) -> dict[str, str]:
    """Return what to call the pods of a run in this home: the step, its item in a loop, its attempt from the second."""
    try:
        nodes = Journal(home).read(name).status.nodes.values()
    except JournalError:
        return {}
    graph = Graph(name)
    pods = (node for node in nodes if node.type is NodeType.POD)
    return {graph.pod_name(node.name, node.template_name or ""): label(node) for node in pods}


def label(node: NodeStatus) -> str:
    """Return a pod's step, such as `train`, `validate(0)` or `train, attempt 2`."""
    item = re.search(r"\((\d+):", node.name)
    attempt = re.search(r"\((\d+)\)$", node.name) if node.node_flag and node.node_flag.retried else None
    again = f", attempt {int(attempt[1]) + 1}" if attempt and int(attempt[1]) else ""
    return f"{node.template_name}{f'({item[1]})' if item else ''}{again}"


def by_template(name: str, pods: Sequence[str]) -> dict[str, str]:
    """Return what to call pods of which only the names are known: the template in it, where that tells them apart."""
    full = {pod: pod.removeprefix(f"{name}-") for pod in pods}
    short = {pod: re.sub(r"-\d+$", "", text) for pod, text in full.items()}
    common = Counter(short.values())
    return {pod: text if common[text] == 1 else full[pod] for pod, text in short.items()}


def local(name: str, home: Path) -> Iterator[tuple[str, str]]:
    """Yield pod and log of a run in this home, oldest first."""
    for file in Journal(home).logs(name):
        yield file.stem, file.read_text(encoding="utf-8", errors="replace")


def archived(name: str, pipelines: Path) -> Iterator[tuple[str, str]]:
    """Yield pod and log of a run as archived by Argo or the engine."""
    for document in pipelines_in(pipelines):
        if name.startswith(f"{document.name}-"):
            with bucket_of(document) as store:
                yield from _in_bucket(store, name)


def _in_bucket(store: Store, name: str) -> Iterator[tuple[str, str]]:
    for listed in store.keys(f"artifacts/{name}/"):
        parts = listed.key.split("/")
        if parts[-1] == ARCHIVED:
            found = store.get(listed.key, LARGEST)
            yield parts[-2], found[0].decode(errors="replace") if found else ""
