"""A DAG task made ready: its `when` first, then its arguments from what ran before it, then its loop.

Called by `dag`; pure functions over values. Nothing of a task that will not run is resolved, because what it refers to
may never exist.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from workflows.engine import loop
from workflows.engine.condition import judge
from workflows.engine.expression import evaluate, expand
from workflows.engine.gonumbers import shortest
from workflows.engine.model import DAGTask, Template
from workflows.engine.template import absent_reference, substitute, substitute_text
from workflows.engine.values import Artifact, Outputs, Parameter, S3Artifact, any_string
from workflows.engine.variables import Scope
from workflows.errors import DocumentError, RetrainError


class UnresolvedError(DocumentError):
    """A reference to something that is not there."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a task may refer to: variables, the workflow's among them, and artifacts by tag."""

    variables: Scope
    artifacts: Mapping[str, Artifact]


def looped(task: DAGTask) -> bool:
    """Say whether the task has a loop; an empty `withItems` is none."""
    return bool(task.with_items or task.with_param) or task.with_sequence is not None


def resolved(task: DAGTask, known: Known) -> tuple[DAGTask, frozenset[str]]:
    """The task with its references replaced, and the names of arguments whose producer never ran.

    If `when` is false already, only that is replaced. Raises what substitution and conditions do, or UnresolvedError.
    """
    if task.when:
        when = substitute_text(task.when, known.variables, strict=True)
        if _surely_false(when, looped=looped(task)):
            return task.model_copy(update={"when": when}), frozenset()
    arguments = task.arguments
    absent = frozenset(
        one.name
        for one in arguments.parameters
        if one.value is not None and absent_reference(one.value, known.variables)
    )
    if absent:
        kept = tuple(one for one in arguments.parameters if one.name not in absent)
        task = task.model_copy(update={"arguments": arguments.model_copy(update={"parameters": kept})})
    text = task.to_json()
    if "{{" in text:
        task = DAGTask.model_validate_json(substitute(text, known.variables, strict=True))
    found = tuple(one for one in (_located(one, known) for one in task.arguments.artifacts) if one is not None)
    return task.model_copy(update={"arguments": task.arguments.model_copy(update={"artifacts": found})}), absent


def _surely_false(when: str, *, looped: bool) -> bool:
    """False also where a loop's `when` cannot be judged yet, because it speaks of the item."""
    try:
        return not judge(when)
    except RetrainError:
        if looped:
            return False
        raise


def _located(artifact: Artifact, known: Known) -> Artifact | None:
    if artifact.from_ is None:
        return artifact
    try:
        return artifact_of(artifact, known)
    except UnresolvedError:
        if artifact.optional:
            return None
        raise


def artifact_of(artifact: Artifact, known: Known) -> Artifact:
    """The artifact that `from` names, under the name of the one that asks, with `subPath` below its key."""
    tag = _tag(artifact.from_ or "")
    if tag not in known.artifacts:
        raise UnresolvedError(f'Unable to resolve: "{tag}"')
    found = known.artifacts[tag].model_copy(update={"name": artifact.name})
    if not artifact.sub_path:
        return found
    below = substitute_text(artifact.sub_path, known.variables).strip("/")
    s3 = found.s3 or S3Artifact()
    return found.model_copy(update={"s3": s3.model_copy(update={"key": f"{(s3.key or '').rstrip('/')}/{below}"})})


def _tag(text: str) -> str:
    return text.strip().removeprefix("{{").removesuffix("}}").strip()


def expanded(task: DAGTask, variables: Scope) -> list[DAGTask]:
    """The tasks of a loop, each under its own name; none if the list cannot be read but `when` is false anyway."""
    try:
        items = _items(task)
    except ValueError as error:
        if _surely_false(task.when or "", looped=True):
            return []
        if not task.with_param:
            raise DocumentError(str(error)) from None
        text = task.with_param.strip()
        raise DocumentError(f"withParam value could not be parsed as a JSON list: {text}: {error}") from None
    bare = task.model_copy(update={"with_items": None, "with_param": None, "with_sequence": None})
    text = bare.to_json()
    # A task that will not run may speak of what does not exist; one that will may not.
    complete = not _surely_false(task.when or "", looped=True)
    scope = variables if complete else {name: value for name, value in variables.items() if value is not None}
    tasks = []
    for index, item in enumerate(items):
        filled = bare
        if "{{" in text:
            replaced = substitute(text, {**scope, **loop.variables_of(item)}, complete=complete)
            filled = DAGTask.model_validate_json(replaced)
        changes = {"name": loop.name_of(task.name, index, item), "template": task.template}
        tasks.append(filled.model_copy(update=changes))
    return tasks


def _items(task: DAGTask) -> list[str]:
    if task.with_items:
        return loop.items_of(task.with_items)
    if task.with_param:
        return loop.items_in(task.with_param)
    return loop.items_counted(task.with_sequence) if task.with_sequence is not None else []


def outputs_of(template: Template, known: Known) -> Outputs | None:
    """The outputs of a DAG template from its tasks' (getTemplateOutputsFromScope).

    DocumentError for one that cannot be had and has no default.
    """
    if not template.outputs.parameters and not template.outputs.artifacts:
        return None
    parameters = tuple(_parameter(declared, known) for declared in template.outputs.parameters)
    artifacts = []
    for declared in template.outputs.artifacts:
        try:
            artifacts.append(artifact_of(declared, known))
        except UnresolvedError as error:
            if not declared.optional:
                raise DocumentError(f"unable to resolve outputs from scope: {error.message}") from None
    return Outputs(parameters=parameters, artifacts=tuple(artifacts))


def _parameter(declared: Parameter, known: Known) -> Parameter:
    source = declared.value_from
    if source is None:
        raise DocumentError("output parameters must have a valueFrom specified")
    try:
        value = _value(source.expression, source.parameter, known)
    except RetrainError:
        if source.default is None:
            raise
        value = None
    if value is None:
        value = source.default
    if value is None:
        raise DocumentError(
            f"output parameter {declared.name!r}: {source.parameter!r} is an absent optional "
            "(skipped/omitted node output with no default)"
        )
    return declared.model_copy(update={"value": _text(value), "value_from": None})


def _value(expression: str | None, parameter: str | None, known: Known) -> object:
    if expression:
        value = evaluate(expression, expand(known.variables))
        if value is None:
            raise DocumentError(f"failed to evaluate expression {expression!r}")
        return value
    tag = _tag(parameter or "")
    if tag.startswith("="):
        return evaluate(tag[1:], expand(known.variables))
    if not tag:
        return ""
    if tag not in known.variables:
        raise UnresolvedError(f'Unable to resolve: "{tag}"')
    return known.variables[tag]


def _text(value: object) -> str:
    if isinstance(value, float):
        return shortest(value)
    plain = any_string(value)
    return plain if isinstance(plain, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
