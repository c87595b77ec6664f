"""`retrain new` writes a document that holds, once, and says what comes next; a mistake ends in a line with a hint."""

from __future__ import annotations

from pathlib import Path

import pytest
from commandline import Cli
from samples import churn

from workflows.config import load


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "my churn.csv"
    churn().to_csv(path, index=False)
    return path


def test_the_document_is_written_and_the_next_commands_are_said(cli: Cli, tmp_path: Path, data: Path) -> None:
    pipelines = tmp_path / "deep" / "pipelines"
    done = cli("new", "churn", "--data", data, "--target", "left", "--sensitive", "region", "--pipelines", pipelines)
    assert (done.code, done.err) == (0, "")
    document = load(pipelines / "churn.yaml")
    assert (document.model.target, document.model.sensitive) == ("left", "region")
    assert f"retrain run churn --data '{data}' --pipelines {pipelines}" in done.out
    assert f"retrain render --pipelines {pipelines}" in done.out
    assert [path.name for path in pipelines.iterdir()] == ["churn.yaml"]


def test_a_document_that_is_there_stays_as_it_is(cli: Cli, tmp_path: Path, data: Path) -> None:
    (tmp_path / "churn.yaml").write_text("mine\n")
    done = cli("new", "churn", "--data", data, "--target", "left", "--pipelines", tmp_path)
    assert done.code == 2
    assert "there is a document already" in done.err
    assert "hint: " in done.err
    assert (tmp_path / "churn.yaml").read_text() == "mine\n"


MISTAKES = {
    "a name that is none": (["My_Churn", "--data", "DATA", "--target", "left"], "cannot name a pipeline"),
    "no such file": (["churn", "--data", "none.csv", "--target", "left"], "there is no such file"),
    "another format": (["churn", "--data", "data.xlsx", "--target", "left"], "the format is not known"),
    "no such column": (["churn", "--data", "DATA", "--target", "gone"], "there is no column 'gone'"),
    "no bucket's name": (["churn", "--data", "DATA", "--target", "left", "--bucket", "B_"], "data.bucket"),
    "an empty owner": (["churn", "--data", "DATA", "--target", "left", "--owner", " "], "owner"),
    "an owner of tags": (["churn", "--data", "DATA", "--target", "left", "--owner", "{{x}}"], "may not stand"),
}


@pytest.mark.parametrize(("arguments", "says"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_said_and_nothing_is_written(
    cli: Cli, tmp_path: Path, data: Path, arguments: list[str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data.xlsx").write_bytes(b"PK")
    done = cli("new", *(data if one == "DATA" else one for one in arguments), "--pipelines", tmp_path / "pipelines")
    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert not (tmp_path / "pipelines").exists()
