"""The local controller runs what others create, keeps the times of CronWorkflows, and says only what is worth it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from commandline import loans, until

from workflows.commands import documents, local
from workflows.commands.controller import Desk, serve
from workflows.commands.feed import CronFeed
from workflows.commands.localruns import LocalRuns
from workflows.engine.journal import Journal
from workflows.engine.model import Workflow

CRON = """\
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata:
  name: NAME
  labels: {app.kubernetes.io/component: COMPONENT}
spec:
  schedules: ["0 0 1 1 *"]
  timezone: UTC
  concurrencyPolicy: Forbid
  successfulJobsHistoryLimit: 1
  workflowSpec:
    entrypoint: main
    templates:
    - name: main
      container: {image: any, command: [sh, -c], args: ['SCRIPT']}
"""


def cron(folder: Path, script: str, name: str = "loans-reconcile", component: str = "reconcile") -> None:
    text = CRON.replace("SCRIPT", script).replace("NAME", name).replace("COMPONENT", component)
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    manifests = loans(tmp_path / "manifests", "echo worked")
    home = tmp_path / "home"
    return Desk(manifests, home, threading.Event(), local.places(home, manifests, tmp_path / "pipelines"))


@contextmanager
def serving(desk: Desk) -> Iterator[Journal]:
    crons = documents.read(desk.manifests).cron_workflows
    thread = threading.Thread(target=serve, args=(desk, crons))
    thread.start()
    try:
        yield Journal(desk.home)
    finally:
        desk.cancel.set()
        thread.join()


def ended(journal: Journal, prefix: str) -> list[Workflow]:
    found = [journal.read(name) for name in journal.names() if name.startswith(prefix)]
    return [one for one in found if one.status.phase and one.status.phase.completed]


def test_a_run_that_another_process_creates_is_run(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    runs = LocalRuns(desk.manifests, desk.home)
    runs.start("loans", "loans-before", {"marker": "m"})
    with serving(desk) as journal:
        until(lambda: ended(journal, "loans-before"), "what was there is run")
        runs.start("loans", "loans-after", {"marker": "m"})
        until(lambda: ended(journal, "loans-after"), "what comes is run")
    assert {one.status.phase for one in ended(journal, "loans-")} == {"Succeeded"}
    assert "loans-after  work Succeeded" in capsys.readouterr().out


def test_reconcile_runs_at_the_start_and_finds_this_home(desk: Desk) -> None:
    cron(desk.manifests, "echo $RETRAIN_HOME $RETRAIN_MANIFESTS $RETRAIN_PIPELINES")
    cron(desk.manifests, "echo never", "loans-watch", "watch")
    with serving(desk) as journal:
        until(lambda: ended(journal, "loans-reconcile-"), "reconcile runs")
    (made,) = journal.list().workflows
    assert made.metadata.labels["workflows.argoproj.io/cron-workflow"] == "loans-reconcile"
    places = [desk.home, desk.manifests, desk.manifests.parent / "pipelines"]
    (log,) = journal.logs(made.metadata.name or "")
    assert log.read_text().split() == [str(place.resolve()) for place in places]


@pytest.mark.parametrize(
    ("script", "says"),
    [
        pytest.param("true", [], id="nothing to say"),
        pytest.param("echo loans: nothing to do", [], id="nothing to do"),
        pytest.param("echo started loans-b1-2", ["started loans-b1-2"], id="it did something"),
        pytest.param("echo no store >&2; exit 2", ["no store", "Failed: main: Error (exit code 2)"], id="it failed"),
    ],
)
def test_a_cron_run_is_told_only_if_there_is_something_to_tell(
    desk: Desk, capsys: pytest.CaptureFixture[str], script: str, says: list[str]
) -> None:
    cron(desk.manifests, script)
    said: list[str] = []

    def told() -> bool:
        said.extend(capsys.readouterr().out.splitlines())
        return len(said) >= len(says) and bool(ended(Journal(desk.home), "loans-reconcile-"))

    with serving(desk):
        until(told, "it is told")
    said.extend(capsys.readouterr().out.splitlines())
    assert [line.split("  ", 2)[2] for line in said] == says


def test_what_was_said_before_is_not_said_again_but_a_failure_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show, journal = CronFeed(Journal(tmp_path)), Journal(tmp_path)
    for number, (text, phase) in enumerate([("a", "Succeeded"), ("a", "Succeeded"), ("b", "Failed"), ("b", "Failed")]):
        value = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": {}}
        status = {"phase": phase, "message": None}
        workflow = Workflow.model_validate({**value, "metadata": {"name": f"tick-{number}"}, "status": status})
        journal.create(workflow)
        journal.log_path(f"tick-{number}", "pod").write_text(text)
        show("tick", workflow)
    said = [line.split("  ", 1)[1] for line in capsys.readouterr().out.splitlines()]
    why = "Failed: it does not say why"
    assert said == ["tick  a", "tick  b", f"tick-2  {why}", f"tick-3  {why}"]


def test_the_document_as_it_is_now_counts(desk: Desk) -> None:
    cron(desk.manifests, "echo old")
    crons = documents.read(desk.manifests).cron_workflows
    cron(desk.manifests, "echo new")
    thread = threading.Thread(target=serve, args=(desk, crons))
    thread.start()
    journal = Journal(desk.home)
    try:
        until(lambda: ended(journal, "loans-reconcile-"), "reconcile runs")
    finally:
        desk.cancel.set()
        thread.join()
    (log,) = journal.logs(journal.names()[0])
    assert log.read_text() == "new\n"


def test_manifests_that_cannot_be_read_are_told_and_end_nothing(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    cron(desk.manifests, "true")
    crons = documents.read(desk.manifests).cron_workflows
    (desk.manifests / "broken.yaml").write_text("kind: [", encoding="utf-8")
    thread = threading.Thread(target=serve, args=(desk, crons))
    thread.start()
    try:
        until(lambda: "loans-reconcile  not started: " in capsys.readouterr().err, "it is told")
        assert thread.is_alive()
    finally:
        desk.cancel.set()
        thread.join()


def test_what_is_not_begun_when_it_ends_is_left_for_the_next(desk: Desk) -> None:
    LocalRuns(desk.manifests, desk.home).start("loans", "loans-b1", {"marker": "m"})
    desk.cancel.set()
    with serving(desk) as journal:
        pass
    assert journal.read("loans-b1").status.phase is None
    assert desk.stopped == []


def test_what_runs_when_it_ends_is_stopped_and_named(desk: Desk) -> None:
    loans(desk.manifests, "sleep 300")
    LocalRuns(desk.manifests, desk.home).start("loans", "loans-b1", {"marker": "m"})
    with serving(desk) as journal:
        until(lambda: journal.read("loans-b1").status.nodes, "it runs")
    assert journal.read("loans-b1").status.phase == "Failed"
    assert desk.stopped == ["loans-b1"]
