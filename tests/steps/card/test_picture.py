from __future__ import annotations

import numpy as np
from cards import answers, card, met, regression

from steps.card import build, picture


def test_a_classifier_has_three_figures_and_its_words_are_their_alt_text() -> None:
    found = picture.pictures(card(met=met()))["answers"]
    assert [figure.title for figure in found] == ["ROC curve", "Precision and recall", "Calibration"]
    for figure in found:
        assert figure.plot is not None
        assert figure.says.replace("'", "&#x27;") in figure.plot
        assert [kind for kind, _ in figure.legend] == ["model", "champion", "chance"]


def test_without_a_champion_no_legend_names_one() -> None:
    for figure in picture.pictures(card())["answers"]:
        assert [kind for kind, _ in figure.legend] == ["model", "chance"]


def test_a_figure_that_cannot_be_drawn_says_why() -> None:
    ones = np.ones(60, dtype=np.int64)
    roc = picture.pictures(card(truth=ones, answers=answers(ones)))["answers"][0]
    assert (roc.plot, roc.says) == (None, "Not shown: every held-out row is of the same class.")


def test_a_champion_of_another_kind_of_answers_is_left_out() -> None:
    scored = met(answers=build.Answers(answers(np.ones(60)).labels, np.full(60, 7.0), False))
    calibration = picture.pictures(card(met=scored))["answers"][2]
    assert [kind for kind, _ in calibration.legend] == ["model", "chance"]


def test_a_regressor_has_fit_residuals_and_spread() -> None:
    found = picture.pictures(build.card(regression()))["answers"]
    assert [figure.title for figure in found] == ["Fit", "Residuals", "Spread"]
    assert all(figure.plot for figure in found)


def test_groups_are_drawn_with_their_rows() -> None:
    (figure,) = picture.pictures(card())["slices"]
    assert figure.says == "Favourable rate by group, with 95 % intervals and rows."
    assert figure.plot is not None
    assert "a  (30)" in figure.plot or "a (30)" in figure.plot
