"""The local controller: takes every Workflow of the home that nobody has begun, and keeps the CronWorkflows' times.

Run by `retrain up`, as Argo's controller runs on a cluster: the Sensors, reconcile in a process of its own and
`retrain replay` only create Workflows; whose they are is decided by the lock that the first engine to come takes.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from queue import SimpleQueue

import typer

from workflows.commands import documents, feed, local
from workflows.engine.cronworkflow import CronWorkflow, maker_of
from workflows.engine.driver import Settings, adopt, submit
from workflows.engine.journal import Journal, JournalError
from workflows.engine.model import Workflow
from workflows.engine.nodes import WorkflowPhase
from workflows.engine.timekeeper import Timekeeper
from workflows.errors import RetrainError

AT_ONCE = 8
CRONS_AT_ONCE = 4
"""Threads of their own, so that what looks after the runs does not wait behind them."""
LOOK = 0.1  # seconds between looks at the journal
AT_START = "reconcile"
"""The component whose CronWorkflows run once at the start: events may have been lost while nobody listened."""
COMPONENT = "app.kubernetes.io/component"


@dataclass(frozen=True, slots=True)
class Desk:
    """What running Workflows here needs; one for the time of `up`. `places` is what steps are told of this machine."""

    manifests: Path
    home: Path
    cancel: threading.Event
    places: Mapping[str, str] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)

    def settings(self, on_change: feed.Change | None = None) -> Settings:
        return local.settings(self.home, self.cancel, on_change, self.places)


def serve(desk: Desk, crons: Sequence[CronWorkflow]) -> None:
    """Run what is found and what is due until `cancel` is set; sets it when it ends by an error. See `Controller`."""
    with ExitStack() as closing:
        controller = Controller(
            desk,
            closing.enter_context(ThreadPoolExecutor(AT_ONCE, "run")),
            closing.enter_context(ThreadPoolExecutor(CRONS_AT_ONCE, "cron")),
        )
        closing.callback(desk.cancel.set)  # before the threads are waited for
        clock = desk.settings().clock
        keeper = Timekeeper(crons, controller.journal, controller.submit_cron)
        keeper.begin(clock(), {cron.name for cron in crons if cron.metadata.labels.get(COMPONENT) == AT_START})
        while not desk.cancel.wait(LOOK):
            controller.look()
            for name in controller.ended_crons():
                keeper.tidy(name)
            keeper.tick(clock())


class Controller:
    """Hands every unstarted Workflow of the journal to a thread. Its methods are for one thread."""

    def __init__(self, desk: Desk, runs: ThreadPoolExecutor, crons: ThreadPoolExecutor) -> None:
        self.journal = Journal(desk.home)
        self._desk, self._runs, self._crons = desk, runs, crons
        self._known: set[str] = set()
        self._over: SimpleQueue[str] = SimpleQueue()
        self._told = feed.CronFeed(self.journal)

    def look(self) -> None:
        """Take what is new."""
        names = self.journal.names()
        for name in names:
            if name not in self._known:
                self._take(name)
        self._known &= set(names)

    def submit_cron(self, cron: CronWorkflow, workflow: Workflow) -> None:
        """Create the Workflow of a moment from the CronWorkflow as the manifests have it now, if they still do."""
        try:
            found = documents.read(self._desk.manifests).cron_workflows
            now = next((one for one in found if one.name == cron.name), None)
            if now is not None:
                submit(workflow.model_copy(update={"spec": now.spec.workflow_spec}), self._desk.settings())
        except RetrainError as error:
            if isinstance(error, JournalError):
                raise
            typer.echo(f"{feed.clock()}  {cron.name}  not started: {error}", err=True)

    def ended_crons(self) -> set[str]:
        """Return the CronWorkflows of which a Workflow has ended since the last time."""
        over = set()
        while not self._over.empty():
            over.add(self._over.get())
        return over

    def _take(self, name: str) -> None:
        try:
            workflow = self.journal.read(name)
        except JournalError:  # gone again, or no Workflow: `runs` names it
            return
        self._known.add(name)
        if workflow.status.phase is None:
            cron = maker_of(workflow)
            running = (self._crons if cron else self._runs).submit(self._run, name, cron)
            running.add_done_callback(partial(self._ended, name, cron))

    def _run(self, name: str, cron: str) -> Workflow | None:
        if self._desk.cancel.is_set():  # it stays as it is, for whoever serves this home next
            return None
        objects = local.objects(documents.read(self._desk.manifests), self._desk.home)
        return adopt(name, objects, self._desk.settings(None if cron else feed.Shown(name)))

    def _ended(self, name: str, cron: str, running: Future[Workflow | None]) -> None:
        """Say what nobody else says: that the engine could not bring it to an end, or what a CronWorkflow's did."""
        error = running.exception() if not running.cancelled() else None
        workflow = None if error or running.cancelled() else running.result()
        stopped = self._desk.cancel.is_set()
        if cron:
            self._over.put(cron)
            if workflow is not None and not stopped:
                self._told(cron, workflow)
        elif stopped and (error or (workflow and workflow.status.phase != WorkflowPhase.SUCCEEDED)):
            self._desk.stopped.append(name)
        if error is not None:
            typer.echo(f"{feed.clock()}  {name}  broke off: {type(error).__name__}: {error}", err=True)
