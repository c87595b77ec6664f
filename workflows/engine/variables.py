"""The catalogue of `{{…}}` variables, and the scopes made of them; a scope is written through it and in no other way.

The state machine builds scopes here and hands them to template; the validator asks which variables may stand where.
Resolver, validator and documentation share the one list so that they cannot drift (as Argo's util/variables).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from workflows.engine.model import Workflow
from workflows.engine.nodes import NodeStatus
from workflows.engine.values import Inputs, Outputs

Scope = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Variable:
    """One row: `pattern` with `<name>` holes, the groups of fields it may stand in, and what it holds."""

    pattern: str
    where: frozenset[str]
    description: str


CATALOGUE: tuple[Variable, ...] = ()


def workflow_scope(workflow: Workflow, *, now: datetime) -> Scope:
    """Return workflow.*: name, namespace, uid, parameters, outputs, labels, annotations, times, duration, status."""
    raise NotImplementedError


def exit_scope(workflow: Workflow, entry: NodeStatus) -> Scope:
    """Return workflow.status and workflow.failures as the onExit tree sees them; failures is a quoted JSON list."""
    raise NotImplementedError


def inputs_scope(inputs: Inputs) -> Scope:
    """Return inputs.parameters.* of a template whose inputs have their values."""
    raise NotImplementedError


def node_scope(name: str, node: NodeStatus, declared: Outputs, *, prefix: str = "tasks") -> Scope:
    """Return tasks.<name>.*: id, status, times, outputs; `declared` are its template's outputs.

    A Skipped or Omitted producer gives its declared defaults, else None. Of a Retry node, pass its last child.
    """
    raise NotImplementedError


def aggregate_scope(name: str, children: Iterable[NodeStatus], *, prefix: str = "tasks") -> Scope:
    """Return tasks.<name>.outputs.* of a loop, from its Succeeded children in index order; empty without children.

    Raises VariableError if a child's result is not JSON.
    """
    raise NotImplementedError


def item_scope(item: JsonValue) -> Scope:
    """Return item and, for a map, item.<key>."""
    raise NotImplementedError


def item_name(name: str, index: int, item: JsonValue) -> str:
    """Return the node name of one loop item, such as `validate(0:file:a.csv)`."""
    raise NotImplementedError


def pod_scope(node: str, pod: str, *, task: str | None = None) -> Scope:
    """Return node.name, pod.name and tasks.name."""
    raise NotImplementedError


def retry_scope(retries: int, last: NodeStatus | None) -> Scope:
    """Return retries and lastRetry.* as tags in the pod's body; before the first attempt exitCode and duration are "0"."""
    raise NotImplementedError


def retry_expression_scope(attempts: int, last: NodeStatus) -> Scope:
    """Return retries and lastRetry.* for retryStrategy.expression; exitCode is "-1" if there is none."""
    raise NotImplementedError


def paths_scope(paths: Mapping[str, str]) -> Scope:
    """Return the path variables, e.g. {"inputs.artifacts.model.path": "…"}; refuses a name that is not one."""
    raise NotImplementedError
