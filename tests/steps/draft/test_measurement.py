"""The quick measure is honest: the holdout does not enter it, the simplest model wins unless another is better."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from samples import churn, sample

from steps import split
from steps.document import Document
from steps.draft.composition import Request, compose
from steps.draft.measurement import CANDIDATES, Candidate, Measured, Spread, best, measure
from workflows.yamltext import read_all

PLAIN = CANDIDATES["classification"][0]


@pytest.fixture
def document(tmp_path: Path) -> Document:
    path = tmp_path / "churn.csv"
    churn().to_csv(path, index=False)
    (values,) = read_all(compose(path, Request("churn", "left", owner="a")).text, "draft")
    return Document.model_validate(values)


def test_the_holdout_does_not_enter(tmp_path: Path, document: Document) -> None:
    rows = sample(tmp_path, churn()).rows
    held = split.split(rows, document.model.seed, document.model.holdout).holdout.index
    without = rows.drop(index=held)
    honest = measure(rows, PLAIN, document)
    # The training side alone, split again, is smaller; so its own holdout is given back by a model without one.
    all_in = document.model_copy(update={"model": document.model.model_copy(update={"holdout": 1e-12})})
    assert measure(without, PLAIN, all_in) == honest
    assert measure(rows, PLAIN, all_in) != honest


def test_a_target_of_chance_measures_as_chance(tmp_path: Path, document: Document) -> None:
    table = churn(1000)
    random = np.random.default_rng(3)
    table["left"] = random.choice(["yes", "no"], len(table))
    # Nearly every row of its own: equal rows are kept in one fold, with their answers, which makes others look worse.
    table["visits"] = random.normal(20, 9, len(table))
    found = measure(sample(tmp_path, table).rows, PLAIN, document).spreads["roc_auc"]
    assert abs(found.mean - 0.5) < 0.08


CHOICES: dict[str, tuple[float | None, float | None, int]] = {
    "equal": (0.8, 0.8, 0),
    "better by less than its noise": (0.8, 0.84, 0),
    "better by more": (0.8, 0.86, 1),
    "only one was measured": (None, 0.6, 1),
    "none was": (None, None, 0),
}


@pytest.mark.parametrize(("first", "second", "place"), CHOICES.values(), ids=CHOICES)
def test_the_simplest_is_taken_unless_another_is_clearly_better(
    first: float | None, second: float | None, place: int
) -> None:
    def of(value: float | None) -> Measured:
        return Measured(Candidate("x", "y"), {} if value is None else {"roc_auc": Spread(value, 0.1)})

    both: Any = (of(first), of(second))
    assert best(both, "roc_auc") is both[place]
