"""This machine in place of a cluster: the objects, Secrets and image facts that the engine is given by the commands."""

from __future__ import annotations

import secrets
import subprocess
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from workflows.commands.documents import Manifests
from workflows.engine.driver import Settings
from workflows.engine.journal import Journal
from workflows.engine.model import Workflow
from workflows.engine.objects import Objects, gather
from workflows.engine.values import Parameter

NAMESPACE = "default"
SUFFIX = "bcdfghjklmnpqrstvwxz2456789"
"""The letters of generated names, as Kubernetes has them: none that form words."""
BACKOFFS = {"retry-backoff": "1s", "verdict-backoff": "1s"}
"""The waits before a retry here: the pipeline's are meant for a cluster's troubles."""
ROOT = Path(__file__).parents[2]


def objects(manifests: Manifests, home: Path) -> Objects:
    """Return what a Workflow may refer to; Secrets are folders below `<home>/secrets`, a file a key, as in a pod."""
    return gather((*manifests.templates, *manifests.config_maps), secret_reader(home / "secrets"))


def secret_reader(folder: Path) -> Callable[[str], Mapping[str, str] | None]:
    """Return a reader of Secrets below the folder."""

    def read(name: str) -> Mapping[str, str] | None:
        place = folder / name
        if name in ("", ".", "..") or "/" in name or not place.is_dir():
            return None
        return {file.name: file.read_text(encoding="utf-8").rstrip("\n") for file in place.iterdir() if file.is_file()}

    return read


def settings(
    home: Path,
    cancel: threading.Event,
    on_change: Callable[[Workflow], None] | None = None,
    places: Mapping[str, str] | None = None,
) -> Settings:
    """Return how the engine runs here: clock, identities, and what the image would say of itself and of `places`."""
    return Settings(
        home=home,
        namespace=NAMESPACE,
        clock=lambda: datetime.now(UTC),
        new_uid=lambda: str(uuid4()),
        image_environment={**image_environment(), **(places or {})},
        on_change=on_change,
        cancel=cancel,
    )


def image_environment() -> dict[str, str]:
    """Return what images/steps sets for its processes: which code this is."""
    asked = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "HEAD"], capture_output=True, text=True)  # noqa: S607 - git, wherever it is
    sha = {"RETRAIN_GIT_SHA": asked.stdout.strip()} if asked.returncode == 0 else {}
    return {**sha, "RETRAIN_IMAGE": "none: local processes", "PYTHONUNBUFFERED": "1"}


def places(home: Path, manifests: Path, pipelines: Path | None = None) -> dict[str, str]:
    """Return the environment by which a `retrain` command in a step finds this home, as a pod finds its API server."""
    folders = {"RETRAIN_HOME": home, "RETRAIN_MANIFESTS": manifests, "RETRAIN_PIPELINES": pipelines}
    return {name: str(folder.resolve()) for name, folder in folders.items() if folder is not None}


def generated_name(prefix: str) -> str:
    """Return a name as `generateName` makes it."""
    return prefix + "".join(secrets.choice(SUFFIX) for _ in range(5))


def with_backoff(workflow: Workflow, found: Manifests) -> Workflow:
    """Return the Workflow with a laptop's waits before a retry, where its template has these parameters."""
    reference = workflow.spec.workflow_template_ref
    declared = found.template(reference.name).spec.arguments.parameters if reference else ()
    given = workflow.spec.arguments.parameters
    open_names = {parameter.name for parameter in declared} - {parameter.name for parameter in given}
    added = [Parameter(name=name, value=value) for name, value in BACKOFFS.items() if name in open_names]
    if not added:
        return workflow
    arguments = workflow.spec.arguments.model_copy(update={"parameters": (*given, *added)})
    return workflow.model_copy(update={"spec": workflow.spec.model_copy(update={"arguments": arguments})})


def unfinished(home: Path) -> tuple[Workflow, ...]:
    """Return the Workflows of this home that have not ended, newest first."""
    known = reversed(Journal(home).list().workflows)
    return tuple(found for found in known if not (found.status.phase and found.status.phase.completed))
