from __future__ import annotations

import numpy as np
import pytest
from cards import answers, card, evidence, regression, truth

from steps.card import build, curve, plot
from steps.card.facts import Absent, Line, Residuals, Slice, Slicing


def test_a_rival_is_drawn_in_its_own_colour_and_dashed() -> None:
    line = Line(((0.0, 0.0), (1.0, 1.0)), 0.5)
    alone, both = plot.roc(line, None, ""), plot.roc(line, line, "")
    assert "var(--champion)" not in alone
    assert "var(--champion)" in both
    assert both.count("stroke-dasharray") == alone.count("stroke-dasharray") + 1


def test_a_plot_stays_small_with_very_many_rows() -> None:
    actual = truth(50_000)
    line = curve.roc(actual, answers(actual).scores)
    assert len(plot.roc(line, line, "")) < 40_000


def test_groups_may_be_called_anything() -> None:
    names = ("$\\alpha$", "<script>", "東京", "x" * 200, "")
    parts = tuple(Slice(name, 5, {"rate": 0.5}, {"rate": (0.2, 0.8)}) for name in names)
    drawn = plot.slices(Slicing("group", parts, "rate"), "")
    assert "&lt;script&gt;" in drawn
    assert "$\\alpha$" in drawn
    assert "x" * 41 not in drawn


ODD = {
    "one row": ([1.0], [1.0]),
    "equal": ([1.0, 1.0, 1.0], [1.0, 1.0, 1.0]),
    "huge": ([1e300, -1e300], [1e299, 0.0]),
    "tiny": ([1e-300, 0.0], [0.0, 0.0]),
}


@pytest.mark.parametrize(("actual", "said"), ODD.values(), ids=ODD)
def test_odd_numbers_are_drawn_without_a_warning(actual: list[float], said: list[float]) -> None:
    scores = np.array(said)
    found = build.card(
        regression(groups={})
        if not actual
        else evidence(task="regression", truth=np.array(actual), groups={},
                      answers=build.Answers(np.zeros(len(said), dtype=np.int64), scores))
    ).model  # fmt: skip
    assert isinstance(found, Residuals)
    for drawn in (plot.fit(found, ""), plot.bands(found, found, ""), plot.histogram(found, found, "")):
        assert drawn.startswith("<svg")
        assert "nan" not in drawn


def test_an_even_calibration_of_one_bin_is_drawn() -> None:
    found = card().model
    assert not isinstance(found, Absent)
    assert plot.calibration(curve.calibration(np.array([0, 1]), np.array([0.5, 0.5])), None, "").startswith("<svg")
