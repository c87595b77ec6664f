"""`retrain logs`: what a run's steps wrote, from this home, else from the logs that were archived in the bucket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import typer

from steps.registry.objects import Store
from workflows.commands.store import bucket_of
from workflows.config import pipelines_in
from workflows.engine.journal import Journal, WorkflowNotFoundError
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
    for pod, text in wanted:
        for line in text.splitlines():
            typer.echo(f"{pod.removeprefix(f'{name}-')}: {line}")
    return 0


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
