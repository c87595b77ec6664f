"""Models read and write Argo's own JSON, and read values as Argo reads them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from pydantic import ValidationError

from workflows.engine.effect import no_effect
from workflows.engine.loader import load
from workflows.engine.model import (
    API_VERSION,
    DAGTask,
    ObjectMeta,
    Template,
    Workflow,
    WorkflowSpec,
    WorkflowStatus,
    WorkflowTemplate,
)
from workflows.engine.nodes import NodeFlag, NodePhase, NodeStatus, NodeType, WorkflowPhase
from workflows.engine.values import Artifact, Outputs, Parameter

DOCUMENTS = Path(__file__).parent / "documents" / "supported"


@pytest.mark.parametrize("path", sorted(DOCUMENTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_document_survives_the_way_through_json(path: Path) -> None:
    for document in load([path]):
        if isinstance(document, Workflow | WorkflowTemplate):
            assert type(document).model_validate_json(document.to_json()) == document


def test_what_was_never_said_is_not_written() -> None:
    text = (
        '{"name":"a","inputs":{"parameters":[{"name":"p","value":""}]},"dag":{"tasks":[{"name":"t","template":"b"}]}}'
    )
    assert Template.model_validate_json(text).to_json() == text


def test_an_empty_loop_and_an_empty_strategy_are_said() -> None:
    assert DAGTask(name="a", template="b", with_items=()).to_dict()["withItems"] == []
    assert Artifact.model_validate({"name": "a", "archive": {"none": {}}}).to_dict()["archive"] == {"none": {}}


@pytest.mark.parametrize(
    ("alias", "document"),
    [
        ("boundaryID", NodeStatus(id="a", name="a", type=NodeType.POD, boundary_id="b")),
        ("from", Artifact(name="a", from_="{{inputs.artifacts.a}}")),
        ("podGC", WorkflowSpec.model_validate({"podGC": {"strategy": "OnPodSuccess"}})),
        ("storedWorkflowTemplateSpec", WorkflowStatus(stored_workflow_template_spec=WorkflowSpec(entrypoint="a"))),
    ],
)
def test_fields_have_the_names_of_argo(alias: str, document: NodeStatus | Artifact | WorkflowSpec) -> None:
    assert alias in document.to_dict()


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (1e6, "1000000"),
        (5.0, "5"),
        (0.1, "0.1"),
        (1e-7, "0.0000001"),
        (-3, "-3"),
        (10**18, "1000000000000000000"),
        (True, "true"),
        (False, "false"),
        ("", ""),
        ("1e6", "1e6"),
    ],
)
def test_a_parameter_is_text_however_it_was_written(given: object, text: str) -> None:
    assert Parameter.model_validate({"name": "a", "value": given}).value == text


def test_no_parameter_is_a_mapping() -> None:
    with pytest.raises(ValidationError):
        Parameter.model_validate({"name": "a", "value": {"b": 1}})


@pytest.mark.parametrize("limit", [2, "2", "{{inputs.parameters.limit}}"])
def test_a_tag_may_stand_where_argo_takes_a_number_or_text(limit: object) -> None:
    template = Template.model_validate({"name": "a", "retryStrategy": {"limit": limit}})
    assert template.retry_strategy is not None
    assert template.retry_strategy.limit == limit


def test_values_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Parameter(name="a").name = "b"  # type: ignore[misc]


def test_times_are_whole_seconds_in_utc() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 999_999, tzinfo=timezone(timedelta(hours=1)))
    status = WorkflowStatus(started_at=moment, phase=WorkflowPhase.RUNNING)
    assert status.to_dict() == {"phase": "Running", "startedAt": "2026-01-02T02:04:05Z"}
    assert WorkflowStatus.model_validate_json(status.to_json()).started_at == datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC)


def test_a_node_looks_as_argo_writes_it() -> None:
    node = NodeStatus(
        id="w-1",
        name="w.validate(0)",
        display_name="validate(0)",
        type=NodeType.POD,
        template_name="validate",
        template_scope="local/w",
        phase=NodePhase.FAILED,
        boundary_id="w",
        message="main: Error (exit code 1)",
        outputs=Outputs(exit_code="1", parameters=(Parameter(name="rows", value="3"),)),
        children=("w-2",),
        node_flag=NodeFlag(retried=True),
    )
    assert json.loads(node.to_json()) == {
        "id": "w-1",
        "name": "w.validate(0)",
        "displayName": "validate(0)",
        "type": "Pod",
        "templateName": "validate",
        "templateScope": "local/w",
        "phase": "Failed",
        "boundaryID": "w",
        "message": "main: Error (exit code 1)",
        "outputs": {"exitCode": "1", "parameters": [{"name": "rows", "value": "3"}]},
        "children": ["w-2"],
        "nodeFlag": {"retried": True},
    }


@pytest.mark.parametrize(
    ("phase", "completed", "fulfilled", "bad"),
    [
        (NodePhase.PENDING, False, False, False),
        (NodePhase.RUNNING, False, False, False),
        (NodePhase.SUCCEEDED, True, True, False),
        (NodePhase.SKIPPED, False, True, False),
        (NodePhase.FAILED, True, True, True),
        (NodePhase.ERROR, True, True, True),
        (NodePhase.OMITTED, False, True, False),
    ],
)
def test_phases_that_are_over_are_told_from_those_that_ran(
    phase: NodePhase, completed: bool, fulfilled: bool, bad: bool
) -> None:
    assert (phase.completed, phase.fulfilled, phase.bad) == (completed, fulfilled, bad)


def test_what_runs_is_the_stored_spec_if_there_is_one() -> None:
    own, stored = WorkflowSpec(entrypoint="own"), WorkflowSpec(entrypoint="stored")
    workflow = Workflow(api_version=API_VERSION, kind="Workflow", metadata=ObjectMeta(name="w"), spec=own)
    assert workflow.executed_spec == own
    merged = workflow.model_copy(update={"status": WorkflowStatus(stored_workflow_template_spec=stored)})
    assert merged.executed_spec == stored


def test_fields_without_effect_here_are_listed_with_their_place() -> None:
    (workflow,) = load([DOCUMENTS / "no-effect.yaml"])
    assert isinstance(workflow, Workflow)
    found = no_effect(workflow)
    assert {"spec.podGC", "spec.volumes[tmp].emptyDir", "spec.templates[main].container.resources"} <= set(found)
    assert len(found) == len(set(found)) == 20


def test_a_document_whose_every_field_counts_has_none_to_list() -> None:
    (workflow,) = load([DOCUMENTS / "retry.yaml"])
    assert isinstance(workflow, Workflow)
    assert no_effect(workflow) == ()
