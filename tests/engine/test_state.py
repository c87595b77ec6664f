"""The machine makes of a Workflow what Argo's controller makes of it: nodes, phases, messages, arguments."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dags import HEAD, LEAVES, dag

from workflows.engine.state import Options


def test_one_container_is_the_whole_workflow(play: Any) -> None:
    done = play(f"{HEAD}  templates:\n  - {{name: main, container: {{image: i, command: [c]}}}}\n")
    assert done.workflow.status.phase == "Succeeded"
    assert list(done.workflow.status.nodes) == ["wf"]
    assert done.node("").type == "Pod"
    assert done.pods[0].name == "wf"
    assert done.workflow.status.progress == "1/1"


def test_ids_and_names_are_argo_s(play: Any) -> None:
    done = play(dag("- {name: a, template: plain}"))
    node = done.node("a")
    # FNV-1a 32 of 'wf.a', worked out by the reference algorithm.
    value = 2166136261
    for byte in b"wf.a":
        value = ((value ^ byte) * 16777619) % 2**32
    assert (node.id, node.name, node.display_name) == (f"wf-{value}", "wf.a", "a")
    assert done.pods[0].name == f"wf-plain-{value}"
    assert node.boundary_id == "wf"


def test_a_diamond_hangs_together_as_in_argo(play: Any) -> None:
    done = play(
        dag("""
- {name: a, template: plain}
- {name: b, template: plain, depends: a}
- {name: c, template: plain, depends: a}
- {name: d, template: plain, depends: b && c}
""")
    )
    name = {node.id: node.name for node in done.workflow.status.nodes.values()}
    children = {node.name: [name[child] for child in node.children] for node in done.workflow.status.nodes.values()}
    assert children == {"wf": ["wf.a"], "wf.a": ["wf.b", "wf.c"], "wf.b": ["wf.d"], "wf.c": ["wf.d"], "wf.d": []}
    assert [name[last] for last in done.node("").outbound_nodes] == ["wf.d"]
    assert done.seconds == 3


PHASES = [
    pytest.param("- {name: a, template: plain}", {}, "Succeeded", {}, id="all is well"),
    pytest.param("- {name: a, template: plain}", {"a": "fail"}, "Failed", {}, id="a failed leaf fails the DAG"),
    pytest.param(
        "- {name: a, template: plain}", {"a": "error"}, "Error", {}, id="an Error in a task is the workflow's"
    ),
    pytest.param(
        "- {name: a, template: plain}\n- {name: b, template: plain, depends: a}",
        {"a": "fail"},
        "Failed",
        {"b": "Omitted"},
        id="Omitted inherits Failed",
    ),
    pytest.param(
        "- {name: a, template: plain}\n- {name: b, template: plain, depends: a.Failed}",
        {"a": "fail"},
        "Succeeded",
        {"b": "Succeeded"},
        id="a leaf that handles a failure turns the DAG green",
    ),
    pytest.param(
        "- {name: a, template: plain}\n- {name: b, template: plain, depends: a.Failed}\n"
        "- {name: c, template: plain, depends: a}",
        {"a": "fail"},
        "Failed",
        {"b": "Succeeded", "c": "Omitted"},
        id="unless a second leaf is Omitted below the failure",
    ),
    pytest.param(
        "- {name: a, template: plain, when: 'false'}\n- {name: b, template: plain, depends: a}",
        {},
        "Succeeded",
        {"a": "Skipped", "b": "Succeeded"},
        id="a bare dependency accepts Skipped",
    ),
    pytest.param(
        "- {name: a, template: plain, when: 'false'}\n- {name: b, template: plain, depends: a.Succeeded}",
        {},
        "Succeeded",
        {"a": "Skipped", "b": "Omitted"},
        id="a named Succeeded does not",
    ),
    pytest.param(
        "- {name: a, template: plain, when: 'false'}\n- {name: b, template: plain, depends: a.Succeeded}\n"
        "- {name: c, template: plain, depends: b}",
        {},
        "Succeeded",
        {"b": "Omitted", "c": "Omitted"},
        id="a bare dependency does not accept Omitted",
    ),
    pytest.param(
        "- {name: a, template: plain, continueOn: {failed: true}}",
        {"a": "fail"},
        "Succeeded",
        {},
        id="a target with continueOn does not count",
    ),
    pytest.param(
        "- {name: a, template: plain, continueOn: {failed: true}}",
        {"a": "error"},
        "Error",
        {},
        id="but only for the phase it names",
    ),
    pytest.param(
        "- {name: a, template: plain, continueOn: {error: true}}\n- {name: b, template: plain, dependencies: [a]}",
        {"a": "error"},
        "Succeeded",
        {"b": "Succeeded"},
        id="continueOn lets dependencies go on",
    ),
    pytest.param(
        "- {name: a, template: plain, when: 'nonsense =='}",
        {},
        "Error",
        {"a": "Error"},
        id="a when that cannot be read is an Error",
    ),
]


@pytest.mark.parametrize(("tasks", "script", "phase", "nodes"), PHASES)
def test_the_phase_of_a_dag_follows_from_its_tasks(
    play: Any, tasks: str, script: dict[str, str], phase: str, nodes: dict[str, str]
) -> None:
    done = play(dag(tasks), {name: getattr(play, how)() for name, how in script.items()})
    assert done.workflow.status.phase == phase
    assert done.workflow.status.message is None
    assert {name: done.phases[name] for name in nodes} == nodes


def test_what_does_not_run_says_why(play: Any) -> None:
    done = play(
        dag("""
- {name: a, template: plain, when: "{{workflow.name}} == other"}
- {name: b, template: plain, depends: a.Succeeded}
""")
    )
    assert done.messages == {"a": "when 'wf == other' evaluated false", "b": "omitted: depends condition not met"}
    assert {done.node(name).type for name in "ab"} == {"Skipped"}


def test_only_what_the_target_needs_runs(play: Any) -> None:
    text = dag("- {name: a, template: plain}\n- {name: b, template: plain, depends: a}\n- {name: c, template: plain}")
    done = play(text.replace("    dag:\n", "    dag:\n      target: a\n"))
    assert set(done.phases) == {"", "a"}


def test_arguments_come_from_the_outputs_of_what_ran_before(play: Any) -> None:
    tasks = """
- {name: a, template: work}
- {name: b, template: work, depends: a,
   arguments: {parameters: [{name: x, value: "<{{tasks.a.outputs.parameters.o}}>"}]}}
"""
    done = play(dag(tasks), {"work": play.ok(o="made")})
    assert done.args("a") == ("none",)
    assert done.args("b") == ("<made>",)
    assert [(p.name, p.value) for p in done.node("b").inputs.parameters] == [("x", "<made>")]


def test_a_reference_that_can_never_be_supplied_is_an_error_here(play: Any) -> None:
    tasks = """
- {name: a, template: work}
- {name: b, template: work, depends: a,
   arguments: {parameters: [{name: x, value: "{{tasks.a.outputs.parameters.nope}}"}]}}
"""
    done = play(dag(tasks), {"work": play.ok(o="made")})
    assert done.workflow.status.phase == "Error"
    assert done.phases["b"] == "Error"
    assert "nope" in done.messages["b"]


def test_a_missing_argument_is_named_on_the_task(play: Any) -> None:
    leaves = "  - {name: needy, inputs: {parameters: [{name: x}]}, container: {image: i, command: [c]}}\n"
    done = play(dag("- {name: a, template: needy}", leaves))
    assert done.phases["a"] == "Error"
    assert done.messages["a"] == "task 'wf.a' errored: inputs.parameters.x was not supplied"
    assert done.node("a").type == "Skipped"


def test_an_entrypoint_that_cannot_start_is_the_workflow_s_error_and_skips_onexit(play: Any) -> None:
    text = HEAD + "  onExit: bye\n  templates:\n"
    text += "  - {name: main, inputs: {parameters: [{name: x}]}, container: {image: i, command: [c]}}\n"
    text += "  - {name: bye, container: {image: i, command: [c]}}\n"
    done = play(text)
    assert done.workflow.status.phase == "Error"
    message = "error in entry template execution: inputs.parameters.x was not supplied"
    assert done.workflow.status.message == message
    assert list(done.phases) == [""]


EXIT = """
  - name: bye
    dag:
      tasks:
      - name: tell
        template: tell
        arguments:
          parameters:
          - {name: status, value: "{{workflow.status}}"}
          - {name: failures, value: "{{workflow.failures}}"}
  - {name: tell, inputs: {parameters: [{name: status}, {name: failures}]},
     container: {image: i, command: [c], args: ["{{inputs.parameters.status}}", "{{inputs.parameters.failures}}"]}}
"""


def test_onexit_is_told_status_and_failures_encoded_twice(play: Any) -> None:
    done = play(dag("- {name: a, template: plain}", LEAVES + EXIT, onExit="bye"), {"a": play.fail(3)})
    status, failures = next(p for p in done.pods if p.template.name == "tell").template.container.args
    assert status == "Failed"
    told = json.loads(json.loads(failures))
    assert {one["displayName"]: one["message"] for one in told}["a"] == "main: Error (exit code 3)"
    assert done.workflow.status.phase == "Failed"
    assert done.node("onExit").node_flag.hooked


def test_onexit_without_failures_is_told_null_with_its_quotes(play: Any) -> None:
    done = play(dag("- {name: a, template: plain}", LEAVES + EXIT, onExit="bye"))
    args = next(p for p in done.pods if p.template.name == "tell").template.container.args
    assert args == ("Succeeded", '"null"')


@pytest.mark.parametrize(
    ("script", "phase"),
    [
        pytest.param({"tell": "fail"}, "Failed", id="a failing onExit fails a good run"),
        pytest.param({"tell": "error"}, "Error", id="an Error in onExit too"),
        pytest.param({"a": "fail"}, "Failed", id="a good onExit mends nothing"),
        pytest.param({"a": "fail", "tell": "error"}, "Failed", id="the run's own phase comes first"),
    ],
)
def test_the_workflow_s_phase_and_onexit(play: Any, script: dict[str, str], phase: str) -> None:
    text = dag("- {name: a, template: plain}", LEAVES + EXIT, onExit="bye")
    done = play(text, {name: getattr(play, how)() for name, how in script.items()})
    assert done.workflow.status.phase == phase


def test_templates_that_call_each_other_without_end_are_bounded(play: Any) -> None:
    done = play(dag("- {name: again, template: main}"))
    assert done.workflow.status.phase == "Error"
    assert "Maximum recursion depth" in next(iter(done.messages.values()))
    assert len(done.phases) == 100


def test_the_number_of_pods_at_once_is_bounded(play: Any) -> None:
    tasks = "\n".join(f"- {{name: t{number}, template: plain}}" for number in range(9))
    done = play(dag(tasks), options=Options(parallelism=2))
    assert done.most == 2
    assert done.seconds == 5
