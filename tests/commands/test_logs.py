"""`retrain logs` prints what steps wrote, from this home or from the bucket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from batches import BUCKET
from commandline import PIPELINES, Cli
from records import RUN, journal

from workflows.commands.logs import label
from workflows.engine.graph import Graph
from workflows.engine.journal import Journal
from workflows.engine.nodes import NodeStatus

PODS = {f"{RUN}-claim-1": b"claimed\n", f"{RUN}-train-2": "trained ü\xff\n".encode("latin-1")}


@pytest.fixture(params=["home", "bucket"])
def kept(request: pytest.FixtureRequest, s3: Any, tmp_path: Path) -> Path:
    """A home whose logs are in it, or only in the bucket."""
    if request.param == "home":
        journal(tmp_path)
    for pod, text in PODS.items():
        if request.param == "home":
            Journal(tmp_path).log_path(RUN, pod).write_bytes(text)
        else:
            s3.put_object(Bucket=BUCKET, Key=f"artifacts/{RUN}/u1/{pod}/main.log", Body=text)
    return tmp_path


def logs(cli: Cli, home: Path, *step: str, name: str = RUN) -> Any:
    return cli("logs", name, *step, "--pipelines", PIPELINES, "--home", home)


def test_every_line_says_whose_it_is(cli: Cli, kept: Path) -> None:
    done = logs(cli, kept)
    assert done.code == 0
    assert done.out == "claim: claimed\ntrain: trained \ufffd\ufffd\n"


def test_one_step_can_be_asked_for(cli: Cli, kept: Path) -> None:
    assert logs(cli, kept, "claim").out == "claim: claimed\n"


def test_a_step_that_did_not_run_is_answered_by_those_that_did(cli: Cli, kept: Path) -> None:
    done = logs(cli, kept, "deploy")
    assert (done.code, done.out) == (2, "")
    assert f"its pods are: {RUN}-claim-1, {RUN}-train-2" in done.err


def test_pods_of_one_step_are_told_apart_by_what_is_known(cli: Cli, s3: Any, tmp_path: Path) -> None:
    for number in (1, 2):
        s3.put_object(Bucket=BUCKET, Key=f"artifacts/{RUN}/u1/{RUN}-validate-{number}/main.log", Body=b"said\n")
    assert logs(cli, tmp_path).out == "validate-1: said\nvalidate-2: said\n"


@pytest.mark.parametrize(
    ("name", "retried", "expected"),
    [
        ("r.train", False, "train"),
        ("r.train(0)", True, "train"),
        ("r.train(1)", True, "train, attempt 2"),
        ("r.train(3:file:b1/a.csv,index:0003)(0)", True, "train(3)"),
        ("r.train(3:file:b1/a(2).csv)(2)", True, "train(3), attempt 3"),
        ("r.train(0:x)", False, "train(0)"),
    ],
)
def test_a_pod_is_called_by_its_step(name: str, retried: bool, expected: str) -> None:
    flag = {"nodeFlag": {"retried": True}} if retried else {}
    node = {"id": "n", "name": name, "type": "Pod", "templateName": "train", **flag}
    assert label(NodeStatus.model_validate(node)) == expected


def test_pods_of_a_run_in_this_home_are_called_by_their_steps(cli: Cli, tmp_path: Path) -> None:
    journal(tmp_path)
    pod = Graph(RUN).pod_name(f"{RUN}.train(0)", "train")
    Journal(tmp_path).log_path(RUN, pod).write_text("said\n")
    assert logs(cli, tmp_path).out == "train: said\n"


@pytest.mark.parametrize("name", [RUN, "other-run"])
def test_a_run_without_logs_is_said_to_have_none(cli: Cli, s3: Any, tmp_path: Path, name: str) -> None:
    done = logs(cli, tmp_path, name=name)
    assert done.code == 2
    assert f"there are no logs of {name!r}" in done.err
