"""Scopes hold what Argo would put into them, under catalogued names only."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from workflows.engine.failures import exit_scope
from workflows.engine.model import Workflow
from workflows.engine.nodes import NodeFlag, NodePhase, NodeStatus, NodeType
from workflows.engine.values import Inputs, Outputs, Parameter, ValueFrom
from workflows.engine.variables import (
    CATALOGUE,
    VariableError,
    aggregate_scope,
    inputs_scope,
    lookup,
    node_scope,
    paths_scope,
    pod_scope,
    retry_expression_scope,
    retry_scope,
    workflow_scope,
)
from workflows.engine.vocabulary import write

START = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
END = datetime(2024, 1, 2, 3, 4, 35, tzinfo=UTC)


def node(name: str = "wf.train", phase: NodePhase = NodePhase.SUCCEEDED, **fields: Any) -> NodeStatus:
    return NodeStatus(id=f"{name}-1", name=name, type=NodeType.POD, phase=phase, **fields)


def workflow(**status: Any) -> Workflow:
    return Workflow.model_validate(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "metadata": {
                "name": "wf",
                "namespace": "argo",
                "uid": "u-1",
                "creationTimestamp": "2024-01-02T03:04:05Z",
                "labels": {"app.kubernetes.io/name": "retrain"},
            },
            "spec": {
                "entrypoint": "pipeline",
                "arguments": {"parameters": [{"name": "marker", "value": "a<b", "description": "which"}]},
                "workflowMetadata": {"labels": {"model": "loans"}},
            },
            "status": status,
        }
    )


def test_the_workflow_says_who_it_is() -> None:
    scope = workflow_scope(workflow(phase="Running", startedAt="2024-01-02T03:04:05Z"), now=END)
    assert {name: value for name, value in scope.items() if "Timestamp." not in name} == {
        "workflow.name": "wf",
        "workflow.namespace": "argo",
        "workflow.uid": "u-1",
        "workflow.mainEntrypoint": "pipeline",
        "workflow.serviceAccountName": "",
        "workflow.status": "Running",
        "workflow.duration": "30.000000",
        "workflow.creationTimestamp": "2024-01-02T03:04:05Z",
        "workflow.parameters": '[{"name":"marker","value":"a\\u003cb","description":"which"}]',
        "workflow.parameters.json": '[{"name":"marker","value":"a\\u003cb","description":"which"}]',
        "workflow.parameters.marker": "a<b",
        "workflow.labels": '{"app.kubernetes.io/name":"retrain"}',
        "workflow.labels.json": '{"app.kubernetes.io/name":"retrain"}',
        "workflow.labels.app.kubernetes.io/name": "retrain",
        "workflow.labels.model": "loans",
        "workflow.annotations": "null",
        "workflow.annotations.json": "null",
    }


@pytest.mark.parametrize(
    ("form", "expected"),
    [("RFC3339", "2024-01-02T03:04:05Z"), ("s", "1704164645"), ("Y", "2024"), ("b", "Jan"), ("p", "AM"), ("L", ".000")],
)
def test_the_creation_time_comes_in_parts(form: str, expected: str) -> None:
    assert workflow_scope(workflow(), now=END)[f"workflow.creationTimestamp.{form}"] == expected


def test_exported_outputs_are_the_workflow_s() -> None:
    status = {"outputs": {"parameters": [{"name": "train-verdict", "value": "{}"}, {"name": "open"}]}}
    scope = workflow_scope(workflow(**status), now=END)
    assert scope["workflow.outputs.parameters.train-verdict"] == "{}"
    assert "workflow.outputs.parameters.open" not in scope


def test_a_workflow_parameter_without_a_value_is_an_error() -> None:
    spec = {"arguments": {"parameters": [{"name": "marker"}]}}
    document = {**workflow().to_dict(), "spec": spec, "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow"}
    with pytest.raises(VariableError, match="'marker' has no value"):
        workflow_scope(Workflow.model_validate(document), now=END)


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        ("Succeeded", "Succeeded"),
        ("Failed", "Failed"),
        ("Error", "Error"),
        ("Skipped", "Succeeded"),
        ("Omitted", "Succeeded"),
    ],
)
def test_the_exit_handler_sees_how_the_entry_node_ended(phase: str, expected: str) -> None:
    assert exit_scope(workflow(), node(phase=NodePhase(phase)))["workflow.status"] == expected


def test_no_failures_are_null_in_quotes() -> None:
    assert exit_scope(workflow(), node())["workflow.failures"] == '"null"'


def test_failures_are_json_in_json_with_retried_attempts() -> None:
    failed = node("wf.train(0)", NodePhase.FAILED, display_name="train(0)", template_name="train", finished_at=END)
    error = node("wf", NodePhase.ERROR, message='no "bucket"\n')
    nodes = {one.id: one for one in (node(), failed, error)}
    scope = exit_scope(workflow(nodes=nodes), node())
    assert json.loads(json.loads(scope["workflow.failures"] or "")) == [
        {
            "displayName": "train(0)",
            "message": "",
            "templateName": "train",
            "phase": "Failed",
            "podName": "wf-train-3068205291",
            "finishedAt": "2024-01-02T03:04:35Z",
        },
        {
            "displayName": "",
            "message": 'no "bucket"\n',
            "templateName": "",
            "phase": "Error",
            "podName": "wf",
            "finishedAt": None,
        },
    ]


def test_inputs_come_by_name_and_as_a_list() -> None:
    inputs = Inputs(parameters=(Parameter(name="n", default="1", value="2"),))
    assert inputs_scope(inputs) == {
        "inputs.parameters": '[{"name":"n","default":"1","value":"2"}]',
        "inputs.parameters.n": "2",
    }


def test_an_input_without_a_value_is_an_error() -> None:
    with pytest.raises(VariableError, match="had no value"):
        inputs_scope(Inputs(parameters=(Parameter(name="n"),)))


def test_a_finished_task_offers_its_outputs() -> None:
    outputs = Outputs(parameters=(Parameter(name="auc", value="0.9"),), result="line", exit_code="0")
    finished = node(started_at=START, finished_at=END, outputs=outputs)
    assert node_scope("train", finished, Outputs()) == {
        "tasks.train.id": "wf.train-1",
        "tasks.train.startedAt": "2024-01-02T03:04:05Z",
        "tasks.train.finishedAt": "2024-01-02T03:04:35Z",
        "tasks.train.status": "Succeeded",
        "tasks.train.outputs.result": "line",
        "tasks.train.exitCode": "0",
        "tasks.train.outputs.parameters.auc": "0.9",
    }


DECLARED = Outputs(
    parameters=(
        Parameter(name="plain", value_from=ValueFrom(path="/x")),
        Parameter(name="defaulted", value_from=ValueFrom(path="/x", default="")),
    )
)


@pytest.mark.parametrize("phase", [NodePhase.SKIPPED, NodePhase.OMITTED])
def test_a_task_that_never_ran_offers_defaults_or_nothing(phase: NodePhase) -> None:
    scope = node_scope("train", node(phase=phase), DECLARED)
    assert scope["tasks.train.outputs.parameters.defaulted"] == ""
    assert scope["tasks.train.outputs.parameters.plain"] is None


def test_a_failed_task_offers_only_what_it_made() -> None:
    scope = node_scope("train", node(phase=NodePhase.FAILED), DECLARED)
    assert not any("outputs" in name for name in scope)


def child(index: int, phase: NodePhase = NodePhase.SUCCEEDED, **fields: Any) -> NodeStatus:
    outputs = Outputs(parameters=(Parameter(name="rows", value=str(index)),), result=f'{{ "n": {index}.0 }}')
    return node(
        f"wf.validate({index}:f(x)" if index < 0 else f"wf.validate({index}:x)", phase, outputs=outputs, **fields
    )


def test_a_loop_s_outputs_are_lists_in_index_order() -> None:
    children = [child(10), child(2), child(3, NodePhase.FAILED), child(4, node_flag=NodeFlag(retried=True))]
    assert aggregate_scope("validate", children) == {
        "tasks.validate.outputs.result": '[{"n":2.0},{"n":10.0}]',
        "tasks.validate.outputs.parameters": '[{"rows":"2"},{"rows":"10"}]',
        "tasks.validate.outputs.parameters.rows": '["2","10"]',
    }


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (['{"b":1,"a":2.0}', "[1]"], '[{"a":2,"b":1},[1]]'),
        (['{"a":1}', "x"], '["{\\"a\\":1}","x"]'),
        (['{"a":1}', "5"], '["{\\"a\\":1}","5"]'),
    ],
)
def test_a_loop_s_output_is_parsed_only_if_all_are_maps_or_lists(values: list[str], expected: str) -> None:
    children = [
        node(f"wf.v({index}:x)", outputs=Outputs(parameters=(Parameter(name="p", value=value),)))
        for index, value in enumerate(values)
    ]
    assert aggregate_scope("v", children)["tasks.v.outputs.parameters.p"] == expected


def test_a_loop_without_children_offers_nothing() -> None:
    assert aggregate_scope("validate", []) == {}


def test_a_loop_s_result_must_be_json() -> None:
    with pytest.raises(VariableError, match="is not JSON"):
        aggregate_scope("validate", [node("wf.v(0:x)", outputs=Outputs(result="done"))])


def test_the_first_attempt_has_no_last_one() -> None:
    assert retry_scope(0, None) == {
        "retries": "0",
        "lastRetry.exitCode": "0",
        "lastRetry.status": "",
        "lastRetry.duration": "0",
        "lastRetry.message": "",
    }


def test_a_later_attempt_knows_the_last_one() -> None:
    last = node(
        "wf.t(0)", NodePhase.FAILED, started_at=START, finished_at=END, message="exit", outputs=Outputs(exit_code="3")
    )
    assert retry_scope(1, last) == {
        "retries": "1",
        "lastRetry.exitCode": "3",
        "lastRetry.status": "Failed",
        "lastRetry.duration": "30",
        "lastRetry.message": "exit",
    }


def test_an_unknown_exit_code_is_minus_one_to_the_retry_expression() -> None:
    scope = retry_expression_scope(2, node("wf.t(1)", NodePhase.ERROR))
    assert (scope["retries"], scope["lastRetry.exitCode"]) == ("1", "-1")


def test_a_pod_knows_its_names() -> None:
    assert pod_scope("wf.t", "wf-t-1", task="t") == {"node.name": "wf.t", "pod.name": "wf-t-1", "tasks.name": "t"}


def test_paths_are_variables_of_the_catalogue() -> None:
    assert paths_scope({"inputs.artifacts.model.path": "/x"}) == {"inputs.artifacts.model.path": "/x"}
    with pytest.raises(KeyError):
        paths_scope({"inputs.parameters.model.path": "/x"})


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("workflow.parameters.json", "workflow.parameters.json"),
        ("workflow.parameters.min-auc", "workflow.parameters.<parameter>"),
        ("workflow.labels.app.kubernetes.io/name", "workflow.labels.<label>"),
        ("tasks.train.outputs.parameters.auc", "tasks.<task>.outputs.parameters.<parameter>"),
        ("tasks.name", "tasks.name"),
        ("item", "item"),
    ],
)
def test_a_name_finds_its_row(name: str, pattern: str) -> None:
    row = lookup(name)
    assert row is not None
    assert row.pattern == pattern


@pytest.mark.parametrize("name", ["workflow.nope", "tasks", "tasks.train.nope", "steps.a.status", "{{item}}"])
def test_a_name_outside_the_catalogue_has_no_row(name: str) -> None:
    assert lookup(name) is None


def test_a_scope_is_written_through_the_catalogue_only() -> None:
    with pytest.raises(KeyError):
        write({}, "workflow.secret", "x")
    assert len({row.pattern for row in CATALOGUE}) == len(CATALOGUE)
