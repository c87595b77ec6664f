"""`when` is judged as govaluate judges it, quirks included."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from workflows.engine.condition import ConditionError, judge

ARGO: dict[str, Any] = json.loads((Path(__file__).parent / "documents" / "argo-language.json").read_text())


def outcome(text: str) -> str:
    try:
        return str(judge(text)).lower()
    except ConditionError as error:
        return f"error in {error.stage}"


@pytest.mark.parametrize("case", ARGO["when"], ids=[case["when"] for case in ARGO["when"]])
def test_a_condition_comes_out_as_in_argo(case: dict[str, str]) -> None:
    expected = f"error in {case['stage']}" if case["result"] == "error" else case["result"]
    assert outcome(case["when"]) == expected


# Results of govaluate 7625b7f8 itself.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "true"),
        ("deploy == deploy", "true"),
        ("(a == )", "false"),
        ("(a != )", "true"),
        ("(true || )", "true"),
        ("()", "error in nonbool"),
        ("(true) foo", "true"),
        ("(1) 2 == 2", "error in nonbool"),
        ("2 ** 3 ** 2 == 64", "true"),
        ("-2 ** 2 == 4", "true"),
        ("1 - 2 - 3 == -4", "true"),
        ("'a' + 1000000 == 'a1e+06'", "true"),
        ("1 / 0 > 5", "true"),
        ("!foo", "error in parse"),
        ("a in (a)", "error in eval"),
        ("false && v1.B", "false"),
        ("true && v1.B", "error in eval"),
        ("'2024-01-01' == '2024-01-01T00:00:00Z'", "true"),
        ("'2024-01-01 00:00' == '2024-01-01'", "true"),
        ("'2024-01-01T01:00:00+01:00' == '2024-01-01'", "true"),
        ("'2024-02-30' == '2024-02-30 00:00'", "false"),
        ("'3:04PM' == '3:04PM'", "true"),
        ("'12:00AM' < '12:00PM'", "true"),
        ("[2024-01-01] == '2024-01-01'", "false"),
        ("x =~ '('", "error in parse"),
        ("x =~ a + '('", "error in eval"),
        ("'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' =~ '^(a+)+$'", "false"),
        ("  ", "error in parse"),
        ("a\\", "error in parse"),
        ("(a == a", "error in parse"),
        ("0xffffffffffffffffff == 1", "error in parse"),
    ],
)
def test_the_quirks_of_govaluate_are_kept(text: str, expected: str) -> None:
    assert outcome(text) == expected


def test_an_error_says_what_was_judged_and_how_to_quote_it() -> None:
    with pytest.raises(ConditionError) as caught:
        judge("{{tasks.x.outputs.result}} == true")
    assert "Invalid token: '{{'" in caught.value.message
    assert "quotes" in caught.value.hint


def test_a_number_beside_text_names_the_text_that_does_not_fit() -> None:
    with pytest.raises(ConditionError, match=r"Value '0\.91' cannot be used with the comparator '>='"):
        judge("0.91 >= '0.9'")


def test_deep_nesting_is_an_error_and_not_a_crash() -> None:
    assert outcome("(" * 20_000 + "true" + ")" * 20_000) == "error in parse"
