from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from documents import document, regression
from frames import loans
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline

from steps import model, skopsfile
from steps.document import Document
from steps.estimators import vote
from steps.model import ModelRefused, Trained
from steps.train import train

DOCUMENT = document()


@cache
def trained() -> Trained:
    return train(loans(DOCUMENT), DOCUMENT)


def dumped(folder: Path, of: Trained | None = None) -> bytes:
    model.dump(of or trained(), folder / "model.skops")
    return (folder / "model.skops").read_bytes()


def rewritten(data: bytes, change: Callable[[dict[str, bytes]], object], *, sealed: bool = True) -> bytes:
    """Change members; `sealed` sets the notes' hash right again, as somebody with bad intentions would."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    if sealed and model.ABOUT in members:
        rest = {name: content for name, content in members.items() if name != model.ABOUT}
        note = {**json.loads(members[model.ABOUT]), "model_sha256": skopsfile.digest(rest)}
        members[model.ABOUT] = json.dumps(note).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def noted(data: bytes, **facts: Any) -> bytes:
    def change(members: dict[str, bytes]) -> None:
        members[model.ABOUT] = json.dumps({**json.loads(members[model.ABOUT]), **facts}).encode()

    return rewritten(data, change)


KINDS: dict[str, dict[str, Any]] = {
    "trees": {"estimator": "sklearn.ensemble.RandomForestClassifier", "params": {"n_estimators": 3}},
    "boosting": {"estimator": "sklearn.ensemble.HistGradientBoostingClassifier", "params": {"max_iter": 5}},
    "older boosting": {"estimator": "sklearn.ensemble.GradientBoostingClassifier", "params": {"n_estimators": 3}},
    "linear": {"estimator": "sklearn.linear_model.LogisticRegression"},
    "neighbours": {"estimator": "sklearn.neighbors.KNeighborsClassifier"},
    "bayes": {"estimator": "sklearn.naive_bayes.GaussianNB"},
    "no probabilities": {"estimator": "sklearn.svm.LinearSVC"},
    "nothing but labels": {"estimator": "sklearn.neighbors.NearestCentroid"},
    "calibrated threshold": {"estimator": "sklearn.linear_model.LogisticRegression", "threshold": "f1"},
    "vote": {
        "estimator": "sklearn.tree.DecisionTreeClassifier",
        "params": {"max_depth": 3},
        "mitigation": {"method": "exponentiated-gradient", "max_iterations": 3},
    },
}


REGRESSORS: dict[str, dict[str, Any]] = {
    "ensemble.RandomForestRegressor": {"n_estimators": 3},
    "ensemble.HistGradientBoostingRegressor": {"max_iter": 5},
    "ensemble.GradientBoostingRegressor": {"n_estimators": 3},
    "linear_model.Ridge": {},
    "linear_model.TweedieRegressor": {},
    "linear_model.HuberRegressor": {"max_iter": 1000},
    "neighbors.KNeighborsRegressor": {},
    "svm.SVR": {},
}
KINDS |= {
    f"number by {name}": {"estimator": f"sklearn.{name}", "params": params} for name, params in REGRESSORS.items()
}


def of_kind(kind: dict[str, Any], name: str) -> Document:
    build = regression if name.startswith("number") else document
    return build(**{f"model__{key}": value for key, value in kind.items()})


@pytest.mark.parametrize("name", KINDS)
def test_a_model_comes_back_and_answers_the_same(tmp_path: Path, name: str) -> None:
    of = of_kind(KINDS[name], name)
    rows = loans(of)
    made = train(rows, of)
    back = model.load(dumped(tmp_path, made))
    assert replace(back.about, model_sha256="") == made.about
    before, after = made.predict(rows), back.predict(rows)
    np.testing.assert_array_equal(after.labels, before.labels)
    np.testing.assert_array_equal(after.scores, before.scores)
    assert set(after.labels) <= {0, 1}
    assert np.ptp(after.scores) > 0


def test_it_says_what_one_must_know(tmp_path: Path) -> None:
    about = model.load(dumped(tmp_path)).about
    assert about.features == {"income": "number", "credit_score": "integer"}
    assert (about.pipeline, about.target, about.positive, about.rows) == ("loans", "approved", 1, 200)
    assert set(about.versions) == {"python", "scikit-learn", "fairlearn", "skops", "numpy", "pandas"}
    assert {len(about.document_sha256), len(about.data_sha256), len(about.model_sha256)} == {64}


def test_predictions_read_the_features_only(tmp_path: Path) -> None:
    rows = loans(DOCUMENT)
    back = model.load(dumped(tmp_path))
    assert list(back.predict(rows[["credit_score", "income"]]).labels) == list(back.predict(rows).labels)


PROCESS = """
import json, sys
from pathlib import Path
from documents import document, regression
from frames import loans
from steps import model
from steps.estimators import vote
from steps.train import train
for name, change in json.loads(sys.argv[2]).items():
    build = regression if name.startswith("number") else document
    of = build(**{f"model__{key}": value for key, value in change.items()})
    model.dump(train(loans(of), of), Path(sys.argv[1]) / name)
"""


def test_equal_models_make_equal_bytes_in_any_process_on_one_thread_or_two(tmp_path: Path) -> None:
    tests = Path(__file__).parent.parent
    processes = []
    for threads in ("1", "2"):
        (tmp_path / threads).mkdir()
        settings = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PYTHONHASHSEED"), threads)
        environment = {**settings, "PYTHONPATH": f"{tests}:{tests.parent}"}
        arguments = [sys.executable, "-c", PROCESS, str(tmp_path / threads), json.dumps(KINDS)]
        processes.append(subprocess.Popen(arguments, env=environment))
    assert [process.wait(timeout=120) for process in processes] == [0, 0]
    unequal = [name for name in KINDS if (tmp_path / "1" / name).read_bytes() != (tmp_path / "2" / name).read_bytes()]
    assert unequal == []


def test_a_forest_is_the_same_on_one_thread_or_two() -> None:
    one, two = (
        document(
            model__estimator="sklearn.ensemble.RandomForestClassifier",
            model__params={"n_estimators": 5, "n_jobs": jobs},
        )
        for jobs in (1, 2)
    )
    rows = loans(one)
    np.testing.assert_array_equal(train(rows, one).predict(rows).scores, train(rows, two).predict(rows).scores)


def test_another_seed_makes_other_bytes(tmp_path: Path) -> None:
    other = document(model__seed=1)
    assert dumped(tmp_path) != dumped(tmp_path, train(loans(other), other))


def forget(members: dict[str, bytes]) -> None:
    del members[model.ABOUT]


def forget_schema(members: dict[str, bytes]) -> None:
    del members["schema.json"]


def forget_arrays(members: dict[str, bytes]) -> None:
    for name in [name for name in members if name.endswith(".npy")]:
        del members[name]


def change_arrays(members: dict[str, bytes]) -> None:
    members["0.npy"] = members["0.npy"][:-1] + bytes([members["0.npy"][-1] ^ 1])


def unseal(members: dict[str, bytes]) -> None:
    members[model.ABOUT] = json.dumps({**json.loads(members[model.ABOUT]), "model_sha256": ""}).encode()


def break_arrays(members: dict[str, bytes]) -> None:
    for name in [name for name in members if name.endswith(".npy")]:
        members[name] = b"\x93NUMPY garbage"


def ask_for(name: str) -> Callable[[dict[str, bytes]], None]:
    """Turn the classifier's class into another one, the way a hostile file would."""
    module, _, kind = name.rpartition(".")

    def change(members: dict[str, bytes]) -> None:
        text = members["schema.json"].decode()
        text = text.replace("sklearn.tree._classes", module).replace("DecisionTreeClassifier", kind)
        members["schema.json"] = text.encode()

    return change


HOSTILE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda _: b"", "no model file"),
    "pickle": (lambda _: b"\x80\x04cos\nsystem\n(S'true'\ntR.", "no model file"),
    "cut short": (lambda data: data[: len(data) // 2], "no model file"),
    "no notes": (lambda data: rewritten(data, forget), "no model file"),
    "no schema": (lambda data: rewritten(data, forget_schema), "no model file"),
    "no arrays": (lambda data: rewritten(data, forget_arrays), "no model file"),
    "broken arrays": (lambda data: rewritten(data, break_arrays), "no model file"),
    "another format": (lambda data: noted(data, format=1), "has the format 1"),
    "changed arrays": (lambda data: rewritten(data, change_arrays, sealed=False), "its content has the hash"),
    "no hash": (lambda data: rewritten(data, unseal, sealed=False), "its content has the hash"),
    "unknown notes": (lambda data: noted(data, colour="red"), "no model file"),
    "older scikit-learn": (
        lambda data: noted(data, versions={"scikit-learn": "1.2.3"}),
        "made by scikit-learn 1.2.3",
    ),
    "a system call": (lambda data: rewritten(data, ask_for("os.system")), "os.system"),
    "subprocess": (lambda data: rewritten(data, ask_for("subprocess.Popen")), "subprocess.Popen"),
    "a module of ours": (lambda data: rewritten(data, ask_for("steps.estimators.vote.np")), "steps.estimators.vote.np"),
    "a class outside of our estimators": (
        lambda data: rewritten(data, ask_for("steps.model.Trained")),
        "steps.model.Trained",
    ),
}


@pytest.mark.parametrize(("change", "says"), HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_model_of_ours_is_refused(tmp_path: Path, change: Callable[[bytes], bytes], says: str) -> None:
    with pytest.raises(ModelRefused, match=says):
        model.load(change(dumped(tmp_path)))


def test_a_class_of_ours_that_is_no_estimator_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dangerous = type("Dangerous", (), {"__module__": "steps.estimators.vote"})
    monkeypatch.setattr(vote, "Dangerous", dangerous, raising=False)
    with pytest.raises(ModelRefused, match="Dangerous"):
        model.load(rewritten(dumped(tmp_path), ask_for("steps.estimators.vote.Dangerous")))


def test_a_file_that_unpacks_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = dumped(tmp_path)
    monkeypatch.setattr(model, "LIMIT", 1000)
    with pytest.raises(ModelRefused, match="1000 at most"):
        model.load(data)


def test_a_file_without_an_estimator_is_refused(tmp_path: Path) -> None:
    data = dumped(tmp_path, replace(trained(), estimator={"a": 1}))
    with pytest.raises(ModelRefused, match="no estimator but dict"):
        model.load(data)


class Stranger(GaussianNB):  # type: ignore[misc]
    pass


def test_a_type_that_could_not_be_loaded_is_not_written(tmp_path: Path) -> None:
    stranger = Pipeline([("classifier", Stranger().fit([[0.0], [1.0]], [0, 1]))])
    with pytest.raises(ModelRefused, match="Stranger"):
        model.dump(replace(trained(), estimator=stranger), tmp_path / "model.skops")
    assert not (tmp_path / "model.skops").exists()


def test_what_skops_asks_about_is_on_the_list(tmp_path: Path) -> None:
    asked = skops.io.get_untrusted_types(data=dumped(tmp_path))
    assert "sklearn.tree._tree.Tree" in asked
    assert set(asked) <= set(model.TRUSTED)
