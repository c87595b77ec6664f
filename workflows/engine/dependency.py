"""Which tasks a DAG task waits for, and whether their results let it run: `depends`, `dependencies`, `continueOn`.

The state machine decides with it, the validator reads its names. It knows only phases, not nodes, so that the rules of
workflow/common/ancestry.go and dag.go (evaluateDependsLogic) stand here alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from workflows.engine.model import DAGTask
from workflows.engine.nodes import NodePhase


@dataclass(frozen=True, slots=True)
class Result:
    """How a task ended; `children` are the phases of a with* task's own children, None for a task without a loop."""

    phase: NodePhase
    children: tuple[NodePhase, ...] | None = None


@dataclass(frozen=True, slots=True)
class Dependency:
    """What one task waits for: `expression` is `depends` with bare names expanded, empty if it waits for nothing."""

    expression: str
    tasks: tuple[str, ...]
    looped: frozenset[str]


def dependency(task: DAGTask, tasks: Mapping[str, DAGTask]) -> Dependency:
    """Read the `depends` or `dependencies` of `task` among `tasks` (all tasks of the DAG by name).

    `looped` are the tasks asked for AnySucceeded or AllFailed. Raises DependencyError for an unknown task, an unknown
    result, or a syntax error.
    """
    raise NotImplementedError


def names(depends: str) -> tuple[str, ...]:
    """Return the task names a `depends` text speaks of, in order, each once; for the validator."""
    raise NotImplementedError


def ancestors(name: str, tasks: Mapping[str, DAGTask]) -> tuple[str, ...]:
    """Return the tasks whose outputs `name` may refer to: everything it waits for, directly or not, in document order."""
    raise NotImplementedError


def leaves(tasks: Iterable[DAGTask]) -> tuple[str, ...]:
    """Return the tasks that no other task waits for: the targets of a DAG without `target`."""
    raise NotImplementedError


def decide(expression: str, results: Mapping[str, Result]) -> bool:
    """Say whether a task runs (else it is Omitted). Call it only when every dependency is fulfilled.

    Raises DependencyError if the expression cannot be evaluated; the node is then Error.
    """
    raise NotImplementedError
