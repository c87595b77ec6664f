from __future__ import annotations

from typing import Any

import pytest

from workflows.engine.eventfilter import FilterError, Filters, refusal


def filters(*data: dict[str, Any], operator: str = "") -> Filters:
    return Filters.model_validate({"data": list(data), "dataLogicalOperator": operator})


def one(kind: str, *values: str, comparator: str = "=", path: str = "v") -> dict[str, Any]:
    return {"path": path, "type": kind, "value": list(values), "comparator": comparator}


@pytest.mark.parametrize(
    ("said", "value", "passes"),
    [
        pytest.param(one("string", "b"), "abc", True, id="a pattern matches anywhere"),
        pytest.param(one("string", "^b$"), "abc", False, id="unless anchored"),
        pytest.param(one("string", "^b$"), "b\n", False, id="$ is the end of the text only"),
        pytest.param(one("string", "x", "b"), "b", True, id="any value is enough"),
        pytest.param(one("string", "x", "b", comparator="!="), "b", True, id="any value also with !="),
        pytest.param(one("string", "b", comparator="!="), "b", False, id="not equal"),
        pytest.param(one("string", "^5$"), 5.0, True, id="a number as text"),
        pytest.param(one("string", "^true$"), True, True, id="a truth as text"),
        pytest.param(one("string", "^$"), None, True, id="null as no text"),
        pytest.param(one("string", '^{"a":1}$'), {"a": 1.0}, True, id="an object as JSON"),
        pytest.param(one("number", "5"), 5.0, True, id="equal"),
        pytest.param(one("number", "5", comparator=">"), 5.5, True, id="greater"),
        pytest.param(one("number", "5", comparator=">="), 5.0, True, id="greater or equal"),
        pytest.param(one("number", "5", comparator="<"), 5.0, False, id="less"),
        pytest.param(one("number", "5", comparator="<="), 5.0, True, id="less or equal"),
        pytest.param(one("number", "5", comparator="!="), 6.0, True, id="unequal"),
        pytest.param(one("number", "5"), "5", True, id="a number in text"),
        pytest.param(one("number", "0"), "x", True, id="text counts as 0"),
        pytest.param(one("bool", "true"), True, True, id="true"),
        pytest.param(one("bool", "0"), False, True, id="false"),
        pytest.param(one("bool", "true"), "TRUE", True, id="a truth in text"),
        pytest.param(one("bool", "false"), {}, True, id="an object counts as false"),
    ],
)
def test_a_value_passes_as_in_argo_events(said: dict[str, Any], value: object, passes: bool) -> None:
    assert (refusal(filters(said), {"v": value}) == "") is passes


def test_all_must_pass_and_the_first_that_does_not_is_named() -> None:
    both = filters(one("string", "^a$"), one("string", "^b$", path="w"))
    assert refusal(both, {"v": "a", "w": "x"}) == "data filter 2: w = ^b$ does not hold for 'x'"


def test_with_or_one_is_enough_even_beside_an_error() -> None:
    either = filters(one("string", "x", path="nosuch"), one("string", "^b$"), operator="or")
    assert refusal(either, {"v": "b"}) == ""
    with pytest.raises(FilterError, match="nosuch"):
        refusal(either, {"v": "c"})


def test_a_path_that_is_not_there_is_an_error() -> None:
    with pytest.raises(FilterError, match="the event has no 'v'"):
        refusal(filters(one("string", "x")), {})
