from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from documents import document, regression
from frames import loans, typed

from steps import export, model, table, train
from steps.document import Document
from steps.split import split

LOANS = document()
MITIGATED = {
    "model__params": {"max_depth": 3},
    "model__mitigation": {"method": "exponentiated-gradient", "max_iterations": 3},
}


def call(folder: Path, of: Document, rows: Any, count: int = 2) -> int:
    (folder / "clean").mkdir()
    size = -(-len(rows) // count)
    for part in range(count):
        table.write(rows[part * size : (part + 1) * size], folder / "clean" / f"{part:04}.parquet", of.contract)
    (folder / "document").write_text(of.model_dump_json())
    paths = {name: folder / name for name in ("document", "clean")}
    outputs = {name: folder / "out" / name for name in ("verdict", "model", *(["onnx"] if of.model.export else []))}
    return train.main([f"--{name}={path}" for name, path in {**paths, **outputs}.items()])


def verdict(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "out" / "verdict").read_text())
    return found


def test_a_model_is_left_that_learned_the_rows(tmp_path: Path) -> None:
    rows = loans(LOANS)
    assert call(tmp_path, LOANS, rows) == 0
    trained = model.load((tmp_path / "out" / "model").read_bytes())
    assert (trained.predict(rows).labels == rows["approved"].to_numpy(dtype=int)).mean() > 0.98
    assert trained.about.rows < len(rows)


def test_the_model_is_the_same_however_the_rows_are_cut_into_files(tmp_path: Path) -> None:
    for name, count in (("one", 1), ("three", 3)):
        (tmp_path / name).mkdir()
        assert call(tmp_path / name, LOANS, loans(LOANS), count) == 0
    one, three = ((tmp_path / name / "out" / "model").read_bytes() for name in ("one", "three"))
    assert one == three


def test_the_held_out_rows_are_not_trained_on(tmp_path: Path) -> None:
    parts = split(loans(LOANS), LOANS.model.seed, LOANS.model.holdout)
    assert call(tmp_path, LOANS, loans(LOANS)) == 0
    model.dump(train.train(parts.train, LOANS), tmp_path / "of the rest alone")
    assert (tmp_path / "out" / "model").read_bytes() == (tmp_path / "of the rest alone").read_bytes()


def test_the_sensitive_column_is_read_only_where_it_is_a_feature() -> None:
    for features, read in ((["income"], False), (["income", "group"], True)):
        of = document(model__features=features, model__estimator="sklearn.naive_bayes.GaussianNB")
        rows = loans(of).assign(approved=typed(of.contract, approved=[n % 2 for n in range(200)])["approved"])
        other = rows.assign(group=rows["group"].map({"a": "b", "b": "a"}))
        trained = train.train(rows, of)
        same = np.array_equal(trained.predict(rows).scores, trained.predict(other).scores)
        assert same is not read


def test_a_mitigated_model_needs_no_group_to_predict() -> None:
    of = document(**MITIGATED)
    rows = loans(of)
    assert len(train.train(rows, of).predict(rows[["income", "credit_score"]]).labels) == 200


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "unknown estimator": ({"model__estimator": "sklearn.trees.Tree"}, "there is no estimator 'sklearn.trees.Tree'"),
    "unknown param": ({"model__params": {"depth": 3}}, "has no param 'depth'"),
    "a param's value": ({"model__params": {"max_depth": "deep"}}, "The 'max_depth' parameter"),
    "missing values kept for what takes none": (
        {"model__prepare": {"missing": "keep"}, "model__estimator": "sklearn.linear_model.LogisticRegression"},
        "prepare.missing is keep, but sklearn.linear_model.LogisticRegression takes no missing values",
    ),
    "rows that an estimator cannot learn from": (
        {"model__params": {}, "model__estimator": "sklearn.naive_bayes.MultinomialNB"},
        "sklearn.naive_bayes.MultinomialNB cannot learn from these rows: Negative values",
    ),
    "mitigation without weights": (
        {**MITIGATED, "model__params": {}, "model__estimator": "sklearn.neighbors.KNeighborsClassifier"},
        "does not",
    ),
    "no place in a model file": (
        {"model__estimator": "sklearn.gaussian_process.GaussianProcessClassifier"},
        "cannot be kept in a model file",
    ),
}


@pytest.mark.parametrize(("changes", "says"), REFUSED.values(), ids=REFUSED)
def test_a_document_that_cannot_be_carried_out_fails_for_good(
    tmp_path: Path, changes: dict[str, Any], says: str
) -> None:
    of = document(**changes)
    assert call(tmp_path, of, loans(of)) == 42
    found = verdict(tmp_path)
    assert found["outcome"] == "failed"
    assert says in found["message"]
    assert not (tmp_path / "out" / "model").exists()


EXPORTED = document(
    model__export="onnx", gates=[{"name": "same", "kind": "parity", "metric": "score_difference", "below": 1e-3}]
)


def test_an_exported_model_lies_beside_the_model_and_knows_which(tmp_path: Path) -> None:
    rows = loans(EXPORTED)
    assert call(tmp_path, EXPORTED, rows) == 0
    trained = model.load((tmp_path / "out" / "model").read_bytes())
    answered = export.answers((tmp_path / "out" / "onnx").read_bytes(), trained, rows)
    np.testing.assert_allclose(answered.scores, trained.predict(rows).scores, atol=1e-6)


def test_without_the_extra_an_export_is_refused_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "EXTRA", ("onnx", "no_such_runtime"))
    assert call(tmp_path, EXPORTED, loans(EXPORTED)) == 42
    found = verdict(tmp_path)
    assert (found["outcome"], found["reason"]) == ("failed", "document")
    assert "no_such_runtime is not installed here; build the image of the steps with IMAGE_EXTRAS" in found["message"]
    assert not (tmp_path / "out" / "model").exists()


def test_a_check_that_is_not_there_is_told_before_training(tmp_path: Path) -> None:
    of = document(gates=[{"name": "mine", "kind": "check", "metric": "steps.checks.nothing.here", "above": 0}])
    assert call(tmp_path, of, loans(of)) == 42
    assert "there is no check 'steps.checks.nothing.here'" in verdict(tmp_path)["message"]


def test_a_feature_that_says_nothing_is_told_in_the_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = loans(LOANS).assign(income=typed(LOANS.contract, income=[5.0] * 200)["income"])
    assert call(tmp_path, LOANS, rows) == 0
    assert "feature 'income' is the same in every row: it tells the model nothing" in capsys.readouterr().out


def test_boosting_may_learn_from_the_gaps_themselves(tmp_path: Path) -> None:
    of = document(
        contract__columns__income={"dtype": "number", "nullable": True},
        model__prepare={"missing": "keep", "scale": False},
        model__features=["income"],
        model__estimator="sklearn.ensemble.HistGradientBoostingClassifier",
    )
    rows = loans(of)
    gaps = [None if row % 3 == 0 else 1000.0 + row for row in range(200)]
    rows = rows.assign(**typed(of.contract, income=gaps, approved=[int(row % 3 == 0) for row in range(200)]))
    assert call(tmp_path, of, rows) == 0
    found = model.load((tmp_path / "out" / "model").read_bytes()).predict(rows)
    assert (found.labels == rows["approved"].to_numpy(dtype=int)).all()


def test_a_feature_that_is_all_gaps_cannot_be_kept_so(tmp_path: Path) -> None:
    of = document(
        contract__columns__income={"dtype": "number", "nullable": True},
        model__prepare={"missing": "keep"},
        model__estimator="sklearn.ensemble.HistGradientBoostingClassifier",
    )
    rows = loans(of)
    assert call(tmp_path, of, rows.assign(**typed(of.contract, income=[None] * 200))) == 42
    assert "'income' has no value in any training row; leave it out" in verdict(tmp_path)["message"]


def test_a_model_reads_dates_as_it_learned_them(tmp_path: Path) -> None:
    kinds = {"day": {"dtype": "date"}, "approved": {"dtype": "integer"}}
    of = document(
        contract__columns=kinds,
        model__features=["day"],
        model__sensitive=None,
        model__prepare={"dates": "parts"},
    )
    days = pd.date_range("2026-01-01", periods=200)
    rows = typed(of.contract, day=list(days), approved=[int(day.weekday() >= 5) for day in days])
    assert call(tmp_path, of, rows) == 0
    later = rows.assign(day=rows["day"] + pd.Timedelta(weeks=100))
    found = model.load((tmp_path / "out" / "model").read_bytes()).predict(later)
    assert (found.labels == rows["approved"].to_numpy(dtype=int)).all()


def test_a_number_is_learned_where_no_class_is_positive(tmp_path: Path) -> None:
    of = regression(model__features=["credit_score", "group"])
    rows = loans(of)
    grouped = (rows["group"] == "a").to_numpy(dtype=np.float64)
    rows = rows.assign(income=rows["credit_score"].astype("float64") * 3 + 50 * grouped)
    assert call(tmp_path, of, rows) == 0
    found = model.load((tmp_path / "out" / "model").read_bytes()).predict(rows)
    assert np.abs(found.scores - rows["income"]).mean() < 10


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "one class only": ({"approved": [1] * 50}, "training needs both classes"),
    "too few rows": ({"approved": [0, 1] * 3}, "has 6 rows; the contract wants at least 10"),
}


@pytest.mark.parametrize(("columns", "says"), BAD.values(), ids=BAD)
def test_data_that_cannot_be_trained_on_is_refused(tmp_path: Path, columns: dict[str, Any], says: str) -> None:
    rows = loans(LOANS, len(columns["approved"])).assign(**typed(LOANS.contract, **columns))
    assert call(tmp_path, LOANS, rows) == 42
    found = verdict(tmp_path)
    assert (found["outcome"], found["reason"]) == ("refused", "contract")
    assert says in found["message"]


def test_features_of_every_dtype_with_gaps_are_learned_from() -> None:
    kinds = {"n": "number", "i": "integer", "s": "string", "b": "boolean", "d": "date"}
    columns = {name: {"dtype": dtype, "nullable": True} for name, dtype in kinds.items()}
    of = document(
        contract__columns={
            **columns,
            "empty": {"dtype": "number", "nullable": True},
            "y": {"dtype": "integer"},
            "group": {"dtype": "string"},
        },
        model__target="y",
        model__features=[*kinds, "empty"],
        model__estimator="sklearn.linear_model.LogisticRegression",
    )
    rows = typed(
        of.contract,
        n=[1.0, None, 3.0, 4.0],
        i=[1, 2, None, 4],
        s=["x", None, "y", "x"],
        b=[True, False, None, True],
        d=[pd.Timestamp("2026-01-01"), None, pd.Timestamp("2026-01-03"), None],
        empty=[None] * 4,
        y=[0, 1, 0, 1],
        group=["a"] * 4,
    )
    unseen = rows.assign(s=typed(kinds, s=["never seen"] * 4)["s"])
    assert np.isfinite(train.train(rows, of).predict(unseen).scores).all()


def test_an_unknown_file_among_the_clean_ones_is_a_crash_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "clean").mkdir()
    (tmp_path / "clean" / "surprise.txt").write_text("?")
    (tmp_path / "document").write_text(LOANS.model_dump_json())
    names = {"document": "document", "clean": "clean", "verdict": "out/verdict", "model": "out/model"}
    assert train.main([f"--{name}={tmp_path / path}" for name, path in names.items()]) == 1
    assert "surprise.txt" in verdict(tmp_path)["message"]
