from __future__ import annotations

from typing import Any

import fairlearn.metrics
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from steps import mitigation
from steps.document import Mitigation
from steps.estimators.vote import Vote


def unfair(count: int = 2000) -> tuple[np.ndarray, np.ndarray, pd.Series]:
    """Return rows whose most telling feature stands for the group, which the truth favours too."""
    random = np.random.default_rng(0)
    group = random.integers(0, 2, count)
    rows = np.column_stack([2 * group + random.normal(0, 1, count), random.normal(0, 1, count)])
    truth = (2 * group + rows[:, 1] + random.normal(0, 1, count) > 1).astype(np.int64)
    return rows, truth, pd.Series(np.where(group == 1, "a", "b"), dtype=object)


@pytest.mark.parametrize(
    ("constraint", "metric"),
    [
        ("demographic-parity", fairlearn.metrics.demographic_parity_difference),
        ("equalized-odds", fairlearn.metrics.equalized_odds_difference),
    ],
)
def test_the_vote_is_fairer_than_the_estimator_alone(constraint: str, metric: Any) -> None:
    rows, truth, group = unfair()
    plain = LogisticRegression().fit(rows, truth).predict(rows)
    wanted = Mitigation.model_validate(
        {"method": "exponentiated-gradient", "constraint": constraint, "max_iterations": 8}
    )
    fair = mitigation.fit(LogisticRegression(), rows, truth, group, wanted).predict(rows)
    before, after = (metric(truth, labels, sensitive_features=group) for labels in (plain, fair))
    assert before > 0.15
    assert after < before / 2


def test_the_vote_s_weights_are_one_and_none_is_idle() -> None:
    rows, truth, group = unfair(300)
    wanted = Mitigation(method="exponentiated-gradient", max_iterations=5)
    vote = mitigation.fit(DecisionTreeClassifier(max_depth=3, random_state=0), rows, truth, group, wanted)
    assert isinstance(vote, Vote)
    assert sum(vote.weights) == pytest.approx(1)
    assert min(vote.weights) > 0
    assert len(vote.weights) == len(vote.predictors)
