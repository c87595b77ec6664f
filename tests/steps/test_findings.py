from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from documents import document, regression
from measurements import classes, declared, gate, measured, numbers

from steps import bootstrap, findings
from steps.document import Document
from steps.measured import Champion, Found
from steps.model import Predictions

RANDOM = np.random.default_rng(0)
COUNT = 300
APPROVED = RANDOM.integers(0, 2, COUNT)
GOOD = classes(np.clip(0.5 + (APPROVED - 0.5) * 0.4 + RANDOM.normal(0, 0.2, COUNT), 0.01, 0.99))
POOR = classes(np.clip(GOOD.scores + RANDOM.normal(0, 0.3, COUNT), 0.01, 0.99))
ROWS = pd.DataFrame({"approved": APPROVED, "group": np.where(np.arange(COUNT) % 2, "a", "b")})


def found(predicted: Predictions = GOOD, rival: Predictions | None = None, **of: Any) -> Found:
    wanted: Document = document(gates=declared(**of))
    return findings.find(gate(wanted), measured(wanted, ROWS, predicted, rival))


def test_a_metric_has_its_value_and_an_interval_around_it() -> None:
    one = found(kind="metric", metric="roc_auc", above=0)
    assert one.value is not None
    assert one.interval is not None
    assert one.interval[0] < one.value < one.interval[1]
    assert one.evidence == f"roc_auc {one.value:.4g} on the holdout"


def test_a_metric_that_is_not_defined_is_no_number() -> None:
    one = found(replace(GOOD, probabilities=False), kind="metric", metric="log_loss", below=9)
    assert (one.value, one.interval, one.evidence) == (None, None, "log_loss undefined on the holdout")


def test_the_baseline_is_a_dummy_on_the_same_rows() -> None:
    one = found(kind="baseline", metric="roc_auc", above=0)
    metric = found(kind="metric", metric="roc_auc", above=0)
    assert one.value == pytest.approx((metric.value or 0) - 0.5)
    assert one.evidence.endswith("against 0.5 of the class shares alone")


def test_a_gain_is_positive_where_less_is_better() -> None:
    assert (found(kind="baseline", metric="log_loss", above=0).value or 0) > 0


def test_the_champion_is_compared_as_a_pair() -> None:
    """Both saw the same rows, so their difference is surer than two intervals of their own would say."""
    gain = found(GOOD, POOR, kind="champion", metric="roc_auc", above=0)
    own = [found(who, kind="metric", metric="roc_auc", above=0) for who in (GOOD, POOR)]
    assert gain.interval is not None
    width = gain.interval[1] - gain.interval[0]
    apart = sum((one.interval[1] - one.interval[0]) ** 2 for one in own if one.interval) ** 0.5
    assert 0 < width < 0.85 * apart
    assert gain.evidence.endswith("of version v1 in production")


def test_the_champion_against_itself_gains_exactly_nothing() -> None:
    one = found(GOOD, GOOD, kind="champion", metric="roc_auc", above=-0.01, confidence=0.95)
    assert (one.value, one.interval) == (0, (0, 0))


def test_with_confidence_the_bound_is_judged_and_said() -> None:
    plain = found(GOOD, POOR, kind="champion", metric="roc_auc", above=0)
    sure = found(GOOD, POOR, kind="champion", metric="roc_auc", above=0, confidence=0.975)
    assert plain.interval is not None
    assert (sure.value, sure.interval) == (pytest.approx(plain.interval[0]), pytest.approx(plain.interval))
    assert sure.evidence == f"{plain.evidence}; with confidence 0.975 the gain is at least {sure.value:.4g}"


def test_below_a_threshold_the_upper_bound_is_judged() -> None:
    plain = found(kind="metric", metric="log_loss", below=1)
    sure = found(kind="metric", metric="log_loss", below=1, confidence=0.9)
    assert sure.interval is not None
    assert sure.value == sure.interval[1] > (plain.value or 9)
    assert "with confidence 0.9 at most" in sure.evidence


def test_confidence_that_the_rows_cannot_give_is_no_number() -> None:
    wanted = document(gates=declared(kind="metric", metric="roc_auc", above=0, confidence=0.9))
    few = ROWS.iloc[:3].assign(approved=[0, 0, 1])
    one = findings.find(gate(wanted), measured(wanted, few, classes([0.1, 0.2, 0.9])))
    assert one.value is None
    assert one.evidence.endswith("too few rows for a confidence of 0.9")


def test_of_a_large_holdout_a_share_s_interval_ends_at_one_and_a_gain_s_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bootstrap, "ROWS", 40)
    perfect = classes(np.where(np.arange(COUNT) < 3, 1 - APPROVED, APPROVED).astype(float))
    share, gain = (found(perfect, kind=kind, metric="accuracy", above=0) for kind in ("metric", "baseline"))
    assert share.interval is not None
    assert gain.interval is not None
    assert 0.9 < share.interval[0] < share.interval[1] <= 1
    assert gain.interval[0] < (gain.value or 0) < gain.interval[1]


CHAMPION = {"kind": "champion", "metric": "roc_auc", "above": 0.5}


def test_an_empty_production_waives_the_champion_s_gate() -> None:
    assert found(**CHAMPION) == Found(None, "production is empty", waived=True)


def test_a_champion_that_cannot_be_measured_waives_nothing() -> None:
    wanted = document(gates=declared(**CHAMPION))
    there = replace(measured(wanted, ROWS, GOOD), champion=Champion("v1", problem="it is of another scikit-learn"))
    one = findings.find(gate(wanted), there)
    assert one == Found(None, "version v1 cannot be measured: it is of another scikit-learn")


def test_a_gain_over_something_undefined_is_no_number() -> None:
    one = found(GOOD, replace(POOR, probabilities=False), kind="champion", metric="log_loss", above=-9)
    assert (one.value, one.waived) == (None, False)


NUMBERS: dict[str, tuple[dict[str, Any], float, str]] = {
    "error": ({"kind": "metric", "metric": "rmse", "below": 9}, 2.0, "rmse 2 on the holdout"),
    "gain": ({"kind": "baseline", "metric": "mae", "above": 0}, 8.0, "of the mean alone"),
    "worst group": ({"kind": "slice", "metric": "mae", "by": "group", "below": 9}, 3.0, "from 3 for 'a'"),
}


@pytest.mark.parametrize(("declares", "value", "says"), NUMBERS.values(), ids=NUMBERS)
def test_a_regression_is_judged_alike(declares: dict[str, Any], value: float, says: str) -> None:
    wanted = regression(gates=declared(**declares))
    rows = pd.DataFrame({"income": [0.0, 20.0] * 30, "group": ["a"] * 30 + ["b"] * 30})
    miss = np.where(rows["group"] == "a", 3, 1) if "slice" in declares.values() else np.full(60, 2)
    one = findings.find(gate(wanted), measured(wanted, rows, numbers(rows["income"].to_numpy() + miss)))
    assert one.value == pytest.approx(value)
    assert says in one.evidence
    assert one.interval is not None
