"""What Argo takes and then does not do as it reads, between one task and another. Called by the validator of a DAG.

Each is a warning: the documents run. Sources: workflow/common/ancestry.go (what a bare dependency means),
workflow/common/util.go (ProcessArgs: an argument replaces an artifact's declaration) and
workflow/controller/operator.go (processAggregateNodeOutputs).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from workflows.engine.dependency import awaited_bare
from workflows.engine.model import DAGTask, Template
from workflows.engine.problem import Problem
from workflows.engine.reference import loops

Tasks = Mapping[str, DAGTask]
Templates = Mapping[str, Template]


def task_traps(where: str, task: DAGTask, tasks: Tasks, templates: Templates) -> Iterator[Problem]:
    """The traps of one task."""
    yield from _skipped(where, task, tasks)
    yield from _replaced(where, task, templates.get(task.template))
    yield from _aggregated(where, task, tasks)


def _skipped(where: str, task: DAGTask, tasks: Tasks) -> Iterator[Problem]:
    """A bare name accepts a task that its `when` skipped, whose outputs are then absent."""
    for name in awaited_bare(task):
        if name in tasks and tasks[name].when and f"{name}.Skipped" not in (task.depends or ""):
            message = f"it runs too when {name!r} is skipped by its `when`"
            yield Problem(where, message, f"write depends: {name}.Succeeded, or say .Skipped as well", "warning")


def _replaced(where: str, task: DAGTask, template: Template | None) -> Iterator[Problem]:
    passed = {artifact.name: artifact for artifact in task.arguments.artifacts}
    for declared in template.inputs.artifacts if template else ():
        argument = passed.get(declared.name)
        if argument is None:
            continue
        for field, lost in (
            ("optional", declared.optional and not argument.optional),
            ("archive", declared.archive is not None and argument.archive is None and argument.from_ is None),
        ):
            if lost:
                message = f"the argument {declared.name!r} takes the place of what template {task.template!r} declares"
                yield Problem(where, f"{message}: its {field!r} has no effect", "say it in the argument", "warning")


def _aggregated(where: str, task: DAGTask, tasks: Tasks) -> Iterator[Problem]:
    text = task.to_json()
    for name in (name for name, other in tasks.items() if loops(other)):
        if re.search(rf"\btasks(\.{re.escape(name)}|\['{re.escape(name)}'\])\.outputs\.result\b", text):
            message = f"the results of {name!r}, which loops, come as one list: each must be JSON by itself"
            yield Problem(where, message, "use an output parameter", "warning")
