"""`retrain why` answers from the ledger, and says what has not ended yet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from commandline import PIPELINES, Cli
from records import journal, record


def why(cli: Cli, home: Path, *options: str) -> Any:
    return cli("why", "loans", *options, "--pipelines", PIPELINES, "--home", home)


def test_nothing_on_record_says_where_to_look(cli: Cli, s3: Any, tmp_path: Path) -> None:
    done = why(cli, tmp_path)
    assert done.code == 0
    assert done.out.startswith("loans: nothing is on record")
    assert json.loads(why(cli, tmp_path, "--json").out)["outcome"] is None


def test_the_newest_run_is_one_sentence_then_evidence(cli: Cli, s3: Any, tmp_path: Path) -> None:
    record()
    sentence, *evidence = why(cli, tmp_path).out.splitlines()
    assert "was rejected (gate): accuracy: 0.5 is not above 0.8" in sentence
    assert evidence
    assert all(line.startswith("  ") for line in evidence)
    assert json.loads(why(cli, tmp_path, "--json").out)["unfinished"] == []


def test_a_run_that_goes_on_is_told_with_its_step(cli: Cli, s3: Any, tmp_path: Path) -> None:
    record()
    journal(tmp_path, "loans-going", "u2")
    journal(tmp_path, "loans-ended", "u3", "Succeeded")
    (line,) = json.loads(why(cli, tmp_path, "--json").out)["unfinished"]
    assert line.startswith("run loans-going is Running since 2026-02-2")
    assert line.endswith(", at train")
    assert f"  unfinished: {line}" in why(cli, tmp_path).out.splitlines()


def test_a_day_that_is_none_is_refused(cli: Cli, tmp_path: Path) -> None:
    done = why(cli, tmp_path, "--date", "2026-02-30")
    assert done.code == 2
    assert "--date is '2026-02-30'" in done.err
