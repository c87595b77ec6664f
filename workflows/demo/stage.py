"""Where the story plays: a folder with one pipeline, an embedded S3, and `retrain up` in a process of its own.

A person would do the same by hand; nothing here is made for the demo but the folder.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from steps.registry.objects import Store, connect
from workflows.commands import render
from workflows.commands.up import EMBEDDED
from workflows.config import SHIPPED, load
from workflows.embedded import environment, free_port
from workflows.errors import RunFailedError

PIPELINE = "mortgage"
PATIENCE = 300
POLL = 0.05


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the story plays: its folders, its store, and what `retrain up` has printed so far.

    `days` are a Monday to come, the two days after it and the Monday after that, as ISO dates: no watch pages for what
    was due before the pipeline began.
    """

    folder: Path
    store: Store
    log: Path
    days: tuple[str, str, str, str]

    @property
    def pipelines(self) -> Path:
        return self.folder / "pipelines"

    @property
    def manifests(self) -> Path:
        return self.folder / "manifests"

    @property
    def home(self) -> Path:
        return self.folder / "home" / EMBEDDED


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
        yield Stage(folder, connect(document.data.bucket), log, days_after(datetime.now(UTC).date()))


def days_after(today: date) -> tuple[str, str, str, str]:
    """Return Monday, Tuesday and Wednesday of the week after `today`'s, and the Monday after."""
    first, second, third, last = (
        (today + timedelta(days=7 - today.weekday() + more)).isoformat() for more in (0, 1, 2, 7)
    )
    return first, second, third, last


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
