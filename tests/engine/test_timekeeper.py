"""CronWorkflows start when they are due, once, one at a time if they say so, and leave a bounded history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from workflows.engine.cronworkflow import CronWorkflow
from workflows.engine.driver import Settings, submit
from workflows.engine.journal import Journal
from workflows.engine.loader import parse
from workflows.engine.model import Workflow
from workflows.engine.nodes import WorkflowPhase
from workflows.engine.timekeeper import Timekeeper

CRON = """
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: NAME}
spec:
  schedules: ["*/15 * * * *"]
  timezone: Europe/Berlin
  FIELDS
  workflowSpec:
    entrypoint: main
    templates: [{name: main, container: {image: a, command: [b]}}]
"""
NOON = datetime(2026, 2, 23, 12, tzinfo=UTC)


def cron(fields: str = "concurrencyPolicy: Allow", name: str = "tick") -> CronWorkflow:
    (found,) = parse(CRON.replace("FIELDS", fields).replace("NAME", name), "file.yaml")
    assert isinstance(found, CronWorkflow)
    return found


class Clockwork:
    """A timekeeper over a journal, with a clock that only the test moves."""

    def __init__(self, home: Path, *crons: CronWorkflow) -> None:
        self.now = NOON + timedelta(minutes=7)
        self.journal = Journal(home)
        settings = Settings(home, lambda: self.now, lambda: "u")
        self.keeper = Timekeeper(crons, self.journal, lambda _, workflow: submit(workflow, settings))

    def begin(self, *at_once: str) -> None:
        self.keeper.begin(self.now, at_once)

    def to(self, minutes: float) -> list[str]:
        """Move to so many minutes past noon; return when the Workflows there are were due, in minutes past noon."""
        self.now = NOON + timedelta(minutes=minutes)
        self.keeper.tick(self.now)
        return self.due()

    def due(self) -> list[str]:
        return [f"{(int(name.rpartition('-')[2]) - NOON.timestamp()) / 60:g}" for name in self.journal.names()]

    def end(self, phase: WorkflowPhase = WorkflowPhase.SUCCEEDED) -> None:
        """End every Workflow that has not ended, a second apart."""
        for name in self.journal.names():
            workflow = self.journal.read(name)
            if workflow.status.phase is None:
                self.now += timedelta(seconds=1)
                status = workflow.status.model_copy(update={"phase": phase, "finished_at": self.now})
                self.journal.write(workflow.model_copy(update={"status": status}))


@pytest.fixture
def clockwork(tmp_path: Path) -> Callable[..., Clockwork]:
    return lambda *crons: Clockwork(tmp_path, *crons)


def test_it_starts_when_due_and_once(clockwork: Callable[..., Clockwork]) -> None:
    work = clockwork(cron())
    work.begin()
    assert work.to(14.9) == []
    assert work.to(15) == ["15"]
    assert work.to(15.1) == ["15"]
    assert work.to(29.9) == ["15"]
    assert work.to(30.2) == ["15", "30"]
    (made, _) = (work.journal.read(name) for name in work.journal.names())
    assert made.metadata.annotations == {"workflows.argoproj.io/scheduled-time": "2026-02-23T12:15:00Z"}


def test_a_sleep_over_several_moments_starts_the_last(clockwork: Callable[..., Clockwork]) -> None:
    work = clockwork(cron())
    work.begin()
    assert work.to(8 * 60 + 5) == ["480"]
    assert work.to(8 * 60 + 15) == ["480", "495"]


def test_a_clock_set_back_starts_nothing_twice(clockwork: Callable[..., Clockwork]) -> None:
    work = clockwork(cron())
    work.begin()
    work.to(15)
    assert work.to(10) == ["15"]
    assert work.to(15.5) == ["15"]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("Forbid", ["15", "45"]), ("Allow", ["15", "30", "45"])],
)
def test_forbid_starts_none_while_another_goes_on(
    clockwork: Callable[..., Clockwork], policy: str, expected: list[str]
) -> None:
    work = clockwork(cron(f"concurrencyPolicy: {policy}"))
    work.begin()
    work.to(15)
    work.to(30)
    work.end()
    assert work.to(45) == expected


def test_one_whose_engine_died_forbids_nothing(clockwork: Callable[..., Clockwork]) -> None:
    work = clockwork(cron("concurrencyPolicy: Forbid"))
    work.begin()
    work.to(15)
    left = work.journal.read(work.journal.names()[0])
    running = left.status.model_copy(update={"phase": WorkflowPhase.RUNNING})
    work.journal.write(left.model_copy(update={"status": running}))
    assert work.to(30) == ["15", "30"]


def test_one_cron_workflow_is_not_in_another_s_way(clockwork: Callable[..., Clockwork]) -> None:
    work = clockwork(cron("concurrencyPolicy: Forbid"), cron("concurrencyPolicy: Forbid", "tick-tock"))
    work.begin()
    work.to(15)
    assert len(work.journal.names()) == 2


@pytest.mark.parametrize(
    ("fields", "back_after", "expected"),
    [
        pytest.param("startingDeadlineSeconds: 600", 65, ["15", "60"], id="within the deadline"),
        pytest.param("startingDeadlineSeconds: 240", 65, ["15"], id="too late"),
        pytest.param("startingDeadlineSeconds: 300", 65, ["15"], id="just too late"),
        pytest.param("suspend: false", 65, ["15"], id="no deadline"),
        pytest.param("startingDeadlineSeconds: 86400", 29, ["15"], id="nothing missed"),
    ],
)
def test_what_was_missed_while_nobody_kept_the_time(
    clockwork: Callable[..., Clockwork], fields: str, back_after: int, expected: list[str]
) -> None:
    work = clockwork(cron(fields))
    work.begin()
    work.to(15)
    work.end()
    again = clockwork(cron(fields))
    again.now = NOON + timedelta(minutes=back_after)
    again.begin()
    assert again.due() == expected


def test_what_has_never_run_has_missed_nothing(clockwork: Callable[..., Clockwork]) -> None:
    work = clockwork(cron("startingDeadlineSeconds: 86400"))
    work.begin()
    assert work.due() == []


def test_what_is_wanted_at_once_starts_at_once_and_then_at_its_times(clockwork: Callable[..., Clockwork]) -> None:
    work = clockwork(cron(name="now"), cron(name="later"))
    work.begin("now")
    assert work.due() == ["7"]
    work.end()
    assert sorted(work.to(15)) == ["15", "15", "7"]


def test_a_suspended_one_never_starts(clockwork: Callable[..., Clockwork]) -> None:
    work = clockwork(cron("suspend: true"))
    work.begin("tick")
    assert work.to(600) == []


def test_a_name_that_is_taken_is_as_good_as_started(clockwork: Callable[..., Clockwork]) -> None:
    work, twin = clockwork(cron()), clockwork(cron())
    work.begin()
    twin.begin()
    assert work.to(15) == ["15"]
    assert twin.to(15) == ["15"]


def test_history_is_kept_to_its_limits_and_what_goes_on_is_kept(clockwork: Callable[..., Clockwork]) -> None:
    fields = "successfulJobsHistoryLimit: 2\n  failedJobsHistoryLimit: 1"
    work = clockwork(cron(fields))
    work.begin()
    for minute, phase in ((15, "Succeeded"), (30, "Failed"), (45, "Succeeded"), (60, "Error"), (75, "Succeeded")):
        work.to(minute)
        work.end(WorkflowPhase(phase))
    work.to(90)
    work.keeper.tidy("tick")
    assert work.due() == ["45", "60", "75", "90"]
    work.keeper.tidy("another")
    assert len(work.due()) == 4


def test_a_pipeline_s_run_is_no_history_of_a_cron_workflow(clockwork: Callable[..., Clockwork]) -> None:
    work = clockwork(cron("successfulJobsHistoryLimit: 0"))
    spec = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {"entrypoint": "main"}}
    mine = Workflow.model_validate({**spec, "metadata": {"name": "tick-1"}, "status": {"phase": "Succeeded"}})
    work.journal.create(mine)
    work.keeper.tidy("tick")
    assert work.journal.names() == ("tick-1",)


def test_what_cannot_be_read_is_in_nobody_s_way(clockwork: Callable[..., Clockwork], tmp_path: Path) -> None:
    (tmp_path / "workflows" / "tick-1").mkdir(parents=True)
    work = clockwork(cron("concurrencyPolicy: Forbid"))
    work.begin("tick")
    assert len(work.journal.names()) == 2
