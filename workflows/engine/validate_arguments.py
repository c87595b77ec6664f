"""Checks of what is passed and what is asked for: names, values, locations. Called by the other parts of the validator.

Source of the rules: validateArguments and validateWorkflowFieldNames in Argo's workflow/validate/validate.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from workflows.engine.model import Template
from workflows.engine.problem import Problem
from workflows.engine.reference import nearest
from workflows.engine.values import Arguments, Artifact, Parameter

_FIELD_NAME = re.compile(r"[a-zA-Z0-9][-a-zA-Z0-9]{0,127}")
_VALUE_NAME = re.compile(r"[-a-zA-Z0-9_]+")
_REFERENCE = re.compile(r"\{\{\s*(tasks\.[^{}\s]+\.outputs|inputs|workflow\.outputs)\.artifacts\.[^{}\s]+\s*\}\}")


def field_names(where: str, names: Sequence[str]) -> Iterator[Problem]:
    """Names of templates and tasks: letters, digits and '-', at most 128, each once."""
    for name in names:
        if not _FIELD_NAME.fullmatch(name):
            yield Problem(where, f"the name {name!r} is not acceptable", "use letters, digits and '-', at most 128")
    yield from _repeated(where, names)


def value_names(where: str, values: Sequence[Parameter] | Sequence[Artifact]) -> Iterator[Problem]:
    """Names of parameters and artifacts: letters, digits, '-' and '_', each once."""
    for name in (value.name for value in values):
        if not _VALUE_NAME.fullmatch(name):
            yield Problem(where, f"the name {name!r} is not acceptable", "use letters, digits, '-' and '_'")
    yield from _repeated(where, [value.name for value in values])


def _repeated(where: str, names: Sequence[str]) -> Iterator[Problem]:
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        yield Problem(where, f"the name {name!r} stands twice")


def argument_problems(where: str, arguments: Arguments, *, needed: bool = True) -> Iterator[Problem]:
    """Every argument has a value or a location; `needed` is False where a caller may still give the values."""
    yield from value_names(where, arguments.parameters)
    yield from value_names(where, arguments.artifacts)
    for parameter in arguments.parameters:
        here = f"{where}, parameter {parameter.name!r}"
        if parameter.value_from is not None:
            yield Problem(here, "an argument cannot have valueFrom", "write value")
        elif parameter.value is None and needed:
            yield Problem(here, "it has no value")
        yield from _enumerated(here, parameter)
    for artifact in arguments.artifacts:
        here = f"{where}, artifact {artifact.name!r}"
        if artifact.from_ is None and not located(artifact):
            yield Problem(here, "it has no location", "give it from, raw, or s3 with a key")
        if artifact.from_ is not None and not _REFERENCE.fullmatch(artifact.from_.strip()):
            hint = "write {{tasks.NAME.outputs.artifacts.NAME}} or {{inputs.artifacts.NAME}}"
            yield Problem(f"{here}, field 'from'", f"{artifact.from_!r} names no artifact", hint)
        yield from raw_problems(here, artifact)


def _enumerated(where: str, parameter: Parameter) -> Iterator[Problem]:
    if parameter.enum is None:
        return
    if not parameter.enum:
        yield Problem(where, "enum needs at least one value")
    elif parameter.value is not None and "{{" not in parameter.value and parameter.value not in parameter.enum:
        hint = f"it must be one of {', '.join(repr(value) for value in parameter.enum)}"
        yield Problem(where, f"the value {parameter.value!r} is not in enum", hint)


def located(artifact: Artifact) -> bool:
    """Whether the artifact says itself where it is."""
    return artifact.raw is not None or (artifact.s3 is not None and bool(artifact.s3.key))


def raw_problems(where: str, artifact: Artifact) -> Iterator[Problem]:
    """Tags in raw data are substituted too: a document that merely shows one arrives changed."""
    if artifact.raw is not None and "{{" in artifact.raw.data:
        message = "its raw data contains '{{', which Argo substitutes"
        yield Problem(f"{where}, field 'raw.data'", message, "encode the data if the braces belong to it", "warning")


def missing_inputs(where: str, template: Template, arguments: Arguments) -> Iterator[Problem]:
    """The inputs of a template that have neither an argument nor a default of their own."""
    given = {parameter.name for parameter in arguments.parameters}
    for parameter in template.inputs.parameters:
        has_default = parameter.value is not None or parameter.default is not None or parameter.value_from is not None
        if parameter.name not in given and not has_default:
            yield Problem(where, f"template {template.name!r} needs the parameter {parameter.name!r}")
    passed = {artifact.name for artifact in arguments.artifacts}
    for artifact in template.inputs.artifacts:
        if artifact.name not in passed and not artifact.optional and not located(artifact):
            yield Problem(where, f"template {template.name!r} needs the artifact {artifact.name!r}")


def unsupplied_inputs(where: str, handler: Template, own: Arguments) -> Iterator[Problem]:
    """The inputs of an exit handler that only a WorkflowTemplate's spec.arguments could give.

    Argo validates onExit against the arguments of the Workflow itself, even where it runs another's spec, and refuses
    the Workflow. A template is judged as if a Workflow with no arguments referred to it, for that is what starts it.
    """
    given = Arguments(
        parameters=tuple(parameter for parameter in own.parameters if parameter.value is not None),
        artifacts=own.artifacts,
    )
    hint = "Argo asks the referring Workflow for it, not spec.arguments here: give the input a value of its own"
    for problem in missing_inputs(where, handler, given):
        yield replace(problem, hint=hint)


def surplus_arguments(where: str, template: Template, arguments: Arguments) -> Iterator[Problem]:
    """Arguments that the template does not take: Argo drops them without a word."""
    parameters = [parameter.name for parameter in template.inputs.parameters]
    artifacts = [artifact.name for artifact in template.inputs.artifacts]
    for kind, given, taken in (
        ("parameter", [parameter.name for parameter in arguments.parameters], parameters),
        ("artifact", [artifact.name for artifact in arguments.artifacts], artifacts),
    ):
        for name in given:
            if name not in taken:
                message = f"template {template.name!r} takes no {kind} {name!r}"
                yield Problem(where, message, nearest(name, taken), "warning")
