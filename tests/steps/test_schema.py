from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from frames import contract, typed

from steps import schema

BROKEN: dict[str, tuple[dict[str, Any], list[Any], str, tuple[tuple[int, str], ...], str]] = {
    "below": ({"dtype": "number", "min": 0}, [1.0, -0.4], "min", ((2, "-0.4"),), "is below 0"),
    "above": ({"dtype": "integer", "max": 5}, [6, 5], "max", ((1, "6"),), "is above 5"),
    "not allowed": ({"dtype": "string", "allowed": ["x"]}, ["x", "y"], "allowed", ((2, "'y'"),), "is not one of ['x']"),
    "not an allowed date": (
        {"dtype": "date", "allowed": ["2026-01-01"]},
        [pd.Timestamp("2026-01-02")],
        "allowed",
        ((1, "'2026-01-02'"),),
        "is not one of ['2026-01-01']",
    ),
    "missing": ({"dtype": "boolean"}, [True, None, None], "not_nullable", ((2, ""), (3, "")), "is missing"),
    "twice": (
        {"dtype": "integer", "unique": True},
        [7, 8, 7],
        "field_uniqueness",
        ((3, "7"),),
        "stands there more than once",
    ),
    "too many missing": (
        {"dtype": "number", "nullable": True, "max_null_fraction": 0.25},
        [1.0, None],
        "max_null_fraction",
        (),
        "is missing in more than 0.25 of the rows: 0.5 of the rows",
    ),
    "personal": ({"dtype": "integer", "min": 0, "personal": True}, [-1], "min", ((1, "(masked)"),), "is below 0"),
}


@pytest.mark.parametrize(("column", "values", "rule", "examples", "says"), BROKEN.values(), ids=BROKEN)
def test_a_broken_rule_is_named_with_rows_and_values(
    column: dict[str, Any], values: list[Any], rule: str, examples: tuple[tuple[int, str], ...], says: str
) -> None:
    rules = contract(a=column)
    [found] = schema.check(typed(rules, a=values), rules)
    assert (found.column, found.rule, found.examples, found.says) == ("a", rule, examples, says)
    assert found.count == max(len(examples), 1)


KEPT: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "on the bounds": ({"dtype": "number", "min": 0, "max": 1}, [0.0, 1.0]),
    "missing where it may be": ({"dtype": "integer", "min": 0, "allowed": [1], "nullable": True}, [1, None]),
    "unique but for the missing": ({"dtype": "integer", "unique": True, "nullable": True}, [1, None, None]),
    "exactly as many missing": ({"dtype": "number", "nullable": True, "max_null_fraction": 0.5}, [1.0, None]),
    "no rows": ({"dtype": "number", "nullable": True, "max_null_fraction": 0.5, "unique": True}, []),
    "allowed date": ({"dtype": "date", "allowed": ["2026-01-01"]}, [pd.Timestamp("2026-01-01")]),
}


@pytest.mark.parametrize(("column", "values"), KEPT.values(), ids=KEPT)
def test_a_kept_rule_is_not_a_violation(column: dict[str, Any], values: list[Any]) -> None:
    rules = contract(a=column)
    assert schema.check(typed(rules, a=values), rules) == ()


def test_all_violations_are_found_in_the_order_of_the_columns() -> None:
    rules = contract(b={"dtype": "number", "min": 0, "max": 1}, a={"dtype": "string", "allowed": ["x"]})
    found = schema.check(typed(rules, b=[-1.0, 2.0, None], a=["y", "x", "x"]), rules)
    assert [(v.column, v.rule) for v in found] == [("b", "max"), ("b", "min"), ("b", "not_nullable"), ("a", "allowed")]


def test_what_could_not_be_read_is_not_also_missing() -> None:
    rules = contract(a="number")
    assert schema.check(typed(rules, a=[None]), rules, unread={"a"}) == ()
