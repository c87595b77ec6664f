from __future__ import annotations

import pytest

from steps.card.facts import Gate
from steps.card.strip import strip


def gate(value: float | None, threshold: float = 0.9, interval: tuple[float, float] | None = None) -> Gate:
    return Gate("g", "metric", "accuracy", value, "above", threshold, False, "", interval)


PLACES = {
    "below": (0.85, 0.9, 25.0),
    "at": (0.9, 0.9, 50.0),
    "above": (0.95, 0.9, 75.0),
    "far": (0.1, 0.9, 10.0),
    "large unit": (90_000.0, 100_000.0, 10.0),
}


@pytest.mark.parametrize(("value", "threshold", "place"), PLACES.values(), ids=PLACES)
def test_the_threshold_is_in_the_middle(value: float, threshold: float, place: float) -> None:
    found = strip(gate(value, threshold))
    assert found is not None
    assert found.value == pytest.approx(place, abs=0.01)


def test_an_interval_stays_on_the_strip() -> None:
    found = strip(gate(0.85, interval=(0.5, 0.97)))
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(10.0), pytest.approx(57.0))


def test_a_gate_without_a_value_has_no_strip() -> None:
    assert strip(gate(None)) is None
