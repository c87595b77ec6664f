"""How far an exported file is off is a number, and nothing where nothing can be compared."""

from __future__ import annotations

import pytest
from measurements import classes, numbers

from steps.measured import Found
from steps.model import Predictions
from steps.parity import measure

CASES: dict[str, tuple[str, Predictions, Predictions | None, float | None, str]] = {
    "alike": ("score_difference", classes([0.2, 0.9]), classes([0.2, 0.9]), 0.0, "0 of 2 labels differ"),
    "a little": ("score_difference", classes([0.2, 0.9]), classes([0.3, 0.9]), 0.1, "at most 0.1 apart, 0 of 2"),
    "another label": ("label_difference", classes([0.2, 0.4]), classes([0.2, 0.5]), 0.5, "1 of 2 labels differ"),
    "numbers": ("score_difference", numbers([100.0, 5.0]), numbers([100.0, 7.5]), 2.5, "at most 2.5 apart over 2 rows"),
    "no number": ("score_difference", classes([0.2]), classes([float("nan")]), None, "is no number in 1 of 1 rows"),
    "no file": ("score_difference", classes([0.2]), None, None, "there is no exported file"),
    "no row": ("label_difference", classes([]), classes([]), None, "no row is held out"),
}


@pytest.mark.parametrize(("metric", "model", "exported", "value", "says"), CASES.values(), ids=CASES)
def test_a_difference_is_measured(
    metric: str, model: Predictions, exported: Predictions | None, value: float | None, says: str
) -> None:
    found: Found = measure(metric, model, exported)
    assert found.value == (None if value is None else pytest.approx(value))
    assert says in found.evidence
