"""One attempt at a template as a process on this machine: inputs, process, outputs, and what Argo would say of it.

Called by the driver, one thread a pod. It knows the template and nothing of the graph. Phases and messages are those of
Argo's controller (inferFailedReason in operator.go): the process's failure is Failed, trouble around it is Error.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from workflows.engine import process
from workflows.engine.artifacts import ArtifactStore, Driver, load_order
from workflows.engine.buckets import ArtifactDriver
from workflows.engine.container import Container, Script
from workflows.engine.environment import (
    INTERPRETER,
    declared_environment,
    expanded,
    machine_environment,
)
from workflows.engine.journal import Journal
from workflows.engine.model import Template
from workflows.engine.nodes import NodePhase, whole_seconds
from workflows.engine.objects import Objects
from workflows.engine.pod import Pod, PodResult, with_paths
from workflows.engine.process import RESULT_BYTES, Command, Outcome, Patience
from workflows.engine.scratch import ArtifactError, Scratch
from workflows.engine.values import Artifact, Parameter
from workflows.errors import RetrainError

CANNOT_START = 64  # the emissary's exit code
NOT_CONFIGURED = "Pod failed before main container starts due to CreateContainerConfigError"
CANCELLED = "the run was stopped before the step could start"


class Executor(Protocol):
    """Whatever runs pods."""

    def execute(self, pod: Pod, cancel: threading.Event) -> PodResult:
        """Run one pod to its end; returns soon after `cancel` is set. A failure is a result, not an exception."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class _Saved:
    """What was saved, and the first thing that could not be."""

    parameters: dict[str, str]
    artifacts: tuple[Artifact, ...]
    error: str = ""


class StartError(Exception):
    """The program cannot be started; the text is the emissary's and quotes only what the template itself says."""


@dataclass(frozen=True, slots=True)
class ProcessExecutor:
    """Runs pods as processes; safe to call from many threads at once.

    `journal` says where files are, `objects` has ConfigMaps and Secrets, `image_environment` is what the image's ENV
    would hold.
    """

    journal: Journal
    objects: Objects = field(default_factory=Objects)
    image_environment: Mapping[str, str] = field(default_factory=dict)
    driver: Driver = field(default_factory=ArtifactDriver)
    patience: Patience = field(default_factory=Patience)
    clock: Callable[[], datetime] = _now

    def execute(self, pod: Pod, cancel: threading.Event) -> PodResult:
        """Load the inputs, run the main container, save the outputs even if it failed; see `Executor`."""
        attempt = _Attempt(self, pod)
        try:
            attempt.load(cancel)
        except ArtifactError as error:
            return attempt.unreported(NodePhase.ERROR, f"init: Error (exit code {CANNOT_START}): {error.message}")
        if cancel.is_set():
            return attempt.unreported(NodePhase.FAILED, CANCELLED)
        seconds = attempt.seconds_left()
        if seconds is not None and seconds <= 0:
            return attempt.result(NodePhase.FAILED, pod.deadline_message)
        try:
            command = attempt.command()
            outcome = process.run(command, cancel, seconds, self.patience)
        except RetrainError as error:
            return attempt.result(NodePhase.ERROR, f"{NOT_CONFIGURED}: {error.message}")
        except (StartError, OSError, ValueError) as error:
            return attempt.not_started(error)
        return attempt.conclude(outcome)


class _Attempt:
    """One pod while it is carried out."""

    def __init__(self, executor: ProcessExecutor, pod: Pod) -> None:
        self.executor, self.pod = executor, pod
        self.started_at = executor.clock()
        self.scratch = Scratch(executor.journal.pod_directory(pod.workflow, pod.name).absolute())
        self.log = executor.journal.log_path(pod.workflow, pod.name).absolute()
        self.store = ArtifactStore(executor.driver, pod.repository)

    def load(self, cancel: threading.Event) -> None:
        """Make the directory and put the inputs in it; stops early when cancelled. Raises ArtifactError."""
        try:
            self.scratch.prepare(self.pod.template)
            if not self.log.parent.is_dir():  # the journal makes it; a look is cheaper than an attempt
                self.log.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ArtifactError(f"cannot make the pod's directory: {error}") from error
        for artifact in load_order(self.pod.template.inputs.artifacts):
            if cancel.is_set():
                return
            self.store.load(artifact, self.scratch)

    def seconds_left(self) -> float | None:
        """Seconds to the pod's deadline."""
        deadline = self.pod.deadline
        return None if deadline is None else (deadline - self.executor.clock()).total_seconds()

    def command(self) -> Command:
        """The process to start. Raises ContainerConfigError, StartError, OSError."""
        template = with_paths(self.pod.template, self.scratch.paths(self.pod.template))
        container = _container(template)
        declared = declared_environment(container, self.pod.name, self.executor.objects)
        declared |= self.pod.environment
        if self.pod.deadline is not None:
            declared["ARGO_DEADLINE"] = self.pod.deadline.strftime("%Y-%m-%dT%H:%M:%SZ")
        environment = {**machine_environment(self.scratch.temporary), **self.executor.image_environment, **declared}
        words = [expanded(word, declared) for word in (*container.command, *container.args)]
        if isinstance(container, Script) and container.source:
            self.scratch.script.write_text(container.source, encoding="utf-8", newline="")
            self.scratch.script.chmod(0o755)
            words.append(str(self.scratch.script))
        program = _program(container, words[0] if container.command else "", environment["PATH"], self.scratch)
        return Command((program, *words[1:]), environment, self.scratch.root, self.log)

    def conclude(self, outcome: Outcome) -> PodResult:
        """Save the outputs and say what came of it; the process's own failure is told before that of its outputs."""
        saved = self._save(logs=self.pod.archive_logs)
        if outcome.timed_out:
            phase, message = NodePhase.FAILED, self.pod.deadline_message
        elif outcome.exit_code != 0:
            phase, message = NodePhase.FAILED, f"main: Error (exit code {outcome.exit_code})"
        elif saved.error:
            phase, message = NodePhase.ERROR, f"wait: Error (exit code {CANNOT_START}): {saved.error}"
        else:
            phase, message = NodePhase.SUCCEEDED, ""
        return self.result(phase, message, outcome, saved)

    def not_started(self, error: Exception) -> PodResult:
        """What the emissary says of a program that it cannot start; not its words, which may hold secrets."""
        text = str(error) if isinstance(error, StartError) else "the command cannot be started: "
        if isinstance(error, OSError):
            text += error.strerror or type(error).__name__
        elif isinstance(error, ValueError):
            text += "it holds a character that no process can be given"
        self.log.write_text(f"{text}\n", encoding="utf-8")
        outcome = Outcome(CANNOT_START, b"")
        # The emissary opens the log that is archived only once it has found the program.
        saved = self._save(logs=self.pod.archive_logs and not isinstance(error, StartError))
        return self.result(NodePhase.FAILED, f"main: Error (exit code {CANNOT_START}): {text}", outcome, saved)

    def unreported(self, phase: NodePhase, message: str) -> PodResult:
        """What came of a pod that ended before its main container could start."""
        return replace(self.result(phase, message), reported=False)

    def result(
        self, phase: NodePhase, message: str, outcome: Outcome | None = None, saved: _Saved | None = None
    ) -> PodResult:
        """Put it together, with times."""
        return PodResult(
            phase=phase,
            started_at=whole_seconds(self.started_at),
            finished_at=whole_seconds(self.executor.clock()),
            exit_code=outcome.exit_code if outcome else None,
            message=message,
            parameters=saved.parameters if saved else {},
            artifacts=saved.artifacts if saved else (),
            result=_text(outcome.stdout) if outcome and self.pod.capture else None,
        )

    def _save(self, *, logs: bool) -> _Saved:
        """Save all that can be saved; as Argo does, go on after an error and report the first."""
        parameters: dict[str, str] = {}
        artifacts: list[Artifact] = []
        errors: list[str] = []
        for parameter in self.pod.template.outputs.parameters:
            try:
                value = self._parameter(parameter)
            except ArtifactError as error:
                errors.append(error.message)
                continue
            if value is not None:
                parameters[parameter.name] = value
        for save in self._artifacts(logs=logs):
            try:
                saved = save()
            except ArtifactError as error:
                errors.append(error.message)
                continue
            artifacts += [saved] if saved else []
        return _Saved(parameters, tuple(artifacts), errors[0] if errors else "")

    def _artifacts(self, *, logs: bool) -> list[Callable[[], Artifact | None]]:
        saves: list[Callable[[], Artifact | None]] = []
        for artifact in self.pod.template.outputs.artifacts:
            saves.append(lambda artifact=artifact: self.store.save(artifact, self.scratch))  # type: ignore[misc]
        if logs:
            saves.append(lambda: self.store.save_log(self.log, self.scratch))
        return saves

    def _parameter(self, parameter: Parameter) -> str | None:
        """The content of the parameter's file without one newline, or its default; None if it comes from elsewhere."""
        source = parameter.value_from
        if source is None or source.path is None:
            return None
        try:
            value = self._content(source.path, f"output parameter '{parameter.name}'")
        except ArtifactError:
            if source.default is None:
                raise
            value = source.default
        return value.removesuffix("\n")

    def _content(self, path: str, what: str) -> str:
        try:
            return self.scratch.found(path, what).read_bytes().decode("utf-8", errors="replace")
        except OSError as error:
            raise ArtifactError(f"{what}: read {path}: {(error.strerror or str(error)).lower()}") from error


def _container(template: Template) -> Container:
    container = template.container or template.script
    if container is None:
        raise StartError(f"template {template.name!r} has neither a container nor a script")
    return container


def _program(container: Container, name: str, path: str, scratch: Scratch) -> str:
    """The full path of the program. Raises StartError."""
    if not name:
        raise StartError("the command is empty; there is no image here whose entrypoint could be run")
    if name in ("python", "python3"):
        return str(INTERPRETER)
    place = scratch.root / name
    found = shutil.which(str(place) if "/" in name else name, path=path)
    if found is None:
        # Quoted as the template says it: expanded, it may hold a Secret's value.
        said = container.command[0]
        why = _why_not(said, place) if "/" in name else "executable file not found in $PATH"
        raise StartError(f'failed to find name in PATH: exec: "{said}": {why}')
    return found


def _why_not(said: str, place: Path) -> str:
    """Why a path is no program, in the words of Go's exec.LookPath."""
    if not place.exists():
        return f"stat {said}: no such file or directory"
    return "is a directory" if place.is_dir() else "permission denied"


def _text(stdout: bytes) -> str:
    """Standard output as Argo keeps it: without one newline at its end, and of that the last 256 kB."""
    return stdout.removesuffix(b"\n")[-RESULT_BYTES:].decode("utf-8", errors="replace")
