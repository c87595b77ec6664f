from __future__ import annotations

import math

import pytest

from steps.card import text

HOSTILE = {
    "control characters": ("a\x00b\x1bc", "a\ufffdb\ufffdc"),
    "white space": (" a\n\t b ", "a b"),
    "right to left": ("a\u202eb", "a\ufffdb"),
    "lone surrogate": ("a\ud800", "a\ufffd"),
    "line separator": ("a\u2028b", "a b"),
    "other scripts": ("Škoda 東京", "Škoda 東京"),
}


@pytest.mark.parametrize(("value", "shown"), HOSTILE.values(), ids=HOSTILE)
def test_a_text_from_data_becomes_one_visible_line(value: str, shown: str) -> None:
    assert text.plain(value) == shown


def test_a_long_text_is_cut() -> None:
    assert text.plain("x" * 10_000, 10) == "x" * 9 + "…"


NUMBERS = {
    "digits": (0.850855, "0.8509"),
    "whole": (2380.0, "2,380"),
    "negative": (-0.05, "−0.05"),
    "large": (123456.7, "123,457"),
    "zero": (-0.0, "0"),
    "none": (None, "undefined"),
    "not a number": (math.nan, "undefined"),
    "infinite": (-math.inf, "−∞"),
}


@pytest.mark.parametrize(("value", "shown"), NUMBERS.values(), ids=NUMBERS)
def test_a_number_has_four_digits(value: float | None, shown: str) -> None:
    assert text.number(value) == shown


def test_a_value_beside_its_threshold_reads_differently() -> None:
    assert text.apart(0.899999, 0.9) == "0.899999"
    assert text.apart(0.9, 0.9) == "0.9"
    assert text.apart(0.85, 0.9) == "0.85"


def test_a_difference_has_its_sign() -> None:
    assert [text.signed(value) for value in (0.25, -0.25, 0.0, None)] == ["+0.25", "−0.25", "0", "undefined"]


def test_a_share_is_in_percent() -> None:
    assert [text.percent(value) for value in (0.826, None, math.nan)] == ["82.6 %", "undefined", "undefined"]
    assert text.between((0.736, 0.89)) == "73.6–89.0 %"


MARKUP = {
    "emphasis": ("*a* _b_ `c`", r"\*a\* \_b\_ \`c\`"),
    "link": ("[a](http://x)", r"\[a\](http\://x)"),
    "automatic link": ("http://x www.x.org a@b", r"http\://x www\.x.org a\@b"),
    "html": ("<script>&amp;", r"\<script\>\&amp;"),
    "cell": ("a|b", r"a\|b"),
    "heading": ("# a", r"\# a"),
    "list": ("- a", r"\- a"),
    "numbered list": ("1. a", r"1\. a"),
    "line break": ("a\n# b", r"a \# b"),
    "number": ("0.85", "0.85"),
}


@pytest.mark.parametrize(("value", "shown"), MARKUP.values(), ids=MARKUP)
def test_markdown_shows_a_text_as_it_is(value: str, shown: str) -> None:
    assert text.markdown(value) == shown


def test_counts_and_names_read_as_words() -> None:
    assert [text.count(many, "row") for many in (1, 2380)] == ["1 row", "2,380 rows"]
    names = ("roc_auc", "disparate_impact", "mape", "brier_score")
    assert [text.words(name) for name in names] == ["ROC AUC", "disparate impact", "MAPE", "Brier score"]
