"""The mortgage pipeline for the benchmark, three ways: by the engine, as plain processes, and in one process.

Called by `__main__`, which compares them. All three do the same work on the same batch and the same store and come to
the same end, a rejection, so what differs is what starts the steps and carries files between them.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from bench.nowhere import NoRuns

from steps.registry import marker as markers
from steps.registry.objects import connect
from steps.registry.replay import Replay, Wanted, replay
from workflows import producer
from workflows.catalog import EXIT_STEPS, STEPS, Step
from workflows.commands import documents, local
from workflows.config import SHIPPED, load
from workflows.embedded import EmbeddedStore, environment, prepare
from workflows.engine.driver import run
from workflows.engine.objects import from_template

PIPELINE = "mortgage"
BATCH = "2026-02-23"
MANIFESTS = Path(__file__).parents[2] / "manifests"
ROWS = {step.name: step for step in (*STEPS, *EXIT_STEPS)}
WAIT = 1
"""Seconds that a rejected run waits, as it is told to here: before Argo asks whether to retry `reject`."""
ORDER = ("claim", "validate", "validate", "train", "evaluate", "reject", "record", "notify")
"""The processes of a run that ends in a rejection."""

Given = dict[str, str]
Calls = Sequence[tuple[str, list[str]]]
Start = Callable[[Calls], None]
"""Carries out calls that may run at the same time, each a step and its arguments; returns when all have ended."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch in a store: its marker, and a folder with copies of its files and the pipeline's document."""

    folder: Path
    marker: str
    etag: str


@contextmanager
def landed() -> Iterator[Batch]:
    """Yield the real data as a batch of two files, in an embedded store to which the environment points."""
    pipeline = load(SHIPPED / f"{PIPELINE}.yaml")
    files = {f"{BATCH}/{name}": body for name, body in producer.mortgage_files(producer.mortgage_table()).items()}
    with TemporaryDirectory() as temporary, EmbeddedStore() as embedded:
        os.environ.update(environment(embedded.endpoint))
        prepare(pipeline.data.bucket, "bench", [])
        store, folder = connect(pipeline.data.bucket), Path(temporary)
        (folder / BATCH).mkdir()
        for name, body in files.items():
            store.create(f"{pipeline.data.prefix}/{name}", body)
            (folder / name).write_bytes(body)
        (folder / "document.json").write_text(pipeline.model_dump_json(), encoding="utf-8")
        marker = f"{pipeline.data.prefix}/{BATCH}/{pipeline.data.marker}"
        yield Batch(folder, marker, store.create(marker, producer.batch(files, date.fromisoformat(BATCH))))


def on_the_engine(batch: Batch) -> None:
    """Run the committed WorkflowTemplate, every time as a replay, for the data is the same every time."""
    manifests = documents.read(MANIFESTS)
    wanted = granted(batch)
    parameters = {**wanted.parameters, "retry-backoff": f"{WAIT}s", "verdict-backoff": f"{WAIT}s"}
    workflow = from_template(manifests.template(PIPELINE), wanted.name, parameters)
    with TemporaryDirectory() as home:
        settings = local.settings(Path(home), threading.Event())
        done = run(workflow, local.objects(manifests, Path(home)), settings)
    outputs = done.status.outputs.parameters if done.status.outputs else ()
    reached = {parameter.name: parameter.value for parameter in outputs}
    assert reached["outcome"] == "rejected", reached


def granted(batch: Batch) -> Wanted:
    """Return the Workflow that may run the batch, again if need be, as `retrain replay` starts it."""
    pipeline = load(SHIPPED / f"{PIPELINE}.yaml")
    store = connect(pipeline.data.bucket)
    asked = Replay(markers.read(store, batch.marker, batch.etag, pipeline.data), "bench", "to measure it")
    return replay(store, pipeline, asked, NoRuns(), datetime.now(UTC))


def as_processes(batch: Batch) -> None:
    """Start each step as a process, as a script would, files handed over on disk; two at once where the engine does."""

    def start(calls: Calls) -> None:
        with ThreadPoolExecutor() as pool:
            codes = list(pool.map(lambda call: _process("-m", f"steps.{call[0]}", *call[1]), calls))
        _held(calls, codes)

    _carried_out(batch, start)


def in_one_process(batch: Batch) -> None:
    """Call the steps' own functions one after the other in one new interpreter, which imports everything once."""
    code = _process("-m", "bench.mortgage", str(batch.folder), batch.marker, batch.etag)
    assert code == 0, code


def imports() -> None:
    """Start the interpreters of a run one after the other; each imports its step and ends."""
    for step in ORDER:
        _process("-c", f"import steps.{step}")


def _process(*arguments: str) -> int:
    return subprocess.run([sys.executable, *arguments], capture_output=True).returncode


def _carried_out(batch: Batch, start: Start) -> None:
    """Do what the WorkflowTemplate says for a batch whose model is rejected."""
    with TemporaryDirectory() as temporary:
        place = Path(temporary)
        clean = place / "clean"
        given = _parameters(batch)
        _do(start, ["claim"], given, place)
        files = json.loads(given["files"])
        raw = [{**one, "raw": str(batch.folder / one["file"]), "clean": str(clean / f"{one['index']}.parquet")}
               for one in files]  # fmt: skip
        start([("validate", _arguments("validate", {**given, **one}, place / one["index"])) for one in raw])
        given["clean"] = str(clean)
        for step in ("train", "evaluate", "reject"):
            _do(start, [step], given, place)
        exported = {written.name for step in STEPS for written in step.writes if written.exported}
        outputs = {name: given[name] for name in exported if name in given}
        given |= {"outputs": json.dumps({**outputs, "reject-verdict": given["verdict"]})}
        _do(start, ["record", "notify"], given, place)
        assert given["outcome"] == "rejected", given


def _parameters(batch: Batch) -> Given:
    wanted = granted(batch)
    run_of_this = {"workflow": wanted.name, "uid": str(uuid4()), "created": "", "duration": "1", "labels": "{}"}
    ended = {"status": "Failed", "failures": "null", "document": str(batch.folder / "document.json")}
    return {**wanted.parameters, **run_of_this, **ended}


def _do(start: Start, steps: Sequence[str], given: Given, place: Path) -> None:
    """Carry out steps and add what they left to `given`: parameters as texts, artifacts as paths."""
    start([(step, _arguments(step, given, place / step)) for step in steps])
    for step in steps:
        given |= {
            name: (place / step / name).read_text(encoding="utf-8") for name in _written(ROWS[step], place / step)
        }
        given |= {saved.name: str(place / step / saved.name) for saved in ROWS[step].saves}


def _written(step: Step, place: Path) -> list[str]:
    names = [written.name for written in step.writes] + ["verdict"]
    return [name for name in names if (place / name).is_file()]


def _arguments(name: str, given: Mapping[str, str], place: Path) -> list[str]:
    """Return a step's arguments by its row of the catalog; what is not given it makes, below `place`."""
    step = ROWS[name]
    makes = [written.name for written in step.writes] + (["verdict"] if step in STEPS else [])
    saves = [saved.name for saved in step.saves if saved.name not in step.optional]
    reads = [name for name in step.artifacts if name not in step.optional]
    paths = {**{one: str(place / one) for one in (*makes, *saves)}, **{s: given[s] for s in saves if s in given}}
    return [f"--{one}={given[one]}" for one in (*step.parameters, *reads)] + [
        f"--{one}={path}" for one, path in paths.items()
    ]


def _held(calls: Calls, codes: Sequence[int]) -> None:
    for (step, _), code in zip(calls, codes, strict=True):
        assert code == (42 if step == "reject" else 0), (step, code)


def _called(calls: Calls) -> None:
    _held(calls, [importlib.import_module(f"steps.{step}").main(arguments) for step, arguments in calls])


if __name__ == "__main__":
    _carried_out(Batch(Path(sys.argv[1]), *sys.argv[2:]), _called)
