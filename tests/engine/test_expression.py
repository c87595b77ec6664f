"""Expressions have the values expr-lang gives them, or are refused by name."""

from __future__ import annotations

import pytest

from workflows.engine.expression import ExpressionError, decide, evaluate, expand, identifiers
from workflows.engine.gotext import decode, encode

ENVIRONMENT = expand(
    {
        "workflow.name": "wf-1",
        "workflow.parameters.n": "5",
        "tasks.evaluate.outputs.parameters.auc": "0.91",
        "tasks.train-model.status": "Succeeded",
        "tasks.skip.outputs.parameters.x": None,
        "lastRetry.exitCode": "42",
        "retries": "1",
        "item": "3",
        "list": '[1,2.5,"x",null]',
        "map": '{"a":{"b":[1,2]}}',
    }
)


# Results of expr-lang 1.17.8 itself.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("asFloat(tasks['evaluate'].outputs.parameters.auc) >= 0.8", True),
        ("asFloat(tasks.evaluate.outputs.parameters.auc) * 100", 91.0),
        ("asInt(lastRetry.exitCode) != 42", False),
        ("tasks['train-model'].status == 'Succeeded'", True),
        ('workflow.outputs?.parameters ?? "absent"', "absent"),
        ('toJson(workflow.outputs?.parameters ?? "absent")', '"absent"'),
        ("toJson(workflow.parameters)", '{"n":"5"}'),
        ("toJson({'b': '<', 'a': 1.0})", '{"a":1,"b":"\\u003c"}'),
        ("tasks.skip.outputs.parameters.x ?? 'd'", "d"),
        ("lastRetry.nope", None),
        ("1 + 2 * 3", 7),
        ("7 / 2", 3.5),
        ("-7 % 3", -1),
        ("2 ** 3 ** 2", 512.0),
        ("-2 ** 2", -4.0),
        ("9223372036854775807 + 1", -9223372036854775808),
        ("0x10 + 0b11 + 0o17 + 1_000", 1034),
        ("1 == 1.0", True),
        ("item == '3' and not (1 > 2)", True),
        ("1 < 2 < 3", True),
        ("3 > 2 > 2", False),
        ("1 in 1..3", True),
        ("'a' not in ['b']", True),
        ("'n' in workflow.parameters", True),
        ("'abc' matches '^a.c$'", True),
        ("workflow.name startsWith 'wf' && workflow.name endsWith '1' && workflow.name contains '-'", True),
        ("true ? 'a' : 'b'", "a"),
        ("false ? 1 : true ? 2 : 3", 2),
        ("'  A ' | trim() | lower() == 'a'", True),
        ("split('a,b,c', ',', 2)", ["a", "b,c"]),
        ("join(['a', 'b'], '-')", "a-b"),
        ("upper('straße')", "STRAßE"),
        ("len('é') + len([1, 2]) + len({'a': 1})", 4),
        ("[1, 2, 3][-1]", 3),
        ("[1, 2, 3][1:]", [2, 3]),
        ("'hello'[1:3]", "el"),
        ("fromJSON(list)[1]", 2.5),
        ("fromJSON(map).a.b", [1.0, 2.0]),
        ("jsonpath(map, '$.a.b[-1]')", 2.0),
        ("filter([1, 2, 3], # > 1)", [2, 3]),
        ("map([{'a': 1}, {'a': 2}], .a)", [1, 2]),
        ("map(['x'], {#index})", [0]),
        ("map([1], {{'n': #}})", [{"n": 1}]),
        ("all([1, 2], {# > 0}) and any([1, 2], # == 2) and none([1], # > 1) and one([1, 2], # == 1)", True),
        ("find([1, 2], # > 5)", None),
        ("sum([1, 2.5])", 3.5),
        ("count([1, 2, 3], # > 1)", 2),
        ("max(1, [5, 3.5])", 5),
        ("round(-2.5)", -3.0),
        ("replace('aab', 'a', 'x', 1)", "xab"),
        ("string(1000000.0)", "1e+06"),
        ("string({'b': 1, 'a': [true, nil]})", "map[a:[true <nil>] b:1]"),
        ("'\\u00e9\\x41\\u{1F600}'", "éA😀"),
        ("'\\ud800'", "\ufffd"),
        ("`raw \\n ``x```", "raw \\n `x`"),
        ("// a remark\n 1 /* another */ + 1", 2),
        ("tasks['train-model'].status && true", "Succeeded"),
        ("tasks?.nope?.x.y", None),
        ("sprig.default('d', '')", "d"),
        ("sprig.default('d', nope)", "d"),
        ("sprig.trimSuffix('.csv', 'a.csv')", "a"),
        ("sprig.join('-', ['a', 1, nil, true])", "a-1-true"),
        ("sprig.int('010') + sprig.int('x')", 8),
        ("sprig.ternary('a', 'b', 1 > 2)", "b"),
        ("sprig.quote('a', 1, nil)", '"a" "1"'),
        ("sprig.toRawJson({'a': '<'})", '{"a":"<"}'),
        ("sprig.sha256sum('x')", "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"),
    ],
)
def test_an_expression_has_the_value_it_has_in_argo(text: str, expected: object) -> None:
    result = evaluate(text, ENVIRONMENT)
    assert (type(result), result) == (type(expected), expected)


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("1 +", "syntax"),
        ("", "syntax"),
        ("'open", "syntax"),
        ("a ?? b == c", "syntax"),
        ("# > 1", "syntax"),
        ("upper({# > 1})", "syntax"),
        ("1.x", "syntax"),
        ("12ab", "syntax"),
        ("99999999999999999999", "syntax"),
        ("'\\q'", "syntax"),
        ("'\\x+1'", "syntax"),
        ("in", "syntax"),
        ("if true {1} else {2}", "syntax"),
        ("nope", "check"),
        ("env('HOME')", "check"),
        ("true || nope", "check"),
        ("int(item) == '5'", "check"),
        ("retries > 0", "check"),
        ("1 + 'a'", "check"),
        ("true ? 'a' : 1 + 'b'", "check"),
        ("5 in ['a', 'b']", "check"),
        ("trim()", "check"),
        ("sprig", "check"),
        ("'x' matches '('", "check"),
        ("lastRetry.exitCode > 1", "run"),
        ("asInt('5.7')", "run"),
        ("asFloat('')", "run"),
        ("asFloat('None')", "run"),
        ("asFloat('0.95\\n')", "run"),
        ("asFloat('1_0')", "run"),
        ("workflow.parameters.n + 1", "run"),
        ("tasks.nope.outputs", "run"),
        ("tasks.nope.outputs ?? 'd'", "run"),
        ("[1][1]", "run"),
        ("1 % 0", "run"),
        ("jsonpath(map, '$.nope')", "run"),
        ("fromJSON('NaN')", "run"),
        ("1..2000000", "run"),
        ("repeat('a', 999999999)", "run"),
        ("sprig.trim(5)", "run"),
        ("now()", "unsupported"),
        ("date('2024-01-01')", "unsupported"),
        ("sprig.uuidv4()", "unsupported"),
        ("sprig.genCA('a', 1)", "unsupported"),
        ("sprig.default('x', sprig.now())", "unsupported"),
        ("sortBy([1], #)", "unsupported"),
        ("jsonpath(map, '$..b')", "unsupported"),
        ("jsonpath(map, '$.a.b.length')", "unsupported"),
        ("let", "unsupported"),
    ],
)
def test_an_expression_without_a_value_says_at_which_stage(text: str, stage: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(text, ENVIRONMENT)
    assert caught.value.stage == stage


def test_an_infinite_metric_passes_a_gate_and_nan_does_not() -> None:
    assert evaluate("asFloat('inf') >= 0.8", {}) is True
    assert evaluate("asFloat('NaN') >= 0.8", {}) is False


def test_a_syntax_error_says_where() -> None:
    with pytest.raises(ExpressionError, match="unexpected") as caught:
        evaluate("1 + * 2", {})
    assert caught.value.at == 4


def test_a_misspelt_name_gets_a_suggestion() -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate("workflw.name", ENVIRONMENT)
    assert caught.value.hint == "did you mean 'workflow'?"


@pytest.mark.parametrize("text", ["-" * 20_000 + "1", "1" + "+1" * 20_000], ids=["prefixes", "operators"])
def test_deep_nesting_is_an_error_and_not_a_crash(text: str) -> None:
    with pytest.raises(ExpressionError, match="too deeply"):
        evaluate(text, {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("workflow.parameters.n", ("workflow", "workflow.parameters", "workflow.parameters.n")),
        ("asInt(item.n) + len(tasks['a-b'].x)", ("item", "item.n", "tasks", "tasks.a-b", "tasks.a-b.x")),
        ("workflow.outputs?.parameters ?? 'absent'", ("workflow",)),
        ("tasks.a.outputs.result ?? 'd'", ("tasks",)),
        ("sprig.trim(env('HOME'))", ("env",)),
        ("filter([1], # > 1)", ()),
    ],
)
def test_identifiers_are_those_argo_sees(text: str, expected: tuple[str, ...]) -> None:
    assert identifiers(text) == expected


def test_parentheses_alone_do_not_nest() -> None:
    assert evaluate("(" * 20_000 + "1" + ")" * 20_000, {}) == 1


def test_decide_wants_a_boolean() -> None:
    assert decide("asInt(lastRetry.exitCode) == 42", ENVIRONMENT) is True
    with pytest.raises(ExpressionError, match="not true or false"):
        decide("lastRetry.exitCode", ENVIRONMENT)


def test_the_less_specific_of_two_variables_gives_way() -> None:
    flat = {"workflow.parameters": "[]", "workflow.parameters.n": "5", "item": "{}", "item.file": "a"}
    assert expand(flat) == {"workflow": {"parameters": {"n": "5"}}, "item": {"file": "a"}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5.0, "5"),
        (1e-7, "1e-7"),
        (1e-6, "0.000001"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.5e300, "1.5e+300"),
        (-0.0, "-0"),
        (0.1 + 0.2, "0.30000000000000004"),
        ("a\x01\x7f\u2028<é", '"a\\u0001\x7f\\u2028\\u003cé"'),
        ({"b": [], "a": {}}, '{"a":{},"b":[]}'),
    ],
)
def test_json_has_the_bytes_go_writes(value: object, expected: str) -> None:
    assert encode(value) == expected


def test_half_a_surrogate_pair_is_replaced_as_in_go() -> None:
    assert decode('{"\\ud800": ["\\udc00x", "\\ud83d\\ude00"]}') == {"\ufffd": ["\ufffdx", "😀"]}


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "{", "1e999", "[" * 100_000])
def test_what_go_does_not_read_as_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decode(text)
