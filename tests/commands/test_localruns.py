"""This machine's runs: started whole or not at all, looked at as they are, driven by whoever serves the home."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path

import pytest
from commandline import loans

from steps.registry.outcome import conclude
from steps.registry.runs import RunsError
from steps.verdict import Reason
from workflows.commands.localruns import LocalRuns
from workflows.engine.inbox import FILE, Inbox
from workflows.engine.journal import Journal
from workflows.engine.nodes import WorkflowPhase

PARAMETERS = {"marker": "incoming/loans/b1/_READY.json", "trigger": "reconcile"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def runs(home: Path, script: str = "true") -> LocalRuns:
    return LocalRuns(loans(home.parent / "manifests", script), home)


def test_a_run_is_created_once_and_waits_for_an_engine(home: Path) -> None:
    here = runs(home)
    assert here.start("loans", "loans-b1", PARAMETERS)
    assert not here.start("loans", "loans-b1", {"marker": "other"})
    seen = here.look("loans-b1")
    assert seen is not None
    assert (seen.phase, seen.ended, seen.status) == ("", False, "")
    assert {**seen.parameters} == {**PARAMETERS, "retry-backoff": "1s"}
    assert seen.labels["workflows.argoproj.io/workflow-template"] == "loans"
    assert seen.uid
    assert seen.created
    assert [one.name for one in here.all("loans")] == ["loans-b1"]
    assert [*here.all("mortgage")] == []
    assert here.look("loans-b2") is None


def test_what_was_started_here_is_driven_here_when_nobody_serves_the_home(home: Path) -> None:
    here = runs(home, "exit 3")
    here.start("loans", "loans-b1", PARAMETERS)
    here.drive_started(threading.Event())
    seen = here.look("loans-b1")
    assert seen is not None
    assert (seen.phase, seen.status, seen.ended, seen.at) == ("Failed", "Failed", True, ())
    came_to = conclude(seen.status, seen.failures, seen.outputs)
    assert came_to.reason is Reason.CRASHED
    assert "exit code 3" in came_to.message
    assert seen.finished


def test_what_was_started_is_left_to_the_up_that_serves_the_home(home: Path) -> None:
    here = runs(home)
    here.start("loans", "loans-b1", PARAMETERS)
    with closing(Inbox(home / FILE)):
        here.drive_started(threading.Event())
    seen = here.look("loans-b1")
    assert seen is not None
    assert seen.phase == ""


def test_a_run_is_seen_through_whoever_drives_it(home: Path) -> None:
    here, told = runs(home), []
    here.start("loans", "loans-b1", PARAMETERS)
    inbox = Inbox(home / FILE)

    def show(workflow: object) -> None:
        told.append(workflow)
        if len(told) == 2:  # `up` dies before it has taken it
            inbox.close()

    done = here.see_through("loans-b1", threading.Event(), show)
    assert done.status.phase == "Succeeded"
    assert done == Journal(home).read("loans-b1")


def test_a_watcher_who_has_seen_enough_leaves_a_run_as_it_is(home: Path) -> None:
    here, enough = runs(home), threading.Event()
    enough.set()
    here.start("loans", "loans-b1", PARAMETERS)
    with closing(Inbox(home / FILE)):
        assert here.see_through("loans-b1", enough).status.phase is None


def test_a_run_that_goes_on_says_where(home: Path) -> None:
    here = runs(home, "sleep 60")
    here.start("loans", "loans-b1", PARAMETERS)
    cancel, at = threading.Event(), []

    def show(_: object) -> None:
        seen = here.look("loans-b1")
        at.append((seen.phase, seen.at, seen.status) if seen else None)
        if seen and seen.at:
            cancel.set()

    here.drive_started(cancel, show)
    assert ("Running", ("work",), "") in at


def test_a_run_that_an_engine_began_and_left_has_ended(home: Path) -> None:
    here = runs(home)
    here.start("loans", "loans-b1", PARAMETERS)
    journal = Journal(home)
    workflow = journal.read("loans-b1")
    journal.write(
        workflow.model_copy(update={"status": workflow.status.model_copy(update={"phase": WorkflowPhase.RUNNING})})
    )
    seen = here.look("loans-b1")
    assert seen is not None
    assert (seen.ended, seen.phase, seen.message, seen.status) == (True, "Error", "the engine died", "Error")
    assert conclude(seen.status, seen.failures, seen.outputs).reason in (Reason.CRASHED, Reason.UNKNOWN)


@pytest.mark.parametrize(
    ("pipeline", "parameters", "says"),
    [
        pytest.param("mortgage", {}, "no WorkflowTemplate 'mortgage'", id="no such pipeline"),
        pytest.param("loans", {"marker": "m", "hue": "1"}, "no parameter 'hue'", id="no such parameter"),
        pytest.param("loans", {}, "'marker' has no value", id="parameter missing"),
    ],
)
def test_what_cannot_be_started_is_said(home: Path, pipeline: str, parameters: dict[str, str], says: str) -> None:
    with pytest.raises(RunsError, match=says):
        runs(home).start(pipeline, "loans-b1", parameters)
    assert Journal(home).names() == ()


def test_what_cannot_be_read_is_no_answer(home: Path) -> None:
    (home / "workflows" / "loans-b1").mkdir(parents=True)
    with pytest.raises(RunsError, match=r"holds no workflow\.json"):
        runs(home).look("loans-b1")
