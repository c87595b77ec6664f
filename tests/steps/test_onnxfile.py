"""A model goes out as ONNX and answers as it does here, whatever stands in a row."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from documents import document, regression
from frames import loans, typed
from sklearn.dummy import DummyClassifier

from steps import export, model
from steps.document import Document
from steps.estimators.vote import Vote
from steps.model import ModelRefused, Trained
from steps.train import train
from steps.verdict import Reason, Verdict

KINDS: dict[str, dict[str, Any]] = {
    "tree": {"estimator": "sklearn.tree.DecisionTreeClassifier"},
    "forest": {"estimator": "sklearn.ensemble.RandomForestClassifier", "params": {"n_estimators": 5}},
    "boosting": {"estimator": "sklearn.ensemble.HistGradientBoostingClassifier", "params": {"max_iter": 5},
                 "prepare": {"scale": False}},
    "older boosting": {"estimator": "sklearn.ensemble.GradientBoostingClassifier", "params": {"n_estimators": 3}},
    "linear": {"estimator": "sklearn.linear_model.LogisticRegression"},
    "neighbours": {"estimator": "sklearn.neighbors.KNeighborsClassifier"},
    "bayes": {"estimator": "sklearn.naive_bayes.GaussianNB"},
    "network": {"estimator": "sklearn.neural_network.MLPClassifier",
                "params": {"hidden_layer_sizes": [4], "max_iter": 2000}},
    "threshold": {"estimator": "sklearn.ensemble.RandomForestClassifier", "params": {"n_estimators": 3},
                  "threshold": "f1"},
    "vote": {"estimator": "sklearn.ensemble.RandomForestClassifier", "params": {"n_estimators": 3, "max_depth": 3},
             "mitigation": {"method": "exponentiated-gradient", "max_iterations": 5}},
    "no scale": {"estimator": "sklearn.tree.DecisionTreeClassifier", "prepare": {"scale": False}},
    "gaps kept": {"estimator": "sklearn.ensemble.HistGradientBoostingClassifier", "params": {"max_iter": 5},
                  "prepare": {"scale": False, "missing": "keep"}, "features": ["amount", "age", "town"]},
    "gaps are zero": {"estimator": "sklearn.linear_model.LogisticRegression", "prepare": {"missing": "zero"}},
    "gaps are the mean": {"estimator": "sklearn.linear_model.LogisticRegression", "prepare": {"missing": "mean"}},
    "parts of dates": {"estimator": "sklearn.linear_model.LogisticRegression", "prepare": {"dates": "parts"}},
    "few categories": {"estimator": "sklearn.linear_model.LogisticRegression", "prepare": {"max_categories": 3}},
    "places of categories": {"estimator": "sklearn.ensemble.HistGradientBoostingClassifier", "params": {"max_iter": 5},
                             "prepare": {"categories": "ordinal", "scale": False}},
    "places of few categories": {"estimator": "sklearn.tree.DecisionTreeClassifier",
                                 "prepare": {"categories": "ordinal", "max_categories": 3}},
    "texts alone": {"estimator": "sklearn.tree.DecisionTreeClassifier", "features": ["town", "flag"]},
    "numbers alone": {"estimator": "sklearn.tree.DecisionTreeClassifier", "features": ["amount", "age"]},
}  # fmt: skip
REGRESSORS = {
    "forest": "ensemble.RandomForestRegressor",
    "boosting": "ensemble.HistGradientBoostingRegressor",
    "linear": "linear_model.Ridge",
}
DTYPES = {"amount": "number", "age": "integer", "town": "string", "flag": "boolean", "day": "date", "empty": "number"}


def columns() -> dict[str, Any]:
    made = {name: {"dtype": dtype, "nullable": True} for name, dtype in DTYPES.items()}
    return {**made, "y": {"dtype": "integer"}, "group": {"dtype": "string"}}


def declared(kind: dict[str, Any]) -> Document:
    told = {"target": "y", "positive": 1, "features": [*DTYPES], **kind}
    return document(contract__columns=columns(), **{f"model__{name}": value for name, value in told.items()})


def rows(of: Document, count: int = 200, seed: int = 0) -> pd.DataFrame:
    """Return rows of every dtype with gaps, whole numbers among them, and a target that follows from them."""
    random = np.random.default_rng(seed)
    gap = random.uniform(size=(count, len(DTYPES))) < 0.1
    age, town = random.integers(18, 80, count), random.choice(["Aachen", "Bonn", "Celle", "Düren"], count)
    day = pd.Timestamp("2026-01-01") + pd.to_timedelta(random.integers(0, 365, count), unit="D")
    flag = random.uniform(size=count) < 0.5
    values = [random.normal(1000, 300, count), age, town, flag, day, np.full(count, np.nan)]
    filled = {
        name: [None if gap[row, place] or name == "empty" else value for row, value in enumerate(column)]
        for place, (name, column) in enumerate(zip(DTYPES, values, strict=True))
    }
    target = ((age > 50) ^ (town == "Bonn") ^ (random.uniform(size=count) < 0.1)).astype(int)
    return typed(of.contract, **filled, y=[*target], group=["a" if row % 3 else "b" for row in range(count)])


def strange(of: Document) -> pd.DataFrame:
    """Return rows that no training saw: every column missing, categories and numbers of nowhere."""
    gaps: dict[str, list[Any]] = {name: [None] for name in DTYPES}
    odd = {**gaps, "town": ["nowhere"], "age": [200], "amount": [-1e4], "day": [pd.Timestamp("1677-10-01")]}
    made = {name: gaps[name] + odd[name] for name in DTYPES}
    return typed(of.contract, **made, y=[0, 1], group=["a", "b"])


def sealed(trained: Trained, folder: Path) -> Trained:
    return model.dump(trained, folder / "model.skops")


def compared(trained: Trained, seen: pd.DataFrame) -> None:
    here, there = trained.predict(seen), export.answers(export.export(trained), trained, seen)
    np.testing.assert_allclose(there.scores, here.scores, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(there.labels, here.labels)
    assert there.probabilities is here.probabilities
    assert np.ptp(here.scores) > 0


@pytest.mark.parametrize("name", KINDS)
def test_a_file_answers_as_its_model_does(tmp_path: Path, name: str) -> None:
    of = declared(KINDS[name])
    trained = sealed(train(rows(of), of), tmp_path)
    nowhere = rows(of, seed=2).assign(town=typed(of.contract, town=["nowhere"] * 200)["town"])
    compared(trained, pd.concat([rows(of), rows(of, seed=1), nowhere, strange(of)], ignore_index=True))


@pytest.mark.parametrize("name", REGRESSORS)
def test_a_file_answers_numbers_as_its_model_does(tmp_path: Path, name: str) -> None:
    of = regression(model__estimator=f"sklearn.{REGRESSORS[name]}", model__features=["credit_score", "group"])
    seen = loans(of)
    trained = sealed(train(seen, of), tmp_path)
    compared(trained, seen)
    assert {one.name for one in onnx.load_from_string(export.export(trained)).graph.output} == {"value"}


def test_a_part_that_knows_one_class_votes_too(tmp_path: Path) -> None:
    of = declared({"estimator": "sklearn.tree.DecisionTreeClassifier"})
    trained = sealed(train(rows(of), of), tmp_path)
    transformer, tree = (step for _, step in trained.estimator.steps)
    inputs = np.zeros((2, transformer.get_feature_names_out().size))
    never, always = (DummyClassifier(strategy="constant", constant=one).fit(inputs, [one] * 2) for one in (0, 1))
    trained.estimator.steps[-1] = ("predictor", Vote([tree, never, always], [0.5, 0.3, 0.2]))
    compared(trained, rows(of, seed=1))


def test_a_score_on_the_threshold_itself_is_positive_in_both(tmp_path: Path) -> None:
    of = declared(KINDS["threshold"])
    trained = train(rows(of), of)
    scores = np.unique(trained.predict(rows(of)).scores)
    assert len(scores) == 4
    for threshold in scores[1:]:
        trained.estimator[-1].threshold = float(threshold)
        compared(sealed(trained, tmp_path), rows(of))


def test_equal_models_make_equal_bytes(tmp_path: Path) -> None:
    of = declared(KINDS["vote"])
    one, two = (export.export(sealed(train(rows(of), of), tmp_path)) for _ in range(2))
    assert one == two


def test_a_server_finds_inputs_and_outputs_by_name(tmp_path: Path) -> None:
    of = declared(KINDS["forest"])
    trained = sealed(train(rows(of), of), tmp_path)
    graph = onnx.load_from_string(export.export(trained)).graph
    kinds = {one.name: one.type.tensor_type.elem_type for one in (*graph.input, *graph.output)}
    text, double = onnx.TensorProto.STRING, onnx.TensorProto.DOUBLE
    assert kinds == {
        **{name: text if name in ("town", "flag") else double for name in DTYPES},
        "label": onnx.TensorProto.INT64, "probability": onnx.TensorProto.FLOAT,
    }  # fmt: skip


def test_a_file_of_another_model_is_refused(tmp_path: Path) -> None:
    of = declared(KINDS["tree"])
    trained = sealed(train(rows(of), of), tmp_path)
    other = replace(trained, about=replace(trained.about, model_sha256="ab" * 32))
    with pytest.raises(ModelRefused, match="the ONNX file was made of abababababab, the model is"):
        export.answers(export.export(other), trained, rows(of))


ASK = """
import sys
from documents import document
from frames import loans
from steps import export, model
trained = model.load(open(sys.argv[1], "rb").read())
export.answers(export.export(trained), trained, loans(document()))
"""


def test_asking_a_file_tells_nobody_and_leaves_nothing_behind(tmp_path: Path) -> None:
    of = document()
    sealed(train(loans(of), of), tmp_path)
    home = tmp_path / "home"
    home.mkdir()
    paths = os.pathsep.join(path for path in sys.path if path)
    environment = {"PYTHONPATH": paths, "HOME": str(home), "PATH": os.environ["PATH"]}
    subprocess.run([sys.executable, "-W", "ignore", "-c", ASK, tmp_path / "model.skops"], env=environment, check=True)
    # With its telemetry on, ONNX Runtime keeps an identifier of the device and what it has yet to send under HOME.
    assert list(home.rglob("*")) == []


def test_a_file_that_the_runtime_cannot_run_is_refused(tmp_path: Path) -> None:
    of = declared({"estimator": "sklearn.neighbors.RadiusNeighborsClassifier"})
    trained = sealed(train(rows(of), of), tmp_path)
    with pytest.raises(Verdict, match="ONNX Runtime cannot run what RadiusNeighborsClassifier was exported to"):
        export.answers(export.export(trained), trained, rows(of))


IMPOSSIBLE = {
    "no converter": (
        "sklearn.semi_supervised.LabelPropagation",
        {},
        "LabelPropagation cannot be exported to ONNX: Unable to find",
    ),
    "no probabilities": (
        "sklearn.svm.LinearSVC",
        {},
        "LinearSVC cannot be exported to ONNX: it gives no probabilities",
    ),
}


@pytest.mark.parametrize(("estimator", "params", "says"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_what_onnx_cannot_say_is_refused(estimator: str, params: dict[str, Any], says: str) -> None:
    of = declared({"estimator": estimator, "params": params})
    with pytest.raises(Verdict) as refused:
        export.export(train(rows(of), of))
    assert refused.value.conclusion.reason is Reason.DOCUMENT
    assert says in refused.value.conclusion.message
