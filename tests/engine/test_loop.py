"""Loops: items, names and variables from their text, and TaskGroup nodes with what is gathered from them."""

from __future__ import annotations

from typing import Any

import pytest

from workflows.engine.loop import items_counted, items_in, items_of, name_of, variables_of
from workflows.engine.model import Sequence

HEAD = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: wf}
spec:
  entrypoint: main
  templates:
  - {name: work, inputs: {parameters: [{name: x, default: none}]},
     outputs: {parameters: [{name: o, valueFrom: {path: /o}}]},
     container: {image: i, command: [c], args: ["{{inputs.parameters.x}}"]}}
  - {name: plain, container: {image: i, command: [c]}}
  - name: main
    dag:
      tasks:
"""


def dag(tasks: str) -> str:
    return HEAD + "\n".join(f"      {line}" for line in tasks.strip("\n").splitlines()) + "\n"


@pytest.mark.parametrize(
    ("item", "name", "variables"),
    [
        pytest.param('"foo"', "t(0:foo)", {"item": "foo"}, id="string"),
        pytest.param('"a (b)"', "t(0:a b)", {"item": "a (b)"}, id="no parentheses in names"),
        pytest.param("1.50", "t(0:1.50)", {"item": "1.50"}, id="a number keeps its digits"),
        pytest.param("true", "t(0:true)", {"item": "true"}, id="boolean"),
        pytest.param("[1, 2]", "t(0:[1 2])", {"item": "[1,2]"}, id="list"),
        pytest.param(
            '{"b": 2, "a": "x"}', "t(0:a:x,b:2)", {"item": '{"a":"x","b":2}', "item.a": "x", "item.b": "2"}, id="map"
        ),
        pytest.param('{"a": "q\\"q"}', 't(0:a:q\\"q)', {"item": '{"a":"q\\"q"}', "item.a": 'q\\"q'}, id="escapes stay"),
        pytest.param('"q\\"q"', 't(0:q\\"q)', {"item": 'q"q'}, id="but not in a plain item"),
        pytest.param('{"a": "é"}', "t(0:a:é)", {"item": '{"a":"é"}', "item.a": "é"}, id="letters"),
        pytest.param(
            '{"a": "<&>"}', "t(0:a:<&>)", {"item": '{"a":"\\u003c\\u0026\\u003e"}', "item.a": "<&>"}, id="HTML"
        ),
        pytest.param("{}", "t(0:)", {"item": "{}"}, id="empty map"),
        pytest.param("[]", "t(0:[])", {"item": "[]"}, id="empty list"),
    ],
)
def test_an_item_s_name_and_variables(item: str, name: str, variables: dict[str, str]) -> None:
    (text,) = items_in(f" [ {item} ] ")
    assert name_of("t", 0, text) == name
    assert variables_of(text) == variables


@pytest.mark.parametrize(
    ("sequence", "items"),
    [
        ({"count": 3}, ["0", "1", "2"]),
        ({"count": "0"}, []),
        ({"start": 1, "end": 0}, ["1", "0"]),
        ({"start": "2", "count": "2", "format": "n%02X"}, ["n02", "n03"]),
    ],
)
def test_a_sequence_counts_in_strings(sequence: dict[str, Any], items: list[str]) -> None:
    assert [variables_of(item)["item"] for item in items_counted(Sequence(**sequence))] == items


@pytest.mark.parametrize("sequence", [{}, {"count": "x"}, {"count": 10**9}, {"count": 1, "format": "%d%d"}])
def test_a_sequence_that_cannot_be_counted_is_refused(sequence: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        items_counted(Sequence(**sequence))


@pytest.mark.parametrize("text", ["", "{}", "[1", "[NaN]", "x"])
def test_a_text_that_is_no_json_list_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        items_in(text)


def test_items_of_a_document_are_their_json() -> None:
    assert items_of([1, "a", {"k": [True]}]) == ["1", '"a"', '{"k":[true]}']


def test_a_fan_out_is_a_group_and_its_outputs_a_list(play: Any) -> None:
    tasks = """
- {name: map, template: work, withItems: [p, q], arguments: {parameters: [{name: x, value: "{{item}}"}]}}
- {name: reduce, template: work, depends: map,
   arguments: {parameters: [{name: x, value: "{{tasks.map.outputs.parameters.o}}"}]}}
"""
    done = play(dag(tasks), {"map": [play.ok(o="1"), play.ok(o="2")], "reduce": play.ok(o="")})
    assert done.node("map").type == "TaskGroup"
    assert done.node("map").children == (done.node("map(0:p)").id, done.node("map(1:q)").id)
    assert done.node("map(0:p)").children == done.node("map(1:q)").children == (done.node("reduce").id,)
    assert done.args("map(1:q)") == ("q",)
    assert done.args("reduce") == ('["1","2"]',)
    assert done.node("map(0:p)").boundary_id == "wf"


def test_a_list_comes_from_an_output(play: Any) -> None:
    tasks = """
- {name: list, template: work}
- {name: each, template: work, depends: list.Succeeded, withParam: "{{tasks.list.outputs.parameters.o}}",
   arguments: {parameters: [{name: x, value: "{{item.index}}/{{item.file}}"}]}}
"""
    found = '[{"index": "0000", "file": "a b.csv"}]'
    done = play(dag(tasks), {"list": play.ok(o=found), "each": play.ok(o="")})
    assert done.args("each(0:file:a b.csv,index:0000)") == ("0000/a b.csv",)


@pytest.mark.parametrize(
    ("loop", "phases", "message"),
    [
        pytest.param('withParam: "[]"', {"each": "Skipped"}, "Skipped, empty params", id="an empty list"),
        pytest.param(
            'withParam: "{{tasks.list.outputs.parameters.o}}", when: "1 == 2"',
            {"each": "Skipped"},
            "Skipped, empty params",
            id="a false when leaves a list that is still a tag unread",
        ),
        pytest.param(
            'withItems: [a], when: "1 == 2"',
            {"each": "Succeeded", "each(0:a)": "Skipped"},
            None,
            id="a false when over plain items skips each",
        ),
        pytest.param(
            'withItems: [a, b], when: "{{item}} == a"',
            {"each": "Succeeded", "each(0:a)": "Succeeded", "each(1:b)": "Skipped"},
            None,
            id="when is judged for each item",
        ),
    ],
)
def test_a_loop_without_work(play: Any, loop: str, phases: dict[str, str], message: str | None) -> None:
    tasks = f"""
- {{name: list, template: work}}
- {{name: each, template: plain, depends: list, {loop}}}
- {{name: after, template: plain, depends: each}}
- {{name: strict, template: plain, depends: each.Succeeded}}
"""
    done = play(dag(tasks), {"list": play.ok(o="[1]")})
    assert {name: phase for name, phase in done.phases.items() if name.startswith("each")} == phases
    assert done.messages.get("each") == message
    assert done.phases["after"] == "Succeeded"
    assert done.phases["strict"] == ("Succeeded" if phases["each"] == "Succeeded" else "Omitted")


@pytest.mark.parametrize(
    ("first", "second", "depends", "phase"),
    [
        pytest.param("fail", "ok", "each", "Failed", id="a failed child fails the group"),
        pytest.param("error", "fail", "each", "Failed", id="the last bad child's phase is the group's"),
        pytest.param("fail", "error", "each", "Error", id="also the other way round"),
        pytest.param("ok", "ok", "each", "Succeeded", id="all succeeded"),
    ],
)
def test_the_phase_of_a_group(play: Any, first: str, second: str, depends: str, phase: str) -> None:
    script = {"each": [getattr(play, first)(), getattr(play, second)()]}
    done = play(dag("- {name: each, template: plain, withItems: [a, b]}"), script)
    assert done.phases["each"] == phase
    assert done.workflow.status.phase == phase


@pytest.mark.parametrize(
    ("answers", "depends", "runs"),
    [
        (["ok", "fail"], "each.AnySucceeded", True),
        (["fail", "fail"], "each.AnySucceeded", False),
        (["fail", "fail"], "each.AllFailed", True),
        (["fail", "error"], "each.AllFailed", False),
    ],
)
def test_depends_looks_into_a_loop(play: Any, answers: list[str], depends: str, runs: bool) -> None:
    tasks = (
        f"- {{name: each, template: plain, withItems: [a, b]}}\n- {{name: after, template: plain, depends: {depends}}}"
    )
    done = play(dag(tasks), {"each": [getattr(play, how)() for how in answers]})
    assert done.phases["after"] == ("Succeeded" if runs else "Omitted")


def test_a_list_that_is_no_list_is_an_error(play: Any) -> None:
    done = play(dag("- {name: each, template: plain, withParam: nonsense}"))
    assert done.phases["each"] == "Error"
    assert done.messages["each"].startswith("withParam value could not be parsed as a JSON list: nonsense")


def test_nothing_of_a_loop_starts_after_a_child_that_could_not(play: Any) -> None:
    text = dag("- {name: each, template: needy, withItems: [a, b]}")
    needy = (
        "  - {name: needy, inputs: {parameters: [{name: x}]}, container: {image: i, command: [c]}}\n  - name: main\n"
    )
    done = play(text.replace("  - name: main\n", needy))
    assert done.phases == {"": "Error", "each": "Error", "each(0:a)": "Error"}
    assert done.messages["each(0:a)"] == "task 'wf.each(0:a)' errored: inputs.parameters.x was not supplied"


def test_a_result_is_kept_only_if_somebody_reads_it(play: Any) -> None:
    tasks = """
- {name: read, template: plain}
- {name: unread, template: plain}
- {name: after, template: work, depends: read && unread,
   arguments: {parameters: [{name: x, value: "{{tasks.read.outputs.result}}"}]}}
"""
    done = play(dag(tasks), {"plain": play.ok(result="said"), "work": play.ok(o="")})
    assert done.node("read").outputs.result == "said"
    assert done.node("unread").outputs.result is None
    assert {pod.name: pod.capture for pod in done.pods}[done.pods[0].name] is True
    assert done.args("after") == ("said",)


def test_the_results_of_a_loop_must_be_json(play: Any) -> None:
    tasks = """
- {name: each, template: plain, withItems: [a, b]}
- {name: after, template: work, depends: each,
   arguments: {parameters: [{name: x, value: "{{tasks.each.outputs.result}}"}]}}
"""
    good = play(dag(tasks), {"plain": play.ok(result='{"n": 1}'), "work": play.ok(o="")})
    assert good.workflow.status.phase == "Succeeded"
    bad = play(dag(tasks), {"plain": play.ok(result="text"), "work": play.ok(o="")})
    assert bad.phases["after"] == "Error"


def test_a_wide_fan_out_is_not_quadratic(play: Any) -> None:
    items = ", ".join(str(number) for number in range(300))
    tasks = (
        f"- {{name: each, template: plain, withItems: [{items}]}}\n- {{name: after, template: plain, depends: each}}"
    )
    done = play(dag(tasks))
    assert len(done.phases) == 303
    assert len(done.node("each").children) == 300


@pytest.mark.parametrize(
    ("when", "phase"),
    [
        pytest.param("1 == 1", "Error", id="a loop that runs may not speak of what there is not"),
        pytest.param("1 == 2", "Succeeded", id="one that does not may"),
    ],
)
def test_a_tag_that_nothing_resolves(play: Any, when: str, phase: str) -> None:
    task = f"""
- {{name: each, template: work, withItems: [a], when: "{when}",
   arguments: {{parameters: [{{name: x, value: "{{{{inputs.parameters.nope}}}}"}}]}}}}
"""
    assert play(dag(task), {"work": play.ok(o="")}).phases["each"] == phase
