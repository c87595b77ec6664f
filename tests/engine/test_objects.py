"""A Workflow finds what it refers to, and its spec merges with its WorkflowTemplate's as Argo merges them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from workflows.engine.loader import parse
from workflows.engine.model import Workflow, WorkflowTemplate
from workflows.engine.objects import Objects, from_template, gather, resolve
from workflows.errors import DocumentError

TEMPLATE = """
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: shared, labels: {not: copied}}
spec:
  entrypoint: main
  onExit: exit
  serviceAccountName: theirs
  arguments:
    parameters:
    - {name: text, value: hello, description: what to say}
    - {name: needed}
    artifacts:
    - {name: model, s3: {bucket: models, key: old}}
    - {name: document, raw: {data: theirs}}
  workflowMetadata: {labels: {team: risk, tier: one}}
  podGC: {strategy: OnPodSuccess, deleteDelayDuration: 60s}
  volumes: [{name: tmp, emptyDir: {}}, {name: work, emptyDir: {}}]
  templates: [{name: main, container: {command: [echo]}}, {name: exit, container: {command: [echo]}}]
"""


def workflow(spec: str) -> Workflow:
    head = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: tiny, labels: {own: mine}}\n"
    (found,) = parse(f"{head}spec: {spec}\n", "workflow.yaml")
    assert isinstance(found, Workflow)
    return found


@pytest.fixture
def objects() -> Objects:
    return gather(parse(TEMPLATE, "template.yaml"))


@pytest.fixture
def template(objects: Objects) -> WorkflowTemplate:
    return objects.template("shared")


def test_a_workflow_without_reference_is_left_alone(objects: Objects) -> None:
    given = workflow("{entrypoint: main, templates: [{name: main, container: {command: [ls]}}]}")
    assert resolve(given, objects) == given


def test_what_the_workflow_does_not_say_comes_from_its_template(objects: Objects) -> None:
    resolved = resolve(workflow("{workflowTemplateRef: {name: shared}, onExit: main}"), objects)
    spec = resolved.executed_spec
    assert (spec.entrypoint, spec.on_exit, spec.service_account_name) == ("main", "main", "theirs")
    assert [entry.name for entry in spec.templates] == ["main", "exit"]
    assert resolved.spec.templates == ()
    assert resolved.status.stored_workflow_template_spec == spec


def test_a_parameter_of_the_workflow_replaces_that_of_the_template_whole(objects: Objects) -> None:
    parameters = "[{name: text, value: bye}, {name: extra, value: 1}]"
    given = workflow(f"{{workflowTemplateRef: {{name: shared}}, arguments: {{parameters: {parameters}}}}}")
    spec = resolve(given, objects).executed_spec
    text, needed, extra = spec.arguments.parameters
    assert (text.value, text.description) == ("bye", None)
    assert needed.value is None
    assert extra.value == "1"


def test_a_parameter_without_a_value_keeps_the_one_of_the_template(objects: Objects) -> None:
    given = workflow("{workflowTemplateRef: {name: shared}, arguments: {parameters: [{name: text, enum: [hello]}]}}")
    text = resolve(given, objects).executed_spec.arguments.parameters[0]
    assert (text.value, text.enum, text.description) == ("hello", ("hello",), "what to say")


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("{name: model, s3: {key: new}}", {"name": "model", "s3": {"bucket": "models", "key": "new"}}),
        ("{name: model, raw: {data: mine}}", {"name": "model", "raw": {"data": "mine"}}),
    ],
    ids=["the same kind of place keeps the bucket", "another kind of place replaces it"],
)
def test_artifacts_merge_by_where_they_are(objects: Objects, argument: str, expected: Mapping[str, object]) -> None:
    given = workflow(f"{{workflowTemplateRef: {{name: shared}}, arguments: {{artifacts: [{argument}]}}}}")
    model, document = resolve(given, objects).executed_spec.arguments.artifacts
    assert model.to_dict() == expected
    assert document.raw is not None


def test_mappings_merge_deeply_and_volumes_by_name(objects: Objects) -> None:
    given = workflow(
        "{workflowTemplateRef: {name: shared}, podGC: {strategy: Never}, volumes: [{name: own, emptyDir: {}}]}"
    )
    spec = resolve(given, objects).executed_spec
    assert spec.pod_gc == {"strategy": "Never", "deleteDelayDuration": "60s"}
    assert [volume.name for volume in spec.volumes] == ["tmp", "work", "own"]


def test_labels_of_workflow_metadata_become_the_workflows_own(objects: Objects) -> None:
    given = workflow("{workflowTemplateRef: {name: shared}, workflowMetadata: {labels: {tier: two}}}")
    assert resolve(given, objects).metadata.labels == {"own": "mine", "team": "risk", "tier": "two"}


def test_a_reference_to_nothing_is_refused(objects: Objects) -> None:
    with pytest.raises(DocumentError) as caught:
        resolve(workflow("{workflowTemplateRef: {name: shred}}"), objects)
    assert (caught.value.message, caught.value.hint) == ("there is no WorkflowTemplate 'shred'", "there are: shared")


def test_a_reference_beside_own_templates_is_refused(objects: Objects) -> None:
    with pytest.raises(DocumentError, match="no templates of its own"):
        resolve(workflow("{workflowTemplateRef: {name: shared}, templates: [{name: a}]}"), objects)


def test_a_workflow_is_made_from_a_template(template: WorkflowTemplate) -> None:
    made = from_template(template, "run-1", {"needed": "{{text}}"})
    assert made.to_dict() == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "run-1", "labels": {"workflows.argoproj.io/workflow-template": "shared"}},
        "spec": {
            "workflowTemplateRef": {"name": "shared"},
            "arguments": {"parameters": [{"name": "needed", "value": "{{text}}"}]},
        },
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({}, "the parameter 'needed' has no value"), ({"needed": "1", "nope": "1"}, "it has no parameter 'nope'")],
)
def test_a_template_asks_for_exactly_its_parameters(
    template: WorkflowTemplate, arguments: dict[str, str], message: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        from_template(template, "run-1", arguments)
    assert caught.value.message == message


def test_config_maps_and_secrets_are_looked_up_by_name() -> None:
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {mode: quick}\n"
    secrets = {"keys": {"token": "abc"}}
    objects = gather(parse(config, "config.yaml"), secrets.get)
    assert objects.config_map("settings") == {"mode": "quick"}
    assert objects.config_map("other") is None
    assert objects.secret("keys") == {"token": "abc"}
    assert objects.secret("other") is None


def test_two_different_documents_of_one_name_are_refused_and_equal_ones_are_not() -> None:
    twice = (*parse(TEMPLATE, "a.yaml"), *parse(TEMPLATE, "b.yaml"))
    assert list(gather(twice).templates) == ["shared"]
    with pytest.raises(DocumentError, match="two different documents WorkflowTemplate 'shared'"):
        gather((*twice, *parse(TEMPLATE.replace("hello", "hi"), "c.yaml")))
