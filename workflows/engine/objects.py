"""The objects a Workflow refers to, and the Workflow made complete with them.

Filled by the commands and the sensor from loaded documents, asked by the driver and the executor. It stands for the API
server and knows no files: how a Secret is read is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from workflows.engine.model import (
    API_VERSION,
    ConfigMap,
    ObjectMeta,
    Workflow,
    WorkflowSpec,
    WorkflowTemplate,
    WorkflowTemplateRef,
)
from workflows.engine.values import Arguments, Artifact, Parameter
from workflows.errors import DocumentError

ReadSecret = Callable[[str], Mapping[str, str] | None]
Named = TypeVar("Named", Parameter, Artifact)

_TEMPLATE_LABEL = "workflows.argoproj.io/workflow-template"


def no_secret(_name: str) -> None:
    """The reader of a place that has no Secrets."""


@dataclass(frozen=True, slots=True)
class Objects:
    """WorkflowTemplates and ConfigMaps by name; `read_secret` gives a Secret's data, None if there is none."""

    templates: Mapping[str, WorkflowTemplate] = field(default_factory=dict)
    config_maps: Mapping[str, ConfigMap] = field(default_factory=dict)
    read_secret: ReadSecret = no_secret

    def template(self, name: str) -> WorkflowTemplate:
        """The WorkflowTemplate of that name; DocumentError if there is none."""
        if found := self.templates.get(name):
            return found
        raise DocumentError(f"there is no WorkflowTemplate {name!r}", hint=_there_are(self.templates))

    def config_map(self, name: str) -> Mapping[str, str] | None:
        """The data of the ConfigMap of that name, None if there is none."""
        found = self.config_maps.get(name)
        return found.data if found else None

    def secret(self, name: str) -> Mapping[str, str] | None:
        """The data of the Secret of that name, None if there is none."""
        return self.read_secret(name)


def gather(documents: Iterable[object], read_secret: ReadSecret = no_secret) -> Objects:
    """The objects among the documents. DocumentError if a name stands twice for one kind."""
    templates: dict[str, WorkflowTemplate] = {}
    config_maps: dict[str, ConfigMap] = {}
    for document in documents:
        if isinstance(document, WorkflowTemplate):
            _add(templates, document.metadata.name, document, document.kind)
        elif isinstance(document, ConfigMap):
            _add(config_maps, document.metadata.name, document, document.kind)
    return Objects(templates, config_maps, read_secret)


def resolve(workflow: Workflow, objects: Objects) -> Workflow:
    """The Workflow with its template's spec merged into `status.storedWorkflowTemplateSpec`, which is what runs.

    What the Workflow says wins (workflow/util/merge.go, JoinWorkflowSpec); labels and annotations of `workflowMetadata`
    become its own. DocumentError for an unknown template, or for templates beside a workflowTemplateRef.
    """
    reference = workflow.spec.workflow_template_ref
    if reference is None:
        return _labelled(workflow)
    where = f"Workflow {workflow.metadata.name or workflow.metadata.generate_name!r}"
    if workflow.spec.templates:
        raise DocumentError("a spec with workflowTemplateRef has no templates of its own", where=where)
    merged = merge(objects.template(reference.name).spec, workflow.spec)
    status = workflow.status.model_copy(update={"stored_workflow_template_spec": merged})
    return _labelled(workflow.model_copy(update={"status": status}))


def from_template(template: WorkflowTemplate, name: str, arguments: Mapping[str, str]) -> Workflow:
    """A Workflow that runs the template under this name with these parameters, as `argo submit --from` makes it.

    DocumentError for a parameter that the template does not declare or that still has no value.
    """
    declared = {parameter.name: parameter for parameter in template.spec.arguments.parameters}
    where = f"WorkflowTemplate {template.metadata.name!r}"
    for unknown in (given for given in arguments if given not in declared):
        raise DocumentError(f"it has no parameter {unknown!r}", where=where, hint=_there_are(declared))
    for missing in (p.name for p in declared.values() if p.value is None and p.name not in arguments):
        raise DocumentError(f"the parameter {missing!r} has no value", where=where, hint=f"pass -p {missing}=…")
    parameters = tuple(Parameter(name=key, value=value) for key, value in arguments.items())
    return Workflow(
        api_version=API_VERSION,
        kind="Workflow",
        metadata=ObjectMeta(name=name, labels={_TEMPLATE_LABEL: template.metadata.name or ""}),
        spec=WorkflowSpec(
            workflow_template_ref=WorkflowTemplateRef(name=template.metadata.name or ""),
            arguments=Arguments(parameters=parameters),
        ),
    )


def merge(base: WorkflowSpec, override: WorkflowSpec) -> WorkflowSpec:
    """Two specs as one: mappings merge, lists are replaced, arguments and volumes merge by name; `override` wins."""
    merged: dict[str, Any] = _joined(base.to_dict(), override.to_dict())
    merged["volumes"] = [*{v.name: v.to_dict() for v in (*base.volumes, *override.volumes)}.values()]
    spec = WorkflowSpec.model_validate(merged)
    arguments = Arguments(
        parameters=_by_name(base.arguments.parameters, override.arguments.parameters, _parameter),
        artifacts=_by_name(base.arguments.artifacts, override.arguments.artifacts, _artifact),
    )
    return spec.model_copy(update={"arguments": arguments})


def _joined(base: dict[str, Any], override: dict[str, Any]) -> dict[str, Any]:
    merged = {**base, **override}
    for key in base.keys() & override.keys():
        if isinstance(base[key], dict) and isinstance(override[key], dict):
            merged[key] = _joined(base[key], override[key])
    return merged


def _by_name(
    base: tuple[Named, ...], override: tuple[Named, ...], join: Callable[[Named, Named], Named]
) -> tuple[Named, ...]:
    merged = {item.name: item for item in base}
    for item in override:
        merged[item.name] = join(merged[item.name], item) if item.name in merged else item
    return tuple(merged.values())


def _parameter(base: Parameter, override: Parameter) -> Parameter:
    """A parameter with any value of its own replaces the other whole; one without leaves it as it is."""
    has_value = override.value is not None or override.default is not None or override.value_from is not None
    return override if has_value else base.model_copy(update=_said(override))


def _artifact(base: Artifact, override: Artifact) -> Artifact:
    """The override, with what it leaves out of its S3 location taken from the other's."""
    if base.s3 is None or override.s3 is None:
        return override
    return override.model_copy(update={"s3": base.s3.model_copy(update=_said(override.s3))})


def _said(model: Any) -> dict[str, Any]:
    return {name: value for name in model.model_fields_set if (value := getattr(model, name)) is not None}


def _labelled(workflow: Workflow) -> Workflow:
    extra = workflow.executed_spec.workflow_metadata
    if extra is None:
        return workflow
    metadata = workflow.metadata.model_copy(
        update={
            "labels": {**workflow.metadata.labels, **extra.labels},
            "annotations": {**workflow.metadata.annotations, **extra.annotations},
        }
    )
    return workflow.model_copy(update={"metadata": metadata})


def _add(known: dict[str, Any], name: str | None, document: object, kind: str) -> None:
    if not name:
        raise DocumentError(f"a {kind} needs metadata.name")
    if name in known and known[name] != document:
        raise DocumentError(f"there are two different documents {kind} {name!r}", hint="remove one")
    known[name] = document


def _there_are(names: Iterable[str]) -> str:
    return f"there are: {', '.join(sorted(names)) or 'none'}"
