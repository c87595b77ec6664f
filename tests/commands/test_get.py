"""`retrain get` shows a run from the journal, or what the ledger has of it once the journal is gone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from commandline import PIPELINES, Cli
from records import RUN, journal, record


def get(cli: Cli, home: Path, *options: str, name: str = RUN) -> Any:
    return cli("get", name, *options, "--pipelines", PIPELINES, "--home", home)


def test_a_run_of_this_home_is_a_tree(cli: Cli, tmp_path: Path) -> None:
    journal(tmp_path)
    done = get(cli, tmp_path)
    assert done.code == 0
    assert "Status:   Running" in done.out
    assert "train(0)" in done.out
    assert json.loads(get(cli, tmp_path, "--json").out)["status"]["phase"] == "Running"


def test_without_its_journal_the_record_speaks(cli: Cli, s3: Any, tmp_path: Path) -> None:
    record()
    done = get(cli, tmp_path)
    assert done.code == 0
    assert f"its nodes are not in {tmp_path}; on record is:" in done.out
    assert "  message: accuracy: 0.5 is not above 0.8\n" in done.out
    assert "  seconds: 3.0\n" in done.out
    assert "None" not in done.out
    assert json.loads(get(cli, tmp_path, "--json").out)["outcome"] == "rejected"


def test_an_old_run_is_found_by_the_day_in_its_name(cli: Cli, s3: Any, tmp_path: Path, monkeypatch: Any) -> None:
    record()
    record("loans-other", uid="u2", workflow="of another form")
    monkeypatch.setattr("workflows.commands.get.FARTHEST", 1)
    assert json.loads(get(cli, tmp_path, "--json").out)["workflow"]["name"] == RUN
    assert get(cli, tmp_path, name="loans-none").code == 2


def test_a_run_that_nobody_knows_is_not_found(cli: Cli, s3: Any, tmp_path: Path) -> None:
    done = get(cli, tmp_path, "--json")
    assert (done.code, done.out) == (2, "")
    assert f"there is no run {RUN!r}" in done.err


def test_a_name_that_is_a_path_is_refused(cli: Cli, tmp_path: Path) -> None:
    done = get(cli, tmp_path, name="../x")
    assert done.code == 2
    assert "cannot name a Workflow" in done.err
