"""A Workflow whose engine died: what it then is, for everybody who reads the journal.

Applied by the journal to a Workflow that goes on by its document but that no engine holds. A cluster's controller would
be started again and go on; here nobody does, and a run that says Running for ever would never be explained.
"""

from __future__ import annotations

from datetime import datetime

from workflows.engine.model import Workflow
from workflows.engine.nodes import NodePhase, NodeStatus, WorkflowPhase, whole_seconds

DIED = "the engine died"
COMPLETED = ({"type": "Completed", "status": "True"},)


def goes_on(workflow: Workflow) -> bool:
    """Whether an engine began with it and has not ended it."""
    phase = workflow.status.phase
    return phase is not None and not phase.completed


def orphaned(workflow: Workflow, last_seen: datetime) -> Workflow:
    """Return the Workflow ended in Error at the moment it was last written, and with it the nodes that went on."""
    ended = whole_seconds(last_seen)
    nodes = {identity: _ended(node, ended) for identity, node in workflow.status.nodes.items()}
    status = workflow.status.model_copy(
        update={
            "phase": WorkflowPhase.ERROR,
            "message": DIED,
            "finished_at": ended,
            "nodes": nodes,
            "conditions": COMPLETED,
        }
    )
    return workflow.model_copy(update={"status": status})


def _ended(node: NodeStatus, moment: datetime) -> NodeStatus:
    if node.phase is not None and node.phase.fulfilled:
        return node
    return node.model_copy(update={"phase": NodePhase.ERROR, "message": DIED, "finished_at": moment})
