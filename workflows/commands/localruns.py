"""The Workflows of this machine's journal, as reconcile, watch, replay and `why` look at runs and start them.

A Workflow is created unstarted, as on a cluster. `retrain up`, where it serves the home, takes it; where nobody does, a
command that started one may drive it itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from steps.registry.runs import Look, RunsError
from workflows.engine.failures import exit_texts
from workflows.engine.gotext import encode
from workflows.engine.inbox import is_served
from workflows.engine.journal import AlreadyExistsError, Journal, WorkflowNotFoundError
from workflows.engine.model import Workflow
from workflows.engine.nodes import NodePhase, NodeStatus, NodeType
from workflows.engine.objects import from_template
from workflows.engine.orphan import goes_on
from workflows.errors import RetrainError

LOOK = 0.1  # seconds between looks at a Workflow that another process drives
RECORD = "record"

Shown = Callable[[Workflow], None]


class LocalRuns:
    """`Runs` of one home. `manifests` is the folder whose WorkflowTemplates are started, read at each start.

    The engine is imported by what starts or drives a Workflow: who only looks, as `why` does, has no time for it.
    """

    def __init__(self, manifests: Path, home: Path) -> None:
        self._manifests, self._home = manifests, home
        self._journal = Journal(home)
        self._started: list[str] = []

    def look(self, name: str) -> Look | None:
        """Return the Workflow of that name; raises `RunsError` when what is there cannot be read."""
        try:
            return look_at(self._journal.read(name))
        except WorkflowNotFoundError:
            return None
        except RetrainError as error:
            raise RunsError(str(error)) from None

    def all(self, pipeline: str) -> Iterator[Look]:
        """Yield the pipeline's Workflows, oldest first; a damaged entry is nobody's, and `look` tells of it by name."""
        for workflow in self._journal.list().workflows:
            if workflow.template_name == pipeline:
                yield look_at(workflow)

    def start(self, pipeline: str, name: str, parameters: Mapping[str, str]) -> bool:
        """Create the Workflow, for `retrain up` or `drive_started` to run; False if the name exists."""
        from workflows.commands import documents, local
        from workflows.engine.driver import submit

        try:
            found = documents.read(self._manifests)
            workflow = local.with_backoff(from_template(found.template(pipeline), name, parameters), found)
            submit(workflow, local.settings(self._home, threading.Event()))
        except AlreadyExistsError:
            return False
        except RetrainError as error:
            raise RunsError(str(error)) from None
        self._started.append(name)
        return True

    def drive_started(self, cancel: threading.Event, on_change: Shown | None = None) -> None:
        """Run to their ends the Workflows started here, unless `retrain up` serves the home: it does, in its time."""
        while self._started and not is_served(self._home) and not cancel.is_set():
            self._adopt(self._started.pop(0), cancel, on_change)

    def see_through(self, name: str, cancel: threading.Event, on_change: Shown | None = None) -> Workflow:
        """Return the Workflow once it has ended, whoever drives it; as it is when `cancel` is set before."""
        while True:
            driven = None if is_served(self._home) else self._adopt(name, cancel, on_change)
            workflow = driven or self._journal.read(name)
            if on_change is not None and driven is None:
                on_change(workflow)
            if has_ended(workflow) or cancel.wait(LOOK):
                return workflow

    def _adopt(self, name: str, cancel: threading.Event, on_change: Shown | None) -> Workflow | None:
        from workflows.commands import documents, local
        from workflows.engine.driver import adopt

        objects = local.objects(documents.read(self._manifests), self._home)
        return adopt(name, objects, local.settings(self._home, cancel, on_change))


def has_ended(workflow: Workflow) -> bool:
    """Whether nothing more will happen to it."""
    return workflow.status.phase is not None and not goes_on(workflow)


def look_at(workflow: Workflow) -> Look:
    """Return what the registry wants to know of a Workflow; the texts are those its exit handler is or was given."""
    status, metadata = workflow.status, workflow.metadata
    left = status.outputs.parameters if status.outputs else ()
    pods = [node for node in status.nodes.values() if node.type is NodeType.POD]
    entry, failures = exit_texts(workflow)
    return Look(
        name=metadata.name or "",
        uid=metadata.uid or "",
        phase=str(status.phase or ""),
        message=status.message or "",
        created=metadata.creation_timestamp,
        finished=status.finished_at,
        status=entry if has_ended(workflow) else "",
        failures=failures,
        outputs=encode({parameter.name: parameter.value for parameter in left if parameter.value is not None}),
        parameters={one.name: one.value for one in workflow.spec.arguments.parameters if one.value is not None},
        at=tuple(dict.fromkeys(_going_on(node) for node in pods if not (node.phase and node.phase.fulfilled))),
        recorded=any(node.template_name == RECORD and node.phase is NodePhase.SUCCEEDED for node in pods),
        labels=metadata.labels,
    )


def _going_on(node: NodeStatus) -> str:
    step = node.template_name or node.display_name or node.name
    return f"{step}: {node.message}" if node.message else step
