"""Checks of a DAG: its edges, its tasks' arguments, and which outputs they may refer to. Called by the validator.

Source of the rules: validateDAG in Argo's workflow/validate/validate.go; the trap of the leaf that handles a failure is
in assessDAGPhase (workflow/controller/dag.go), which takes a DAG's phase from its leaves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from workflows.engine.dependency import ancestors, dependency
from workflows.engine.model import DAGTask, Template
from workflows.engine.problem import Problem
from workflows.engine.reference import (
    Explain,
    Names,
    item_names,
    loops,
    members,
    nearest,
    plainly,
    task_names,
    unresolved,
    unresolved_expression,
)
from workflows.engine.validate_arguments import (
    argument_problems,
    field_names,
    missing_inputs,
    surplus_arguments,
)
from workflows.engine.validate_traps import task_traps
from workflows.engine.validate_when import when_problems
from workflows.errors import RetrainError

Tasks = Mapping[str, DAGTask]
Templates = Mapping[str, Template]


def dag_problems(where: str, template: Template, templates: Templates, scope: Names) -> Iterator[Problem]:
    """What is wrong with the DAG of `template`; `scope` is what its body may refer to besides its tasks."""
    dag = template.dag
    if dag is None:
        return
    tasks = {task.name: task for task in dag.tasks}
    if not tasks:
        yield Problem(where, "a DAG needs at least one task")
    yield from field_names(f"{where}, field 'dag.tasks'", [task.name for task in dag.tasks])
    for target in (dag.target or "").split():
        if "{{" not in target and target not in tasks:
            yield Problem(f"{where}, field 'dag.target'", f"there is no task {target!r}", nearest(target, tasks))
    waits, broken = _edges(where, tasks)
    yield from broken
    cycle = _cycle(waits)
    if cycle:
        yield Problem(where, f"its tasks wait for each other: {' -> '.join(cycle)}")
    whole = not broken and not cycle
    for task in dag.tasks:
        here = f"{where}, task {task.name!r}"
        before = ancestors(task.name, tasks) if whole else tuple(tasks)
        yield from _task(here, task, templates)
        yield from when_problems(here, task.when)
        yield from task_traps(here, task, tasks, templates)
        yield from _references(here, task, before, tasks, templates, scope)
    yield from _outputs(where, template, tasks, templates, scope)
    if whole:
        yield from _hidden_failures(where, tasks, waits)


def _edges(where: str, tasks: Tasks) -> tuple[dict[str, tuple[str, ...]], list[Problem]]:
    """What each task waits for, and what is wrong with how it says so."""
    depends = any(task.depends for task in tasks.values())
    waits: dict[str, tuple[str, ...]] = {}
    problems: list[Problem] = []
    for name, task in tasks.items():
        here = f"{where}, task {name!r}"
        if depends and task.dependencies:
            problems.append(Problem(here, "a DAG has depends or dependencies, not both"))
        if depends and task.continue_on is not None:
            hint = "write TASK.Failed or TASK.Errored in depends"
            problems.append(Problem(here, "continueOn does nothing beside depends", hint))
        if (depends or task.dependencies) and name[:1].isdigit():
            problems.append(Problem(here, "a task that others wait for cannot begin with a digit"))
        try:
            found = dependency(task, tasks)
        except RetrainError as error:
            problems.append(Problem(f"{here}, field 'depends'", error.message, error.hint))
            continue
        waits[name] = found.tasks
        for asked in sorted(found.looped):
            if asked in tasks and not loops(tasks[asked]):
                message = f"AnySucceeded and AllFailed ask for the items of {asked!r}, which has none"
                problems.append(Problem(f"{here}, field 'depends'", message))
    return waits, problems


def _cycle(waits: Mapping[str, tuple[str, ...]]) -> list[str]:
    """One cycle, from a task back to itself; empty if there is none."""
    settled: set[str] = set()

    def search(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in settled:
            return []
        for following in waits.get(name, ()):
            if found := search(following, [*path, name]):
                return found
        settled.add(name)
        return []

    return next((found for name in waits if (found := search(name, []))), [])


def _task(where: str, task: DAGTask, templates: Templates) -> Iterator[Problem]:
    kinds = [task.with_items is not None, task.with_param is not None, task.with_sequence is not None]
    if sum(kinds) > 1:
        yield Problem(where, "a task has one of withItems, withParam and withSequence")
    if task.with_sequence and task.with_sequence.count is not None and task.with_sequence.end is not None:
        yield Problem(f"{where}, field 'withSequence'", "it has count or end, not both")
    yield from argument_problems(f"{where}, field 'arguments'", task.arguments)
    if "{{" in task.template:
        return
    template = templates.get(task.template)
    if template is None:
        yield Problem(where, f"there is no template {task.template!r}", nearest(task.template, templates))
        return
    yield from missing_inputs(where, template, task.arguments)
    yield from surplus_arguments(where, template, task.arguments)


def _references(
    where: str, task: DAGTask, before: tuple[str, ...], tasks: Tasks, templates: Templates, scope: Names
) -> Iterator[Problem]:
    names = scope | item_names(task)
    for name in before:
        names |= task_names(tasks[name], templates.get(tasks[name].template))
    explain = _explaining(task.name, before, tasks, templates, names)
    yield from unresolved(where, task.to_dict(), names, explain)


def _outputs(where: str, template: Template, tasks: Tasks, templates: Templates, scope: Names) -> Iterator[Problem]:
    """What the DAG itself gives back, and its other fields: any of its tasks may be named."""
    names = scope
    for task in tasks.values():
        names |= task_names(task, templates.get(task.template))
    explain = _explaining("", tuple(tasks), tasks, templates, names)
    yield from unresolved(where, template.without_metrics().model_copy(update={"dag": None}).to_dict(), names, explain)
    for parameter in template.outputs.parameters:
        if parameter.value_from is not None and parameter.value_from.expression:
            here = f"{where}, outputs parameter {parameter.name!r}"
            yield from unresolved_expression(here, parameter.value_from.expression, names, explain)


def _explaining(asker: str, before: tuple[str, ...], tasks: Tasks, templates: Templates, names: Names) -> Explain:
    plain = plainly(names)

    def explain(name: str) -> tuple[str, str]:
        root, _, rest = name.partition(".")
        if root == "item":
            return "the task has no such item", ""
        if root != "tasks":
            return plain(name)
        task = rest.partition(".")[0]
        if not task:
            return f"task {asker!r} waits for no other", "name the task in depends"
        if task not in tasks:
            return f"there is no task {task!r}", nearest(task, tasks)
        if task not in before:
            if task == asker:
                return "a task cannot refer to itself", ""
            return f"task {asker!r} does not wait for {task!r}", "name it in depends"
        return _no_output(name, tasks[task], templates[tasks[task].template])

    return explain


def _no_output(name: str, task: DAGTask, template: Template) -> tuple[str, str]:
    parameters = {parameter.name: None for parameter in template.outputs.parameters}
    artifacts = {artifact.name: None for artifact in template.outputs.artifacts}
    if ".outputs.artifacts." in name:
        if loops(task):
            return f"task {task.name!r} loops, and its artifacts are many", "read them by their key prefix"
        return f"task {task.name!r} has no such artifact", members(artifacts)
    return f"task {task.name!r} has no such output", members(parameters)


def _hidden_failures(where: str, tasks: Tasks, waits: Mapping[str, tuple[str, ...]]) -> Iterator[Problem]:
    """A leaf that runs because a task failed makes its branch Succeeded, and the whole DAG if no other leaf follows."""
    awaited = {name for found in waits.values() for name in found}
    leaves = [name for name in tasks if name not in awaited]
    for leaf in leaves:
        for name in waits[leaf]:
            if not _handles(tasks[leaf], name):
                continue
            others = (other for other in leaves if other != leaf and not _handles(tasks[other], name))
            if not any(name in ancestors(other, tasks) for other in others):
                message = f"it runs when {name!r} fails and is the last word on it: the DAG can still be Succeeded"
                hint = "handle failures in onExit, or let another last task wait for it"
                yield Problem(f"{where}, task {leaf!r}", message, hint, "warning")


def _handles(task: DAGTask, name: str) -> bool:
    pattern = rf"(?<![\w-]){re.escape(name)}\.(Failed|Errored|AllFailed)\b"
    return re.search(pattern, task.depends or "") is not None
