"""`retrain logs` prints what steps wrote, from this home or from the bucket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from batches import BUCKET
from commandline import PIPELINES, Cli
from records import RUN, journal

from workflows.engine.journal import Journal

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
    assert done.out == "claim-1: claimed\ntrain-2: trained \ufffd\ufffd\n"


def test_one_step_can_be_asked_for(cli: Cli, kept: Path) -> None:
    assert logs(cli, kept, "claim").out == "claim-1: claimed\n"


def test_a_step_that_did_not_run_is_answered_by_those_that_did(cli: Cli, kept: Path) -> None:
    done = logs(cli, kept, "deploy")
    assert (done.code, done.out) == (2, "")
    assert f"its pods are: {RUN}-claim-1, {RUN}-train-2" in done.err


@pytest.mark.parametrize("name", [RUN, "other-run"])
def test_a_run_without_logs_is_said_to_have_none(cli: Cli, s3: Any, tmp_path: Path, name: str) -> None:
    done = logs(cli, tmp_path, name=name)
    assert done.code == 2
    assert f"there are no logs of {name!r}" in done.err
