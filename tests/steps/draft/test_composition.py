"""A draft is a document like any other: it is accepted, keeps its own sample, and says why it is as it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from samples import churn

from steps.document import Document
from steps.draft.composition import Draft, Request, compose
from steps.draft.refusal import NoDraft
from steps.preparation import Preparation
from steps.validate import validate
from workflows.yamltext import read_all


def drafted(folder: Path, table: pd.DataFrame, **request: str) -> tuple[Draft, Document, Path]:
    path = folder / "sample.csv"
    table.to_csv(path, index=False)
    draft = compose(path, Request(**{"name": "churn", "target": "left", "owner": "me@example.com", **request}))
    (values,) = read_all(draft.text, "draft")
    return draft, Document.model_validate(values), path


def test_the_sample_keeps_the_contract_made_of_it(tmp_path: Path) -> None:
    _, document, path = drafted(tmp_path, churn())
    assert validate(path, path.name, document.contract, tmp_path / "clean.parquet") == 400


def test_the_document_is_what_was_asked_for(tmp_path: Path) -> None:
    _, document, _ = drafted(tmp_path, churn(), sensitive="region", bucket="ours")
    model = document.model
    assert (document.name, document.owner, document.data.bucket) == ("churn", "me@example.com", "ours")
    assert (model.target, model.positive, model.sensitive) == ("left", "yes", "region")
    assert model.features == ("visits", "plan")
    assert [gate.kind for gate in document.gates] == ["metric", "baseline", "fairness", "champion"]


def test_features_are_prepared_for_the_estimator_that_does_best(tmp_path: Path) -> None:
    _, plain, _ = drafted(tmp_path, churn())
    assert plain.model.estimator.endswith("LogisticRegression")
    assert plain.model.prepare == Preparation()
    bent = churn().assign(left=np.where(churn()["visits"].between(12, 25), "yes", "no"))
    draft, trees, _ = drafted(tmp_path, bent)
    assert trees.model.estimator.endswith("HistGradientBoostingClassifier")
    assert trees.model.prepare == Preparation(scale=False, categories="ordinal")
    assert "  prepare: {scale: false, categories: ordinal} " in draft.text


def test_the_same_sample_gives_the_same_text(tmp_path: Path) -> None:
    assert drafted(tmp_path, churn())[0].text == drafted(tmp_path, churn())[0].text


def test_what_is_left_out_is_said_where_the_features_are(tmp_path: Path) -> None:
    draft, document, _ = drafted(tmp_path, churn().assign(customer_id=np.arange(400) * 7))
    assert "  # left out: customer_id identifies a row, by its name\n" in draft.text
    assert "customer_id" in document.contract.columns
    assert "customer_id" not in document.model.features


def test_every_line_fits_a_screen_but_those_of_values(tmp_path: Path) -> None:
    draft, _, _ = drafted(tmp_path, churn(), sensitive="region")
    long = [line for line in draft.text.splitlines() if len(line) > 140]
    assert long == []


def test_mixed_types_are_said_where_they_are(tmp_path: Path) -> None:
    draft, document, _ = drafted(tmp_path, churn().assign(visits=["many", *churn()["visits"][1:]]))
    assert document.contract.columns["visits"].dtype == "string"
    assert "# 41 values seen, text: 1 of 400 values read as no number" in draft.text


def test_hostile_texts_stay_data(tmp_path: Path) -> None:
    table = churn().rename(columns={"plan": 'a: b # "c"', "visits": "no"})
    table["region"] = np.where(table["region"] == "north", "{{workflow.name}}", "x\ny: $(id)")
    draft, document, _ = drafted(tmp_path, table)
    assert {'a: b # "c"', "no", "region"} <= set(document.model.features)
    assert "{{" not in draft.text
    assert "$(" not in draft.text


REFUSED: dict[str, tuple[pd.DataFrame, dict[str, str], str]] = {
    "no such target": (churn(), {"target": "gone"}, "there is no column 'gone'"),
    "no such group": (churn(), {"sensitive": "race"}, "there is no column 'race'"),
    "groups of one": (churn().assign(visits=np.arange(400) / 7), {"sensitive": "visits"}, "'visits' has 400 values"),
    "the target's groups": (churn(), {"sensitive": "left"}, "cannot be the target"),
    "nothing to learn from": (churn()[["left"]].assign(n=range(400)), {}, "no column is left to learn 'left' from"),
}


@pytest.mark.parametrize(("table", "request_", "says"), REFUSED.values(), ids=REFUSED)
def test_what_makes_no_document_is_refused(
    tmp_path: Path, table: pd.DataFrame, request_: dict[str, str], says: str
) -> None:
    with pytest.raises(NoDraft) as refusal:
        drafted(tmp_path, table, **request_)
    assert says in str(refusal.value)
