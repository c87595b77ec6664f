"""`retrain graph`: the tasks of a pipeline's Workflow and what each waits for, read from the rendered manifest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import typer

from workflows.commands.documents import read
from workflows.engine.dependency import names
from workflows.engine.model import DAGTask, WorkflowTemplate
from workflows.errors import DocumentError


def run(pipeline: str, manifests: Path, form: Literal["text", "mermaid", "json"]) -> int:
    """Print the graph in the form asked for."""
    tasks = tasks_of(read(manifests).template(pipeline))
    typer.echo({"text": text, "mermaid": mermaid, "json": as_json}[form](tasks))
    return 0


def tasks_of(template: WorkflowTemplate) -> tuple[DAGTask, ...]:
    """Return the tasks of the entrypoint; raises `DocumentError` if it is no graph."""
    for entry in template.spec.templates:
        if entry.name == template.spec.entrypoint and entry.dag:
            return entry.dag.tasks
    raise DocumentError(f"the entrypoint of {template.metadata.name!r} is no dag")


def parents(task: DAGTask) -> tuple[str, ...]:
    """Return the tasks that this one names in `depends` or `dependencies`, in that order."""
    return task.dependencies or names(task.depends or "")


def loops(task: DAGTask) -> bool:
    """Whether it runs once for each item."""
    return bool(task.with_param or task.with_items or task.with_sequence)


def notes(task: DAGTask) -> str:
    """Return what bounds the task: its loop and its condition."""
    loop = "one for each item" if loops(task) else ""
    condition = f"when {task.when.rpartition('}}')[2].strip()}" if task.when else ""
    return ", ".join(part for part in (loop, condition) if part)


def text(tasks: tuple[DAGTask, ...]) -> str:
    width = max(len(task.name) for task in tasks)
    lines = []
    for task in tasks:
        after = f"after {', '.join(parents(task))}" if parents(task) else "at once"
        extra = f" ({notes(task)})" if notes(task) else ""
        lines.append(f"{task.name:<{width}}  {after}{extra}")
    return "\n".join(lines)


def mermaid(tasks: tuple[DAGTask, ...]) -> str:
    lines = ["flowchart LR"]
    for task in tasks:
        shape = ("[[", "]]") if loops(task) else ("[", "]")
        lines.append(f"  {task.name}{shape[0]}{task.name}{shape[1]}")
    for task in tasks:
        label = f'|"{notes(task)}"|' if task.when else ""
        lines += [f"  {parent} -->{label} {task.name}" for parent in parents(task)]
    return "\n".join(lines)


def as_json(tasks: tuple[DAGTask, ...]) -> str:
    rows = [{"name": task.name, "after": list(parents(task)), "when": task.when, "loop": loops(task)} for task in tasks]
    return json.dumps(rows, indent=2)
