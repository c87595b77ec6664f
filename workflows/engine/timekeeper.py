"""Keeps the times of CronWorkflows: what is due is started, once, and what has ended is not kept for ever.

Used by `retrain up`, which asks it again and again; it has no thread and no clock. What was scheduled last is read from
the journal, where the Workflows are: there is no second book to disagree with it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta

from workflows.engine.cronworkflow import SCHEDULED_TIME, CronWorkflow, maker_of, scheduled
from workflows.engine.journal import AlreadyExistsError, Journal, JournalError
from workflows.engine.model import Workflow
from workflows.engine.nodes import WorkflowPhase
from workflows.engine.schedule import Timetable, timetable

Submit = Callable[[CronWorkflow, Workflow], object]
SECOND = timedelta(seconds=1)


class Timekeeper:
    """The CronWorkflows of one home. `submit` creates a Workflow; AlreadyExistsError from it is as good as done."""

    def __init__(self, crons: Sequence[CronWorkflow], journal: Journal, submit: Submit) -> None:
        """Raises DocumentError for times that cannot be read."""
        self._crons = {cron.name: cron for cron in crons if not cron.spec.suspend}
        self._tables: dict[str, Timetable] = {
            name: timetable(cron.spec.schedules, cron.spec.timezone) for name, cron in self._crons.items()
        }
        self._next: dict[str, datetime] = {}
        self._journal, self._submit = journal, submit

    def begin(self, now: datetime, at_once: Collection[str] = ()) -> None:
        """Start what was missed while nobody kept the time, and those named `at_once` whatever the time."""
        for name, cron in self._crons.items():
            self._set(name, now)
            self.tidy(name)
            moment = now if name in at_once else self._missed(cron, now)
            if moment is not None:
                self._start(cron, moment)

    def tick(self, now: datetime) -> None:
        """Start what is due by now; of several moments of one that passed at once, the last."""
        for name, cron in self._crons.items():
            due = self._next.get(name)
            if due is not None and due <= now:
                self._set(name, now)
                self._start(cron, self._tables[name].latest(due - SECOND, now) or due)

    def tidy(self, name: str) -> None:
        """Remove the oldest of the CronWorkflow's ended Workflows beyond its limits."""
        cron = self._crons.get(name)
        if cron is None:
            return
        ended = [one for one in self._made(name) if one.status.phase and one.status.phase.completed]
        ended.sort(key=lambda one: (one.status.finished_at is not None, one.status.finished_at, one.metadata.name))
        good = [one for one in ended if one.status.phase is WorkflowPhase.SUCCEEDED]
        bad = [one for one in ended if one.status.phase is not WorkflowPhase.SUCCEEDED]
        limits = (cron.spec.successful_jobs_history_limit, cron.spec.failed_jobs_history_limit)
        for group, limit in zip((good, bad), limits, strict=True):
            for one in group[: max(len(group) - limit, 0)]:
                self._journal.remove(one.metadata.name or "")

    def _set(self, name: str, now: datetime) -> None:
        following = self._tables[name].after(now)
        self._next.pop(name, None)
        if following is not None:
            self._next[name] = following

    def _missed(self, cron: CronWorkflow, now: datetime) -> datetime | None:
        """The last moment that nobody kept, if it is not older than the starting deadline.

        As in workflow/cron/operator.go: without a deadline, or if it has never run, nothing was missed.
        """
        seconds, last = cron.spec.starting_deadline_seconds, self._last(cron.name)
        if seconds is None or last is None:
            return None
        return self._tables[cron.name].latest(max(last, now - timedelta(seconds=seconds)), now)

    def _last(self, name: str) -> datetime | None:
        moments = [one.metadata.annotations.get(SCHEDULED_TIME) for one in self._made(name)]
        return max((datetime.fromisoformat(moment) for moment in moments if moment), default=None)

    def _start(self, cron: CronWorkflow, moment: datetime) -> None:
        """Start it for this moment, unless it forbids to while another of its Workflows goes on."""
        if cron.spec.concurrency_policy == "Forbid" and any(_goes_on(one) for one in self._made(cron.name)):
            return
        try:
            self._submit(cron, scheduled(cron, moment))
        except AlreadyExistsError:
            return

    def _made(self, name: str) -> Iterator[Workflow]:
        """The CronWorkflow's Workflows in the journal; what cannot be read is for others to name."""
        for found in self._journal.names():
            if found.startswith(f"{name}-"):
                try:
                    workflow = self._journal.read(found)
                except JournalError:
                    continue
                if maker_of(workflow) == name:
                    yield workflow


def _goes_on(workflow: Workflow) -> bool:
    """Whether it has not ended; one that nobody has begun yet counts too."""
    return workflow.status.phase is None or not workflow.status.phase.completed
