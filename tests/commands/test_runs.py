"""`retrain runs` lists what is on record and what only this home knows; nothing is left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from commandline import PIPELINES, Cli
from records import RUN, journal, record

from workflows.engine.journal import Journal


def runs(cli: Cli, home: Path, *options: str) -> Any:
    return cli("runs", *options, "--pipelines", PIPELINES, "--home", home)


def test_nothing_is_said_to_be_nothing(cli: Cli, s3: Any, tmp_path: Path) -> None:
    assert (runs(cli, tmp_path).code, runs(cli, tmp_path).out) == (0, "no run is on record\n")
    assert json.loads(runs(cli, tmp_path, "loans", "--json").out) == []


def test_what_is_on_record_is_listed_newest_first(cli: Cli, s3: Any, tmp_path: Path) -> None:
    record(uid="u1")
    record("loans-2", uid="u2", outcome="promoted", reason="promoted")
    table = runs(cli, tmp_path, "loans").out.splitlines()
    assert table[0].split() == ["recorded", "pipeline", "batch", "outcome", "reason", "run"]
    assert [line.split()[-1] for line in table[1:]] == ["loans-2", RUN]
    assert [row["outcome"] for row in json.loads(runs(cli, tmp_path, "--json").out)] == ["promoted", "rejected"]
    assert [row["run"] for row in json.loads(runs(cli, tmp_path, "--limit", "1", "--json").out)] == ["loans-2"]


def test_a_record_of_another_form_hides_no_other_and_moves_no_cursor(cli: Cli, s3: Any, tmp_path: Path) -> None:
    record(uid="u1")
    record(uid="u2", workflow="x", batch=["\x1b[2J"], reason={"a": 1}, outcome=None)
    done = runs(cli, tmp_path, "loans")
    assert (done.code, RUN in done.out, "\x1b" in done.out) == (0, True, False)


def test_what_goes_on_or_left_no_record_is_listed_first_and_once(cli: Cli, s3: Any, tmp_path: Path) -> None:
    record(uid="u1")
    journal(tmp_path, RUN, "u1", "Failed")
    journal(tmp_path, "loans-going", "u2", "Running")
    journal(tmp_path, "loans-lost", "u3", "Error")
    rows = json.loads(runs(cli, tmp_path, "--json").out)
    assert {row["run"]: row["outcome"] for row in rows[:2]} == {"loans-going": "Running", "loans-lost": "Error"}
    assert [row["run"] for row in rows[2:]] == [RUN]


def test_an_old_run_beyond_the_limit_is_not_taken_for_unrecorded(cli: Cli, s3: Any, tmp_path: Path) -> None:
    journal(tmp_path, "loans-old", "u0", "Failed")
    record("loans-old", uid="u0")
    record("loans-new", uid="u1")
    assert [row["run"] for row in json.loads(runs(cli, tmp_path, "--limit", "1", "--json").out)] == ["loans-new"]


def test_a_damaged_journal_entry_is_named_and_hides_no_other(cli: Cli, s3: Any, tmp_path: Path) -> None:
    journal(tmp_path)
    (Journal(tmp_path).directory("torn")).mkdir()
    done = runs(cli, tmp_path)
    assert (done.code, RUN in done.out) == (0, True)
    assert "torn" in done.err


def test_a_pipeline_that_is_not_there_is_refused(cli: Cli, tmp_path: Path) -> None:
    done = runs(cli, tmp_path, "laons")
    assert done.code == 2
    assert "did you mean 'loans'?" in done.err
