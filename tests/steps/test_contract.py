"""A contract's values fit their column's dtype, and its rules their columns."""

from __future__ import annotations

from typing import Any

import pytest
from frames import contract
from pydantic import ValidationError

from steps.contract import Bounds, Contract, Dtype, Rule, Scalar, fits

FITTING: list[tuple[Scalar, Dtype, bool]] = [
    (1, "integer", True),
    (1.5, "integer", False),
    (1, "number", True),
    (1.5, "number", True),
    ("1", "number", False),
    (True, "integer", False),
    (True, "boolean", True),
    (1, "boolean", False),
    ("yes", "string", True),
    (1, "string", False),
    ("2026-02-23", "date", True),
    ("23.02.2026", "date", False),
    (20260223, "date", False),
]


@pytest.mark.parametrize(("value", "dtype", "answer"), FITTING, ids=str)
def test_a_value_fits_its_dtype_exactly(value: Scalar, dtype: Dtype, answer: bool) -> None:
    assert fits(value, dtype) is answer


def test_bounds_are_in_order() -> None:
    with pytest.raises(ValueError, match="min 2 is above max 1"):
        Bounds(min=2, max=1)


COLUMNS = contract(a="number", b="integer", s="string", t="string", yes="boolean", day="date").columns


def ruled(*rules: dict[str, Any]) -> Contract:
    return Contract.model_validate({"columns": COLUMNS, "rules": rules})


FINE: dict[str, tuple[dict[str, Any], str]] = {
    "a column": ({"column": "a", "compare": "<=", "to": "b"}, "a <= b"),
    "a value": ({"column": "b", "compare": ">", "value": 0.5}, "b > 0.5"),
    "a text": ({"column": "s", "compare": "!=", "value": "x"}, 's != "x"'),
    "a date": ({"column": "day", "compare": ">=", "value": "2020-01-01"}, 'day >= "2020-01-01"'),
    "only some rows": (
        {"column": "a", "compare": "==", "value": 0, "when": {"column": "yes", "compare": "==", "value": False}},
        "a == 0 when yes == false",
    ),
}


@pytest.mark.parametrize(("rule", "text"), FINE.values(), ids=FINE)
def test_a_rule_is_told_as_it_is_meant(rule: dict[str, Any], text: str) -> None:
    assert ruled(rule).rules[0].text == text


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no other side": ({"column": "a", "compare": "<"}, "give exactly one of to"),
    "two other sides": ({"column": "a", "compare": "<", "to": "b", "value": 1}, "give exactly one of to"),
    "an unknown comparison": ({"column": "a", "compare": "~", "to": "b"}, "Input should be '<'"),
    "an expression": ({"column": "a", "compare": "<", "to": "b * 2"}, "'b \\* 2', which is no column"),
    "an unknown column": ({"column": "z", "compare": "<", "to": "b"}, "names 'z', which is no column"),
    "text in order": ({"column": "s", "compare": "<", "to": "t"}, "orders 's', which is string; use == or !="),
    "other types": ({"column": "a", "compare": "==", "to": "s"}, "compares number with string"),
    "another value": ({"column": "a", "compare": "==", "value": "1"}, "which is number, with another type"),
    "a wrong condition": (
        {"column": "a", "compare": "<", "to": "b", "when": {"column": "yes", "compare": "==", "value": 1}},
        "compares 'yes', which is boolean, with another type",
    ),
}


@pytest.mark.parametrize(("rule", "says"), WRONG.values(), ids=WRONG)
def test_a_rule_that_makes_no_sense_is_refused(rule: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        ruled(rule)


def test_a_rule_stands_there_once() -> None:
    with pytest.raises(ValidationError, match="two rules are the same"):
        ruled(FINE["a column"][0], FINE["a column"][0])


def test_a_narrower_contract_has_the_rules_of_its_columns() -> None:
    whole = ruled(FINE["a column"][0], FINE["a text"][0], FINE["only some rows"][0])
    assert whole.narrowed(["a", "b", "s"]).rules == whole.rules[:2]
    assert list(whole.narrowed(["s", "a"]).columns) == ["a", "s"]
    assert Rule.model_validate(FINE["only some rows"][0]).columns == ("a", "yes")
