"""Where each input of a step comes from; the graph's edges fall out of it. Called by the pipeline's definition.

A value that another step writes makes the reader depend on that step; nobody types an edge. The edges are reduced to
the ones that say something: `train` after `validate` needs no line from `claim`, which `validate` follows already.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from workflows.catalog import ARTIFACTS, RUN_PARAMETERS, STEPS, Saved, Step

RUN_VALUES: Mapping[str, str] = {
    "workflow": "{{workflow.name}}",
    "uid": "{{workflow.uid}}",
    "status": "{{workflow.status}}",
    "failures": "{{workflow.failures}}",
    "created": "{{workflow.creationTimestamp.RFC3339}}",
    "duration": "{{workflow.duration}}",
    "labels": "{{workflow.labels.json}}",
    "outputs": "{{= toJson(workflow.outputs?.parameters ?? 'absent') }}",
}
"""What Argo itself says of a run. The Workflow's outputs come as one JSON text: any of them may be missing by then."""

GIVEN_ARTIFACTS = ("document", "raw")


@dataclass(frozen=True, slots=True)
class Edge:
    """`reader` takes `name` from `producer`."""

    producer: str
    reader: str
    name: str


def asked(step: Step, *, exports: bool) -> Step:
    """Return the step's row as a document asks for it: one that exports nothing has none of the optional artifacts."""
    if exports:
        return step
    return replace(
        step,
        artifacts=tuple(name for name in step.artifacts if name not in step.optional),
        saves=tuple(row for row in step.saves if row.name not in step.optional),
    )


def producer_of(name: str, *, artifact: bool) -> Step:
    """Return the step that makes `name`; raises `LookupError` when the catalog has no such step."""
    for step in STEPS:
        made = (saved.name for saved in step.saves) if artifact else (written.name for written in step.writes)
        if name in made:
            return step
    raise LookupError(f"no step of the catalog makes the {'artifact' if artifact else 'parameter'} {name!r}")


def saved(name: str) -> Saved:
    """Return the catalog's row of the artifact `name`."""
    return next(row for row in producer_of(name, artifact=True).saves if row.name == name)


def given(name: str) -> str:
    """Return the tag of a parameter that a person may have typed, with `$(` broken up.

    Kubernetes expands `$(VAR)` in arguments, from Secrets too: typed in a reason, one would end up on record (seen).
    """
    return f"{{{{= sprig.replace('$(', '$ (', workflow.parameters['{name}']) }}}}"


def value_of(step: Step, name: str) -> str:
    """Return the text that fills the parameter `name` of `step`: a tag, late-bound by Argo."""
    if step.fan_out and name in ("index", "file"):
        return f"{{{{item.{name}}}}}"
    if name in RUN_VALUES:
        return RUN_VALUES[name]
    if name in RUN_PARAMETERS:
        return given(name)
    return f"{{{{tasks.{producer_of(name, artifact=False).name}.outputs.parameters.{name}}}}}"


def is_collected(name: str) -> bool:
    """Say whether the artifact is a folder that the items of a loop fill, read by its key prefix."""
    return bool(producer_of(name, artifact=True).fan_out)


def prefix_of(name: str) -> str:
    """Return the key prefix below which a loop's items save the artifact `name`."""
    return f"{ARTIFACTS}/{saved(name).key.split('/')[0]}"


def edges(step: Step) -> tuple[Edge, ...]:
    """Return what the step takes from other steps, gate and loop included."""
    values = [
        name
        for name in (
            *step.parameters,
            *([step.fan_out] if step.fan_out else []),
            *(["decision"] if step.only_when else []),
        )
        if name not in RUN_VALUES and name not in RUN_PARAMETERS and not (step.fan_out and name in ("index", "file"))
    ]
    from_values = [Edge(producer_of(name, artifact=False).name, step.name, name) for name in values]
    files = [name for name in step.artifacts if name not in GIVEN_ARTIFACTS]
    return (*from_values, *(Edge(producer_of(name, artifact=True).name, step.name, name) for name in files))


def dependencies(steps: Iterable[Step] = STEPS) -> Mapping[str, tuple[str, ...]]:
    """Return for each step the steps it must follow, without those that follow from the others."""
    direct = {step.name: {edge.producer for edge in edges(step)} for step in steps}
    order = [step.name for step in steps]

    def ancestors(name: str) -> set[str]:
        return direct[name].union(*(ancestors(parent) for parent in direct[name])) if direct[name] else set()

    return {
        name: tuple(
            parent
            for parent in order
            if parent in parents and not any(parent in ancestors(other) for other in parents - {parent})
        )
        for name, parents in direct.items()
    }
