"""The phase of what has parts: a DAG, a loop, the whole Workflow.

Called by the state machine when nothing below is running any more. The rules are Argo's to the letter, also where a
reader would expect others: a leaf that handles a failure makes its branch succeed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from workflows.engine.model import ContinueOn
from workflows.engine.nodes import NodePhase, NodeStatus, NodeType, WorkflowPhase

WORKFLOW_PHASE = {
    NodePhase.PENDING: WorkflowPhase.PENDING,
    NodePhase.RUNNING: WorkflowPhase.RUNNING,
    NodePhase.SUCCEEDED: WorkflowPhase.SUCCEEDED,
    NodePhase.SKIPPED: WorkflowPhase.SUCCEEDED,
    NodePhase.OMITTED: WorkflowPhase.SUCCEEDED,
    NodePhase.FAILED: WorkflowPhase.FAILED,
    NodePhase.ERROR: WorkflowPhase.ERROR,
}


def of_dag(nodes: Mapping[str, NodeStatus], dag: str, targets: Mapping[str, ContinueOn | None]) -> NodePhase:
    """The phase of the DAG node `dag` from its target tasks' (assessDAGPhase); targets are node ids.

    Breadth first, each node hands the phase of the last completed node of its branch to what follows it. Skipped and
    Omitted targets have their branch's phase. A failed target counts unless its continueOn says otherwise.
    """
    reached = _branches(nodes, dag, targets)
    if reached is None:
        return NodePhase.RUNNING
    result = NodePhase.SUCCEEDED
    for target, continue_on in targets.items():
        phase = reached.get(target)
        if phase is None:
            result = NodePhase.RUNNING
        elif phase.bad and not _continues(continue_on, phase):
            return phase
    return result


def _branches(
    nodes: Mapping[str, NodeStatus], dag: str, targets: Mapping[str, ContinueOn | None]
) -> dict[str, NodePhase] | None:
    reached: dict[str, NodePhase] = {}
    queue = deque((child, NodePhase.SUCCEEDED) for child in nodes[dag].children)
    seen = set(queue)
    while queue:
        node_id, branch = queue.popleft()
        node = nodes.get(node_id)
        if node is None or node.phase is None or not node.phase.fulfilled:
            return None
        if node.phase.completed:
            branch = node.phase
        if node_id in targets and not (node_id in reached and reached[node_id].bad):
            reached[node_id] = branch
        for following in _following(nodes, node):
            if (following, branch) not in seen:
                seen.add((following, branch))
                queue.append((following, branch))
    return reached


def _following(nodes: Mapping[str, NodeStatus], node: NodeStatus) -> Iterable[str]:
    if node.type is not NodeType.RETRY:
        return node.children
    # Attempts do not count, only what comes after the last of them.
    return [below for child in reversed(node.children) for below in nodes[child].children]


def _continues(continue_on: ContinueOn | None, phase: NodePhase) -> bool:
    if continue_on is None:
        return False
    return continue_on.failed if phase is NodePhase.FAILED else continue_on.error


def of_group(phases: Iterable[NodePhase]) -> NodePhase:
    """The phase of a loop: that of its last bad child, else Succeeded."""
    return next((phase for phase in reversed(list(phases)) if phase.bad), NodePhase.SUCCEEDED)
