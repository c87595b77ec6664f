"""A pipeline document is read whole, or refused at the field that is wrong."""

from __future__ import annotations

import re
from typing import Any

import pytest
from documents import document, loans, regression
from pydantic import ValidationError

from steps.document import Document, fingerprint, read, seconds

METRIC = {"name": "auc", "kind": "metric", "metric": "roc_auc", "above": 0.8}


def gates(**changes: Any) -> dict[str, Any]:
    return loans(gates=[{**METRIC, **changes}])


def column(**changes: Any) -> dict[str, Any]:
    return loans(contract__columns__income={"dtype": "number", **changes})


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": (loans(ownr="x"), "ownr"),
    "unknown key deep": (loans(expect={"graze": "1m"}), "expect.graze"),
    "name in upper case": (loans(name="Loans"), "name"),
    "name too long": (loans(name="a" * 21), "name"),
    "name with a newline": (loans(name="loans\n"), "name"),
    "empty owner": (loans(owner="  "), "owner"),
    "bucket with a slash": (loans(data__bucket="a/b"), "data.bucket"),
    "prefix with a slash at its end": (loans(data__prefix="incoming/"), "data.prefix"),
    "prefix that climbs": (loans(data__prefix="../x"), "data.prefix"),
    "marker with a slash": (loans(data__marker="a/b"), "data.marker"),
    "no columns": (loans(contract__columns={}), "contract.columns"),
    "column with braces": (loans(contract__columns={"{a}": {"dtype": "number"}}), "contract.columns"),
    "unknown dtype": (column(dtype="float"), "dtype"),
    "bounds the wrong way round": (column(min=2, max=1), "min 2 is above max 1"),
    "bounds of a text": (column(dtype="string", min=1), "min and max need dtype integer or number"),
    "null fraction over one": (column(max_null_fraction=1.5), "max_null_fraction"),
    "bound that is not finite": (column(max=float("inf")), "finite"),
    "feature not in the contract": (loans(model__features=["age"]), "column 'age' is used by the model"),
    "target not in the contract": (loans(model__target="age"), "column 'age' is used by the model"),
    "sensitive not in the contract": (loans(model__sensitive="age"), "column 'age' is used by the model"),
    "target among the features": (loans(model__features=["approved"]), "the target 'approved' cannot be a feature"),
    "no features": (loans(model__features=[]), "model.features"),
    "estimator of another module": (loans(model__estimator="os.system"), "model.estimator"),
    "estimator like sklearn": (loans(model__estimator="sklearn_evil.X"), "model.estimator"),
    "estimator with a private climb": (loans(model__estimator="sklearn..os"), "model.estimator"),
    "seed below zero": (loans(model__seed=-1), "model.seed"),
    "holdout of all": (loans(model__holdout=1), "model.holdout"),
    "no gates": (loans(gates=[]), "gates"),
    "a gate without threshold": (gates(above=None), "give exactly one of above and below"),
    "a gate with two": (gates(below=0.9), "give exactly one of above and below"),
    "a threshold that is no number": (gates(above=float("nan")), "finite"),
    "unknown metric": (gates(metric="auc"), "metric"),
    "unknown kind": (gates(kind="gain"), "kind"),
    "two gates of one name": (loans(gates=[METRIC, METRIC]), "two gates have the same name"),
    "fairness without a group": (
        loans(model__sensitive=None, gates=[{**METRIC, "kind": "fairness", "metric": "disparate_impact"}]),
        "fairness needs model.sensitive",
    ),
    "a target that is no number": (
        loans(model__target="group", model__sensitive=None, model__positive=None),
        "model.positive is missing: which value of 'group' (string) is the positive class?",
    ),
    "a class metric of a regression": (
        loans(model__positive=None),
        "gate 'accuracy': accuracy is no metric of a regression (model.positive is not given)",
    ),
    "a number metric of a classification": (gates(metric="rmse"), "rmse is no metric of a classification"),
    "favourable of a regression": (loans(model__positive=None, model__favourable=0), "model.favourable is for"),
    "a threshold of a regression": (loans(model__positive=None, model__threshold="f1"), "model.threshold is for"),
    "fairness of a regression": (
        loans(model__positive=None, gates=[{**METRIC, "kind": "fairness", "metric": "disparate_impact"}]),
        "disparate_impact needs a classification; use kind slice",
    ),
    "threshold and mitigation": (
        loans(model__threshold="f1", model__mitigation={"method": "exponentiated-gradient"}),
        "model.threshold would undo what model.mitigation does",
    ),
    "threshold for a ranking": (loans(model__threshold="roc_auc"), "model.threshold"),
    "time not in the contract": (loans(model__time="day"), "column 'day' is used by the model"),
    "missing values in another way": (loans(model__prepare={"missing": "drop"}), "model.prepare.missing"),
    "one category": (loans(model__prepare={"max_categories": 1}), "model.prepare.max_categories"),
    "time of text": (loans(model__time="group"), "model.time needs a column of dates or numbers, 'group' is none"),
    "slices of an unknown column": (gates(kind="slice", by="town"), "column 'town' is used by the model or a gate"),
    "slices of numbers": (gates(kind="slice", by="income"), "slices need a column of few values, 'income' is none"),
    "slices of nothing": (gates(kind="slice"), "by"),
    "certainty": (gates(confidence=1), "confidence"),
    "confidence of a coin": (gates(confidence=0.5), "confidence"),
    "confidence in a cost": (
        loans(gates=[{"name": "a", "kind": "cost", "metric": "size_mib", "below": 1, "confidence": 0.9}]),
        "confidence",
    ),
    "a check elsewhere": (gates(kind="check", metric="os.path.getsize"), "metric"),
    "a check without a module": (gates(kind="check", metric="steps.checks.mine"), "metric"),
    "a private check": (gates(kind="check", metric="steps.checks.mine._mine"), "metric"),
    "a group of nobody": (gates(kind="slice", by="group", min_rows=0), "min_rows"),
    "small groups in another way": (gates(kind="slice", by="group", small_groups="ignore"), "small_groups"),
    "an export nobody compares": (loans(model__export="onnx"), "model.export needs a gate of kind parity"),
    "an export of another kind": (loans(model__export="pmml"), "model.export"),
    "parity of nothing": (
        gates(kind="parity", metric="score_difference", above=None, below=0.1),
        "gate 'auc': parity is of an exported file; give model.export",
    ),
    "labels of a number": (
        loans(
            model__positive=None,
            model__target="income",
            model__features=["credit_score"],
            model__export="onnx",
            gates=[{"name": "same", "kind": "parity", "metric": "label_difference", "below": 0.1}],
        ),
        "gate 'same': a regression has no labels",
    ),
    "mitigation without a group": (
        loans(model__sensitive=None, model__mitigation={"method": "exponentiated-gradient"}),
        "fairness needs model.sensitive",
    ),
    "unknown time zone": (loans(expect={"timezone": "Berlin"}), "unknown time zone 'Berlin'"),
    "deadline that is no time": (loans(expect={"deadline": "25:00"}), "expect.deadline"),
    "deadline with an offset": (loans(expect={"deadline": "06:00+02:00"}), "leave its offset out"),
    "weekday that is none": (loans(expect={"cadence": "weekly", "on": "Friday"}), "expect.on"),
    "day that is none": (loans(expect={"cadence": "monthly", "on": 32}), "expect.on"),
    "weekly on a number": (loans(expect={"cadence": "weekly", "on": 3}), "takes a weekday such as monday there"),
    "monthly on a weekday": (loans(expect={"cadence": "monthly", "on": "friday"}), "takes a day of the month"),
    "daily on a day": (loans(expect={"on": 3}), "cadence daily takes nothing there"),
    "lag into the future": (loans(expect={"lag": -1}), "expect.lag"),
    "duration without unit": (loans(run={"deadline": "6"}), "run.deadline"),
    "duration of nothing": (loans(run={"deadline": "0h"}), "run.deadline"),
    "timeout of an unknown step": (loans(run={"timeouts": {"fit": "1m"}}), "run.timeouts"),
    "too many retries": (loans(run={"retries": {"limit": 11}}), "run.retries.limit"),
    "a CPU in thousands": (loans(run={"resources": {"train": {"cpu": "1k"}}}), "cpu"),
    "memory in words": (loans(run={"resources": {"train": {"memory": "much"}}}), "memory"),
    "a taint without a value": (
        loans(run={"resources": {"train": {"tolerations": [{"key": "spot", "operator": "Equal"}]}}}),
        "Equal takes a value, and Exists takes none",
    ),
    "a taint that is none": (loans(run={"resources": {"train": {"tolerations": [{"key": "a b"}]}}}), "key"),
    "a secret itself": (loans(notify={"slack": "https://hooks"}), "notify.slack"),
    "a tag": (loans(description="{{workflow.name}}"), "'{{' may not stand"),
    "a tag in a parameter": (loans(model__params={"a": ["{{=1}}"]}), "'{{' may not stand"),
    "a variable": (loans(owner="$(HOME)"), "may not stand"),
}


@pytest.mark.parametrize(("value", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_a_document_is_refused_at_the_field(value: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Document.model_validate(value)
    assert says in str(refused.value)


def test_a_document_survives_its_way_to_a_step() -> None:
    before = document(data__since="2026-01-01", expect={"deadline": "06:30"}, model__params={"max_depth": 3, "x": None})
    assert read(before.model_dump_json()) == before


def test_what_a_step_gets_is_refused_if_it_is_no_document() -> None:
    for text in ("", "{", "[]", b"\xff"):
        with pytest.raises(ValidationError):
            read(text)


def test_the_fingerprint_is_of_what_the_document_means() -> None:
    assert fingerprint(document()) == fingerprint(document(model__seed=0))
    one, other = ({"a": 1, "b": 2}, {"b": 2, "a": 1})
    assert fingerprint(document(model__params=one)) == fingerprint(document(model__params=other))
    assert fingerprint(document()) != fingerprint(document(model__seed=1))


def test_the_marker_pattern_is_anchored_and_takes_the_prefix_literally() -> None:
    pattern = document(data__prefix="in.coming/a").data.marker_pattern
    assert re.fullmatch(pattern, "in.coming/a/b/_READY.json")
    assert not re.fullmatch(pattern, "inxcoming/a/b/_READY.json")
    assert not re.search(pattern, "x/in.coming/a/b/_READY.json")


def test_what_is_predicted_follows_from_the_positive_class() -> None:
    assert (document().model.task, regression().model.task) == ("classification", "regression")


@pytest.mark.parametrize(("text", "expected"), [("90s", 90), ("5m", 300), ("2h", 7200)])
def test_a_duration_is_seconds(text: str, expected: int) -> None:
    assert seconds(text) == expected
