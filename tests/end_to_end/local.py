"""This machine as a place: moto as the store, `retrain up` in a process of its own, a desk that hears what is told.

The store is not `up`'s own, so that it outlives the kills.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from commandline import ROOT, retrain
from end_to_end.place import PAGE, PIPELINE, SLACK, Workflow, environment, over, pipelines_in, until

from steps.registry.objects import connect
from workflows.commands import render
from workflows.config import load
from workflows.engine.journal import Journal

START = 60
GLANCE, LOOKS = 0.002, 50
"""Seconds between looks for a process that may live for a tenth of one, and looks between two at the journal."""


class Local:
    """A place with one home; `up` runs in it but while it is restarted or away."""

    events = True
    patience = 300.0
    pause = 0.1

    def __init__(self, folder: Path, store: Mapping[str, str]) -> None:
        self._environment = dict(store)
        self.pipelines = pipelines_in(folder)
        self.manifests, self.home = folder / "manifests", folder / "home"
        shutil.copytree(ROOT / "manifests" / "base", self.manifests / "base")
        render.write(self.pipelines, self.manifests / "generated", say=lambda _: None)
        self.document = load(self.pipelines / f"{PIPELINE}.yaml")
        with environment(store):
            self.store = connect(self.document.data.bucket)
        self._log = folder / "up.log"
        self._up: subprocess.Popen[bytes] | None = None
        self._desk = ""

    def workflows(self) -> list[Workflow]:
        known = Journal(self.home).list().workflows
        return [json.loads(one.to_json()) for one in known if one.template_name == PIPELINE]

    def kill(self, workflow: str, step: str) -> bool:
        """A short step may end between two looks on a busy machine, hence the journal beside the processes."""
        pid = self._seen(workflow, step)
        if not pid:
            return False
        os.kill(pid, signal.SIGKILL)
        return self._seen(workflow, step, pid) != 0

    def _seen(self, workflow: str, step: str, but: int = 0) -> int:
        """Wait for a process of the step other than `but` and return it, 0 if the step is over without one seen."""

        def look() -> list[int]:
            done = self._over(workflow, step)
            for _ in range(LOOKS):
                if (pid := self._process(workflow, step)) not in (0, but):
                    return [pid]
                time.sleep(GLANCE)
            return [0] if done else []

        return until(look, f"{step} of {workflow} runs or is over", self.patience)[0]

    def restart(self) -> None:
        self._end(signal.SIGKILL)
        self._begin()

    @contextmanager
    def away(self, part: str) -> Iterator[None]:
        assert part == "sensor"
        self._end(signal.SIGKILL)
        yield
        self._begin()
        self.reconcile()  # a poll that was under way may have taken the event with it, and SQS hides that for 120 s

    def reconcile(self) -> None:
        self._retrain("reconcile", PIPELINE, "--patience", 0)

    def watch(self, at: datetime) -> None:
        self._retrain("watch", PIPELINE, "--at", at.isoformat())

    def told(self) -> Mapping[str, list[str]]:
        with urllib.request.urlopen(self._desk, timeout=10) as answer:
            known: Mapping[str, list[str]] = json.load(answer)
        return known

    def _retrain(self, *words: object) -> None:
        places = ["--pipelines", self.pipelines, "--manifests", self.manifests, "--home", self.home]
        with environment(self._environment):
            done = retrain(*words, *places)
        assert done.code == 0, done

    def _over(self, workflow: str, step: str) -> bool:
        return over(json.loads(Journal(self.home).read(workflow).to_json()), step)

    def _process(self, workflow: str, step: str) -> int:
        """Return the process of that step, 0 if there is none now: it works below the run's own folder."""
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                try:
                    words = (folder / "cmdline").read_bytes().split(b"\0")
                    place = (folder / "cwd").readlink()
                except OSError:
                    continue
                if f"steps.{step}".encode() in words and workflow in place.parts:
                    return int(folder.name)
        return 0

    def _begin(self) -> None:
        places = ["--pipelines", self.pipelines, "--manifests", self.manifests, "--home", self.home]
        words = ["up", "--endpoint", self._environment["AWS_ENDPOINT_URL_S3"], *map(str, places)]
        command, known = [sys.executable, "-m", "workflows", *words], {**os.environ, **self._environment}
        with self._log.open("wb") as output:
            self._up = subprocess.Popen(command, stdout=output, stderr=output, env=known, cwd=ROOT)
        until(lambda: b"waiting for markers" in self._log.read_bytes(), "`retrain up` is ready", START)

    def _end(self, number: signal.Signals) -> None:
        if self._up is not None:
            self._up.send_signal(number)
            self._up.wait(timeout=START)

    @contextmanager
    def open(self) -> Iterator[Local]:
        """Be there until the block ends."""
        with ExitStack() as closing:
            command = [sys.executable, str(Path(__file__).with_name("desk.py")), "127.0.0.1", "0"]
            server = closing.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE))
            closing.callback(server.kill)
            assert server.stdout is not None
            port = int(server.stdout.readline())
            self._desk = f"http://127.0.0.1:{port}/"
            ways = {SLACK: f"{self._desk}slack", PAGE: f"json://127.0.0.1:{port}/page"}
            for secret, url in ways.items():
                (self.home / "secrets" / secret).mkdir(parents=True)
                (self.home / "secrets" / secret / "url").write_text(url)
            self._environment |= {"SLACK_WEBHOOK_URL": ways[SLACK], "PAGE_URL": ways[PAGE]}
            closing.callback(self._end, signal.SIGINT)
            self._begin()
            yield self
