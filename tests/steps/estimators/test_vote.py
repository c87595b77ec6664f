from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.svm import LinearSVC

from steps.estimators.vote import Vote

ROWS = np.array([[0.0], [1.0], [2.0], [3.0]])


def always(label: int) -> Any:
    return DummyClassifier(strategy="constant", constant=label).fit(ROWS, [label] * 4)


def shares(positive: int) -> Any:
    return DummyClassifier(strategy="prior").fit(ROWS, [1] * positive + [0] * (4 - positive))


def test_the_probability_is_the_weighted_mean_of_the_parts() -> None:
    vote = Vote([shares(1), shares(3)], [0.25, 0.75])
    np.testing.assert_allclose(vote.predict_proba(ROWS), [[0.375, 0.625]] * 4)
    assert list(vote.predict(ROWS)) == [1, 1, 1, 1]


def test_a_tie_is_positive() -> None:
    assert list(Vote([always(0), always(1)], [0.5, 0.5]).predict(ROWS)) == [1, 1, 1, 1]


@pytest.mark.parametrize("label", [0, 1])
def test_a_part_that_knows_one_class_votes_for_it(label: int) -> None:
    assert list(Vote([always(label)], [1.0]).predict_proba(ROWS)[:, 1]) == [float(label)] * 4


def test_a_part_without_probabilities_votes_with_its_labels() -> None:
    part = LinearSVC().fit(ROWS, [0, 0, 1, 1])
    assert list(Vote([part], [1.0]).predict_proba(ROWS)[:, 1]) == [0.0, 0.0, 1.0, 1.0]


def test_it_cannot_be_fitted() -> None:
    with pytest.raises(TypeError, match="fitted parts"):
        Vote().fit(ROWS, [0, 0, 1, 1])
