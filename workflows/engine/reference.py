"""Which `{{…}}` variables may stand in a text of a document, and what is wrong with those that may not.

Called by the validator, before anything runs: at run time Argo waits forever for a misspelt task and hands a misspelt
expression to the container as text. Expression tags are checked too, which Argo's own lint leaves out.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from workflows.engine.expression import identifiers, misfit
from workflows.engine.model import DAGTask, ObjectMeta, Template, WorkflowSpec
from workflows.engine.problem import Problem
from workflows.engine.template import tags
from workflows.errors import RetrainError

ROOTS = ("workflow", "inputs", "outputs", "tasks", "item", "pod", "node", "retries", "lastRetry", "steps")
Explain = Callable[[str], tuple[str, str]]

_WORKFLOW = ["name", "namespace", "mainEntrypoint", "serviceAccountName", "uid", "priority", "status", "duration"]
_JSON = ("parameters", "parameters.json", "labels", "labels.json", "annotations", "annotations.json")
_NODE = ("id", "status", "startedAt", "finishedAt", "hostNodeName")
_LAST_RETRY = ("lastRetry.exitCode", "lastRetry.status", "lastRetry.duration", "lastRetry.message")


@dataclass(frozen=True, slots=True)
class Names:
    """The variables that may stand somewhere: by name, or any that begins with one of `prefixes`."""

    exact: frozenset[str]
    prefixes: tuple[str, ...] = ()

    def __or__(self, other: Names) -> Names:
        return Names(self.exact | other.exact, self.prefixes + other.prefixes)

    def has(self, name: str) -> bool:
        """As a simple tag resolves it: the whole name."""
        return name in self.exact or name.startswith(self.prefixes)

    def texts(self) -> frozenset[str]:
        """Those that are nothing but text: with a known name below, an expression finds a mapping there."""
        parents = {name.rpartition(".")[0] for name in (*self.exact, *(prefix + "x" for prefix in self.prefixes))}
        return self.exact - parents

    def reaches(self, name: str) -> bool:
        """As an expression resolves it: the name, or a mapping with known names below."""
        return self.has(name) or any(known.startswith(f"{name}.") for known in (*self.exact, *self.prefixes))


def workflow_names(metadata: ObjectMeta, spec: WorkflowSpec) -> Names:
    """`workflow.*` of a spec: its parameters, labels, annotations and everything a template exports by globalName."""
    extra = spec.workflow_metadata
    labels = {**metadata.labels, **(extra.labels if extra else {})}
    annotations = {**metadata.annotations, **(extra.annotations if extra else {})}
    exact = {
        *(f"workflow.{name}" for name in (*_WORKFLOW, *_JSON)),
        *(f"workflow.parameters.{parameter.name}" for parameter in spec.arguments.parameters),
        *(f"workflow.labels.{name}" for name in labels),
        *(f"workflow.annotations.{name}" for name in annotations),
    }
    if spec.priority is not None:
        exact.add("workflow.priority")
    prefixes = ["workflow.creationTimestamp", "workflow.scheduledTime"]
    for template in spec.templates:
        for kind, outputs in (("parameters", template.outputs.parameters), ("artifacts", template.outputs.artifacts)):
            for name in (output.global_name for output in outputs if output.global_name):
                stem, tagged, _ = name.partition("{{")
                (prefixes.append if tagged else exact.add)(f"workflow.outputs.{kind}.{stem}")
    return Names(frozenset(exact), tuple(prefixes))


def template_names(template: Template) -> Names:
    """What the body of a template may say of itself: inputs, paths, and in a container its pod and attempt."""
    inputs, outputs = template.inputs, template.outputs
    exact = {"node.name", "tasks.name"}
    exact |= {f"inputs.parameters.{parameter.name}" for parameter in inputs.parameters}
    exact |= {f"inputs.artifacts.{artifact.name}" for artifact in inputs.artifacts}
    exact |= {"inputs.parameters"} if inputs.parameters else set()
    if template.dag is None:
        exact |= {"pod.name", "retries", *_LAST_RETRY}
        exact |= {f"inputs.artifacts.{artifact.name}.path" for artifact in inputs.artifacts}
        exact |= {f"outputs.artifacts.{artifact.name}.path" for artifact in outputs.artifacts}
        exact |= {f"outputs.parameters.{p.name}.path" for p in outputs.parameters if p.value_from and p.value_from.path}
    return Names(frozenset(exact))


def task_names(task: DAGTask, template: Template | None) -> Names:
    """`tasks.<name>.*` of a task; anything below it if its template is not known."""
    if template is None:
        return Names(frozenset(), (f"tasks.{task.name}.",))
    outputs = [*_NODE]
    if template.dag is None:
        outputs += ["exitCode", "outputs.result"]
    outputs += [f"outputs.parameters.{parameter.name}" for parameter in template.outputs.parameters]
    if loops(task):
        outputs += ["outputs.parameters"]
    else:
        outputs += [f"outputs.artifacts.{artifact.name}" for artifact in template.outputs.artifacts]
    return Names(frozenset(f"tasks.{task.name}.{name}" for name in outputs))


def item_names(task: DAGTask) -> Names:
    """`item` and its members, where the task loops."""
    if not loops(task):
        return Names(frozenset())
    if task.with_param is not None:
        return Names(frozenset({"item"}), ("item.",))
    keys = {key for item in task.with_items or () if isinstance(item, dict) for key in item}
    keys |= {f"[{i}]" for item in task.with_items or () if isinstance(item, list) for i in range(len(item))}
    return Names(frozenset({"item", *(f"item.{key}" for key in keys)}))


def loops(task: DAGTask) -> bool:
    """Whether the task has items, so that its outputs are lists and its artifacts many."""
    return bool(task.with_items or task.with_param or task.with_sequence)


def texts(value: JsonValue, place: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a JSON value with its place; content of raw artifacts is left to a check of its own."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, child in value.items():
            if not (key == "data" and place.endswith("raw")):
                yield from texts(child, f"{place}.{key}" if place else key)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            named = isinstance(child, dict) and isinstance(child.get("name"), str)
            yield from texts(child, f"{place}[{child['name'] if named and isinstance(child, dict) else index}]")


def unresolved(where: str, value: JsonValue, names: Names, explain: Explain) -> Iterator[Problem]:
    """A problem for every tag in the value that `names` has not; `explain` says what is wrong with such a name."""
    for place, text in texts(value):
        here = f"{where}, field {place!r}" if place else where
        try:
            found = tags(text) if "{{" in text else ()
        except RetrainError as error:
            yield Problem(here, error.message, error.hint)
            continue
        for tag in found:
            label = f"{{{{{tag.text}}}}}"
            if tag.kind == "simple":
                name = tag.text.strip()
                yield from _simple(here, name, names, explain) if "{{" not in name else ()
            else:
                missing = tuple(_expression(here, label, tag.names, names, explain))
                yield from missing
                if not missing and (why := misfit(tag.text[1:], names.texts())):
                    hint = "every value is text here: write asInt(…) or asFloat(…)"
                    yield Problem(here, f"{label} can never be worked out, and stays as it is: {why}", hint)


def unresolved_expression(where: str, text: str, names: Names, explain: Explain) -> Iterator[Problem]:
    """The same for a field that is an expression without braces."""
    try:
        yield from _expression(where, text, identifiers(text), names, explain)
    except RetrainError as error:
        yield Problem(where, f"cannot read the expression {text!r}: {error.message}", error.hint)


def nearest(name: str, known: Iterable[str]) -> str:
    """`did you mean …?`, or what there is if nothing is near; empty if there is nothing."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"there are: {', '.join(names)}" if 0 < len(names) <= 20 else ""


def plainly(names: Names) -> Explain:
    """The explanation where there are no tasks to speak of."""

    def explain(name: str) -> tuple[str, str]:
        if name == "workflow.failures":
            return "it exists only below onExit", ""
        if name.partition(".")[0] not in ROOTS:
            return "there is no such variable", "a name with a hyphen is written as in tasks['train-model']"
        if name.startswith(("tasks.", "item")):
            return "it exists only in a task of a DAG", "pass it in as a parameter"
        parent = name.rpartition(".")[0]
        known = [known for known in names.exact if known.startswith(f"{parent}.")]
        return "there is no such variable", nearest(name, known)

    return explain


def _simple(where: str, name: str, names: Names, explain: Explain) -> Iterator[Problem]:
    root = name.partition(".")[0]
    if root not in ROOTS:
        # Other text in double braces is left alone by Argo; only what looks like a slip is worth a word.
        if "." in name and (close := difflib.get_close_matches(root, ROOTS, n=1, cutoff=0.75)):
            yield Problem(where, f"cannot resolve {{{{{name}}}}}", f"did you mean {close[0]!r}?", "warning")
    elif not names.has(name) and name not in ROOTS:
        why, hint = explain(name)
        yield Problem(where, f"cannot resolve {{{{{name}}}}}: {why}", hint)


def _expression(where: str, label: str, found: Iterable[str], names: Names, explain: Explain) -> Iterator[Problem]:
    known = tuple(found)
    for name in known:
        whole = not any(other.startswith(f"{name}.") for other in known)
        if whole and not names.reaches(name):
            why, hint = explain(name)
            yield Problem(where, f"cannot resolve {name!r} in {label}: {why}", hint)


def members(names: Mapping[str, object]) -> str:
    """`it declares 'a', 'b'`, or that it declares none."""
    return f"it declares {', '.join(repr(name) for name in names)}" if names else "it declares none"
