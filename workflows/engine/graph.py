"""The nodes of one run: their ids and names, their phases and who follows whom.

Written only by the state machine. The nodes are frozen values in one dictionary, so that a snapshot for the journal is
a copy of that dictionary and nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workflows.engine.nodes import NodeFlag, NodePhase, NodeStatus, NodeType, whole_seconds
from workflows.engine.values import Inputs

LONGEST_POD_PREFIX = 242  # Kubernetes' 253 less Argo's room for the hash (workflow/util/pod_name.go)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node stands: its name, the template it runs, the id of the DAG around it, and how it came to be.

    `exit`: in the onExit tree. `depth`: templates around it. `capture`: somebody reads its result.
    """

    name: str
    template: str | None = None
    boundary: str = ""
    flag: NodeFlag | None = None
    exit: bool = False
    depth: int = 0
    capture: bool = False


class Graph:
    """Nodes by id, in order of creation."""

    def __init__(self, workflow: str) -> None:
        self.workflow = workflow
        self.nodes: dict[str, NodeStatus] = {}

    def id(self, name: str) -> str:
        """The node id: the workflow's name for the entry node, else with the FNV-1a hash of the node's name."""
        return name if name == self.workflow else f"{self.workflow}-{fnv1a(name)}"

    def pod_name(self, name: str, template: str) -> str:
        """The pod's name, v2: workflow, template, hash."""
        if name == self.workflow:
            return name
        return f"{f'{self.workflow}-{template}'[:LONGEST_POD_PREFIX]}-{fnv1a(name)}"

    def get(self, name: str) -> NodeStatus | None:
        """The node of that name, if it is there."""
        return self.nodes.get(self.id(name))

    def __getitem__(self, name: str) -> NodeStatus:
        return self.nodes[self.id(name)]

    def add(self, place: Place, kind: NodeType, phase: NodePhase, now: datetime, message: str = "") -> NodeStatus:
        """Create a node; its display name is what its name adds to the DAG's around it."""
        boundary = self.nodes.get(place.boundary)
        moment = whole_seconds(now)
        node = NodeStatus.model_construct(
            id=self.id(place.name),
            name=place.name,
            display_name=_display(place.name, boundary.name if boundary else ""),
            type=kind,
            template_name=place.template,
            phase=phase,
            boundary_id=place.boundary or None,
            node_flag=place.flag,
            started_at=moment,
            finished_at=moment if phase.fulfilled else None,
            message=message or None,
        )
        self.nodes[node.id] = node
        return node

    def update(self, name: str, **changes: Any) -> NodeStatus:
        """Replace fields of a node."""
        node = self[name].model_copy(update=changes)
        self.nodes[node.id] = node
        return node

    def mark(self, name: str, phase: NodePhase, now: datetime, message: str | None = None) -> NodeStatus:
        """Set the phase, the message if one is given, and the time of finishing when it is the first."""
        changes: dict[str, Any] = {"phase": phase}
        if message is not None:
            changes["message"] = message or None
        if phase.fulfilled and self[name].finished_at is None:
            changes["finished_at"] = whole_seconds(now)
        return self.update(name, **changes)

    def given(self, name: str, inputs: Inputs) -> None:
        """Remember what the node was given."""
        if inputs.parameters or inputs.artifacts:
            self.update(name, inputs=inputs)

    def connect(self, parent_id: str, *names: str) -> None:
        """Add nodes, which need not exist yet, below a parent."""
        parent = self.nodes[parent_id]
        known = set(parent.children)
        new = tuple(child for child in map(self.id, names) if child not in known)
        self.nodes[parent_id] = parent.model_copy(update={"children": parent.children + new})

    def outbound(self, node_id: str) -> list[str]:
        """The ids of the nodes that what comes after this one hangs below (getOutboundNodes)."""
        node = self.nodes[node_id]
        if node.type is NodeType.RETRY and node.children:
            return [node.children[-1]]
        if node.type is NodeType.TASK_GROUP and node.children:
            return [last for child in node.children for last in self.outbound(child)]
        if node.type in (NodeType.DAG, NodeType.STEPS, NodeType.RETRY):
            return [last for below in node.outbound_nodes for last in self.outbound(below)]
        return [node.id]


def fnv1a(text: str) -> int:
    """The 32-bit FNV-1a hash."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def _display(name: str, boundary: str) -> str:
    return re.sub(r"^(\[\d+\])?\.", "", name.removeprefix(boundary)) if boundary else name
