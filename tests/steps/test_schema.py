from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from frames import contract, typed

from steps import schema
from steps.contract import Contract
from steps.table import Chunk
from steps.violation import Violation


def check(
    of: Contract, columns: dict[str, list[Any]], refused: tuple[int, ...] = (), first: int = 0
) -> tuple[Violation, ...]:
    frame = typed(of, **columns)
    marks = {name: np.isin(np.arange(len(frame)), refused) for name in columns}
    return schema.check(Chunk(first, frame, marks, ()), of)


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
    "personal": ({"dtype": "integer", "min": 0, "personal": True}, [-1], "min", ((1, "(masked)"),), "is below 0"),
}


@pytest.mark.parametrize(("column", "values", "rule", "examples", "says"), BROKEN.values(), ids=BROKEN)
def test_a_broken_rule_is_named_with_rows_and_values(
    column: dict[str, Any], values: list[Any], rule: str, examples: tuple[tuple[int, str], ...], says: str
) -> None:
    rules = contract(a=column)
    [found] = check(rules, {"a": values})
    assert (found.column, found.rule, found.examples, found.says) == ("a", rule, examples, says)
    assert found.count == max(len(examples), 1)


KEPT: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "on the bounds": ({"dtype": "number", "min": 0, "max": 1}, [0.0, 1.0]),
    "missing where it may be": ({"dtype": "integer", "min": 0, "allowed": [1], "nullable": True}, [1, None]),
    "no rows": ({"dtype": "number", "min": 0}, []),
    "allowed date": ({"dtype": "date", "allowed": ["2026-01-01"]}, [pd.Timestamp("2026-01-01")]),
}


@pytest.mark.parametrize(("column", "values"), KEPT.values(), ids=KEPT)
def test_a_kept_rule_is_not_a_violation(column: dict[str, Any], values: list[Any]) -> None:
    rules = contract(a=column)
    assert check(rules, {"a": values}) == ()


def test_all_violations_are_found_in_the_order_of_the_columns() -> None:
    rules = contract(b={"dtype": "number", "min": 0, "max": 1}, a={"dtype": "string", "allowed": ["x"]})
    found = check(rules, {"b": [-1.0, 2.0, None], "a": ["y", "x", "x"]})
    assert [(v.column, v.rule) for v in found] == [("b", "max"), ("b", "min"), ("b", "not_nullable"), ("a", "allowed")]


def test_what_could_not_be_read_is_not_also_missing() -> None:
    rules = contract(a="number")
    assert check(rules, {"a": [None]}, refused=(0,)) == ()
    [found] = check(rules, {"a": [None, None]}, refused=(0,))
    assert (found.count, found.examples) == (1, ((2, ""),))


def test_rows_are_counted_from_the_beginning_of_the_file() -> None:
    rules = contract(a={"dtype": "number", "min": 0})
    assert check(rules, {"a": [1.0, -1.0]}, first=1000)[0].examples == ((1002, "-1.0"),)


def test_columns_that_the_file_lacks_are_not_judged() -> None:
    rules = ruled({"column": "a", "compare": "<", "to": "b"})
    assert check(rules, {"a": [3.0]}) == ()


COLUMNS: dict[str, Any] = {
    "a": "number", "b": "integer", "s": "string", "t": "string", "yes": "boolean", "day": "date", "end": "date"
}  # fmt: skip


def ruled(*rules: dict[str, Any], **columns: Any) -> Contract:
    of = contract(**{**COLUMNS, **columns})
    gaps = {name: {**column.model_dump(), "nullable": True} for name, column in of.columns.items()}
    return Contract.model_validate({"columns": gaps, "rules": rules})


DAYS = [pd.Timestamp("2026-01-01"), pd.Timestamp("2026-01-02")]
RULES: dict[str, tuple[dict[str, Any], dict[str, list[Any]], list[tuple[int, str]]]] = {
    "less": ({"column": "a", "compare": "<", "to": "b"}, {"a": [1.0, 2.0], "b": [2, 2]}, [(2, "2.0 against 2")]),
    "at most": ({"column": "a", "compare": "<=", "to": "b"}, {"a": [2.0, 2.5], "b": [2, 2]}, [(2, "2.5 against 2")]),
    "equal": (
        {"column": "s", "compare": "==", "to": "t"},
        {"s": ["x", "x"], "t": ["x", "y"]},
        [(2, "'x' against 'y'")],
    ),
    "not": ({"column": "s", "compare": "!=", "value": "x"}, {"s": ["x", "y"]}, [(1, "'x'")]),
    "at least": ({"column": "b", "compare": ">=", "value": 2}, {"b": [2, 1]}, [(2, "1")]),
    "more": ({"column": "b", "compare": ">", "value": 1.5}, {"b": [1, 2]}, [(1, "1")]),
    "days": (
        {"column": "day", "compare": "<", "to": "end"},
        {"day": [DAYS[0], DAYS[1]], "end": [DAYS[1], DAYS[1]]},
        [(2, "'2026-01-02' against '2026-01-02'")],
    ),
    "a day": ({"column": "day", "compare": ">", "value": "2026-01-01"}, {"day": DAYS}, [(1, "'2026-01-01'")]),
    "a truth": ({"column": "yes", "compare": "==", "value": True}, {"yes": [True, False, None]}, [(2, "False")]),
    "missing on a side": (
        {"column": "a", "compare": "<", "to": "b"},
        {"a": [None, 9.0, None, 9.0], "b": [1, None, None, 1]},
        [(4, "9.0 against 1")],
    ),
    "only where it applies": (
        {"column": "a", "compare": "==", "value": 0, "when": {"column": "yes", "compare": "==", "value": False}},
        {"a": [5.0, 5.0, 0.0, 5.0], "yes": [True, False, False, None]},
        [(2, "5.0")],
    ),
}


@pytest.mark.parametrize(("rule", "columns", "examples"), RULES.values(), ids=RULES)
def test_a_rule_between_columns_is_broken_by_the_rows_that_say_so(
    rule: dict[str, Any], columns: dict[str, list[Any]], examples: list[tuple[int, str]]
) -> None:
    rules = ruled(rule)
    [found] = check(rules, columns)
    assert (found.column, found.rule) == (rule["column"], rules.rules[0].text)
    assert (found.count, list(found.examples)) == (len(examples), examples)


def test_a_broken_rule_is_told_with_both_sides() -> None:
    [found] = check(ruled(RULES["at most"][0]), RULES["at most"][1])
    assert found.sentence == "row 2, column 'a': 2.5 against 2 breaks the rule a <= b"


def test_a_rule_shows_no_personal_value() -> None:
    [found] = check(ruled(RULES["less"][0], b={"dtype": "integer", "personal": True}), RULES["less"][1])
    assert found.examples == ((2, "2.0 against (masked)"),)


def test_several_rules_and_bounds_are_all_told() -> None:
    of = ruled(RULES["less"][0], RULES["more"][0], b={"dtype": "integer", "min": 1})
    found = check(of, {"a": [1.0, 3.0], "b": [0, 2]})
    assert [(one.column, one.rule, one.count) for one in found] == [
        ("a", "a < b", 2), ("b", "b > 1.5", 1), ("b", "min", 1)
    ]  # fmt: skip
