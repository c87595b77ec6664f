"""The machine makes of a Workflow what Argo's controller makes of it: nodes, phases, messages, arguments."""

from __future__ import annotations

import json
from typing import Any

import pytest

HEAD = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: wf}
spec:
  entrypoint: main
"""
LEAVES = """
  - {name: work, inputs: {parameters: [{name: x, default: none}]},
     outputs: {parameters: [{name: o, valueFrom: {path: /o}}]},
     container: {image: i, command: [c], args: ["{{inputs.parameters.x}}"]}}
  - {name: plain, container: {image: i, command: [c]}}
"""


def dag(tasks: str, leaves: str = LEAVES, **spec: str) -> str:
    extra = "".join(f"  {name}: {value}\n" for name, value in spec.items())
    indented = "\n".join(f"      {line}" for line in tasks.strip("\n").splitlines())
    return f"{HEAD}{extra}  templates:\n  - name: main\n    dag:\n      tasks:\n{indented}\n{leaves}"


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


def test_a_nested_dag_gives_its_outputs(play: Any) -> None:
    text = f"""{HEAD}  templates:
  - name: main
    dag:
      tasks:
      - {{name: inner, template: inner}}
      - name: after
        template: work
        depends: inner
        arguments: {{parameters: [{{name: x, value: "{{{{tasks.inner.outputs.parameters.sum}}}}"}}]}}
  - name: inner
    outputs:
      parameters:
      - {{name: sum, valueFrom: {{parameter: "{{{{tasks.one.outputs.parameters.o}}}}"}}}}
    dag: {{tasks: [{{name: one, template: work}}]}}
{LEAVES}"""
    done = play(text, {"work": play.ok(o="7")})
    assert done.args("after") == ("7",)
    assert done.node("inner").type == "DAG"
    assert done.node("inner.one").boundary_id == done.node("inner").id
    assert done.node("inner.one").children == (done.node("after").id,)


GLOBAL = """
  - {name: shout, outputs: {parameters: [{name: o, globalName: heard, valueFrom: {path: /o}}]},
     container: {image: i, command: [c]}}
"""


def test_a_failed_pod_s_output_is_the_workflow_s_too(play: Any) -> None:
    done = play(dag("- {name: a, template: shout}", GLOBAL), {"shout": play.fail(42, o="verdict")})
    assert done.workflow.status.phase == "Failed"
    assert [(p.name, p.value) for p in done.workflow.status.outputs.parameters] == [("heard", "verdict")]


def test_an_output_falls_back_to_its_default(play: Any) -> None:
    leaves = (
        "  - {name: work, outputs: {parameters: [{name: o, valueFrom: {path: /o, default: d}}]}, "
        "container: {image: i, command: [c]}}\n"
    )
    done = play(dag("- {name: a, template: work}", leaves))
    assert [(p.name, p.value) for p in done.node("a").outputs.parameters] == [("o", "d")]


def test_an_output_without_a_value_makes_a_successful_pod_an_error(play: Any) -> None:
    done = play(dag("- {name: a, template: work}"))
    assert done.phases["a"] == "Error"


ABSENT = """
- {name: gate, template: GATE, when: "false"}
- {name: after, template: USER, depends: gate, arguments: {parameters: [{name: x, value: VALUE}]}}
"""
ABSENT_LEAVES = """
  - {name: silent, outputs: {parameters: [{name: o, valueFrom: {path: /o}}]}, container: {image: i, command: [c]}}
  - {name: spoken, outputs: {parameters: [{name: o, valueFrom: {path: /o, default: theirs}}]},
     container: {image: i, command: [c]}}
  - {name: needy, inputs: {parameters: [{name: x}]},
     container: {image: i, command: [c], args: ["{{inputs.parameters.x}}"]}}
  - {name: easy, inputs: {parameters: [{name: x, default: mine}]},
     container: {image: i, command: [c], args: ["{{inputs.parameters.x}}"]}}
"""
TAG = '"{{tasks.gate.outputs.parameters.o}}"'


@pytest.mark.parametrize(
    ("gate", "user", "value", "args"),
    [
        pytest.param("spoken", "easy", TAG, ("theirs",), id="the producer's default wins"),
        pytest.param("silent", "easy", TAG, ("mine",), id="else the consumer's"),
        pytest.param("silent", "needy", TAG, None, id="else it is terminal"),
        pytest.param(
            "silent", "easy", '"v-{{tasks.gate.outputs.parameters.o}}"', None, id="inside a text it is terminal"
        ),
        pytest.param(
            "silent",
            "needy",
            "\"{{=tasks.gate.outputs.parameters.o ?? 'or'}}\"",
            ("or",),
            id="an expression may say what else",
        ),
    ],
)
def test_the_output_of_a_skipped_producer(play: Any, gate: str, user: str, value: str, args: tuple[str] | None) -> None:
    tasks = ABSENT.replace("GATE", gate).replace("USER", user).replace("VALUE", value)
    done = play(dag(tasks, ABSENT_LEAVES))
    if args is None:
        assert done.workflow.status.phase == "Error"
        assert "absent optional" in done.messages["after"]
    else:
        assert done.workflow.status.phase == "Succeeded"
        assert done.args("after") == args


def test_a_skipped_task_may_refer_to_what_does_not_exist(play: Any) -> None:
    tasks = ABSENT.replace("GATE", "silent").replace("USER", "needy").replace("VALUE", TAG)
    done = play(dag(tasks.replace("depends: gate,", 'depends: gate, when: "false",'), ABSENT_LEAVES))
    assert done.phases["after"] == "Skipped"
    assert done.workflow.status.phase == "Succeeded"


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
    from workflows.engine.state import Options

    tasks = "\n".join(f"- {{name: t{number}, template: plain}}" for number in range(9))
    done = play(dag(tasks), options=Options(parallelism=2))
    assert done.most == 2
    assert done.seconds == 5
