"""`retrain run NAME --data`: from a document and a file to a gated model, and nothing of anybody's S3 in between."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commandline import PATIENCE, Cli, start
from samples import attrition, breast_cancer, churn, defaults, diabetes

from steps.verdict import Conclusion, Reason
from workflows.commands.trial import named, only
from workflows.commands.trialreport import Trial, as_text
from workflows.errors import RetrainError

NAMES = {
    "as it is": (["a.csv"], ["a.csv"]),
    "what a browser makes of a second download": (["my data (1).csv"], ["my-data-1-.csv"]),
    "twice, from two folders": (["x/a.csv", "y/a.csv"], ["a.csv", "1-a.csv"]),
    "hidden": ([".csv.csv"], ["csv.csv"]),
    "of other letters": (["données.parquet"], ["donn-es.parquet"]),
}


@pytest.mark.parametrize(("files", "keys"), NAMES.values(), ids=NAMES)
def test_a_file_gets_a_name_that_may_be_a_key(tmp_path: Path, files: list[str], keys: list[str]) -> None:
    paths = [tmp_path / file for file in files]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert list(named(paths).items()) == list(zip(keys, paths, strict=True))


@pytest.mark.parametrize("name", ["none.csv", "folder.csv", "table.xlsx"])
def test_what_is_no_data_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "table.xlsx").touch()
    with pytest.raises(RetrainError):
        named([tmp_path / name])


def test_nothing_a_person_has_set_up_leads_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = {"AWS_PROFILE": "production", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", "NO_PROXY": "intranet"}
    for name, value in theirs.items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    with only({"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"}):
        inside = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        assert inside == {
            "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        assert os.environ["NO_PROXY"] == "127.0.0.1"
    assert dict(os.environ) == before


def gate(**changes: Any) -> dict[str, Any]:
    plain = {"name": "g", "metric": "f1", "value": 0.5, "comparison": "above", "threshold": 0.4, "passed": True}
    return {**plain, "evidence": "f1 0.5", **changes}


def test_every_gate_stands_in_the_table_with_what_it_wants() -> None:
    gates = [gate(), gate(name="longer", value=0.123456, passed=False), gate(value=None, passed=False, evidence="why")]
    report = {"gates": gates, "rows": {"train": 1000, "holdout": 400}}
    verdict = Conclusion(Reason.GATE, "longer: f1 0.12 is not above 0.4")
    lines = list(as_text(Trial("p", ("a.csv",), verdict, report, {"card": Path("r.html")}, Path("f"))))
    assert lines == [
        "p on a.csv: 1,000 rows trained on, 400 held out",
        "",
        "gate    metric   value  must be",
        "g       f1         0.5  above 0.4  passed",
        "longer  f1      0.1235  above 0.4  FAILED",
        "g       f1        none  above 0.4  FAILED: why",
        "",
        "rejected (gate): longer: f1 0.12 is not above 0.4",
        "report card: r.html",
    ]


PUBLIC: dict[str, tuple[Callable[[Path], Path], list[str], int, set[str]]] = {
    "thirty numbers, two classes": (breast_cancer, ["--target", "target"], 30, {"roc-auc"}),
    "a number to predict": (diabetes, ["--target", "target"], 10, {"r2"}),
    "three in a hundred": (defaults, ["--target", "default"], 3, {"average-precision"}),
    "categories, groups of people": (
        attrition,
        ["--target", "Attrition", "--sensitive", "Gender"],
        29,
        {"roc-auc", "disparate-impact"},
    ),
}


@pytest.mark.whole
@pytest.mark.parametrize(("make", "asked", "features", "gates"), PUBLIC.values(), ids=PUBLIC)
def test_a_public_data_set_becomes_a_gated_model_in_two_commands(
    cli: Cli, tmp_path: Path, make: Callable[[Path], Path], asked: list[str], features: int, gates: set[str]
) -> None:
    data, places = make(tmp_path), ["--pipelines", tmp_path / "pipelines"]
    new = cli("new", "ours", "--data", data, *asked, *places)
    assert (new.code, new.err) == (0, "")
    done = cli("run", "ours", "--data", data, *places, "--home", tmp_path / "home", "--json")
    found = json.loads(done.out)
    judged = {gate["name"]: gate for gate in found["gates"]}
    assert set(judged) == {*gates, "better-than-dummy", "no-worse-than-production"}
    # Fairness is the data's to give; every other gate holds on what it was measured on.
    failed = {name for name, gate in judged.items() if not gate["passed"]}
    assert failed <= {"disparate-impact"}
    assert (done.code, found["deployable"], found["outcome"]) == (
        (1, False, "rejected") if failed else (0, True, "promoted")
    )
    report = json.loads(Path(found["files"]["report"]).read_text())
    assert len(report["model"]["features"]) == features
    assert Path(found["files"]["card"]).read_text().startswith("<!doctype html>")
    assert Path(found["files"]["model"]).stat().st_size > 1000


@pytest.mark.whole
def test_an_export_is_held_against_its_model_and_kept(cli: Cli, tmp_path: Path) -> None:
    data, places = tmp_path / "churn.csv", ["--pipelines", tmp_path / "pipelines"]
    churn().to_csv(data, index=False)
    assert cli("new", "churn", "--data", data, "--target", "left", *places).code == 0
    file = tmp_path / "pipelines" / "churn.yaml"
    told = file.read_text(encoding="utf-8").replace("\nmodel:\n", "\nmodel:\n  export: onnx\n")
    parity = "  - {name: same-as-onnx, kind: parity, metric: score_difference, below: 0.001}\n"
    file.write_text(told.replace("\ngates:\n", f"\ngates:\n{parity}"), encoding="utf-8")
    done = cli("run", "churn", "--data", data, *places, "--home", tmp_path / "home", "--json")
    found = json.loads(done.out)
    (gate,) = (gate for gate in found["gates"] if gate["kind"] == "parity")
    assert (gate["passed"], done.code) == (True, 0), gate["evidence"]
    assert Path(found["files"]["onnx"]).stat().st_size > 1000


@pytest.mark.whole
def test_a_spoilt_file_is_refused_with_the_rule_and_nobody_s_bucket_is_touched(
    cli: Cli, tmp_path: Path, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, places = tmp_path / "churn.csv", ["--pipelines", tmp_path / "pipelines"]
    churn().to_csv(data, index=False)
    assert cli("new", "churn", "--data", data, "--target", "left", *places).code == 0
    churn().assign(plan="gold").to_csv(data, index=False)
    before = dict(os.environ)
    done = cli("run", "churn", "--data", data, *places, "--home", tmp_path / "home")
    assert done.code == 1
    assert (
        "refused (contract): trial/churn.csv: row 1, column 'plan': 'gold' is not one of ['basic', 'plus']" in done.out
    )
    assert "column 'plan', rule allowed, 400 times (row 1: 'gold'" in done.out
    assert s3.list_objects_v2(Bucket="retrain")["KeyCount"] == 0
    assert dict(os.environ) == before
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["trials"]


def test_a_pipeline_that_is_not_there_is_named(cli: Cli, tmp_path: Path) -> None:
    done = cli("run", "gone", "--data", __file__, "--pipelines", tmp_path)
    assert done.code == 2
    assert "there is no pipeline 'gone'" in done.err


def test_parameters_and_data_exclude_each_other(cli: Cli) -> None:
    done = cli("run", "loans", "--data", __file__, "-p", "marker=x")
    assert done.code == 2
    assert "takes no -p" in done.err


@pytest.mark.whole
def test_ctrl_c_ends_it_with_nothing_left(cli: Cli, tmp_path: Path) -> None:
    data, places = tmp_path / "churn.csv", ["--pipelines", tmp_path / "pipelines"]
    churn().to_csv(data, index=False)
    assert cli("new", "churn", "--data", data, "--target", "left", *places).code == 0
    process = start("run", "churn", "--data", data, *places, "--home", tmp_path / "home", cwd=tmp_path)
    with process:
        assert process.stderr is not None
        assert "claim: Succeeded" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "retrain: interrupted" in err
    assert not (tmp_path / "home").exists()
