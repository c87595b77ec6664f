"""Tags are replaced in JSON text as Argo replaces them, and what cannot be replaced is left or refused by its rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.engine.template import (
    AbsentOutput,
    MissingVariable,
    TemplateError,
    absent_reference,
    substitute,
    substitute_text,
    tags,
)

ARGO: dict[str, Any] = json.loads((Path(__file__).parent / "documents" / "argo-language.json").read_text())
VARIABLES: dict[str, str | None] = ARGO["vars"]


@pytest.mark.parametrize("case", ARGO["templates"], ids=[case["template"] for case in ARGO["templates"]])
def test_a_template_comes_out_as_in_argo(case: dict[str, str | None]) -> None:
    template = str(case["template"])
    if case["result"] is None:
        with pytest.raises(TemplateError):
            substitute_text(template, VARIABLES)
    else:
        assert substitute_text(template, VARIABLES) == case["result"]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('{{= toJson(workflow.outputs?.parameters ?? "absent") }}', '"absent"'),
        ("{{=asFloat(tasks['eval'].outputs.result) >= 0.8}}", "true"),
        ("{{= tasks.skip.outputs.parameters.x ?? 'd'}}", "d"),
        ("{{=['<', 1.0]}}", '["\\u003c",1]'),
        ("{{= {'a': 1} }}", '{"a":1}'),
        ("{{='a\"b\\n'}}", 'a"b\n'),
        ("{{ workflow.name }}", "wf-1"),
        ("{{=item ?? 'none'}}", "3"),
    ],
)
def test_tags_of_our_own_documents(template: str, expected: str) -> None:
    assert substitute_text(template, VARIABLES) == expected


def test_a_value_keeps_quotes_backslashes_and_lines() -> None:
    value = 'a "quoted" \\ path\nand é 😀'
    assert substitute_text("<{{v}}>", {"v": value}) == f"<{value}>"


def test_a_tag_in_a_value_is_not_replaced_in_the_same_pass() -> None:
    assert substitute_text("{{a}}", {"a": "{{b}}", "b": "secret"}) == "{{b}}"


@pytest.mark.parametrize("value", ["\x00", "\x1b[31m", "\x7f", "\x07", "\U000e0001"])
def test_a_value_go_cannot_quote_as_json_is_an_error(value: str) -> None:
    with pytest.raises(TemplateError, match="invalid JSON"):
        substitute_text("{{v}}", {"v": value})


def test_a_nested_tag_takes_two_passes() -> None:
    scope = {"workflow.parameters.env": "prod", "inputs.parameters.prod": "eu"}
    once = substitute_text("{{inputs.parameters.{{workflow.parameters.env}}}}", scope)
    assert once == "{{inputs.parameters.prod}}"
    assert substitute_text(once, scope) == "eu"


def test_a_whole_object_is_replaced_at_once() -> None:
    text = json.dumps({"args": ["--n={{n}}", "{{=asInt(n) + 1}}"], "limit": 2})
    assert json.loads(substitute(text, {"n": "5"})) == {"args": ["--n=5", "6"], "limit": 2}


@pytest.mark.parametrize(
    "template",
    [
        "{{tasks.a.outputs.result}}",
        "{{=tasks.a.outputs.result}}",
        "{{=tasks.a.outputs.result ?? 'd'}}",
        "{{steps.a.status}}",
    ],
)
def test_a_strict_tag_must_resolve(template: str) -> None:
    assert substitute_text(template, {}) == template
    with pytest.raises(MissingVariable) as caught:
        substitute_text(template, {}, strict=True)
    assert caught.value.name.startswith(("tasks", "steps"))


@pytest.mark.parametrize(
    "template",
    ["{{item.file}}", "{{=item.file}}", "{{inputs.parameters.x}}", "{{tasksA.x}}", "{{tasks.a.outputs.artifacts.m}}"],
)
def test_strictness_leaves_other_tags_for_later(template: str) -> None:
    assert substitute_text(template, {}, strict=True) == template


@pytest.mark.parametrize("template", ["{{item.file}}", "{{=item.file}}", "{{tasks.a.outputs.artifacts.m}}"])
def test_the_complete_pass_leaves_nothing(template: str) -> None:
    with pytest.raises(MissingVariable):
        substitute_text(template, {}, complete=True)


@pytest.mark.parametrize(
    "template",
    ["{{=asInt(tasks.a.outputs.result)}}", "{{=tasks.a.none}}", "{{=1/0}}", "{{=tasks.a.outputs.result + 1}}"],
)
def test_a_strict_expression_whose_names_are_known_must_work(template: str) -> None:
    scope = {"tasks.a.outputs.result": "0.9\n", "tasks.a.none": None}
    assert substitute_text(template, scope) == template
    with pytest.raises(TemplateError) as caught:
        substitute_text(template, scope, strict=True)
    assert not isinstance(caught.value, MissingVariable)


@pytest.mark.parametrize(
    "name",
    ["item", "retries", "lastRetry.exitCode", "lastRetry.message", "workflow.status", "workflow.failures"],
)
def test_late_variables_wait_for_their_time(name: str) -> None:
    template = f"{{{{=string({name}) + '!'}}}}"
    scope: dict[str, str | None] = {"workflow.name": "wf", "lastRetry.status": "Failed"}
    assert substitute_text(template, scope) == template
    assert substitute_text(template, {**scope, name: "7"}) == "7!"


def test_the_failures_of_a_run_arrive_in_their_quotes() -> None:
    assert substitute_text("{{workflow.failures}}", {"workflow.failures": '"[{\\"phase\\":\\"Failed\\"}]"'}) == (
        '"[{\\"phase\\":\\"Failed\\"}]"'
    )


def test_an_absent_output_is_an_error_even_where_unresolved_tags_may_stay() -> None:
    scope = {"tasks.a.outputs.parameters.x": None}
    for template in ("{{tasks.a.outputs.parameters.x}}", "{{y.{{tasks.a.outputs.parameters.x}}}}"):
        with pytest.raises(AbsentOutput, match="absent optional"):
            substitute_text(template, scope)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("{{tasks.a.outputs.parameters.x}}", True),
        ("{{ tasks.a.outputs.parameters.x }}", True),
        ("-{{tasks.a.outputs.parameters.x}}", False),
        ("{{tasks.a.outputs.parameters.y}}", False),
        ("{{=tasks.a.outputs.parameters.x}}", False),
        ("tasks.a.outputs.parameters.x", False),
    ],
)
def test_only_a_pure_reference_makes_an_argument_absent(value: str, expected: bool) -> None:
    scope = {"tasks.a.outputs.parameters.x": None, "tasks.a.outputs.parameters.y": ""}
    assert absent_reference(value, scope) is expected


def test_what_the_subset_lacks_is_never_left_as_text() -> None:
    with pytest.raises(TemplateError, match=r"does not support sprig\.now"):
        substitute_text("{{=sprig.now()}}", {})


def test_a_tag_across_two_fields_is_an_error() -> None:
    with pytest.raises(TemplateError):
        substitute('["{{=1 +", "1}}"]', {})


def test_tags_are_listed_with_what_they_need() -> None:
    found = tags("{{item.file}} {{=asInt(inputs.parameters.n) > 1}} {{a.{{b}}}}")
    assert [(tag.kind, tag.names, tag.start) for tag in found] == [
        ("simple", ("item.file",), 0),
        ("expression", ("inputs", "inputs.parameters", "inputs.parameters.n"), 14),
        ("simple", ("b",), 50),
    ]


@pytest.mark.parametrize("text", ["{{open", "{{= 1 + }}"])
def test_a_broken_tag_is_refused_when_listed(text: str) -> None:
    with pytest.raises(TemplateError):
        tags(text)


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"])))
def test_any_printable_value_arrives_as_it_was(value: str) -> None:
    assert substitute_text("{{v}}", {"v": value}) == value
