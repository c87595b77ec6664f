"""Runs one Workflow to its end on this machine: threads around the pure machine, and the journal of what happened.

Called by the commands and the sensor's listener. It owns clock, threads and locks; what runs next is the machine's say,
and how a pod runs is the executor's.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue

from workflows.engine.executor import Executor, ProcessExecutor
from workflows.engine.journal import Journal
from workflows.engine.lock import Held
from workflows.engine.model import Workflow, WorkflowSpec
from workflows.engine.mutex import Line, waiting_message
from workflows.engine.nodes import WorkflowPhase, whole_seconds
from workflows.engine.objects import Objects, resolve
from workflows.engine.pod import ArtifactRepository, PodResult
from workflows.engine.repository import repository_of
from workflows.engine.run import Start
from workflows.engine.state import Instruction, Options, State, spec_of
from workflows.engine.validate import check_resolved
from workflows.errors import DocumentError

LOOK = 0.1  # seconds between looks at the cancel event and at a lock that another has
PAUSE = 0.05  # seconds at least between two writes of the journal while pods run
SHARE = 10  # and this many times as long as the last write took, so that writing never becomes the work
BROKE_OFF = "the engine broke off"
PARALLELISM = max(4, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Settings:
    """How to run here. `clock` gives UTC; `image_environment` is what the image's ENV would hold.

    `parallelism` is how many pods run at once. `on_change` is called, in the thread of `run`, after each write of the
    journal. `cancel` stops the run as `argo stop` does: what runs is ended, onExit runs. `executor` replaces processes.
    """

    home: Path
    clock: Callable[[], datetime]
    new_uid: Callable[[], str]
    namespace: str = "default"
    image_environment: Mapping[str, str] = field(default_factory=dict)
    parallelism: int = PARALLELISM
    on_change: Callable[[Workflow], None] | None = None
    cancel: threading.Event = field(default_factory=threading.Event)
    executor: Executor | None = None


def run(workflow: Workflow, objects: Objects, settings: Settings) -> Workflow:
    """Run a Workflow to its end and return it; the journal then has the same.

    Raises DocumentError for one that cannot run, AlreadyExistsError for a name that was used before, both before
    anything is written.
    """
    ready = _ready(_identified(workflow, settings), objects, settings)
    with Journal(settings.home).create_owned(_pending(ready.workflow, "")):
        return _operated(ready, objects, settings)


def submit(workflow: Workflow, settings: Settings) -> Workflow:
    """Create a Workflow for whoever runs those of this home, and return it: it has no phase until `adopt` takes it.

    Raises AlreadyExistsError for a name that was used before.
    """
    workflow = _identified(workflow, settings)
    Journal(settings.home).create(workflow)
    return workflow


def adopt(name: str, objects: Objects, settings: Settings) -> Workflow | None:
    """Run a Workflow that was submitted, to its end; None if another engine has it, had it, or it is gone.

    One that cannot run ends Failed, as Argo's controller says it, for whoever submitted it is not here to be told.
    """
    journal = Journal(settings.home)
    held = journal.own(name)
    if held is None:
        return None
    with held:
        workflow = journal.read(name)
        if workflow.status.phase is not None:
            return None
        try:
            ready = _ready(workflow, objects, settings)
        except DocumentError as error:
            failed = _ended(workflow, f"invalid spec: {error.message}", settings)
            _publish(failed, settings, journal)
            return failed
        # Begun, whatever comes: it must not be found unstarted again if this engine breaks.
        journal.write(_pending(ready.workflow, ""))
        return _operated(ready, objects, settings)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A Workflow that can run: resolved, checked, with what it runs on."""

    workflow: Workflow
    spec: WorkflowSpec
    repository: ArtifactRepository | None


def _ready(workflow: Workflow, objects: Objects, settings: Settings) -> _Ready:
    """Raises DocumentError for one that cannot run."""
    workflow = resolve(workflow, objects)
    _refuse(workflow)
    spec = spec_of(workflow, settings.clock())
    return _Ready(workflow, spec, repository_of(spec, objects))


def _operated(ready: _Ready, objects: Objects, settings: Settings) -> Workflow:
    """Run to the end what the caller owns."""
    journal = Journal(settings.home)
    executor = settings.executor or ProcessExecutor(journal, objects, settings.image_environment, clock=settings.clock)
    workflow = _pending(ready.workflow, "")
    held = _locked(workflow, ready.spec, settings, journal)
    if isinstance(held, Workflow):
        return held
    with held:
        options = Options(repository=ready.repository, parallelism=settings.parallelism)
        drive = _Drive(State(workflow, settings.clock(), options), settings, journal, executor)
        finished = drive.to_the_end()
    if finished.status.phase is WorkflowPhase.SUCCEEDED:
        journal.discard_scratch(finished.metadata.name or "")
    return finished


def _identified(workflow: Workflow, settings: Settings) -> Workflow:
    if not workflow.metadata.name:
        raise DocumentError("a Workflow to run needs metadata.name", hint="generateName is the caller's to fill in")
    given = {
        "uid": settings.new_uid(),
        "namespace": workflow.metadata.namespace or settings.namespace,
        "creation_timestamp": settings.clock().replace(microsecond=0),
    }
    return workflow.model_copy(update={"metadata": workflow.metadata.model_copy(update=given)})


def _refuse(workflow: Workflow) -> None:
    """Raise the first error that a check finds."""
    for problem in check_resolved(workflow):
        if problem.level == "error":
            raise DocumentError(problem.message, where=problem.where, hint=problem.hint)


def _pending(workflow: Workflow, message: str) -> Workflow:
    changes = {"phase": WorkflowPhase.PENDING, "message": message or None}
    return workflow.model_copy(update={"status": workflow.status.model_copy(update=changes)})


def _ended(workflow: Workflow, message: str, settings: Settings) -> Workflow:
    """Return a Workflow that ends Failed without having run."""
    changes = {"phase": WorkflowPhase.FAILED, "message": message, "finished_at": whole_seconds(settings.clock())}
    return workflow.model_copy(update={"status": workflow.status.model_copy(update=changes)})


def _locked(workflow: Workflow, spec: WorkflowSpec, settings: Settings, journal: Journal) -> Held | Workflow:
    """Hold the Workflow's mutexes, waiting in line for them; the Workflow as it ended if it was stopped before."""
    mutexes = spec.synchronization.mutexes if spec.synchronization is not None else ()
    shown = ""
    with Line(settings.home, mutexes, settings.namespace) as line:
        line.queue(workflow.metadata.creation_timestamp or settings.clock(), workflow.metadata.name or "")
        while isinstance(held := line.acquire(), str):
            if held != shown:
                shown = held
                _publish(_pending(workflow, waiting_message(held)), settings, journal)
            if settings.cancel.wait(LOOK):
                stopped = _ended(workflow, "Stopped with strategy 'Terminate'", settings)
                _publish(stopped, settings, journal)
                return stopped
    return held


def _publish(workflow: Workflow, settings: Settings, journal: Journal) -> None:
    journal.write(workflow)
    if settings.on_change is not None:
        settings.on_change(workflow)


class _Drive:
    """The machine, the threads of its pods, and the journal between them."""

    def __init__(self, state: State, settings: Settings, journal: Journal, executor: Executor) -> None:
        self.state = state
        self.settings = settings
        self.journal = journal
        self.executor = executor
        self.pool = ThreadPoolExecutor(settings.parallelism, thread_name_prefix="pod")
        self.cancels: dict[str, threading.Event] = {}
        self.results: SimpleQueue[tuple[str, Future[PodResult]]] = SimpleQueue()
        self.write_at = 0.0
        self.changed = False

    def to_the_end(self) -> Workflow:
        """Run until nothing is left; whatever happens here, no pod outlives this call and the journal is complete."""
        try:
            self._loop()
        except KeyboardInterrupt:
            self.settings.cancel.set()
            self._loop()
            raise
        finally:
            for cancel in self.cancels.values():
                cancel.set()
            self.pool.shutdown()
            if not self.state.done:
                self.state.abandon(BROKE_OFF, self.settings.clock())
            finished = self.state.workflow()
            _publish(finished, self.settings, self.journal)
        return finished

    def _loop(self) -> None:
        stopped = False
        self._obey(self.state.advance(self.settings.clock()))
        while not self.state.done:
            if not stopped and self.settings.cancel.is_set():
                stopped = True
                self._obey(self.state.stop("Stop", self.settings.clock()))
            self._write()
            for node_id, future in self._reported():
                del self.cancels[node_id]
                self._obey(self.state.finished(node_id, future.result(), self.settings.clock()))
            wake = self.state.wake_at
            if wake is not None and wake <= self.settings.clock():
                self._obey(self.state.advance(self.settings.clock()))

    def _obey(self, instructions: list[Instruction]) -> None:
        self.changed = True
        for instruction in instructions:
            if not isinstance(instruction, Start):
                self.cancels[instruction.node_id].set()
                continue
            node_id = instruction.pod.node_id
            cancel = self.cancels[node_id] = threading.Event()
            future = self.pool.submit(self.executor.execute, instruction.pod, cancel)
            future.add_done_callback(partial(self._ended, node_id))

    def _ended(self, node_id: str, future: Future[PodResult]) -> None:
        self.results.put((node_id, future))

    def _reported(self) -> list[tuple[str, Future[PodResult]]]:
        """What has ended; waits for the first, but no longer than until there is something else to do."""
        try:
            reported = [self.results.get(timeout=self._patience())]
        except Empty:
            return []
        while not self.results.empty():
            reported.append(self.results.get())
        return reported

    def _patience(self) -> float:
        until = LOOK
        if self.changed:
            until = min(until, self.write_at - time.monotonic())
        if self.state.wake_at is not None:
            until = min(until, (self.state.wake_at - self.settings.clock()).total_seconds())
        return max(until, 0.001)

    def _write(self) -> None:
        began = time.monotonic()
        if self.changed and began >= self.write_at:
            _publish(self.state.workflow(), self.settings, self.journal)
            self.changed = False
            ended = time.monotonic()
            self.write_at = ended + max(PAUSE, SHARE * (ended - began))
