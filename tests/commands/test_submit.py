"""`retrain submit` starts the run that the marker's event would have, once, and says who asked for it."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from batches import DAY, MARKER, land
from commandline import PIPELINES, Cli, Done, loans
from documents import document
from kubernetesapi import Api, kubeconfig, serving

from workflows.cluster import podlogs, runs
from workflows.definitions.events import sensor
from workflows.engine.graph import Graph
from workflows.engine.inbox import FILE, Inbox
from workflows.engine.journal import Journal

TIME = "2026-02-23T06:00:01Z"


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def cluster(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(runs, "LOOK", 0.01)
    monkeypatch.setattr(podlogs, "WAIT", 0.01)
    with serving(api) as url:
        file = kubeconfig(tmp_path / "config", url)
        monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(file))
        yield


def landed(s3: Any) -> str:
    """Put a batch; return the name of the run that its event gives it."""
    return f"loans-{DAY}-{land(s3, {f'{DAY}/a.csv': b'x'})[:12]}"


def submit(cli: Cli, folder: Path, *options: object, marker: str = MARKER, script: str = "true") -> Done:
    manifests = loans(folder / "manifests", script)
    places = ["--pipelines", PIPELINES, "--manifests", manifests, "--home", folder / "home"]
    return cli("submit", "loans", "--marker", marker, *options, *places)


def given(workflow: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in workflow["spec"]["arguments"]["parameters"]}


# On this machine


def test_here_the_run_is_run_to_its_end(cli: Cli, s3: Any, tmp_path: Path) -> None:
    name = landed(s3)
    done = submit(cli, tmp_path, "--reason", "to see", "--json")
    final = json.loads(done.out)
    assert (done.code, done.err) == (0, "")
    assert (final["metadata"]["name"], final["status"]["phase"]) == (name, "Succeeded")
    values = given(final)
    assert (values["marker"], values["trigger"], values["why"]) == (MARKER, "manual", "to see")
    assert values["requested-by"] == getpass.getuser()
    assert values["etag"].startswith(name.rpartition("-")[2])


def test_here_it_shows_how_it_goes_on_and_fails_with_its_run(cli: Cli, s3: Any, tmp_path: Path) -> None:
    name = landed(s3)
    done = submit(cli, tmp_path, "--logs", script="echo hello; exit 3")
    assert done.code == 1
    assert done.out.startswith("work: hello\n")
    assert f"Name:     {name}" in done.out
    assert "Failed    work: main: Error (exit code 3)" in done.err


def test_a_second_submit_starts_nothing_and_says_how_the_first_ended(cli: Cli, s3: Any, tmp_path: Path) -> None:
    name = landed(s3)
    submit(cli, tmp_path, script="exit 3")
    done = submit(cli, tmp_path, script="exit 3")
    assert done.code == 1
    assert f"{name} is there already and ended failed (crashed): nothing new is started" in done.err
    assert f"retrain replay loans {DAY} --reason" in done.err
    assert Journal(tmp_path / "home").names() == (name,)


def test_where_up_serves_the_home_it_is_left_to_that(cli: Cli, s3: Any, tmp_path: Path) -> None:
    name = landed(s3)
    inbox = Inbox(tmp_path / "home" / FILE)
    try:
        done = submit(cli, tmp_path)
    finally:
        inbox.close()
    assert (done.code, done.out) == (0, f"{name}\n")
    assert Journal(tmp_path / "home").read(name).status.phase is None


UNFIT = {
    "no key of the pipeline": ("incoming/mortgage/b1/_READY.json", "is not acceptable; expected incoming/loans/"),
    "a batch's name": (DAY, "is not acceptable"),
    "a URL": (f"s3://retrain/{MARKER}", "is not acceptable"),
    "not there": ("incoming/loans/b2/_READY.json", "there is no marker at 'incoming/loans/b2/_READY.json'"),
}


@pytest.mark.parametrize(("marker", "says"), UNFIT.values(), ids=UNFIT)
def test_what_no_event_could_be_of_starts_nothing(cli: Cli, s3: Any, tmp_path: Path, marker: str, says: str) -> None:
    done = submit(cli, tmp_path, marker=marker)
    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert "bucket 'retrain'" in done.err
    assert not (tmp_path / "home").exists()


def test_an_etag_that_is_too_short_for_a_name_is_refused(cli: Cli, tmp_path: Path) -> None:
    done = submit(cli, tmp_path, "--etag", '"abc"')
    assert done.code == 2
    assert "expected at least 12 letters and digits" in done.err


# On a cluster


@pytest.mark.usefixtures("cluster")
def test_on_a_cluster_it_is_what_the_sensor_creates_and_says_who_the_cluster_says_asks(
    cli: Cli, s3: Any, api: Api, tmp_path: Path
) -> None:
    name = landed(s3)
    done = submit(cli, tmp_path, "--context", "here")
    assert (done.code, done.out, done.err) == (0, f"{name}\n", "")
    made = api.workflows[name]
    sent = sensor(document())["spec"]["triggers"][0]["template"]["k8s"]["source"]["resource"]
    assert made["metadata"] == {**sent["metadata"], "name": name}
    assert {**made["spec"], "arguments": None} == {**sent["spec"], "arguments": None}
    assert given(made)["requested-by"] == "ana@example.com"
    assert Journal(tmp_path / "home").names() == ()


@pytest.mark.usefixtures("cluster")
def test_a_cluster_that_cannot_say_who_asks_is_told_by_name(cli: Cli, s3: Any, api: Api, tmp_path: Path) -> None:
    api.user = ""
    name = landed(s3)
    assert submit(cli, tmp_path, "--context", "here").code == 0
    assert given(api.workflows[name])["requested-by"] == getpass.getuser()


@pytest.mark.usefixtures("cluster")
def test_with_the_etag_the_store_is_not_asked(cli: Cli, api: Api, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    assert submit(cli, tmp_path, "--context", "here", "--etag", '"0123456789ABCDEF-2"').code == 0
    assert list(api.workflows) == [f"loans-{DAY}-0123456789ab"]


@pytest.mark.usefixtures("cluster")
def test_one_that_is_there_is_not_created_again(cli: Cli, s3: Any, api: Api, tmp_path: Path) -> None:
    name = landed(s3)
    submit(cli, tmp_path, "--context", "here")
    before = json.dumps(api.workflows[name])
    done = submit(cli, tmp_path, "--context", "here", "--json")
    assert (done.code, json.loads(done.out)) == (0, {"run": name, "created": False})
    assert f"{name} is there already and is not taken up yet: nothing new is started" in done.err
    assert json.dumps(api.workflows[name]) == before


def status(name: str, phase: str, *nodes: tuple[str, str], message: str = "") -> dict[str, Any]:
    """A Workflow's status, with pods by step and phase."""
    graph = Graph(name)
    known = {
        graph.id(f"{name}.{step}"): {
            "id": graph.id(f"{name}.{step}"),
            "name": f"{name}.{step}",
            "displayName": step,
            "type": "Pod",
            "templateName": step,
            "phase": state,
            "startedAt": TIME,
            "resourcesDuration": {"cpu": 1},
            **({"finishedAt": TIME} if state != "Running" else {}),
        }
        for step, state in nodes
    }
    return {"phase": phase, "startedAt": TIME, "nodes": known, "message": message, "estimatedDuration": 5}


def pod(name: str, step: str) -> str:
    return Graph(name).pod_name(f"{name}.{step}", step)


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize(("phase", "code"), [("Succeeded", 0), ("Failed", 1), ("Error", 1)])
def test_it_waits_for_the_end_and_exits_by_it(
    cli: Cli, s3: Any, api: Api, tmp_path: Path, phase: str, code: int
) -> None:
    name = landed(s3)
    api.ahead = [
        {},
        status(name, "Running", ("claim", "Running")),
        status(name, "Running", ("claim", "Succeeded"), ("train", "Running")),
        status(name, phase, ("claim", "Succeeded"), ("train", "Succeeded"), message="so it ended"),
    ]
    done = submit(cli, tmp_path, "--context", "here", "--wait")
    assert done.code == code
    assert done.err == "Succeeded claim\nSucceeded train\n"
    assert f"Name:     {name}\nStatus:   {phase}\nMessage:  so it ended" in done.out


@pytest.mark.usefixtures("cluster")
def test_what_it_waits_for_is_said_once(cli: Cli, s3: Any, api: Api, tmp_path: Path) -> None:
    name = landed(s3)
    waiting = status(name, "Pending", message="Waiting for ml/Mutex/retrain-loans lock. Lock status: 0/1")
    stuck = status(name, "Running", ("train", "Pending"))
    for node in stuck["nodes"].values():
        node["message"] = "Unschedulable: 0/3 nodes are available"
    api.ahead = [waiting, waiting, stuck, stuck, status(name, "Succeeded", ("train", "Succeeded"))]
    done = submit(cli, tmp_path, "--context", "here", "--wait")
    assert done.err.splitlines() == [
        f"Pending   {name}: Waiting for ml/Mutex/retrain-loans lock. Lock status: 0/1",
        "Pending   train: Unschedulable: 0/3 nodes are available",
        "Succeeded train",
    ]


@pytest.mark.usefixtures("cluster")
def test_its_logs_come_with_the_step_that_wrote_them(cli: Cli, s3: Any, api: Api, tmp_path: Path) -> None:
    name = landed(s3)
    api.logs = {
        pod(name, "claim"): [b"one\n  tw", b"o \x1b[31m\nlast"],
        pod(name, "train"): [400, 400, "größe\n".encode()],
        pod(name, "deploy"): [403],
    }
    api.ahead = [
        status(name, "Running", ("claim", "Running")),
        status(name, "Running", ("claim", "Succeeded"), ("train", "Running")),
        status(name, "Succeeded", ("claim", "Succeeded"), ("train", "Succeeded"), ("deploy", "Succeeded")),
    ]
    done = submit(cli, tmp_path, "--context", "here", "--logs")
    assert done.code == 0
    lines = done.out.splitlines()
    assert [line for line in lines if line.startswith("claim: ")] == ["claim: one", "claim:   two ?[31m", "claim: last"]
    assert "train: größe" in lines
    assert "deploy: (its log cannot be read: not allowed (403); it takes get of pods/log)" in lines


@pytest.mark.usefixtures("cluster")
def test_as_data_the_end_is_the_cluster_s_own_object(cli: Cli, s3: Any, api: Api, tmp_path: Path) -> None:
    name = landed(s3)
    api.logs = {pod(name, "claim"): [b"one\n"]}
    api.ahead = [status(name, "Failed", ("claim", "Failed"))]
    done = submit(cli, tmp_path, "--context", "here", "--logs", "--json")
    assert (done.code, done.err) == (1, "claim: one\n")
    assert json.loads(done.out) == api.workflows[name]


@pytest.mark.usefixtures("cluster")
def test_a_run_that_is_taken_away_while_it_is_waited_for_is_said_so(
    cli: Cli, s3: Any, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    landed(s3)
    monkeypatch.setattr(api, "_create", lambda body: (201, body))
    done = submit(cli, tmp_path, "--context", "here", "--wait")
    assert done.code == 2
    assert "is gone from namespace 'ml'" in done.err


@pytest.mark.usefixtures("cluster")
def test_a_short_trouble_does_not_end_the_wait_a_long_one_does(
    cli: Cli, s3: Any, api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = landed(s3)
    going, gone = ((200, {"metadata": {"name": name}, "status": {"phase": one}}) for one in ("Running", "Succeeded"))
    short = [(500, "no")] * (runs.PATIENCE - 1)
    answers = [*short, going, *short, gone]
    answer = api.answer
    monkeypatch.setattr(api, "answer", lambda m, p, b: answers.pop(0) if m == "GET" and answers else answer(m, p, b))
    assert submit(cli, tmp_path, "--context", "here", "--wait").code == 0
    api.workflows.clear()
    answers[:] = [*[(500, "no")] * runs.PATIENCE, gone]
    done = submit(cli, tmp_path, "--context", "here", "--wait")
    assert done.code == 2
    assert "answered 500" in done.err


# For kubectl


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_a_dry_run_prints_the_workflow_that_would_be_created(cli: Cli, s3: Any, tmp_path: Path, form: str) -> None:
    name = landed(s3)
    done = submit(cli, tmp_path, "--dry-run", "--reason", "by hand", *(["--json"] if form == "json" else []))
    assert (done.code, done.err) == (0, "")
    made = json.loads(done.out) if form == "json" else yaml.safe_load(done.out)
    assert (made["kind"], made["metadata"]["name"]) == ("Workflow", name)
    assert (given(made)["requested-by"], given(made)["why"]) == (getpass.getuser(), "by hand")
    assert not (tmp_path / "home").exists()


def test_what_it_prints_runs_here_too(cli: Cli, s3: Any, tmp_path: Path) -> None:
    name = landed(s3)
    file = tmp_path / "run.yaml"
    file.write_text(submit(cli, tmp_path, "--dry-run").out, encoding="utf-8")
    done = cli("run", file, "--manifests", tmp_path / "manifests", "--home", tmp_path / "home", "--json")
    assert (done.code, json.loads(done.out)["metadata"]["name"]) == (0, name)
