"""What the onExit tree is told of the run before it: `workflow.status` and `workflow.failures`.

Made by the state machine when onExit starts, and by whoever concludes after the fact, in the same words: what a run
came to must not depend on who asks.
Source: operate in workflow/controller/operator.go.
"""

from __future__ import annotations

from workflows.engine.gotext import encode, quoted
from workflows.engine.graph import Graph
from workflows.engine.model import Workflow
from workflows.engine.nodes import NodePhase, NodeStatus, WorkflowPhase
from workflows.engine.variables import rfc3339
from workflows.engine.vocabulary import Scope, write

_AFTER = {
    NodePhase.PENDING: WorkflowPhase.PENDING,
    NodePhase.RUNNING: WorkflowPhase.RUNNING,
    NodePhase.FAILED: WorkflowPhase.FAILED,
    NodePhase.ERROR: WorkflowPhase.ERROR,
}


def exit_scope(workflow: Workflow, entry: NodeStatus) -> Scope:
    """Return workflow.status and workflow.failures as the onExit tree sees them.

    The failures are a JSON list in outer quotes, as Argo writes it, `"null"` if there are none; decode it twice.
    """
    scope: Scope = {}
    write(scope, "workflow.status", str(_AFTER.get(entry.phase or NodePhase.PENDING, WorkflowPhase.SUCCEEDED)))
    write(scope, "workflow.failures", quoted(_failures(workflow)))
    return scope


def exit_texts(workflow: Workflow) -> tuple[str, str]:
    """Return workflow.status and workflow.failures (a JSON list, or `null`) of a Workflow after the fact.

    The status is the entry node's, as the exit handler was given it; without nodes it is the Workflow's own.
    """
    entry = workflow.status.nodes.get(workflow.metadata.name or "")
    status = exit_scope(workflow, entry)["workflow.status"] if entry else workflow.status.phase
    return str(status or ""), _failures(workflow)


def _failures(workflow: Workflow) -> str:
    failed = [node for node in workflow.status.nodes.values() if node.phase is not None and node.phase.bad]
    return f"[{','.join(_failure(workflow.metadata.name or '', node) for node in failed)}]" if failed else "null"


def _failure(workflow: str, node: NodeStatus) -> str:
    template = node.template_name or ""
    facts = {
        "displayName": node.display_name,
        "message": node.message or "",
        "templateName": template,
        "phase": str(node.phase),
        "podName": Graph(workflow).pod_name(node.name, template),
        "finishedAt": rfc3339(node.finished_at) if node.finished_at else None,
    }
    return "{" + ",".join(f'"{name}":{encode(value)}' for name, value in facts.items()) + "}"
