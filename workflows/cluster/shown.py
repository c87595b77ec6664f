"""A Workflow as the Kubernetes API returns it, as the views of local runs show one. `ClusterRuns.see_through` calls it.

Pure. It takes what a view shows and leaves the rest of the object, which a newer Argo may have written; a node that
cannot be shown is left out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from workflows.cluster.look import Object, nodes_of
from workflows.engine.model import API_VERSION, ObjectMeta, Workflow, WorkflowSpec, WorkflowStatus
from workflows.engine.nodes import NodeStatus, WorkflowPhase

NODE = (
    "id", "name", "displayName", "type", "templateName", "phase", "boundaryID", "message", "startedAt", "finishedAt",
    "progress", "nodeFlag",
)  # fmt: skip
STATUS = ("phase", "message", "startedAt", "finishedAt", "progress")


def shown(workflow: Object) -> Workflow:
    """Return what can be shown of the Workflow; a phase that is none ("" is: not taken up yet) is left out."""
    status = workflow.get("status")
    known: Mapping[str, Any] = status if isinstance(status, dict) else {}
    facts = {name: known[name] for name in STATUS if isinstance(known.get(name), str) and known[name]}
    if facts.get("phase") not in tuple(WorkflowPhase):
        facts.pop("phase", None)
    return Workflow(
        api_version=API_VERSION,
        kind="Workflow",
        metadata=ObjectMeta(name=str(workflow["metadata"]["name"])),
        spec=WorkflowSpec(),
        status=WorkflowStatus.model_validate({**facts, "nodes": dict(_nodes(known)), "outputs": _outputs(known)}),
    )


def _nodes(status: Object) -> Iterator[tuple[str, NodeStatus]]:
    for node in nodes_of(status)[0].values():
        with contextlib.suppress(ValidationError):
            found = NodeStatus.model_validate({name: node[name] for name in NODE if node.get(name)})
            yield found.id, found


def _outputs(status: Object) -> dict[str, Any]:
    outputs = status.get("outputs")
    listed = outputs.get("parameters") if isinstance(outputs, dict) else None
    named = [one for one in listed or () if isinstance(one, dict) and isinstance(one.get("value"), str)]
    return {"parameters": [{"name": str(one.get("name")), "value": one["value"]} for one in named]}
