from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from documents import document, regression
from frames import loans, typed

from steps import batch, evaluate, export, model, table
from steps.champion import Standing
from steps.champion import standing as champion_standing
from steps.document import Document
from steps.evaluate import Evaluation
from steps.registry import pointer, version
from steps.registry.objects import connect
from steps.split import Split
from steps.train import train

ACCURACY = {"name": "accuracy", "kind": "metric", "metric": "accuracy", "above": 0.8}
CHAMPION = {"name": "no-worse", "kind": "champion", "metric": "accuracy", "above": -0.01}
IMPACT = {"name": "fair", "kind": "fairness", "metric": "disparate_impact", "above": 0.8}
BASELINE = {"name": "better", "kind": "baseline", "metric": "balanced_accuracy", "above": 0.2}
RUN = {"workflow": "loans-1", "uid": "u-1", "batch": "2026-02-23", "as-of": "2026-02-23", "revision": "1",
       "data-hash": "ab" * 32}  # fmt: skip
ALL = document(gates=[ACCURACY, CHAMPION, IMPACT, BASELINE])


def parts(of: Document, rows: Any = None) -> Split:
    return batch.check(loans(of) if rows is None else rows, of)


def evaluated(of: Document, standing: Standing | None = None, rows: Any = None) -> Evaluation:
    cut = parts(of, rows)
    return evaluate.evaluate(train(cut.train, of), cut, standing or Standing(), of)


def model_file(folder: Path, of: Document, rows: Any = None) -> bytes:
    model.dump(train(parts(of, rows).train, of), folder / "model.skops")
    return (folder / "model.skops").read_bytes()


def test_a_good_model_of_every_gate_is_deployed() -> None:
    found = evaluated(ALL).to_json()
    assert found["decision"] == "deploy"
    assert [(gate["name"], gate["passed"]) for gate in found["gates"]] == [
        ("accuracy", True), ("no-worse", True), ("fair", True), ("better", True)
    ]  # fmt: skip
    assert found["champion"] is None
    assert found["rows"]["train"] + found["rows"]["holdout"] == 200
    assert found["metrics"]["disparate_impact"] == found["gates"][2]["value"]


def test_one_failed_gate_rejects_and_the_others_are_still_judged() -> None:
    found = evaluated(document(gates=[{**ACCURACY, "above": 0.9999}, BASELINE])).to_json()
    assert found["decision"] == "reject"
    assert [gate["passed"] for gate in found["gates"]] == [False, True]


def test_a_model_that_favours_a_group_is_rejected() -> None:
    rows = loans(ALL)
    favoured = rows["group"] == "a"
    rows["approved"] = typed(ALL.contract, approved=[int(value) for value in favoured])["approved"]
    rows["income"] = np.where(favoured, 5000.0, 10.0) + np.arange(200) / 1000
    found = evaluated(ALL, rows=rows).to_json()
    assert found["decision"] == "reject"
    assert (found["gates"][2]["value"], found["gates"][2]["passed"]) == (0.0, False)


def test_a_group_that_is_not_held_out_is_undetermined_and_rejected() -> None:
    rows = loans(ALL)
    rows["group"] = typed(ALL.contract, group=["b"] + ["a"] * 199)["group"]
    cut = Split(rows[:100], rows[100:])
    found = evaluate.evaluate(train(cut.train, ALL), cut, Standing(), ALL).to_json()
    assert found["gates"][2]["value"] is None
    assert found["gates"][2]["evidence"] == "no row of the group 'b' is held out"
    assert found["decision"] == "reject"


def test_the_champion_is_met_on_the_same_holdout(tmp_path: Path) -> None:
    standing = Standing("v1", model_file(tmp_path, ALL))
    gate = evaluated(ALL, standing).to_json()["gates"][1]
    assert (gate["value"], gate["passed"]) == (0.0, True)
    assert "of version v1 in production" in gate["evidence"]


SPLITS: dict[str, tuple[dict[str, Any], bool]] = {
    "another seed": ({"seed": 1}, True),
    "another share": ({"holdout": 0.2}, True),
    "by time": ({"time": "income"}, True),
    "the same": ({"params": {"max_depth": 1}}, False),
}


@pytest.mark.parametrize(("before", "warns"), SPLITS.values(), ids=SPLITS)
def test_a_champion_that_may_have_learned_the_held_out_rows_is_told(
    tmp_path: Path, before: dict[str, Any], warns: bool
) -> None:
    then = document(gates=[CHAMPION], **{f"model__{name}": value for name, value in before.items()})
    gate = evaluated(ALL, Standing("v1", model_file(tmp_path, then))).to_json()["gates"][1]
    assert ("it was trained with another holdout, so it may have seen these rows" in gate["evidence"]) is warns


def report(*columns: str) -> bytes:
    return json.dumps({"data": {name: {} for name in columns}}).encode()


COLUMNS = tuple(ALL.contract.columns)
REPORTS: dict[str, tuple[bytes | None, bool]] = {
    "a column more": (report(*COLUMNS, "postcode"), True),
    "a column less": (report(*COLUMNS[1:]), True),
    "the same columns": (report(*reversed(COLUMNS)), False),
    "a report of something else": (b'{"data": ["income"]}', False),
    "no JSON": (b"{", False),
    "no report": (None, False),
}


@pytest.mark.parametrize(("kept", "warns"), REPORTS.values(), ids=REPORTS)
def test_a_champion_of_other_columns_was_kept_from_other_rows(tmp_path: Path, kept: bytes | None, warns: bool) -> None:
    standing = Standing("v1", model_file(tmp_path, ALL), report=kept)
    gate = evaluated(ALL, standing).to_json()["gates"][1]
    assert ("the contract had other columns then, which held out other rows" in gate["evidence"]) is warns


def test_by_time_other_columns_hold_out_the_same_rows(tmp_path: Path) -> None:
    timed = document(gates=[CHAMPION], model__time="income")
    standing = Standing("v1", model_file(tmp_path, timed), report=report("postcode"))
    (gate,) = evaluated(timed, standing).to_json()["gates"]
    assert "may have seen" not in gate["evidence"]


def test_a_model_worse_than_the_champion_is_rejected(tmp_path: Path) -> None:
    standing = Standing("v1", model_file(tmp_path, ALL))
    worse = document(gates=[CHAMPION], model__features=["income"], model__params={"max_depth": 1})
    found = evaluated(worse, standing).to_json()
    assert found["decision"] == "reject"
    assert found["gates"][0]["value"] < -0.01


NO_CHAMPION: dict[str, tuple[Standing, str]] = {
    "absent": (Standing("v1", None, "its model file is not there"), "its model file is not there"),
    "garbage": (Standing("v1", b"garbage"), "it is no model file of ours"),
    "empty": (Standing("v1", b""), "it is no model file of ours"),
}


@pytest.mark.parametrize(("standing", "says"), NO_CHAMPION.values(), ids=NO_CHAMPION)
def test_a_champion_that_cannot_be_met_lets_nothing_pass(standing: Standing, says: str) -> None:
    found = evaluated(ALL, standing).to_json()
    assert found["decision"] == "reject"
    assert found["champion"] == "v1"
    assert (found["gates"][1]["value"], found["gates"][1]["passed"]) == (None, False)
    assert says in found["gates"][1]["evidence"]


def test_a_champion_of_other_columns_cannot_be_met(tmp_path: Path) -> None:
    other = document(contract__columns__income={"dtype": "integer"})
    rows = loans(ALL).assign(income=typed(other.contract, income=list(range(200)))["income"])
    standing = Standing("v1", model_file(tmp_path, other, rows))
    evidence = evaluated(ALL, standing).to_json()["gates"][1]["evidence"]
    assert "it reads the column 'income' as integer; the contract has it as number" in evidence


def test_a_champion_that_predicts_something_else_cannot_be_met(tmp_path: Path) -> None:
    opposite = document(model__positive=0)
    standing = Standing("v1", model_file(tmp_path, opposite))
    evidence = evaluated(ALL, standing).to_json()["gates"][1]["evidence"]
    assert "it predicts 'approved' = 0, this pipeline 'approved' = 1" in evidence


NUMBERS = regression(
    gates=[
        {"name": "error", "kind": "metric", "metric": "mae", "below": 20},
        {"name": "better", "kind": "baseline", "metric": "rmse", "above": 10, "confidence": 0.95},
        {"name": "no-worse", "kind": "champion", "metric": "r2", "above": -0.01, "confidence": 0.95},
        {"name": "groups", "kind": "slice", "metric": "mae", "by": "group", "below": 20},
        {"name": "fast", "kind": "cost", "metric": "latency_ms", "below": 10_000},
        {"name": "small", "kind": "cost", "metric": "size_mib", "below": 1},
    ]
)


def priced() -> Any:
    return loans(NUMBERS).assign(income=lambda frame: frame["credit_score"].astype("float64") * 2 + np.arange(200) % 3)


def test_a_regression_is_judged_by_every_kind_of_gate(s3: Any, tmp_path: Path) -> None:
    assert call(tmp_path, NUMBERS, priced()) == 0
    report = json.loads((tmp_path / "out" / "report").read_text())
    assert {gate["name"]: gate["passed"] for gate in report["gates"]} == dict.fromkeys(
        ("error", "better", "no-worse", "groups", "fast", "small"), True
    )
    assert (report["task"], report["groups"]) == ("regression", {})
    assert "disparate_impact" not in report["metrics"]
    page = (tmp_path / "out" / "card").read_text()
    assert "Passed every gate" in page


def test_every_estimate_has_an_interval_and_the_same_one_each_time() -> None:
    first, again = (evaluated(ALL).to_json()["gates"] for _ in range(2))
    assert first == again
    assert [gate["name"] for gate in first if "interval" not in gate] == ["no-worse"]
    other = evaluated(document(gates=[ACCURACY], model__seed=1)).to_json()["gates"][0]
    assert other["interval"] != first[0]["interval"]


def call(folder: Path, of: Document, rows: Any = None, *more: str) -> int:
    (folder / "clean").mkdir(parents=True)
    rows = loans(of) if rows is None else rows
    table.write(rows, folder / "clean" / "0000.parquet", of.contract)
    (folder / "model").write_bytes(model_file(folder, of, rows))
    (folder / "document").write_text(of.model_dump_json())
    paths = {name: folder / name for name in ("document", "clean", "model")}
    outputs = {name: folder / "out" / name for name in (*evaluate.INTERFACE.writes, *evaluate.INTERFACE.saves)}
    return evaluate.main([f"--{name}={value}" for name, value in {**RUN, **paths, **outputs}.items()] + [*more])


def test_the_step_says_decision_champion_and_leaves_a_report(s3: Any, tmp_path: Path) -> None:
    assert call(tmp_path, ALL) == 0
    out = {path.name: path.read_text() for path in (tmp_path / "out").iterdir()}
    assert (out["decision"], out["champion"]) == ("deploy", "none")
    assert "verdict" not in out
    short, report = json.loads(out["evaluation"]), json.loads(out["report"])
    assert {name: report[name] for name in short} == short
    assert set(report["groups"]) == {"a", "b"}
    assert report["data"]["income"]["missing"] == 0
    assert report["model"]["seed"] == 0
    assert report["versions"]["scikit-learn"]


def test_the_step_leaves_a_page_and_a_model_card_that_say_what_the_gates_said(s3: Any, tmp_path: Path) -> None:
    assert call(tmp_path, document(gates=[{**ACCURACY, "above": 0.9999}])) == 0
    page, text = ((tmp_path / "out" / name).read_text() for name in ("card", "model-card"))
    assert "Rejected by accuracy" in page
    assert "Rejected by accuracy" in text
    for said in ("2026-02-23", "ab" * 32, "loans-1", "u-1"):
        assert said in page


DRIFT: list[dict[str, Any]] = [
    {"name": "like-before", "kind": "drift", "metric": "stability_index", "below": 0.25},
    {"name": "same-rate", "kind": "drift", "metric": "label_rate", "below": 0.05},
]


def test_drift_is_measured_against_the_report_that_production_keeps(s3: Any, tmp_path: Path) -> None:
    drifting = document(gates=[ACCURACY, *DRIFT])
    assert call(tmp_path / "first", drifting) == 0
    first = json.loads((tmp_path / "first" / "out" / "evaluation").read_text())
    assert [(gate["passed"], gate["evidence"]) for gate in first["gates"][1:]] == [(True, "production is empty")] * 2
    target = pointer.Pointer("v1", "", "h", "b", "2026-02-16", 1, 1, "w", "u", "t")
    assert pointer.move(connect("retrain"), drifting, target, None)
    store = connect("retrain")
    store.create(version.model_key("loans", "v1"), (tmp_path / "first" / "model").read_bytes())
    report = json.loads((tmp_path / "first" / "out" / "report").read_text())
    store.create(version.report_key("loans", "v1"), json.dumps({**report, "label_rate": 0.9}).encode())
    assert call(tmp_path / "second", drifting) == 0
    second = json.loads((tmp_path / "second" / "out" / "evaluation").read_text())
    assert [(gate["passed"], gate["value"]) for gate in second["gates"][1:]] == [
        (True, 0.0), (False, pytest.approx(0.9 - report["label_rate"], abs=1e-5))
    ]  # fmt: skip
    assert second["decision"] == "reject"


def test_the_report_of_production_is_what_drift_is_shown_against(s3: Any, tmp_path: Path) -> None:
    assert call(tmp_path / "first", ALL) == 0
    store = connect("retrain")
    target = pointer.Pointer("v1", "", "h", "b", "2026-02-16", 1, 1, "w", "u", "t")
    assert pointer.move(store, ALL, target, None)
    for key, name in ((version.model_key, "model"), (version.report_key, "out/report")):
        store.create(key("loans", "v1"), (tmp_path / "first" / name).read_bytes())
    assert call(tmp_path / "second", ALL) == 0
    report = json.loads((tmp_path / "second" / "out" / "report").read_text())
    assert report["drift"]["version"] == "v1"
    assert {shift["stability"] for shift in report["drift"]["shifts"]} == {0.0}
    assert report["champion_pictures"]["roc"]["area"] == report["pictures"]["roc"]["area"]


def test_the_step_finds_the_champion_in_the_registry(s3: Any, tmp_path: Path) -> None:
    store = connect("retrain")
    (tmp_path / "first").mkdir()
    target = pointer.Pointer("2026-02-16.1-abc", "", "h", "b", "2026-02-16", 1, 1, "w", "u", "t")
    store.create(pointer.key(ALL), target.to_json())
    store.create(version.model_key("loans", target.version), model_file(tmp_path / "first", ALL))
    assert call(tmp_path / "second", ALL) == 0
    out = tmp_path / "second" / "out"
    assert (out / "champion").read_text() == "2026-02-16.1-abc"
    assert json.loads((out / "report").read_text())["champion_metrics"]["accuracy"] > 0.9


def test_a_production_that_was_fenced_before_its_first_version_has_no_champion(s3: Any) -> None:
    store = connect("retrain")
    pointer.fence(store, ALL)
    assert champion_standing(store, ALL) == Standing()


def test_a_version_without_its_model_is_a_champion_that_cannot_be_met(s3: Any, tmp_path: Path) -> None:
    target = pointer.Pointer("v1", "", "h", "b", "2026-02-16", 1, 1, "w", "u", "t")
    connect("retrain").create(pointer.key(ALL), target.to_json())
    assert call(tmp_path, ALL) == 0
    assert (tmp_path / "out" / "decision").read_text() == "reject"
    assert "its model file is not there" in (tmp_path / "out" / "evaluation").read_text()


def test_a_store_that_cannot_be_asked_is_no_decision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "us-east-1")
    assert call(tmp_path, ALL) == 1
    assert not (tmp_path / "out" / "decision").exists()


SAME = {"name": "same", "kind": "parity", "metric": "score_difference", "below": 1e-3}
EXPORTS = document(gates=[ACCURACY, SAME], model__export="onnx")


def exported(folder: Path, of: Document) -> Evaluation:
    """Return the evaluation of a model and its exported file, both made as `train` makes them."""
    cut = parts(of)
    trained = model.dump(train(cut.train, of), folder / "model.skops")
    return evaluate.evaluate(trained, cut, Standing(), of, export.export(trained))


def test_an_exported_file_that_answers_alike_passes(tmp_path: Path) -> None:
    found = exported(tmp_path, EXPORTS).to_json()
    assert found["decision"] == "deploy"
    assert "apart, 0 of " in found["gates"][1]["evidence"]


def test_an_exported_file_that_answers_otherwise_is_rejected(tmp_path: Path) -> None:
    # Ties between neighbours: 32-bit distances order them in another way.
    nearest = document(gates=[SAME], model__export="onnx", model__estimator="sklearn.neighbors.KNeighborsClassifier")
    found = exported(tmp_path, nearest).to_json()
    assert found["decision"] == "reject"
    assert found["gates"][0]["value"] > 0.1


def test_a_document_that_exports_lets_nothing_pass_without_the_file() -> None:
    found = evaluated(EXPORTS).to_json()
    assert found["decision"] == "reject"
    assert found["gates"][1]["evidence"] == "there is no exported file"


def test_the_step_says_of_what_file_it_judged_the_parity(s3: Any, tmp_path: Path) -> None:
    rows = loans(EXPORTS)
    trained = model.dump(train(parts(EXPORTS).train, EXPORTS), tmp_path / "unused")
    (tmp_path / "onnx").write_bytes(export.export(trained))
    assert call(tmp_path, EXPORTS, rows, f"--onnx={tmp_path / 'onnx'}") == 0
    assert (tmp_path / "out" / "decision").read_text() == "deploy"
    assert hashlib.sha256((tmp_path / "onnx").read_bytes()).hexdigest() in (tmp_path / "out" / "card").read_text()


def test_the_evaluation_stays_small_with_very_many_gates() -> None:
    of = document(gates=[{**BASELINE, "name": f"gate-{n}"} for n in range(30)])
    assert len(evaluate.short(evaluated(of)).encode()) <= evaluate.LIMIT
