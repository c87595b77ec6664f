"""`retrain replay`: on record with who asked and why, under a name of its own; a marker that is none starts nothing."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import Any

import pytest
from batches import DAY, entry, keys, land, mark, marker, read
from commandline import PIPELINES, Cli, loans
from promotions import Run, landed
from records import journal

from steps.registry import ledger
from steps.registry.freeze import freeze
from steps.registry.objects import connect
from steps.registry.pointer import Frozen
from workflows.config import find
from workflows.engine.journal import Journal


def replay(cli: Cli, folder: Path, *options: str, batch: str = DAY) -> Any:
    manifests = loans(folder / "manifests", "exit 0")
    places = ["--pipelines", PIPELINES, "--manifests", manifests, "--home", folder / "home"]
    return cli("replay", "loans", batch, *(options or ("--reason", "to see")), *places)


def test_a_replay_says_who_asked_and_why(cli: Cli, s3: Any, tmp_path: Path) -> None:
    etag = land(s3, {f"{DAY}/a.csv": b"x"})
    done = replay(cli, tmp_path, "--reason", "to see", "--json")
    final = json.loads(done.out)
    given = {parameter["name"]: parameter["value"] for parameter in final["spec"]["arguments"]["parameters"]}
    assert (done.code, done.err) == (0, "")
    assert final["metadata"]["name"] == f"loans-{DAY}-{etag[:12]}-r1"
    assert (given["marker"], given["etag"]) == (f"incoming/loans/{DAY}/_READY.json", etag)
    assert (given["trigger"], given["why"]) == ("replay", "to see")
    assert given["allow-older"] == "false"
    assert given["requested-by"] == getpass.getuser()
    record = next(ledger.records(connect("retrain"), "loans"))
    assert (record.kind, record.body["by"], record.body["reason"]) == ("replayed", getpass.getuser(), "to see")
    (claim,) = keys(s3, "registry/loans/claims/")
    assert read(s3, claim)["workflow"] == final["metadata"]["name"]


def test_while_the_owner_still_runs_nothing_is_replayed(cli: Cli, s3: Any, tmp_path: Path) -> None:
    ready = landed(connect("retrain"))
    land(s3, {f"{DAY}/a.csv": DAY.encode()})
    owner = Run(connect("retrain"), tmp_path, ready)
    owner.claim()
    journal(tmp_path / "home", owner.workflow, owner.uid, "Pending")
    done = replay(cli, tmp_path)
    assert (done.code, done.out) == (2, "")
    assert f"{owner.workflow} has this data and has not ended yet" in done.err
    assert "then ask again" in done.err


def test_while_production_is_frozen_nothing_is_replayed(cli: Cli, s3: Any, tmp_path: Path) -> None:
    land(s3, {f"{DAY}/a.csv": b"x"})
    freeze(connect("retrain"), find("loans", PIPELINES), Frozen("eve", "audit", "2026-02-23T06:00:00.000+00:00"))
    done = replay(cli, tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "frozen by eve" in done.err
    assert "retrain unfreeze loans" in done.err


def test_a_second_replay_has_the_next_name(cli: Cli, s3: Any, tmp_path: Path) -> None:
    land(s3, {f"{DAY}/a.csv": b"x"})
    replay(cli, tmp_path)
    assert replay(cli, tmp_path).code == 0
    names = [str(workflow.metadata.name) for workflow in Journal(tmp_path / "home").list().workflows]
    assert sorted(name[-3:] for name in names) == ["-r1", "-r2"]


UNFIT = {
    "no JSON": (b"{", "it is no JSON object"),
    "too large": (b" " * ((1 << 20) + 1), "1048577 bytes, expected at most 1048576"),
    "leaves the prefix": ({**marker({}), "files": [entry("../x", b"x")]}, "'../x'"),
    "no files": (marker({}), "files"),
    "unknown field": ({**marker({"a.csv": b"x"}), "note": 1}, "note"),
}


@pytest.mark.parametrize(("content", "says"), UNFIT.values(), ids=UNFIT)
def test_a_marker_that_is_none_starts_nothing(cli: Cli, s3: Any, tmp_path: Path, content: Any, says: str) -> None:
    mark(s3, content)
    done = replay(cli, tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "bucket 'retrain'" in done.err
    assert says in done.err
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("batch", ["2026-02-24", "../x", "A", "b" * 25])
def test_a_batch_that_is_not_there_is_said_so(cli: Cli, s3: Any, tmp_path: Path, batch: str) -> None:
    done = replay(cli, tmp_path, batch=batch)
    assert done.code == 2
    assert f"{batch}/_READY.json" in done.err


def test_a_replay_without_a_reason_is_none(cli: Cli, tmp_path: Path) -> None:
    done = replay(cli, tmp_path, "--reason", " ")
    assert done.code == 2
    assert "--reason is empty" in done.err
