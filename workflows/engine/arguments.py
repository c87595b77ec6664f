"""A template made ready to run: its inputs filled from the caller's arguments, then its tags substituted.

Called by the state machine for every template that starts. Argo's order (ProcessArgs, SubstituteParams) matters: an
input's value may itself hold tags of the workflow, and an absent optional falls back to the consumer's default.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from workflows.engine.model import Template
from workflows.engine.template import Variables, substitute
from workflows.engine.values import Arguments, Artifact, Inputs, Parameter
from workflows.engine.variables import inputs_scope
from workflows.errors import DocumentError


def supplied(template: Template, arguments: Arguments, absent: Collection[str] = ()) -> Template:
    """The template with a value for each input parameter and a location for each input artifact that needs one.

    `absent` names the arguments that were nothing but the output of a producer that never ran. DocumentError if
    something is missing.
    """
    given = {parameter.name: parameter for parameter in arguments.parameters}
    parameters = tuple(_parameter(declared, given, absent) for declared in template.inputs.parameters)
    passed = {artifact.name: artifact for artifact in arguments.artifacts}
    artifacts = tuple(_artifact(declared, passed.get(declared.name)) for declared in template.inputs.artifacts)
    if not parameters and not artifacts:
        return template
    return template.model_copy(update={"inputs": Inputs(parameters=parameters, artifacts=artifacts)})


def _parameter(declared: Parameter, given: Mapping[str, Parameter], absent: Collection[str]) -> Parameter:
    value = declared.value if declared.value is not None else declared.default
    if declared.name in absent:
        if value is None:
            raise DocumentError(
                f"inputs.parameters.{declared.name}: argument references an absent optional "
                "(skipped/omitted node output with no default)"
            )
    elif declared.name in given:
        value = given[declared.name].value
    if value is None:
        raise DocumentError(f"inputs.parameters.{declared.name} was not supplied")
    return declared.model_copy(update={"value": value})


def _artifact(declared: Artifact, argument: Artifact | None) -> Artifact:
    if not declared.optional and not located(declared):
        if argument is None:
            raise DocumentError(f"inputs.artifacts.{declared.name} was not supplied")
        if not located(argument):
            raise DocumentError(f"inputs.artifacts.{declared.name} missing location information")
    if argument is None:
        return declared
    # The argument replaces the declaration, `optional` and `archive` included; only where it goes is the template's.
    return argument.model_copy(update={"path": declared.path, "mode": declared.mode})


def located(artifact: Artifact) -> bool:
    """Say whether an artifact is somewhere: it has a key or its own data."""
    return artifact.raw is not None or (artifact.s3 is not None and bool(artifact.s3.key))


def substituted(template: Template, variables: Variables) -> Template:
    """The template after both passes: the workflow's and the node's variables, then the template's own inputs.

    Path tags stay for the executor. Raises what `substitute` raises.
    """
    template = template.without_metrics()
    text = template.to_json()
    if "{{" not in text:
        return template
    first = substitute(text, variables)
    if "{{" not in first:
        return Template.model_validate_json(first)
    inputs = Template.model_validate_json(first).inputs
    return Template.model_validate_json(substitute(first, {**variables, **inputs_scope(inputs)}))


def settled(template: Template, variables: Variables) -> Template:
    """The template after the pod's own pass, which resolves tags that came in with the values of the passes before."""
    text = template.to_json()
    if "{{" not in text:
        return template
    return Template.model_validate_json(substitute(text, {**variables, **inputs_scope(template.inputs)}))
