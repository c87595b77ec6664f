from __future__ import annotations

import json
from typing import Any

import pytest
from cards import card, evidence, met, regression

from steps.card import build, distribution, report

KEPT = distribution.distributions(evidence().frame, evidence().document.contract)


def test_the_report_holds_what_the_page_shows() -> None:
    found = report.to_json(card(met=met()), KEPT)
    assert found["pictures"]["confusion"].keys() == {
        "true_negative", "false_positive", "false_negative", "true_positive"
    }  # fmt: skip
    assert found["champion_pictures"]["roc"]["area"] > 0.5
    assert found["slices"][0]["slices"][0]["name"] == "a"
    assert found["provenance"]["Batch"]["batch"] == "2026-02-23"
    assert found["drift"]["version"] == "2026-02-16.1-5b0c77aa"


def test_what_is_absent_says_why() -> None:
    found = report.to_json(card(groups={}), KEPT)
    assert found["champion_pictures"] == {"absent": "production is empty"}
    assert found["slices"] == {"absent": "the document names no sensitive column"}


def test_the_report_is_json_without_nan() -> None:
    for made in (card(met=met()), build.card(regression())):
        assert json.loads(json.dumps(report.to_json(made, KEPT), allow_nan=False))


def test_the_next_run_reads_the_distributions_back() -> None:
    assert report.distributions_of(json.loads(json.dumps(report.to_json(card(), KEPT)))) == KEPT


NONE: dict[str, Any] = {"no report": None, "text": "x", "older report": {}, "nonsense": {"distributions": [1]}}


@pytest.mark.parametrize("value", NONE.values(), ids=NONE)
def test_a_report_without_distributions_has_none(value: Any) -> None:
    assert report.distributions_of(value) is None


def test_a_column_that_makes_no_sense_is_left_out() -> None:
    good = {"edges": [], "counts": [1], "missing": 0}
    assert report.distributions_of({"distributions": {"a": good, "b": 1}}) == {"a": distribution.read(good)}
