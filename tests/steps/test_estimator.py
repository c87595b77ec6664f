from __future__ import annotations

from typing import Any

import pytest
from documents import document, regression
from sklearn.base import BaseEstimator, ClassifierMixin

from steps import estimator
from steps.document import Model
from steps.estimators import vote
from steps.verdict import Verdict


def model(path: str, **params: Any) -> Model:
    return document(model__estimator=path, model__params=params, model__seed=7).model


def test_it_is_seeded_and_has_the_params_of_the_document() -> None:
    built = estimator.build(model("sklearn.ensemble.RandomForestClassifier", n_estimators=3))
    assert (built.random_state, built.n_estimators) == (7, 3)


def test_without_a_positive_class_it_is_a_regressor() -> None:
    built = estimator.build(regression(model__params={"max_depth": 2}, model__seed=3).model)
    assert (type(built).__name__, built.max_depth, built.random_state) == ("DecisionTreeRegressor", 2, 3)


@pytest.mark.parametrize("path", ["sklearn.tree.DecisionTreeClassifier", "steps.estimators.vote.Vote"])
def test_a_classifier_cannot_do_a_regression(path: str) -> None:
    with pytest.raises(Verdict) as refused:
        estimator.build(regression(model__estimator=path).model)
    assert "is no regressor" in refused.value.conclusion.message
    assert "without model.positive this is a regression" in refused.value.conclusion.message


def test_an_estimator_without_chance_gets_no_seed() -> None:
    assert "random_state" not in estimator.build(model("sklearn.naive_bayes.GaussianNB")).get_params()


def test_what_json_does_to_values_is_undone() -> None:
    layers = estimator.build(model("sklearn.neural_network.MLPClassifier", hidden_layer_sizes=[4, 2]))
    assert layers.hidden_layer_sizes == (4, 2)
    weights = estimator.build(model("sklearn.linear_model.LogisticRegression", class_weight={"0": 1, "1": 5}))
    assert weights.class_weight == {0: 1, 1: 5}


REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "no such class": ("sklearn.ensemble.RandomForestClasifier", {}, "did you mean 'RandomForestClassifier'"),
    "no such module": ("sklearn.ensembles.RandomForestClassifier", {}, "there is no estimator"),
    "a regressor": ("sklearn.linear_model.LinearRegression", {}, "is no classifier"),
    "a transformer": ("sklearn.preprocessing.StandardScaler", {}, "is no classifier"),
    "a function": ("sklearn.base.clone", {}, "is no classifier"),
    "a mixin": ("sklearn.base.ClassifierMixin", {}, "is no classifier"),
    "a module": ("sklearn.externals.joblib", {}, "there is no estimator"),
    "somebody else's class in scikit-learn": ("sklearn.utils.Path", {}, "there is no estimator"),
    "a private module": ("sklearn.ensemble._forest.RandomForestClassifier", {}, "is not public"),
    "one that needs another": ("sklearn.multioutput.ClassifierChain", {}, "cannot be made from params alone"),
    "a module of steps": ("steps.estimators.vote.np", {}, "is no classifier"),
    "unknown param": ("sklearn.tree.DecisionTreeClassifier", {"max_dept": 3}, "did you mean 'max_depth'"),
    "the seed twice": ("sklearn.tree.DecisionTreeClassifier", {"random_state": 1}, "set model.seed"),
    "odd class weights": ("sklearn.linear_model.LogisticRegression", {"class_weight": {"no": 1}}, "classes 0 and 1"),
}


@pytest.mark.parametrize(("path", "params", "says"), REFUSED.values(), ids=REFUSED)
def test_a_document_that_asks_for_the_impossible_ends_the_run_for_good(
    path: str, params: dict[str, Any], says: str
) -> None:
    with pytest.raises(Verdict, match="the pipeline document cannot be carried out") as refused:
        estimator.build(model(path, **params))
    assert says in refused.value.conclusion.message
    assert refused.value.conclusion.outcome == "failed"


def test_a_module_of_ours_does_not_lend_its_name_to_other_classifiers(monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = type("Foreign", (ClassifierMixin, BaseEstimator), {"__module__": "somebody.elses"})
    monkeypatch.setattr(vote, "Foreign", foreign, raising=False)
    with pytest.raises(Verdict, match="is no classifier of scikit-learn"):
        estimator.build(model("steps.estimators.vote.Foreign"))
