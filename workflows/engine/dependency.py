"""Which tasks a DAG task waits for, and whether their results let it run: `depends`, `dependencies`, `continueOn`.

The state machine decides with it, the validator reads its names. It knows only phases, not nodes, so that the rules of
workflow/common/ancestry.go and dag.go (evaluateDependsLogic) stand here alone.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from workflows.engine.expression import ExpressionError, identifiers
from workflows.engine.expression import decide as holds
from workflows.engine.model import DAGTask
from workflows.engine.nodes import NodePhase
from workflows.errors import RetrainError

_OF_CHILDREN = ("AnySucceeded", "AllFailed")
RESULTS = ("Succeeded", "Failed", "Errored", "Skipped", "Omitted", "Daemoned", *_OF_CHILDREN)
_NAME = re.compile(
    r"(?P<task>[a-zA-Z0-9][-a-zA-Z0-9]*?)\.(?P<result>[A-Z][a-zA-Z]+)|(?P<bare>[a-zA-Z0-9][-a-zA-Z0-9]*)"
)


class DependencyError(RetrainError):
    """A `depends` that cannot be read or decided; the node is Error."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a task ended; `children` are the phases of a with* task's own children, None for a task without a loop."""

    phase: NodePhase
    children: tuple[NodePhase, ...] | None = None


@dataclass(frozen=True, slots=True)
class Dependency:
    """What one task waits for: `expression` is `depends` with bare names expanded, empty if it waits for nothing.

    `looped` are the tasks asked for AnySucceeded or AllFailed.
    """

    expression: str
    tasks: tuple[str, ...]
    looped: frozenset[str]


def dependency(task: DAGTask, tasks: Mapping[str, DAGTask]) -> Dependency:
    """Read the `depends` or `dependencies` of `task` among `tasks` (all tasks of the DAG by name).

    A bare name means Succeeded, Skipped or Daemoned, and what the named task's continueOn lets pass. Raises
    DependencyError for an unknown task, an unknown result, or a syntax error.
    """
    text = task.depends or " && ".join(task.dependencies)
    for found in _NAME.finditer(text):
        _known(found, task.name, tasks)
    expanded = _NAME.sub(lambda found: _expanded(found, tasks), text)
    if text:
        _readable(expanded, task.name)
    looped = frozenset(found["task"] for found in _NAME.finditer(text) if found["result"] in _OF_CHILDREN)
    return Dependency(expanded, names(text), looped)


def _known(found: re.Match[str], name: str, tasks: Mapping[str, DAGTask]) -> None:
    asked, result = found["task"] or found["bare"], found["result"]
    if asked not in tasks:
        near = difflib.get_close_matches(asked, tasks, n=1)
        raise DependencyError(
            f"task {name!r} waits for {asked!r}, which is no task of its DAG",
            hint=f"did you mean {near[0]!r}?" if near else "",
        )
    if result is not None and result not in RESULTS:
        raise DependencyError(
            f"task result {result!r} for task {asked!r} is invalid", hint=f"there are {', '.join(RESULTS)}"
        )


def _expanded(found: re.Match[str], tasks: Mapping[str, DAGTask]) -> str:
    name = found["bare"]
    if name is None:
        return found[0]
    passing = ["Succeeded", "Skipped", "Daemoned"]
    allowed = tasks[name].continue_on
    if allowed is not None:
        passing += ["Errored"] * allowed.error + ["Failed"] * allowed.failed
    return f"({' || '.join(f'{name}.{result}' for result in passing)})"


def _readable(expression: str, name: str) -> None:
    try:
        identifiers(_identifier(expression))
    except ExpressionError as error:
        raise DependencyError(f"task {name!r}: cannot read depends: {error.message}", hint=error.hint) from None


def _identifier(text: str) -> str:
    return text.replace("-", "_")  # Argo's own way to make names of task names, in the whole expression


def names(depends: str) -> tuple[str, ...]:
    """Return the task names a `depends` text speaks of, in order, each once; for the validator."""
    return tuple(dict.fromkeys(found["task"] or found["bare"] for found in _NAME.finditer(depends)))


def awaited_bare(task: DAGTask) -> tuple[str, ...]:
    """Return the tasks that `task` waits for without saying by which result, each once."""
    text = task.depends or " && ".join(task.dependencies)
    found = (match["bare"] for match in _NAME.finditer(text))
    return tuple(dict.fromkeys(name for name in found if name))


def _awaited(task: DAGTask) -> tuple[str, ...]:
    return names(task.depends) if task.depends else task.dependencies


def ancestors(name: str, tasks: Mapping[str, DAGTask]) -> tuple[str, ...]:
    """Return the tasks whose outputs `name` may refer to: all it waits for, directly or not, in document order."""
    seen: set[str] = set()
    open_ = [name]
    while open_:
        for awaited in _awaited(tasks[open_.pop()]):
            if awaited in tasks and awaited not in seen:
                seen.add(awaited)
                open_.append(awaited)
    return tuple(other for other in tasks if other in seen and other != name)


def leaves(tasks: Iterable[DAGTask]) -> tuple[str, ...]:
    """Return the tasks that no other task waits for, sorted: the targets of a DAG without `target`."""
    every = list(tasks)
    awaited = {name for task in every for name in _awaited(task)}
    return tuple(sorted({task.name for task in every} - awaited))


def decide(expression: str, results: Mapping[str, Result]) -> bool:
    """Say whether a task runs (else it is Omitted), given `Dependency.expression` and how those tasks ended.

    Call it only when every dependency is fulfilled. Raises DependencyError if it cannot be evaluated; the node is then
    Error.
    """
    environment = {_identifier(name): dict(_facts(result)) for name, result in results.items()}
    text = _identifier(expression)
    try:
        for path in identifiers(text):  # here a member that is not there is an error, not nil
            root, _, member = path.partition(".")
            if root in environment and member and member not in RESULTS:
                raise DependencyError(f"unable to evaluate expression '{text}': no result {member!r}")
        return holds(text, environment)
    except ExpressionError as error:
        raise DependencyError(f"unable to evaluate expression '{text}': {error.message}") from None


def _facts(result: Result) -> Iterator[tuple[str, bool]]:
    children = result.children or ()
    yield "Succeeded", result.phase is NodePhase.SUCCEEDED
    yield "Failed", result.phase is NodePhase.FAILED
    yield "Errored", result.phase is NodePhase.ERROR
    yield "Skipped", result.phase is NodePhase.SKIPPED
    yield "Omitted", result.phase is NodePhase.OMITTED
    yield "Daemoned", False
    yield "AnySucceeded", NodePhase.SUCCEEDED in children
    yield "AllFailed", bool(children) and all(phase is NodePhase.FAILED for phase in children)
