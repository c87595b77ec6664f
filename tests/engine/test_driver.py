"""The driver runs real processes, keeps the journal, waits for mutexes and ends cleanly when it is told to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from commandline import until

from workflows.engine import driver
from workflows.engine.driver import Settings, adopt, run, submit
from workflows.engine.journal import AlreadyExistsError, Journal
from workflows.engine.loader import load, parse
from workflows.engine.lock import Held
from workflows.engine.model import Mutex, Workflow
from workflows.engine.mutex import Line, acquire
from workflows.engine.nodes import NodePhase
from workflows.engine.objects import gather
from workflows.engine.pod import Pod, PodResult
from workflows.errors import DocumentError

WORKFLOW = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: wf}
spec:
  entrypoint: main
  onExit: bye
  templates:
  - name: main
    dag:
      tasks:
      - {name: make, template: make}
      - {name: each, template: each, depends: make.Succeeded, withParam: "{{tasks.make.outputs.parameters.list}}",
         arguments: {parameters: [{name: x, value: "{{item}}"}]}}
      - {name: after, template: each, depends: each,
         arguments: {parameters: [{name: x, value: "{{tasks.each.outputs.parameters.said}}"}]}}
  - name: make
    outputs: {parameters: [{name: list, valueFrom: {path: /out/list}}]}
    container:
      image: i
      command: [sh, -c, 'printf "[\\"a b\\", \\"c\\"]" > "$0"', "{{outputs.parameters.list.path}}"]
  - name: each
    inputs: {parameters: [{name: x}]}
    outputs: {parameters: [{name: said, valueFrom: {path: /out/said}}]}
    container:
      image: i
      command: [sh, -c, 'printf "=%s=" "$1" > "$0"', "{{outputs.parameters.said.path}}", "{{inputs.parameters.x}}"]
  - {name: bye, container: {image: i, command: [sh, -c, "exit 0"]}}
"""
SLOW = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: NAME}
spec:
  entrypoint: main
  onExit: bye
  synchronization: {mutexes: [{name: one}]}
  templates:
  - {name: main, container: {image: i, command: [sh, -c, "sleep 60"]}}
  - {name: bye, container: {image: i, command: [sh, -c, "exit 0"]}}
"""


def settings_in(home: Path, **changes: object) -> Settings:
    uids = iter(f"u-{number}" for number in range(9))
    return Settings(home=home, clock=lambda: datetime.now(UTC), new_uid=lambda: next(uids), **changes)  # type: ignore[arg-type]


@pytest.fixture
def go(tmp_path: Path) -> Callable[..., Workflow]:
    """Run the first Workflow of a text in a new home."""

    def call(text: str, **changes: object) -> Workflow:
        documents = parse(text, "test.yaml")
        workflow = next(document for document in documents if isinstance(document, Workflow))
        return run(workflow, gather(documents), settings_in(tmp_path, **changes))

    return call


def test_processes_run_and_hand_on_what_they_made(go: Callable[..., Workflow], tmp_path: Path) -> None:
    done = go(WORKFLOW)
    assert done.status.phase == "Succeeded", {node.name: node.message for node in done.status.nodes.values()}
    nodes = {node.name: node for node in done.status.nodes.values()}
    assert set(nodes) == {"wf", "wf.make", "wf.each", "wf.each(0:a b)", "wf.each(1:c)", "wf.after", "wf.onExit"}
    (said,) = nodes["wf.after"].outputs.parameters
    assert said.value == '=["=a b=","=c="]='
    assert Journal(tmp_path).read("wf") == done
    assert not (tmp_path / "workflows" / "wf" / "pods").exists()


def test_a_metric_that_only_a_cluster_pushes_keeps_no_step_from_running(go: Callable[..., Workflow]) -> None:
    gauge = "{realtime: false, value: \"{{=date('2026-02-23').Unix()}}\"}"
    metrics = f"metrics: {{prometheus: [{{name: day, help: Its day, gauge: {gauge}}}]}}"
    done = go(WORKFLOW.replace("- name: make\n", f"- name: make\n    {metrics}\n"))
    assert done.status.phase == "Succeeded", {node.name: node.message for node in done.status.nodes.values()}


def test_a_failed_run_keeps_its_scratch(go: Callable[..., Workflow], tmp_path: Path) -> None:
    done = go(WORKFLOW.replace('printf "=%s=', 'exit 3; printf "=%s='))
    assert done.status.phase == "Failed"
    assert {node.message for node in done.status.nodes.values() if node.type == "Pod"} >= {"main: Error (exit code 3)"}
    assert (tmp_path / "workflows" / "wf" / "pods").exists()


def test_every_change_is_written_before_it_is_told(go: Callable[..., Workflow], tmp_path: Path) -> None:
    told: list[Workflow] = []

    def tell(workflow: Workflow) -> None:
        assert Journal(tmp_path).read("wf") == workflow
        told.append(workflow)

    done = go(WORKFLOW, on_change=tell)
    assert told[-1] == done
    assert told[0].status.phase == "Running"


def test_a_name_is_used_once(go: Callable[..., Workflow]) -> None:
    go(WORKFLOW)
    with pytest.raises(AlreadyExistsError):
        go(WORKFLOW)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        pytest.param("entrypoint: main", "entrypoint: nowhere", "nowhere", id="unknown template"),
        pytest.param("name: wf", "generateName: wf-", "metadata.name", id="no name"),
        pytest.param(
            "onExit: bye",
            "onExit: bye\n  artifactRepositoryRef: {key: k}",
            "artifact repository 'k'",
            id="no repository",
        ),
        pytest.param("depends: make.Succeeded", "depends: nothing", "nothing", id="unknown task"),
    ],
)
def test_what_cannot_run_is_refused_before_anything_is_written(
    go: Callable[..., Workflow], tmp_path: Path, old: str, new: str, says: str
) -> None:
    with pytest.raises(DocumentError, match=says):
        go(WORKFLOW.replace(old, new, 1))
    assert not list((tmp_path / "workflows").glob("*"))


def test_a_workflow_whose_template_s_exit_handler_argo_would_refuse_does_not_start(tmp_path: Path) -> None:
    path = Path(__file__).parent / "documents" / "invalid" / "exit-handler-of-a-template.yaml"
    template, workflow = load([path])
    assert isinstance(workflow, Workflow)
    with pytest.raises(DocumentError, match="template 'bye' needs the artifact 'document'"):
        run(workflow, gather([template]), settings_in(tmp_path, executor=Instant()))
    assert not list((tmp_path / "workflows").glob("*"))


class Watched:
    """An executor that says when a pod runs and ends it when it is cancelled."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.names: list[str] = []

    def execute(self, pod: Pod, cancel: threading.Event) -> PodResult:
        now = datetime.now(UTC).replace(microsecond=0)
        self.names.append(pod.template.name)
        if pod.template.name == "bye":
            return PodResult(NodePhase.SUCCEEDED, now, now, exit_code=0)
        self.started.set()
        assert cancel.wait(30)
        return PodResult(NodePhase.FAILED, now, now, exit_code=143)


class Broken:
    """An executor with a bug."""

    def execute(self, pod: Pod, cancel: threading.Event) -> PodResult:
        raise ZeroDivisionError(f"{pod.name} {cancel}")


class Instant:
    """An executor that needs no time."""

    def execute(self, pod: Pod, cancel: threading.Event) -> PodResult:
        assert not cancel.is_set(), pod
        now = datetime.now(UTC).replace(microsecond=0)
        return PodResult(NodePhase.SUCCEEDED, now, now, exit_code=0)


def test_cancelling_ends_the_pods_and_onexit_still_runs(go: Callable[..., Workflow], tmp_path: Path) -> None:
    cancel, executor = threading.Event(), Watched()
    threading.Thread(target=lambda: (executor.started.wait(30), cancel.set())).start()
    done = go(SLOW.replace("NAME", "wf"), cancel=cancel, executor=executor)
    assert (done.status.phase, done.status.message) == ("Failed", "Stopped with strategy 'Stop'")
    assert executor.names == ["main", "bye"]
    assert Journal(tmp_path).read("wf") == done


def test_a_real_process_is_ended_when_cancelled(go: Callable[..., Workflow]) -> None:
    cancel = threading.Event()

    def show(workflow: Workflow) -> None:
        if any(node.phase == "Running" for node in workflow.status.nodes.values()):
            cancel.set()

    done = go(SLOW.replace("NAME", "wf"), cancel=cancel, on_change=show)
    assert done.status.message == "Stopped with strategy 'Stop'"
    assert {node.name: node.phase for node in done.status.nodes.values()} == {"wf": "Failed", "wf.onExit": "Succeeded"}


def test_a_keyboard_interrupt_leaves_a_complete_journal(go: Callable[..., Workflow], tmp_path: Path) -> None:
    calls: list[Workflow] = []

    def interrupt(workflow: Workflow) -> None:
        calls.append(workflow)
        if len(calls) == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        go(SLOW.replace("NAME", "wf"), executor=Watched(), on_change=interrupt)
    assert Journal(tmp_path).read("wf").status.message == "Stopped with strategy 'Stop'"


def test_a_bug_in_an_executor_is_raised_and_nothing_outlives_the_run(
    go: Callable[..., Workflow], tmp_path: Path
) -> None:
    with pytest.raises(ZeroDivisionError):
        go(SLOW.replace("NAME", "wf"), executor=Broken())
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("pod")]
    left = Journal(tmp_path).read("wf").status
    assert (left.phase, left.message) == ("Error", "the engine broke off")
    assert {node.phase for node in left.nodes.values()} == {"Error"}


def test_a_workflow_waits_for_the_mutex_of_another(tmp_path: Path, go: Callable[..., Workflow]) -> None:
    held = acquire(tmp_path, [Mutex(name="one")], "default")
    assert isinstance(held, Held)
    told: list[Workflow] = []

    def show(workflow: Workflow) -> None:
        told.append(workflow)
        held.release()

    executor = Watched()
    cancel = threading.Event()
    threading.Thread(target=lambda: (executor.started.wait(30), cancel.set())).start()
    go(SLOW.replace("NAME", "wf"), executor=executor, on_change=show, cancel=cancel)
    waiting = told[0].status
    assert (waiting.phase, waiting.message) == ("Pending", "Waiting for default/Mutex/one lock. Lock status: 0/1")
    assert executor.names == ["main", "bye"]
    assert isinstance(acquire(tmp_path, [Mutex(name="one")], "default"), Held), "the run has let go of it"


def test_a_workflow_that_is_stopped_while_it_waits_never_starts(tmp_path: Path, go: Callable[..., Workflow]) -> None:
    held = acquire(tmp_path, [Mutex(name="one")], "default")
    assert isinstance(held, Held)
    cancel, executor = threading.Event(), Watched()
    done = go(SLOW.replace("NAME", "wf"), executor=executor, cancel=cancel, on_change=lambda _: cancel.set())
    held.release()
    assert (done.status.phase, executor.names) == ("Failed", [])
    assert done.status.finished_at is not None
    assert Journal(tmp_path).read("wf") == done


def test_mutexes_are_taken_all_or_none(tmp_path: Path) -> None:
    one, two = Mutex(name="one"), Mutex(name="two")
    held = acquire(tmp_path, [two], "default")
    assert isinstance(held, Held)
    assert acquire(tmp_path, [one, two], "default") == "default/Mutex/two"
    free = acquire(tmp_path, [one], "default")
    assert isinstance(free, Held)
    free.release()
    held.release()
    assert isinstance(acquire(tmp_path, [one, two, Mutex(name="one", namespace="other")], "default"), Held)


def test_who_was_created_first_comes_first_and_the_dead_are_not_waited_for(tmp_path: Path) -> None:
    one = [Mutex(name="one")]
    noon = datetime(2026, 2, 23, 12, tzinfo=UTC)
    with Line(tmp_path, one, "default") as late, Line(tmp_path, one, "default") as early:
        late.queue(noon + timedelta(seconds=1), "a")
        early.queue(noon, "b")
        assert late.acquire() == "default/Mutex/one"
        held = early.acquire()
        assert isinstance(held, Held)
        assert late.acquire() == "default/Mutex/one"
        held.release()
        assert late.acquire() == "default/Mutex/one", "who comes before still waits"
        early.__exit__()
        (tmp_path / "mutexes" / "default.one.line" / "000000000000-dead").touch()
        assert isinstance(late.acquire(), Held)
    assert [*(tmp_path / "mutexes" / "default.one.line").iterdir()] == []


def test_of_several_mutexes_the_first_created_is_never_passed_by(tmp_path: Path) -> None:
    one, two = Mutex(name="one"), Mutex(name="two")
    noon = datetime(2026, 2, 23, 12, tzinfo=UTC)
    taken = acquire(tmp_path, [one], "default")
    assert isinstance(taken, Held)
    with Line(tmp_path, [one, two], "default") as both, Line(tmp_path, [two], "default") as single:
        both.queue(noon, "both")
        single.queue(noon + timedelta(seconds=1), "single")
        assert both.acquire() == "default/Mutex/one"
        assert single.acquire() == "default/Mutex/two"
        taken.release()
        assert isinstance(both.acquire(), Held)


def test_a_mutex_s_name_cannot_leave_its_folder(tmp_path: Path) -> None:
    assert isinstance(acquire(tmp_path, [Mutex(name="../../x")], "a/b"), Held)
    assert [path.name for path in (tmp_path / "mutexes").iterdir()] == ["a%2Fb...%2F..%2Fx.lock"]


def test_the_journal_is_not_written_for_each_of_many_pods(
    go: Callable[..., Workflow], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "PAUSE", 3600)
    told: list[Workflow] = []
    items = ", ".join(str(number) for number in range(50))
    tasks = f"  - name: main\n    dag: {{tasks: [{{name: e, template: bye, withItems: [{items}]}}]}}\n"
    text = SLOW.replace("NAME", "wf").replace(
        '  - {name: main, container: {image: i, command: [sh, -c, "sleep 60"]}}\n', tasks
    )
    done = go(text, executor=Instant(), on_change=told.append)
    assert done.status.phase == "Succeeded"
    assert len(told) == 2


def submitted(text: str, home: Path) -> tuple[Workflow, ...]:
    documents = parse(text, "test.yaml")
    return tuple(submit(one, settings_in(home)) for one in documents if isinstance(one, Workflow))


def test_a_submitted_workflow_is_nobody_s_until_an_engine_takes_it_and_then_its_own(tmp_path: Path) -> None:
    (made,) = submitted(WORKFLOW, tmp_path)
    assert (made.status.phase, made.metadata.uid) == (None, "u-0")
    assert Journal(tmp_path).read("wf") == made
    with pytest.raises(AlreadyExistsError):
        submitted(WORKFLOW, tmp_path)
    done = adopt("wf", gather([]), settings_in(tmp_path, executor=Instant()))
    assert done is not None
    assert (done.status.phase, done.metadata.uid) == ("Error", "u-0"), "Instant makes no list for the loop"
    assert adopt("wf", gather([]), settings_in(tmp_path, executor=Broken())) is None
    assert adopt("gone", gather([]), settings_in(tmp_path)) is None


def test_of_two_engines_one_takes_a_workflow(tmp_path: Path) -> None:
    submitted(SLOW.replace("NAME", "wf"), tmp_path)
    cancel, executor = threading.Event(), Watched()
    settings = settings_in(tmp_path, executor=executor, cancel=cancel)
    first = threading.Thread(target=adopt, args=("wf", gather([]), settings))
    first.start()
    assert executor.started.wait(30)
    assert adopt("wf", gather([]), settings_in(tmp_path, executor=Broken())) is None
    cancel.set()
    first.join()
    assert executor.names == ["main", "bye"]


def test_a_submitted_workflow_that_cannot_run_ends_failed(tmp_path: Path) -> None:
    submitted(WORKFLOW.replace("entrypoint: main", "entrypoint: nowhere"), tmp_path)
    adopt("wf", gather([]), settings_in(tmp_path))
    left = Journal(tmp_path).read("wf").status
    assert (left.phase, left.message) == ("Failed", "invalid spec: there is no template 'nowhere'")
    assert left.finished_at is not None


def test_a_submitted_workflow_that_breaks_its_engine_is_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted(WORKFLOW, tmp_path)
    monkeypatch.setattr(driver, "State", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        adopt("wf", gather([]), settings_in(tmp_path))
    assert Journal(tmp_path).read("wf").status.message == "the engine died"
    assert adopt("wf", gather([]), settings_in(tmp_path)) is None


KILLED = """
import sys, threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from workflows.engine.driver import Settings, run
from workflows.engine.loader import load
from workflows.engine.objects import gather

(workflow,) = load([Path(sys.argv[2])])
clock = lambda: datetime.now(UTC)
settings = Settings(Path(sys.argv[1]), clock, lambda: "u-1", on_change=lambda now: print(now.status.phase, flush=True))
run(workflow, gather([]), settings)
"""


def test_a_workflow_whose_engine_was_killed_has_ended(tmp_path: Path) -> None:
    document = tmp_path / "wf.yaml"
    document.write_text(SLOW.replace("NAME", "wf").replace("sleep 60", "echo $$$$ > $0; sleep 60"))
    document.write_text(document.read_text().replace('sleep 60"]', f'sleep 60", {tmp_path / "pid"}]'))
    command = [sys.executable, "-c", KILLED, str(tmp_path / "home"), str(document)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as engine:
        until((tmp_path / "pid").exists, "the step runs")
        journal = Journal(tmp_path / "home")
        until(lambda: journal.read("wf").status.nodes, "the journal has the step")
        assert journal.read("wf").status.phase == "Running"
        engine.kill()
        engine.communicate()
    left = journal.read("wf").status
    assert (left.phase, left.message) == ("Error", "the engine died")
    assert {node.phase for node in left.nodes.values()} == {"Error"}
    until(lambda: (tmp_path / "pid").read_text().strip(), "the step has said who it is")
    os.killpg(int((tmp_path / "pid").read_text()), signal.SIGKILL)
