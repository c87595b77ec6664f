"""`make demo`: the main job told as a story on real data; each line is read back from the bucket, none is assumed.

It does what a person would: starts `retrain up` in a process of its own, puts files and markers, replays a batch, asks
why. The end-to-end test runs this very story and then reads records and pointer for itself.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import typer

from steps.registry import ledger, pointer
from steps.registry.objects import Store, connect
from steps.verdict import headline
from workflows import producer
from workflows.commands import render, replay, why
from workflows.commands.up import EMBEDDED
from workflows.config import SHIPPED, load
from workflows.embedded import environment, free_port
from workflows.engine.journal import Journal, WorkflowNotFoundError
from workflows.engine.model import Workflow
from workflows.errors import RunFailedError

PIPELINE = "mortgage"
PATIENCE = 300
POLL = 0.05
MARKS = {"Succeeded": "✓", "Failed": "✗", "Error": "✗", "Skipped": "–", "Omitted": "–"}


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the story plays: its folders, its store, and what `retrain up` has printed so far."""

    folder: Path
    store: Store
    log: Path

    @property
    def pipelines(self) -> Path:
        return self.folder / "pipelines"

    @property
    def manifests(self) -> Path:
        return self.folder / "manifests"

    @property
    def home(self) -> Path:
        return self.folder / "home" / EMBEDDED


def run(manifests: Path, keep: Path | None = None) -> int:
    """Tell the story; `keep` keeps its folder there. Raises `RunFailedError` when a line would not be true."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="retrain-demo-") as temporary:
        folder = keep or Path(temporary)
        with stage(folder, manifests) as scene:
            tell(scene)
        typer.echo(f"\nAll of it true, in {time.monotonic() - started:.0f} s. What to try next:\n{NEXT}")
    return 0


NEXT = """\
  .venv/bin/retrain up                        the same, for as long as you like; it prints how to put data
  .venv/bin/retrain graph mortgage            the graph that Argo will run
  less manifests/generated/mortgage-workflowtemplate.yaml
  cp workflows/pipelines/loans.yaml workflows/pipelines/yours.yaml   your own pipeline is one document"""


@contextmanager
def stage(folder: Path, manifests: Path) -> Iterator[Stage]:
    """Set the scene: a copy of the pipeline, rendered, and `retrain up` with an embedded S3 running it."""
    (folder / "pipelines").mkdir(parents=True)
    shutil.copy(SHIPPED / f"{PIPELINE}.yaml", folder / "pipelines")
    shutil.copytree(manifests / "base", folder / "manifests" / "base")
    rendered(folder)
    port = free_port()
    with patched(environment(f"http://127.0.0.1:{port}")), up(folder, port) as log:
        document = load(folder / "pipelines" / f"{PIPELINE}.yaml")
        yield Stage(folder, connect(document.data.bucket), log)


def rendered(folder: Path) -> None:
    render.write(folder / "pipelines", folder / "manifests" / "generated", say=lambda _: None)


@contextmanager
def patched(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for the time of a block: the ordinary AWS chain reads nothing else."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


@contextmanager
def up(folder: Path, port: int) -> Iterator[Path]:
    """Run `retrain up` until the block ends; yields the file with its output once it waits for markers."""
    log = folder / "up.log"
    command = [sys.executable, "-m", "workflows", "up", "--port", str(port)]
    places = ["--pipelines", "pipelines", "--manifests", "manifests", "--home", "home"]
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen([*command, *places], stdout=output, stderr=subprocess.STDOUT, cwd=folder)
        try:
            waited_for(log, "waiting for markers", process)
            yield log
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


def waited_for(log: Path, text: str, process: subprocess.Popen[bytes] | None = None) -> str:
    """Return the first line of `up`'s output that holds `text`, waiting for it."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for line in log.read_text(encoding="utf-8").splitlines():
            if text in line:
                return line
        if process is not None and process.poll() is not None:
            break
        time.sleep(POLL)
    raise RunFailedError(
        f"`retrain up` never said {text!r}", where=str(log), hint=log.read_text(encoding="utf-8")[-2000:]
    )


def tell(scene: Stage) -> None:
    """Tell the six lines, each held against the bucket."""
    rows = producer.mortgage_table()
    typer.echo(f"{len(rows):,} real mortgage applications (Boston, HMDA), an S3 and a queue here, no cluster.")

    title(1, "A complete batch lands. The event starts one Workflow: a plain random forest.")
    good = producer.mortgage_files(rows)
    first = lands(scene, "2026-02-23", "2026-02-23", good)
    came_to(scene, first, "rejected")
    says(f"production is {standing(scene) or 'empty'}")

    title(2, "Its document asks for a fair model instead; the batch is replayed on purpose.")
    mitigate(scene)
    request = replay.Request(PIPELINE, "2026-02-23", "forest was unfair; mitigated estimator", allow_older=False)
    second = replay.start(request, scene.pipelines, scene.manifests, scene.home, progress())
    came_to(scene, second, "promoted")
    says(f"production is {standing(scene)}")

    title(3, "The same marker is delivered again.")
    before = workflows(scene)
    again(scene, "2026-02-23")
    says(waited_for(scene.log, "again").strip())
    says(f"Workflows before and after: {before} and {workflows(scene)}")

    title(4, "A batch whose marker lists a file that is not there.")
    later = producer.mortgage_files(rows.iloc[:-1])
    third = lands(scene, "2026-02-24", "2026-02-24", later, missing=list(later)[-1:])
    came_to(scene, third, "refused")

    title(5, "A batch with a negative ratio.")
    fourth = lands(scene, "2026-02-25", "2026-02-25", producer.mortgage_files(producer.with_negative_ratio(rows)))
    came_to(scene, fourth, "refused")
    says(f"production is still {standing(scene)}")

    title(6, "Why? (`retrain why mortgage --date …`)")
    for day in ("2026-02-23", "2026-02-24", "2026-02-25"):
        why.run(PIPELINE, day, scene.pipelines, as_json=False)


def title(number: int, text: str) -> None:
    typer.echo(f"\n({number}) {text}")


def says(text: str) -> None:
    typer.echo(f"    {text}")


def lands(scene: Stage, batch: str, as_of: str, files: Mapping[str, bytes], missing: list[str] | None = None) -> str:
    """Put the files, then the marker; return the Workflow's name once it has ended."""
    document = load(scene.pipelines / f"{PIPELINE}.yaml")
    below = {f"{batch}/{name}": body for name, body in files.items()}
    for name, body in below.items():
        if name.rpartition("/")[2] not in (missing or []):
            scene.store.create(f"{document.data.prefix}/{name}", body)
    marker = producer.batch(below, date.fromisoformat(as_of))
    etag = scene.store.create(f"{document.data.prefix}/{batch}/{document.data.marker}", marker)
    name = f"{PIPELINE}-{batch}-{etag[:12]}"
    watched(scene, name)
    return name


def again(scene: Stage, batch: str) -> None:
    """Overwrite the marker with its own bytes: S3 sends the event again, with the same etag."""
    document = load(scene.pipelines / f"{PIPELINE}.yaml")
    key = f"{document.data.prefix}/{batch}/{document.data.marker}"
    found = scene.store.get(key)
    if found is None:
        raise RunFailedError(f"{key} is gone")
    scene.store.put(key, found[0])


def mitigate(scene: Stage) -> None:
    """Change the document as a person would: take the comment marks off the mitigated model's lines."""
    file = scene.pipelines / f"{PIPELINE}.yaml"
    text = file.read_text(encoding="utf-8")
    without = re.sub(r"(?m)^  params: .*\n", "", text)
    changed = re.sub(r"(?m)^  # (params|mitigation): ", r"  \1: ", without)
    if changed == text:
        raise RunFailedError("the pipeline has no lines to change", where=str(file))
    file.write_text(changed, encoding="utf-8")
    rendered(scene.folder)


def watched(scene: Stage, name: str) -> None:
    """Show a Workflow's nodes as they end, until it has ended."""
    journal, show = Journal(scene.home), progress()
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            workflow = journal.read(name)
        except WorkflowNotFoundError:
            workflow = None
        if workflow:
            show(workflow)
            if workflow.status.phase and workflow.status.phase.completed:
                return
        time.sleep(POLL)
    raise RunFailedError(f"Workflow {name} did not end within {PATIENCE} s", where=str(scene.log))


def progress() -> Callable[[Workflow], None]:
    """Return a function that prints what has ended since it was last called, on one line."""
    shown: set[str] = set()

    def show(workflow: Workflow) -> None:
        if not shown:
            shown.add("")
            typer.echo(f"    {workflow.metadata.name}:", nl=False)
        for node in workflow.status.nodes.values():
            attempt = node.node_flag is not None and node.node_flag.retried
            if (
                node.id not in shown
                and node.type in ("Retry", "Skipped")
                and node.phase
                and node.phase.fulfilled
                and not attempt
            ):
                shown.add(node.id)
                typer.echo(f" {(node.template_name or node.display_name)} {MARKS[node.phase]}", nl=False)
        if workflow.status.phase and workflow.status.phase.completed and "end" not in shown:
            shown.add("end")
            typer.echo(f" → {workflow.status.phase}")

    return show


def came_to(scene: Stage, name: str, outcome: str) -> None:
    """Print the run's record; raises `RunFailedError` unless it says `outcome`."""
    body = next(
        (
            r.body
            for r in ledger.records(scene.store, PIPELINE)
            if r.kind == "run" and r.body["workflow"]["name"] == name
        ),
        None,
    )
    if body is None or body["outcome"] != outcome:
        found = f"{body['outcome']}: {body['message']}" if body else "no record"
        raise RunFailedError(f"{name} came to {found}, not to {outcome}", where=str(scene.log))
    says(f"{headline(body['outcome'], body['reason'])}: {body['message']}")


def standing(scene: Stage) -> str:
    found = pointer.read(scene.store, load(scene.pipelines / f"{PIPELINE}.yaml"))
    return found.pointer.version if found else ""


def workflows(scene: Stage) -> int:
    return len(Journal(scene.home).list().workflows)
