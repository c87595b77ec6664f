"""What a task is given, also by a producer that never ran, and what a DAG and the Workflow hand out."""

from __future__ import annotations

from typing import Any

import pytest
from dags import HEAD, LEAVES, dag

from workflows.engine.pod import ArtifactRepository, S3Repository
from workflows.engine.state import Options
from workflows.engine.values import Artifact, S3Artifact


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


def test_a_pod_that_ended_before_it_started_has_no_outputs_not_even_by_default(play: Any) -> None:
    leaves = (
        "  - {name: work, outputs: {parameters: [{name: o, globalName: g, valueFrom: {path: /o, default: d}}]}, "
        "container: {image: i, command: [c]}}\n"
    )
    begun, barred = (
        play(dag("- {name: a, template: work}", leaves), {"a": play.error(reported=said)}) for said in (True, False)
    )
    assert [(p.name, p.value) for p in begun.workflow.status.outputs.parameters] == [("g", "d")]
    assert not barred.node("a").outputs.parameters
    assert barred.workflow.status.outputs is None


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


def test_a_nested_dag_s_output_with_a_global_name_is_the_workflow_s(play: Any) -> None:
    text = f"""{HEAD}  templates:
  - name: main
    dag: {{tasks: [{{name: inner, template: inner}}]}}
  - name: inner
    outputs:
      parameters:
      - {{name: sum, globalName: total, valueFrom: {{parameter: "{{{{tasks.one.outputs.parameters.o}}}}"}}}}
    dag: {{tasks: [{{name: one, template: work}}]}}
{LEAVES}"""
    done = play(text, {"work": play.ok(o="7")})
    assert [(p.name, p.value) for p in done.workflow.status.outputs.parameters] == [("total", "7")]


@pytest.mark.parametrize(
    ("source", "default", "value"),
    [
        ('expression: "asInt(tasks.one.outputs.parameters.o) + 1"', "", "8"),
        ("expression: \"tasks.one.outputs.parameters.o == '7'\"", "", "true"),
        ('expression: "asInt(tasks.nope.outputs.parameters.o)"', "d", "d"),
        ('expression: "asInt(tasks.nope.outputs.parameters.o)"', "", None),
        ('parameter: "{{=tasks.one.outputs.parameters.o}}"', "", "7"),
        ('parameter: "{{tasks.one.outputs.parameters.nope}}"', "d", "d"),
        ('parameter: "{{tasks.one.outputs.parameters.nope}}"', "", None),
    ],
)
def test_the_outputs_of_a_dag_template(play: Any, source: str, default: str, value: str | None) -> None:
    default = f", default: {default}" if default else ""
    text = f"""{HEAD}  onExit: plain
  templates:
  - name: main
    outputs: {{parameters: [{{name: sum, valueFrom: {{{source}{default}}}}}]}}
    dag: {{tasks: [{{name: one, template: work}}]}}
{LEAVES}"""
    done = play(text, {"work": play.ok(o="7")})
    if value is None:
        assert done.workflow.status.phase == "Error"
        assert done.workflow.status.message.startswith("error in entry template execution: ")
        assert "onExit" not in done.phases
    else:
        assert [(p.name, p.value) for p in done.node("").outputs.parameters] == [("sum", value)]


ARTIFACTS = """
  - {name: maker, outputs: {artifacts: [{name: model, path: /out/model}]}, container: {image: i, command: [c]}}
  - {name: user, inputs: {artifacts: [{name: m, path: /in/m, mode: 420, optional: OPTIONAL}]},
     container: {image: i, command: [c]}}
"""


def artifact_dag(artifact: str, *, optional: str = "false") -> str:
    tasks = f"""
- {{name: a, template: maker}}
- {{name: b, template: user, depends: a, arguments: {{artifacts: [{{name: m, {artifact}}}]}}}}
"""
    return dag(tasks, ARTIFACTS.replace("OPTIONAL", optional))


MODEL = Artifact(name="model", path="/out/model", s3=S3Artifact(key="k/model"))
FROM = 'from: "{{tasks.a.outputs.artifacts.model}}"'


@pytest.mark.parametrize(
    ("artifact", "key"),
    [
        pytest.param(FROM, "k/model", id="from"),
        pytest.param(f"{FROM}, subPath: part", "k/model/part", id="subPath"),
        pytest.param('s3: {key: "x/{{workflow.name}}"}', "x/wf", id="a key with a tag"),
    ],
)
def test_an_artifact_is_handed_on_by_its_location(play: Any, artifact: str, key: str) -> None:
    done = play(artifact_dag(artifact), {"maker": play.ok(artifacts=(MODEL,))})
    (given,) = done.pods[-1].template.inputs.artifacts
    assert (given.name, given.path, given.mode, given.s3.key) == ("m", "/in/m", 420, key)


@pytest.mark.parametrize(
    ("artifact", "optional", "phase", "message"),
    [
        pytest.param(
            FROM,
            "true",
            "Error",
            'Unable to resolve: "tasks.a.outputs.artifacts.model"',
            id="the consumer's optional does not help",
        ),
        pytest.param(f"{FROM}, optional: true", "true", "Succeeded", "", id="the argument's does"),
        pytest.param(
            f"{FROM}, optional: true", "false", "Error", "inputs.artifacts.m was not supplied", id="not alone"
        ),
    ],
)
def test_an_artifact_that_was_not_made(play: Any, artifact: str, optional: str, phase: str, message: str) -> None:
    done = play(artifact_dag(artifact, optional=optional))
    assert done.phases["b"] == phase
    assert message in done.messages.get("b", "")


def test_an_artifact_with_a_global_name_is_the_workflow_s(play: Any) -> None:
    shared = MODEL.model_copy(update={"global_name": "best"})
    done = play(artifact_dag(FROM), {"maker": play.ok(artifacts=(shared,))})
    assert [(one.name, one.s3.key) for one in done.workflow.status.outputs.artifacts] == [("best", "k/model")]


def test_the_repository_s_keys_are_the_pod_s(play: Any) -> None:
    repository = ArtifactRepository(s3=S3Repository(bucket="b", key_format="art/{{workflow.name}}/{{pod.name}}"))
    done = play(dag("- {name: a, template: plain}"), options=Options(repository=repository))
    assert done.pods[0].repository.s3.key_format == f"art/wf/{done.pods[0].name}"
