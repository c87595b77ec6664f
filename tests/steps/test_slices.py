from __future__ import annotations

from typing import Any

import fairlearn.metrics
import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
from documents import document
from measurements import classes, declared, gate, measured

from steps import findings, slices
from steps.criteria import FairnessGate
from steps.measured import Found
from steps.model import Predictions

RANDOM = np.random.default_rng(3)
COUNTS = {"a": 150, "b": 100, "c": 6}
GROUP = np.repeat(list(COUNTS), list(COUNTS.values()))
APPROVED = RANDOM.integers(0, 2, len(GROUP))
NOISE = np.where(GROUP == "b", 0.4, 0.2) * RANDOM.normal(0, 1, len(GROUP))
PREDICTED = classes(np.clip(0.55 + (APPROVED - 0.5) * 0.4 + NOISE, 0.01, 0.99))
ROWS = pd.DataFrame({"approved": APPROVED, "group": GROUP})

FAIR = {"kind": "fairness", "metric": "disparate_impact", "above": 0.8}
SLICE = {"kind": "slice", "metric": "roc_auc", "by": "group", "above": 0.6}


def found(rows: pd.DataFrame = ROWS, predicted: Predictions = PREDICTED, **of: Any) -> Found:
    wanted = document(gates=declared(**of))
    return findings.find(gate(wanted), measured(wanted, rows, predicted))


@pytest.mark.parametrize("declares", [FAIR, SLICE], ids=["fairness", "slice"])
def test_a_group_with_too_few_rows_is_undetermined_and_blocks(declares: dict[str, Any]) -> None:
    one = found(**declares)
    assert (one.value, one.waived) == (None, False)
    assert one.evidence == "the group 'c' has 6 held-out rows; 10 are needed"
    assert one.groups == ("c",)


@pytest.mark.parametrize("declares", [FAIR, SLICE], ids=["fairness", "slice"])
def test_the_document_may_leave_small_groups_out_and_they_are_named(declares: dict[str, Any]) -> None:
    one = found(**declares, small_groups="leave-out")
    without = ROWS["group"] != "c"
    alone = found(ROWS[without], PREDICTED.take(without.to_numpy()), **declares)
    assert one.value == alone.value is not None
    assert one.evidence == f"{alone.evidence}; left out with fewer than 10 rows: 'c'"
    assert "c" not in one.groups


@pytest.mark.parametrize(("declares", "least"), [(FAIR, 120), (SLICE, 200)], ids=["fairness", "slice"])
def test_if_all_groups_are_small_the_gate_is_waived_only_where_they_may_be_left_out(
    declares: dict[str, Any], least: int
) -> None:
    waived, blocked = (found(**declares, min_rows=least, small_groups=how) for how in ("leave-out", "block"))
    assert (waived.value, waived.waived, blocked.value, blocked.waived) == (None, True, None, False)
    assert "undetermined, as the document lets it be" in waived.evidence


def test_one_group_alone_is_undetermined_whatever_the_document_says_of_small_ones() -> None:
    alone = ROWS["group"] == "a"
    one = found(ROWS[alone], PREDICTED.take(alone.to_numpy()), **FAIR, small_groups="leave-out")
    assert (one.value, one.waived, one.evidence) == (None, False, "there is one group only: a")


@pytest.mark.parametrize(
    ("metric", "theirs"),
    [
        ("disparate_impact", fairlearn.metrics.demographic_parity_ratio),
        ("equalized_odds_difference", fairlearn.metrics.equalized_odds_difference),
    ],
)
def test_fairness_is_fairlearn_s_and_lies_in_its_interval(metric: str, theirs: Any) -> None:
    one = found(**{**FAIR, "metric": metric}, min_rows=1)
    assert one.value == pytest.approx(theirs(APPROVED, PREDICTED.labels, sensitive_features=GROUP))
    assert one.interval is None or one.interval[0] <= one.value <= one.interval[1]


def test_the_interval_of_fairness_is_of_the_resampled_rates() -> None:
    one = found(**FAIR, small_groups="leave-out")
    assert one.interval is not None
    random, values = np.random.default_rng(9), []
    frame = ROWS.assign(said=PREDICTED.labels)[GROUP != "c"]
    for _ in range(300):
        rates = frame.iloc[random.integers(0, len(frame), len(frame))].groupby("group")["said"].mean()
        values.append(rates.min() / rates.max())
    np.testing.assert_allclose(one.interval, np.quantile(values, [0.025, 0.975]), atol=0.03)


def test_the_worst_group_and_the_difference_are_fairlearn_s_metric_frame_s() -> None:
    frame = fairlearn.metrics.MetricFrame(
        metrics=sklearn.metrics.roc_auc_score, y_true=APPROVED, y_pred=PREDICTED.scores, sensitive_features=GROUP
    )
    worst, difference = (found(**SLICE, min_rows=5, compare=how) for how in ("worst", "difference"))
    assert worst.value == pytest.approx(frame.group_min())
    assert difference.value == pytest.approx(frame.difference())
    assert worst.groups == (frame.by_group.idxmin(), frame.by_group.idxmax())


RESAMPLED: dict[str, dict[str, Any]] = {
    "disparate impact": FAIR,
    "equalised odds": {**FAIR, "metric": "equalized_odds_difference"},
    "worst": SLICE,
    "worst where less is better": {**SLICE, "metric": "log_loss"},
    "difference": {**SLICE, "compare": "difference"},
}


@pytest.mark.parametrize("declares", RESAMPLED.values(), ids=RESAMPLED)
def test_the_rows_as_they_are_give_the_value_among_the_resamples(declares: dict[str, Any]) -> None:
    wanted = document(gates=declared(**declares, small_groups="leave-out"))
    [one] = wanted.gates
    ask = slices.fair if isinstance(one, FairnessGate) else slices.sliced
    estimate, spread = ask(one, measured(wanted, ROWS, PREDICTED))  # type: ignore[arg-type]
    assert spread is not None
    assert spread[0] == pytest.approx(estimate.value)


def test_where_less_is_better_the_worst_is_the_largest() -> None:
    frame = fairlearn.metrics.MetricFrame(
        metrics=sklearn.metrics.log_loss, y_true=APPROVED, y_pred=PREDICTED.scores, sensitive_features=GROUP
    )
    assert found(**{**SLICE, "metric": "log_loss"}, min_rows=5).value == pytest.approx(frame.group_max())


def test_a_metric_that_one_group_cannot_have_is_undetermined() -> None:
    rows = ROWS.assign(approved=np.where(GROUP == "b", 1, APPROVED))
    one = found(rows, **SLICE, small_groups="leave-out")
    assert (one.value, one.waived, one.evidence) == (None, False, "roc_auc is undefined for group 'b'")


def test_many_small_groups_are_counted() -> None:
    rows = ROWS.assign(group=np.where(GROUP == "c", [f"c{n}" for n in range(len(GROUP))], GROUP))
    wanted = document(gates=declared(**SLICE, small_groups="leave-out"))
    of = measured(wanted, rows, PREDICTED)
    of.held.expected["group"] = frozenset(rows["group"])  # type: ignore[index]
    assert findings.find(gate(wanted), of).evidence.endswith("rows: 'c250', 'c251', 'c252' and 3 more")
