"""The command line as a person uses it: in this process with `Cli`, or as a process of its own; and small documents."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from workflows.__main__ import main

ROOT = Path(__file__).parents[1]
PIPELINES = ROOT / "workflows" / "pipelines"
MANIFESTS = ROOT / "manifests"
PATIENCE = 60

HELLO = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: hello}
spec:
  entrypoint: main
  arguments: {parameters: [{name: who, value: world}, {name: code, value: "0"}]}
  templates:
  - name: main
    outputs: {parameters: [{name: said, valueFrom: {path: /retrain/said}}]}
    container:
      image: any
      command: [sh, -c]
      args: ["echo hello {{workflow.parameters.who}} | tee {{outputs.parameters.said.path}}; \
exit {{workflow.parameters.code}}"]
"""

TEMPLATE = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: loans}
spec:
  entrypoint: pipeline
  arguments:
    parameters: [{name: marker}, {name: etag, value: ""}, {name: trigger, value: manual},
      {name: requested-by, value: ""}, {name: why, value: ""},
      {name: allow-older, value: "false"}, {name: retry-backoff, value: 5m}]
  templates:
  - {name: pipeline, dag: {tasks: [{name: work, template: work}]}}
  - {name: work, container: {image: any, command: [sh, -c], args: ["SCRIPT"]}}
"""


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Cli:
    """Runs a command in this process, by the entry point and with its error boundary."""

    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def __call__(self, *arguments: object) -> Done:
        self.monkeypatch.setattr(sys, "argv", ["retrain", *map(str, arguments)])
        self.capsys.readouterr()
        code = main()
        out, err = self.capsys.readouterr()
        return Done(code, out, err)


def start(*arguments: object, cwd: Path = ROOT) -> subprocess.Popen[str]:
    """Start a command as a process of its own."""
    command = [sys.executable, "-m", "workflows", *map(str, arguments)]
    places = {"PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=cwd, env={**os.environ, **places})


def retrain(*arguments: object, cwd: Path = ROOT) -> Done:
    """Run a command as a process of its own, to its end."""
    with start(*arguments, cwd=cwd) as process:
        try:
            out, err = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
        return Done(process.returncode, out, err)


def hello(folder: Path, old: str = "", new: str = "") -> Path:
    """Write the small Workflow with one text replaced; return the file."""
    file = folder / "hello.yaml"
    file.write_text(HELLO.replace(old, new) if old else HELLO, encoding="utf-8")
    return file


def loans(folder: Path, script: str = "true") -> Path:
    """Write a manifests folder whose pipeline `loans` is one step that runs the script; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "loans.yaml").write_text(TEMPLATE.replace("SCRIPT", script), encoding="utf-8")
    return folder


def until(holds: Callable[[], object], what: str) -> None:
    """Wait until it holds, by looking; fail with `what` if it never does."""
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"never happened: {what}")
        time.sleep(0.02)


def gone(pid: int) -> bool:
    """Whether there is no such process (a zombie has ended, too)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
