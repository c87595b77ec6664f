"""`retrain render` writes what the pipelines say, twice the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from commandline import PIPELINES, Cli


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pipelines").mkdir()
    shutil.copy(PIPELINES / "loans.yaml", tmp_path / "pipelines")
    return tmp_path


def arguments(folder: Path) -> list[object]:
    return ["render", "--pipelines", folder / "pipelines", "--out", folder / "out"]


def test_a_second_rendering_changes_nothing(cli: Cli, folder: Path) -> None:
    first, second = cli(*arguments(folder)), cli(*arguments(folder))
    assert (first.code, second.code) == (0, 0)
    assert f"wrote {folder / 'out' / 'loans-workflowtemplate.yaml'}" in first.out
    assert second.out.endswith(", 0 changed\n")


def test_a_file_of_a_pipeline_that_is_gone_is_removed_but_no_one_else_s(cli: Cli, folder: Path) -> None:
    cli(*arguments(folder))
    ours, theirs = folder / "out" / "gone-sensor.yaml", folder / "out" / "notes.yaml"
    ours.write_text((folder / "out" / "loans-sensor.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    theirs.write_text("kind: Theirs\n", encoding="utf-8")
    done = cli(*arguments(folder))
    assert f"removed {ours}" in done.out
    assert "was not rendered by retrain: left as it is" in done.err
    assert (ours.exists(), theirs.exists()) == (False, True)


def test_a_place_that_cannot_be_written_is_named(cli: Cli, folder: Path) -> None:
    (folder / "out").write_text("a file", encoding="utf-8")
    done = cli(*arguments(folder))
    assert done.code == 2
    assert str(folder / "out") in done.err
    assert "bug" not in done.err
