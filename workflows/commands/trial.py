"""`retrain run NAME --data …`: a pipeline tried out on files of this machine, with no S3 of anybody's.

The document is rendered and those very manifests run on the local engine, against an embedded store that is gone
afterwards: what passes here passes there, and no bucket, record or channel of the real ones is touched.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from steps.document import Document
from steps.registry.objects import connect
from steps.registry.outcome import conclude
from steps.verdict import Conclusion, Outcome
from workflows import manifests
from workflows.commands import documents, local
from workflows.commands.localruns import look_at
from workflows.commands.put import Batch, put
from workflows.commands.run import interruptible
from workflows.commands.trialreport import Trial, as_data, as_text
from workflows.config import find
from workflows.embedded import EmbeddedStore, environment, make_bucket
from workflows.engine.buckets import ArtifactDriver, NoSuchKeyError
from workflows.engine.driver import run as drive
from workflows.engine.journal import Journal
from workflows.engine.model import Workflow
from workflows.engine.nodes import NodeType
from workflows.engine.objects import from_template
from workflows.errors import RetrainError

BATCH = "trial"
TRIALS = "trials"
KEPT = {
    "card": "report.html",
    "report": "report.json",
    "model-card": "model-card.md",
    "model": "model.skops",
    "onnx": "model.onnx",
}
"""The artifacts that outlive a trial, and what their files are called."""
SUFFIXES = (".csv", ".parquet")
NOWHERE = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_PROXY": "127.0.0.1",
    "no_proxy": "127.0.0.1",
}
"""Beside the embedded store's own settings: nothing of a person's configuration may send a request elsewhere."""


@dataclass(frozen=True, slots=True)
class _Stage:
    """Where a trial runs: a folder that is removed after it, with the document's manifests and its runs."""

    document: Document
    found: documents.Manifests
    home: Path
    cancel: threading.Event


def run(pipeline: str, data: Sequence[Path], pipelines: Path, home: Path, *, as_json: bool) -> int:
    """Train and gate the pipeline on the files; exit code 0 if the model could be deployed, 1 with the reason."""
    document, files = find(pipeline, pipelines), named(data)
    with tempfile.TemporaryDirectory(prefix="retrain-") as folder, interruptible() as cancel:
        stage = _Stage(document, _manifests(document, Path(folder)), Path(folder) / "home", cancel)
        with EmbeddedStore(log=Path(folder) / "store.log") as store, only(environment(store.endpoint)):
            done = _driven(stage, files, None if as_json else progress())
            if cancel.is_set():
                raise KeyboardInterrupt
            kept = home / TRIALS / (done.metadata.name or pipeline)
            taken = _taken(done, document, kept)
        shutil.copytree(Journal(stage.home).directory(done.metadata.name or "") / "logs", kept / "logs")
    trial = Trial(pipeline, tuple(path.name for path in data), _came_to(done), _report(taken), taken, kept)
    typer.echo(json.dumps(as_data(trial), indent=2) if as_json else "\n".join(as_text(trial)))
    return 0 if trial.conclusion.outcome is Outcome.PROMOTED else 1


def named(data: Sequence[Path]) -> dict[str, Path]:
    """Return the files by a name that may be a key, near to their own; raises `RetrainError`."""
    found: dict[str, Path] = {}
    for path in data:
        if not path.is_file():
            raise RetrainError("there is no such file", where=str(path))
        if path.suffix not in SUFFIXES:
            hint = f"expected one of: {', '.join(SUFFIXES)}"
            raise RetrainError("the format is not known by the name", where=str(path), hint=hint)
        name = re.sub(r"[^A-Za-z0-9._=-]+", "-", path.name).lstrip("._=-") or f"data{path.suffix}"
        found[name if name not in found else f"{len(found)}-{name}"] = path
    return found


@contextmanager
def only(settings: Mapping[str, str]) -> Iterator[None]:
    """Let the AWS chain of this process and its children lead to one place, whatever a person has set up."""
    given = {name: value for name, value in os.environ.items() if name.startswith("AWS_") or name in NOWHERE}
    for name in given:
        del os.environ[name]
    os.environ.update({**NOWHERE, **settings})
    try:
        yield
    finally:
        for name in {**NOWHERE, **settings}:
            os.environ.pop(name, None)
        os.environ.update(given)


def progress() -> Callable[[Workflow], None]:
    """Return a function that says on stderr which steps have ended since it was last called."""
    shown: set[str] = set()

    def show(workflow: Workflow) -> None:
        for node in workflow.status.nodes.values():
            if node.type is NodeType.RETRY and node.id not in shown and node.phase and node.phase.fulfilled:
                shown.add(node.id)
                typer.echo(f"  {node.template_name or node.display_name}: {node.phase}", err=True)

    return show


def _manifests(document: Document, folder: Path) -> documents.Manifests:
    """Return the document's manifests as `retrain render` makes them, and the artifact repository they name."""
    place = folder / "manifests"
    place.mkdir()
    bucket = document.data.bucket
    repository = {"s3": {"bucket": bucket, "keyFormat": "artifacts/{{workflow.name}}/{{workflow.uid}}/{{pod.name}}"}}
    config_map = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "artifact-repositories"},
        "data": {bucket: manifests.dump(repository)},
    }
    texts = {**manifests.render([document]), "artifact-repositories-configmap.yaml": manifests.dump(config_map)}
    for name, text in texts.items():
        (place / name).write_text(text, encoding="utf-8")
    return documents.read(place)


def _driven(stage: _Stage, files: Mapping[str, Path], show: Callable[[Workflow], None] | None) -> Workflow:
    """Put the batch, run the pipeline's Workflow on it to its end and return that."""
    name, bucket = stage.document.name, stage.document.data.bucket
    make_bucket(bucket)
    marker = put(connect(bucket), stage.document, Batch(BATCH, files, datetime.now(UTC).date(), 1))[-1]
    workflow = from_template(stage.found.template(name), local.generated_name(f"{name}-"), {"marker": marker})
    objects = local.objects(stage.found, stage.home)
    return drive(local.with_backoff(workflow, stage.found), objects, local.settings(stage.home, stage.cancel, show))


def _taken(done: Workflow, document: Document, folder: Path) -> dict[str, Path]:
    """Copy what the run made out of the store, and return the files by artifact."""
    folder.mkdir(parents=True)
    driver, taken = ArtifactDriver(), {}
    made = {
        artifact.name: artifact
        for node in done.status.nodes.values()
        if node.outputs
        for artifact in node.outputs.artifacts
    }
    for name, file in KEPT.items():
        place = made[name].s3 if name in made else None
        if place and place.key:
            try:
                driver.load(document.data.bucket, place.key, folder / file)
            except NoSuchKeyError:
                continue
            taken[name] = folder / file
    return taken


def _report(taken: Mapping[str, Path]) -> Mapping[str, Any]:
    found: dict[str, Any] = json.loads(taken["report"].read_bytes()) if "report" in taken else {}
    return found


def _came_to(done: Workflow) -> Conclusion:
    look = look_at(done)
    return conclude(look.status, look.failures, look.outputs)
