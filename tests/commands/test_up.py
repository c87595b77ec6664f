"""`retrain up` ends on Ctrl-C with nothing left behind, holds its home alone, and refuses a store it cannot trust."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from batches import BUCKET, MARKER
from commandline import MANIFESTS, PIPELINES, Cli, gone, loans, retrain, start, until
from stores import losing_proxy

from workflows.commands.localruns import LocalRuns
from workflows.commands.up import EMBEDDED
from workflows.engine.journal import Journal

pytestmark = pytest.mark.whole

SLEEP = "echo $$$$ > PID.new; mv PID.new PID; sleep 300 & wait; exit 0"


@pytest.fixture
def places(tmp_path: Path) -> list[object]:
    """Options for one pipeline whose only step sleeps, and whose process writes its id to the file `pid`."""
    (tmp_path / "pipelines").mkdir()
    shutil.copy(PIPELINES / "loans.yaml", tmp_path / "pipelines")
    manifests = loans(tmp_path / "manifests", SLEEP.replace("PID", str(tmp_path / "pid")))
    for name in ("loans-sensor", "retrain-eventsource", "default-eventbus"):
        shutil.copy(MANIFESTS / "generated" / f"{name}.yaml", manifests)
    return ["--pipelines", tmp_path / "pipelines", "--manifests", manifests, "--home", tmp_path / "home"]


@dataclass
class Up:
    """A running `up` and the lines it has said."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    def says(self, pattern: str) -> re.Match[str] | None:
        return next((found for line in list(self.lines) if (found := re.search(pattern, line))), None)


@pytest.fixture
def up(places: list[object]) -> Iterator[Up]:
    process = start("up", *places)
    running = Up(process)
    assert process.stdout is not None
    reader = Thread(target=lambda: running.lines.extend(iter(process.stdout.readline, "")), daemon=True)  # type: ignore[union-attr]
    reader.start()
    try:
        until(lambda: running.says("listening") or process.poll() is not None, "up listens")
        yield running
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
        reader.join(timeout=10)
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()


def put_marker(endpoint: str) -> None:
    import boto3

    client = boto3.client(
        "s3", endpoint_url=endpoint, aws_access_key_id="t", aws_secret_access_key="t", region_name="us-east-1"
    )
    client.put_object(Bucket=BUCKET, Key=MARKER, Body=b"{}")
    client.close()


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_ctrl_c_leaves_nothing_behind_and_a_home_has_one_up(up: Up, places: list[object], tmp_path: Path) -> None:
    exported = up.says(r"export AWS_ENDPOINT_URL_S3=(\S+)")
    assert exported
    put_marker(exported[1])
    until((tmp_path / "pid").exists, "the step runs")
    (store,) = [
        pid for pid in children(up.process.pid) if "workflows.embedded" in Path(f"/proc/{pid}/cmdline").read_text()
    ]

    second = retrain("up", *places)
    assert second.code == 2
    assert "another sensor is running on this home directory" in second.err
    journal = Journal(tmp_path / "home" / EMBEDDED)
    (running,) = journal.list().workflows
    assert running.status.phase == "Running"

    up.process.send_signal(signal.SIGINT)
    began = time.monotonic()
    assert up.process.wait(timeout=30) == 0
    assert time.monotonic() - began < 15
    assert gone(int((tmp_path / "pid").read_text()))
    assert gone(store)
    (ended,) = journal.list().workflows
    assert (ended.status.phase, journal.list().damaged) == ("Failed", ())
    assert ended.status.finished_at is not None
    until(lambda: up.says(r"^ended; stopped: loans-2026-02-23-"), "up says what it stopped")
    assert up.says(r"S3's test event arrived")
    assert up.process.stderr is not None
    assert up.process.stderr.read() == ""


def test_a_run_whose_up_was_killed_has_ended_for_everybody_and_the_next_up_begins_what_waits(
    s3: Any, places: list[object], tmp_path: Path
) -> None:
    endpoint = str(s3.meta.endpoint_url)
    home = tmp_path / "home"
    first = start("up", *places, "--endpoint", endpoint)
    try:
        until(lambda: s3.head_bucket(Bucket=BUCKET) and (home / "sensor.sqlite").exists(), "up has begun")
        runs = LocalRuns(tmp_path / "manifests", home)
        runs.start("loans", "loans-killed", {"marker": MARKER})
        until((tmp_path / "pid").exists, "up runs what another process created")
        first.kill()
    finally:
        first.kill()
        first.communicate(timeout=30)
    assert "the engine died" in retrain("get", "loans-killed", "--pipelines", PIPELINES, "--home", home).out
    listed = retrain("runs", "loans", "--pipelines", PIPELINES, "--home", home, "--json").out
    assert [(row["run"], row["outcome"]) for row in json.loads(listed)] == [("loans-killed", "Error")]
    seen = runs.look("loans-killed")
    assert seen is not None
    assert seen.ended
    os.killpg(int((tmp_path / "pid").read_text()), signal.SIGKILL)  # its step outlives an engine that is killed

    loans(tmp_path / "manifests", "echo done")
    runs.start("loans", "loans-waits", {"marker": MARKER})
    second = start("up", *places, "--endpoint", endpoint)
    try:
        until(lambda: ended(runs, "loans-waits"), "the next up begins it")
    finally:
        second.send_signal(signal.SIGINT)
        out, _ = second.communicate(timeout=30)
    assert "loans-waits: not begun at an earlier time; it begins now" in out
    assert second.returncode == 0


def ended(runs: LocalRuns, name: str) -> bool:
    seen = runs.look(name)
    return seen is not None and seen.ended


def test_a_store_without_conditional_writes_is_refused_before_anything_is_set_up(
    cli: Cli, s3: Any, places: list[object]
) -> None:
    with losing_proxy(str(s3.meta.endpoint_url), lost=0, unheard=("If-None-Match", "If-Match")) as (endpoint, _):
        done = cli("up", *places, "--endpoint", endpoint)
    assert done.code == 2
    assert f"the object store at {endpoint} does not honour If-None-Match" in done.err
    assert "use a store with conditional writes" in done.err
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET)


@pytest.mark.parametrize("endpoint", ["nonsense", "http://127.0.0.1:1"])
def test_an_endpoint_that_is_none_is_named_soon(cli: Cli, s3: Any, places: list[object], endpoint: str) -> None:
    began = time.monotonic()
    done = cli("up", *places, "--endpoint", endpoint)
    assert done.code == 2
    assert endpoint in done.err
    assert "check the endpoint" in done.err
    assert time.monotonic() - began < 10


def test_a_port_that_is_taken_is_named(cli: Cli, s3: Any, places: list[object]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = cli("up", *places, "--port", port)
    assert done.code == 2
    assert f"http://127.0.0.1:{port}" in done.err
    assert "Address already in use" in done.err


def test_manifests_of_other_pipelines_are_refused(cli: Cli, s3: Any, places: list[object], tmp_path: Path) -> None:
    (tmp_path / "manifests" / "retrain-eventsource.yaml").unlink()
    done = cli("up", *places)
    assert done.code == 2
    assert "no EventSource drains the queue 'retrain-markers'" in done.err
