"""The scopes of `{{…}}`: which variables have which values at one point of a run.

The state machine builds them here and hands them to template; vocabulary says which there are. A scope is flat, dotted
name to text; None stands for the output of a producer that never ran.
Source: setGlobalParameters, buildLocalScope and processAggregateNodeOutputs in workflow/controller/operator.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from workflows.engine.gonumbers import shortest
from workflows.engine.gotext import compact, decode, encode
from workflows.engine.model import Workflow
from workflows.engine.nodes import NodePhase, NodeStatus
from workflows.engine.values import Inputs, Model, Outputs, Parameter
from workflows.engine.vocabulary import CATALOGUE, Scope, Variable, lookup, write
from workflows.errors import RetrainError

__all__ = [
    "CATALOGUE",
    "Scope",
    "Variable",
    "VariableError",
    "aggregate_scope",
    "inputs_scope",
    "lookup",
    "node_scope",
    "paths_scope",
    "pod_scope",
    "retry_expression_scope",
    "retry_scope",
    "workflow_scope",
]

_SCHEDULED_TIME = "workflows.argoproj.io/scheduled-time"
_PARAMETER_FIELDS = ("name", "default", "value", "valueFrom", "globalName", "enum", "description")
_STRFTIME = "BbmAadHIMSYypZz"


class VariableError(RetrainError):
    """A scope that cannot be made: a parameter without a value, or a result that is not JSON."""


def workflow_scope(workflow: Workflow, *, now: datetime) -> Scope:
    """Return workflow.*: name, namespace, uid, parameters, outputs, labels, annotations, times, duration, status.

    Raises VariableError for a parameter without a value.
    """
    scope: Scope = {}
    spec, meta, status = workflow.executed_spec, workflow.metadata, workflow.status
    write(scope, "workflow.name", meta.name or "")
    write(scope, "workflow.namespace", meta.namespace or "")
    write(scope, "workflow.uid", meta.uid or "")
    write(scope, "workflow.mainEntrypoint", spec.entrypoint or "")
    write(scope, "workflow.serviceAccountName", spec.service_account_name or "")
    if spec.priority is not None:
        write(scope, "workflow.priority", str(spec.priority))
    write(scope, "workflow.status", str(status.phase or ""))
    write(scope, "workflow.duration", f"{_seconds(status.started_at, status.finished_at or now):f}")
    if meta.creation_timestamp is not None:
        _creation(scope, meta.creation_timestamp)
    if _SCHEDULED_TIME in meta.annotations:
        write(scope, "workflow.scheduledTime", meta.annotations[_SCHEDULED_TIME])
    _parameters(scope, spec.arguments.parameters)
    for parameter in status.outputs.parameters if status.outputs else ():
        if parameter.value is not None:
            write(scope, "workflow.outputs.parameters.<parameter>", parameter.value, parameter.name)
    extra = spec.workflow_metadata
    _metadata(scope, "labels", meta.labels, extra.labels if extra else {})
    _metadata(scope, "annotations", meta.annotations, extra.annotations if extra else {})
    return scope


def _creation(scope: Scope, moment: datetime) -> None:
    moment = moment.astimezone(UTC)
    write(scope, "workflow.creationTimestamp", rfc3339(moment))
    pattern = "workflow.creationTimestamp.<format>"
    write(scope, pattern, rfc3339(moment), "RFC3339")
    write(scope, pattern, str(int(moment.timestamp())), "s")
    write(scope, pattern, ".000", "L")
    for letter in _STRFTIME:
        write(scope, pattern, moment.strftime(f"%{letter}"), letter)


def _parameters(scope: Scope, parameters: Sequence[Parameter]) -> None:
    listed = _listed(parameters)
    write(scope, "workflow.parameters", listed)
    write(scope, "workflow.parameters.json", listed)
    for parameter in parameters:
        if parameter.value is None:
            raise VariableError(
                f"workflow parameter {parameter.name!r} has no value",
                hint=f"give one when submitting: {parameter.name}=…",
            )
        write(scope, "workflow.parameters.<parameter>", parameter.value, parameter.name)


def _metadata(scope: Scope, kind: str, own: Mapping[str, str], added: Mapping[str, str]) -> None:
    listed = encode(own or None)
    write(scope, f"workflow.{kind}", listed)
    write(scope, f"workflow.{kind}.json", listed)
    for name, value in {**own, **added}.items():
        write(scope, f"workflow.{kind}.<{kind[:-1]}>", value, name)


def _listed(parameters: Sequence[Parameter]) -> str:
    """Return parameters as Go's JSON of them: fields in declared order, null for none."""
    return f"[{','.join(_object(parameter, _PARAMETER_FIELDS) for parameter in parameters)}]" if parameters else "null"


def _object(model: Model, fields: Iterable[str]) -> str:
    values = model.to_dict()
    return "{" + ",".join(f'"{name}":{encode(values[name])}' for name in fields if name in values) + "}"


def inputs_scope(inputs: Inputs) -> Scope:
    """Return inputs.parameters.* of a template whose inputs have their values. Raises VariableError for one without."""
    scope: Scope = {}
    write(scope, "inputs.parameters", _listed(inputs.parameters))
    for parameter in inputs.parameters:
        if parameter.value is None:
            raise VariableError(
                f"inputs.parameters.{parameter.name} had no value", hint="pass it, or give it a default"
            )
        write(scope, "inputs.parameters.<parameter>", parameter.value, parameter.name)
    return scope


def node_scope(name: str, node: NodeStatus, declared: Outputs) -> Scope:
    """Return tasks.<name>.*: id, status, times, outputs; `declared` are the outputs of its template.

    A Skipped or Omitted producer gives its declared defaults, else None (§ addSkippedNodeOutputsToScope in scope.go).
    Of a Retry node pass the last child.
    """
    scope: Scope = {}
    outputs = node.outputs
    facts = {
        "id": node.id,
        "startedAt": rfc3339(node.started_at) if node.started_at else None,
        "finishedAt": rfc3339(node.finished_at) if node.finished_at else None,
        "status": str(node.phase) if node.phase else None,
        "hostNodeName": node.host_node_name,
        "outputs.result": outputs.result if outputs else None,
        "exitCode": outputs.exit_code if outputs else None,
    }
    for fact, value in facts.items():
        if value is not None:
            write(scope, f"tasks.<task>.{fact}", value, name)
    for parameter in outputs.parameters if outputs else ():
        if parameter.value is not None:
            write(scope, "tasks.<task>.outputs.parameters.<parameter>", parameter.value, name, parameter.name)
    if outputs is None and node.phase in (NodePhase.SKIPPED, NodePhase.OMITTED):
        for parameter in declared.parameters:
            default = parameter.value_from.default if parameter.value_from else None
            write(scope, "tasks.<task>.outputs.parameters.<parameter>", default, name, parameter.name)
    return scope


def aggregate_scope(name: str, children: Iterable[NodeStatus]) -> Scope:
    """Return tasks.<name>.outputs.* of a loop, from its Succeeded children in index order; empty without children.

    Raises VariableError if a child's result is not JSON.
    """
    every = list(children)
    if not every:
        return {}
    counted = [n for n in every if n.node_flag is None or not (n.node_flag.hooked or n.node_flag.retried)]
    made = [
        node.outputs
        for node in sorted(counted, key=lambda node: _index(node.name))
        if node.outputs is not None and node.phase is NodePhase.SUCCEEDED
    ]
    rows = [{p.name: p.value or "" for p in outputs.parameters} for outputs in made if outputs.parameters]
    results = [_json(name, outputs.result) for outputs in made if outputs.result is not None]
    scope: Scope = {}
    write(scope, "tasks.<task>.outputs.result", f"[{','.join(results)}]", name)
    write(scope, "tasks.<task>.outputs.parameters", encode(rows), name)
    columns: dict[str, list[str]] = {}
    for row in rows:
        for parameter, value in row.items():
            columns.setdefault(parameter, []).append(value)
    for parameter, values in columns.items():
        write(scope, "tasks.<task>.outputs.parameters.<parameter>", _column(values), name, parameter)
    return scope


def _index(name: str) -> int:
    found = re.match(r"(\d+)", name.rpartition("(")[2])
    return int(found[1]) if found else 0


def _json(task: str, result: str) -> str:
    try:
        return compact(result)
    except ValueError:
        raise VariableError(
            f"task {task!r}: the result {result[:60]!r} is not JSON, so the loop's results make no list",
            hint="print JSON, or pass it as an output parameter",
        ) from None


def _column(values: list[str]) -> str:
    """Return a JSON list, of values only if all of them are JSON maps or lists, else of texts."""
    try:
        parsed = [decode(value) for value in values]
    except ValueError:
        return encode(values)
    return encode(parsed if all(isinstance(value, dict | list) for value in parsed) else values)


def pod_scope(node: str, pod: str, *, task: str | None = None) -> Scope:
    """Return node.name, pod.name and tasks.name."""
    scope: Scope = {}
    write(scope, "node.name", node)
    write(scope, "pod.name", pod)
    if task is not None:
        write(scope, "tasks.name", task)
    return scope


def retry_scope(retries: int, last: NodeStatus | None) -> Scope:
    """Return retries and lastRetry.* as tags of the pod's body; exitCode and duration are "0" where there is none."""
    return _retry(retries, last, exit_code="0")


def retry_expression_scope(attempts: int, last: NodeStatus) -> Scope:
    """Return retries and lastRetry.* for retryStrategy.expression after `attempts`; exitCode is "-1" if unknown."""
    return _retry(attempts - 1, last, exit_code="-1")


def _retry(retries: int, last: NodeStatus | None, *, exit_code: str) -> Scope:
    scope: Scope = {}
    known = last.outputs.exit_code if last is not None and last.outputs is not None else None
    took = _seconds(last.started_at, last.finished_at) if last is not None else 0.0
    write(scope, "retries", str(retries))
    write(scope, "lastRetry.exitCode", exit_code if known is None else known)
    write(scope, "lastRetry.status", str(last.phase or "") if last is not None else "")
    write(scope, "lastRetry.duration", shortest(took))
    write(scope, "lastRetry.message", (last.message or "") if last is not None else "")
    return scope


def paths_scope(paths: Mapping[str, str]) -> Scope:
    """Return path variables, e.g. {"inputs.artifacts.model.path": "…"}. Raises KeyError for a name that is none."""
    for name in paths:
        row = lookup(name)
        if row is None or not row.pattern.endswith(".path"):
            raise KeyError(name)
    return dict(paths)


def rfc3339(moment: datetime) -> str:
    """Return a moment as Kubernetes writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(start: datetime | None, end: datetime | None) -> float:
    return (end - start).total_seconds() if start is not None and end is not None else 0.0
