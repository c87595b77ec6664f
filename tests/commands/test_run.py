"""`retrain run`: its exit code is the Workflow's answer, `--json` Argo's object, and Ctrl-C leaves nothing behind."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from commandline import Cli, gone, hello, loans, start, until

from workflows.engine.journal import Journal


@pytest.mark.parametrize(
    ("given", "code", "phase"), [([], 0, "Succeeded"), (["-p", "code=3"], 1, "Failed")], ids=["succeeded", "failed"]
)
def test_the_exit_code_is_the_workflow_s_answer(
    cli: Cli, tmp_path: Path, given: list[str], code: int, phase: str
) -> None:
    done = cli("run", hello(tmp_path), "--home", tmp_path / "home", *given)
    assert done.code == code
    assert f"Status:   {phase}" in done.out
    assert Journal(tmp_path / "home").read("hello").status.phase == phase


def test_json_is_the_final_object_and_nothing_else(cli: Cli, tmp_path: Path) -> None:
    done = cli("run", hello(tmp_path), "--home", tmp_path / "home", "-p", "who=Argo", "--json")
    final = json.loads(done.out)
    status = final["status"]
    (node,) = status["nodes"].values()
    assert (done.code, done.err) == (0, "")
    assert (final["kind"], final["metadata"]["name"], status["phase"]) == ("Workflow", "hello", "Succeeded")
    assert {"id", "name", "displayName", "type", "phase", "startedAt", "finishedAt", "templateName"} <= set(node)
    assert (node["name"], node["type"]) == ("hello", "Pod")
    assert {"name": "said", "value": "hello Argo"}.items() <= node["outputs"]["parameters"][0].items()


def test_a_name_is_used_once(cli: Cli, tmp_path: Path) -> None:
    cli("run", hello(tmp_path), "--home", tmp_path / "home")
    before = Journal(tmp_path / "home").read("hello")
    again = cli("run", hello(tmp_path), "--home", tmp_path / "home", "--json")
    assert (again.code, again.out) == (2, "")
    assert "'hello' already exists" in again.err
    assert Journal(tmp_path / "home").read("hello") == before


def test_a_pipeline_is_run_by_its_name_with_a_laptop_s_patience(cli: Cli, tmp_path: Path) -> None:
    manifests = loans(tmp_path / "manifests")
    done = cli("run", "loans", "-p", "marker=m", "--manifests", manifests, "--home", tmp_path / "home", "--json")
    final = json.loads(done.out)
    given = {parameter["name"]: parameter["value"] for parameter in final["spec"]["arguments"]["parameters"]}
    assert done.code == 0
    assert final["metadata"]["name"].startswith("loans-")
    assert (given["marker"], given["retry-backoff"]) == ("m", "1s")


CRON = """
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: nightly}
spec:
  schedules: ["0 0 1 1 *"]
  timezone: UTC
  workflowSpec:
    entrypoint: main
    templates: [{name: main, container: {image: any, command: [sh, -c, 'test "$RETRAIN_HOME" = "$0"', HOME]}}]
"""


def test_a_cron_workflow_is_run_now_and_its_step_finds_this_home(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "nightly.yaml"
    file.write_text(CRON.replace("HOME]", f"{tmp_path / 'home'}]"), encoding="utf-8")
    done = cli("run", file, "--home", tmp_path / "home")
    assert done.code == 0, done.out
    (name,) = Journal(tmp_path / "home").names()
    assert name.startswith("nightly-")


REFUSED = {
    "no name=value": (["-p", "who"], "-p 'who' is no name=value"),
    "unknown parameter": (["-p", "whom=x"], "there are: who, code"),
}


@pytest.mark.parametrize(("given", "says"), REFUSED.values(), ids=REFUSED)
def test_parameters_that_are_none_are_refused(cli: Cli, tmp_path: Path, given: list[str], says: str) -> None:
    done = cli("run", hello(tmp_path), "--home", tmp_path / "home", *given)
    assert done.code == 2
    assert says in done.err
    assert not (tmp_path / "home").exists()


def test_what_is_neither_file_nor_pipeline_is_said_to_be_neither(cli: Cli, tmp_path: Path) -> None:
    done = cli("run", "nothing", "--manifests", tmp_path / "nowhere")
    assert done.code == 2
    assert "there is no file 'nothing'" in done.err


def test_a_home_that_cannot_be_written_is_named(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file", encoding="utf-8")
    done = cli("run", hello(tmp_path), "--home", tmp_path / "home")
    assert done.code == 2
    assert f"{tmp_path / 'home'}" in done.err
    assert "bug" not in done.err


def test_ctrl_c_ends_it_cleanly(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    file = hello(tmp_path, "echo hello", f"echo $$$$ > {mark}.new; mv {mark}.new {mark}; sleep 300 & wait; echo hello")
    with start("run", file, "--home", tmp_path / "home", "--json") as process:
        until(mark.exists, "the step began")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    assert gone(int(mark.read_text()))
    stopped = Journal(tmp_path / "home").read("hello")
    assert stopped.status.phase == "Failed"
    assert stopped.status.finished_at is not None
    assert all(node.phase and node.phase.fulfilled for node in stopped.status.nodes.values())
    assert json.loads(out)["status"]["phase"] == "Failed"
    kept = {path.name for path in (tmp_path / "home" / "workflows" / "hello").iterdir()}
    assert kept <= {"workflow.json", "engine.lock", "logs", "pods"}
