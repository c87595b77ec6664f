from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from documents import document
from frames import loans, typed
from sklearn.metrics import balanced_accuracy_score

from steps import batch
from steps.document import Document
from steps.train import train
from steps.verdict import Verdict


def wanted(**model: Any) -> Document:
    return document(**{f"model__{name}": value for name, value in {
        "estimator": "sklearn.linear_model.LogisticRegression", "threshold": "balanced_accuracy", **model}.items()
    })  # fmt: skip


def rare(of: Document, count: int = 600) -> Any:
    """Return rows whose target is seldom positive and never sure: a half is the wrong threshold."""
    random = np.random.default_rng(0)
    rows = loans(of, count)
    score = rows["credit_score"].to_numpy(dtype=float)
    positive = random.random(count) < 0.3 * (score - 300) / 551
    return rows.assign(approved=typed(of.contract, approved=[int(value) for value in positive])["approved"])


def test_the_threshold_is_better_by_the_metric_than_a_half() -> None:
    of = wanted()
    parts = batch.check(rare(of), of)
    plain, tuned = (train(parts.train, one).predict(parts.holdout) for one in (wanted(threshold=None), of))
    truth = batch.labels(parts.holdout, of.model)
    before, after = (balanced_accuracy_score(truth, said.labels) for said in (plain, tuned))
    assert after > before + 0.1
    np.testing.assert_array_equal(plain.scores, tuned.scores)


def test_the_held_out_rows_have_no_part_in_it() -> None:
    of = wanted()
    parts = batch.check(rare(of), of)
    other = parts.holdout.assign(approved=1 - parts.holdout["approved"])
    answers = [train(parts.train, of).predict(held).labels for held in (parts.holdout, other)]
    np.testing.assert_array_equal(*answers)


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "no probabilities": ({"estimator": "sklearn.svm.LinearSVC"}, 100, "needs probabilities, which sklearn.svm"),
    "too few of a class": ({}, 8, "needs 5 training rows of each class; one has"),
}  # fmt: skip


@pytest.mark.parametrize(("model", "rows", "says"), REFUSED.values(), ids=REFUSED)
def test_where_no_threshold_can_be_chosen_the_document_is_at_fault(model: dict[str, Any], rows: int, says: str) -> None:
    of = wanted(**model)
    with pytest.raises(Verdict) as refused:
        train(loans(of, rows), of)
    assert says in refused.value.conclusion.message
