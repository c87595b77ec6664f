"""The state machine of one Workflow: what is to run now, and what the Workflow looks like.

The driver asks (`advance`), reports (`finished`, `stop`) and obeys the instructions; it alone knows threads and clocks.
What runs is in `execution`, `attempts`, `leaf` and `dag`; this is the Workflow around it: start, onExit, deadline, end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from workflows.engine.execution import execute
from workflows.engine.failures import exit_scope
from workflows.engine.graph import Graph, Place
from workflows.engine.model import Workflow, WorkflowSpec, WorkflowStatus
from workflows.engine.nodes import NodeFlag, NodePhase, NodeStatus, NodeType, WorkflowPhase, whole_seconds
from workflows.engine.phase import WORKFLOW_PHASE
from workflows.engine.pod import ArtifactRepository, PodResult
from workflows.engine.run import Call, Cancel, Run, Start, StartError, Strategy
from workflows.engine.template import substitute
from workflows.engine.variables import Scope, workflow_scope

Instruction = Start | Cancel
COMPLETED_LABEL = "workflows.argoproj.io/completed"
PHASE_LABEL = "workflows.argoproj.io/phase"


@dataclass(frozen=True, slots=True)
class Options:
    """What the machine is told besides the Workflow: the artifact repository, and how many pods may run at once."""

    repository: ArtifactRepository | None = None
    parallelism: int | None = None


class State:
    """One run. Not for several threads; time is passed in and only moves forward."""

    def __init__(self, workflow: Workflow, now: datetime, options: Options | None = None) -> None:
        """Take a resolved, checked Workflow with name, uid and creation time."""
        options = options or Options()
        name = workflow.metadata.name or ""
        started = whole_seconds(now)
        self._given = workflow
        self._phase = WorkflowPhase.RUNNING
        self._message = ""
        self._started_at = started
        self._finished_at: datetime | None = None
        running = self._given.status.model_copy(update={"phase": WorkflowPhase.RUNNING, "started_at": started})
        variables = workflow_scope(workflow.model_copy(update={"status": running}), now=now)
        self._spec = _substituted(workflow.executed_spec, variables)
        seconds = self._spec.active_deadline_seconds
        repository = options.repository
        archive = (
            self._spec.archive_logs
            if self._spec.archive_logs is not None
            else bool(repository and repository.archive_logs)
        )
        self._run = Run(
            name=name,
            uid=workflow.metadata.uid or "",
            namespace=workflow.metadata.namespace or "default",
            graph=Graph(name),
            templates={template.name: template for template in self._spec.templates},
            variables=variables,
            now=now,
            repository=repository,
            archive_logs=archive,
            parallelism=options.parallelism,
            deadline=None if seconds is None else started + timedelta(seconds=seconds),
        )
        if self._run.deadline is not None:
            self._run.at(self._run.deadline, self._expire)
        self._run.later(self._enter)

    @property
    def done(self) -> bool:
        """Nothing more will happen."""
        return self._finished_at is not None

    @property
    def wake_at(self) -> datetime | None:
        """When to call `advance` next if nothing is reported before."""
        return self._run.waits[0][0] if self._run.waits and not self.done else None

    def advance(self, now: datetime) -> list[Instruction]:
        """Do what is due; the pods to start and to end."""
        run = self._run
        run.now = max(now, run.now)
        run.variables["workflow.duration"] = f"{(run.now - self._started_at).total_seconds():f}"
        run.settle()
        instructions, run.instructions = run.instructions, []
        return instructions

    def finished(self, node_id: str, result: PodResult, now: datetime) -> list[Instruction]:
        """Take the result of a pod that was started; KeyError for one that was not."""
        self._run.now = max(now, self._run.now)
        self._run.active.pop(node_id).finished(result)
        return self.advance(now)

    def stop(self, strategy: Strategy, now: datetime) -> list[Instruction]:
        """End the run as `argo stop` (onExit still runs) or `argo terminate` (nothing runs any more) do."""
        run = self._run
        if not self.done and run.shutdown != "Terminate":
            run.shutdown = strategy
            self._end_pods(f"workflow shutdown with strategy:  {strategy}", spare_exit=strategy == "Stop")
        return self.advance(now)

    def abandon(self, message: str, now: datetime) -> None:
        """End in Error what has not ended: the driver itself broke and nothing will be reported any more."""
        run = self._run
        run.now = max(now, run.now)
        for node in list(run.graph.nodes.values()):
            if node.phase is None or not node.phase.fulfilled:
                run.graph.mark(node.name, NodePhase.ERROR, run.now, message)
        if not self.done:
            self._broken(message)

    def workflow(self) -> Workflow:
        """The Workflow as it is now. Its nodes are shared with the machine but frozen."""
        run = self._run
        nodes = dict(run.graph.nodes)
        status = WorkflowStatus.model_construct(
            _fields_set=None,
            phase=self._phase,
            message=self._message or None,
            started_at=self._started_at,
            finished_at=self._finished_at,
            progress=_progress(nodes),
            nodes=nodes,
            outputs=run.outputs if run.outputs.parameters or run.outputs.artifacts else None,
            stored_workflow_template_spec=self._given.status.stored_workflow_template_spec,
            artifact_repository_ref=self._given.status.artifact_repository_ref,
            conditions=({"type": "Completed", "status": "True"},) if self.done else (),
        )
        labels = {PHASE_LABEL: str(self._phase), **({COMPLETED_LABEL: "true"} if self.done else {})}
        metadata = self._given.metadata.model_copy(update={"labels": {**self._given.metadata.labels, **labels}})
        return self._given.model_copy(update={"status": status, "metadata": metadata})

    def _enter(self) -> None:
        place = Place(self._run.name, self._spec.entrypoint)
        try:
            execute(self._run, Call(place, self._spec.arguments), self._left)
        except StartError as error:
            self._broken(f"error in entry template execution: {error.message}")

    def _left(self, error: str | None) -> None:
        """The entry node is fulfilled. As in Argo, onExit does not run if what broke was around it."""
        run = self._run
        if error is not None:
            self._broken(f"error in entry template execution: {error}")
            return
        entry = run.graph[run.name]
        run.variables.update(exit_scope(self.workflow(), entry))
        if not self._spec.on_exit or run.shutdown == "Terminate":
            self._end()
            return
        place = Place(f"{run.name}.onExit", self._spec.on_exit, flag=NodeFlag(hooked=True), exit=True)
        try:
            execute(run, Call(place, self._spec.arguments), self._exited)
        except StartError as error_:
            self._broken(f"error in exit template execution : {error_.message}")

    def _exited(self, error: str | None) -> None:
        if error is not None:
            self._broken(f"error in exit template execution : {error}")
        else:
            self._end()

    def _end(self) -> None:
        run = self._run
        entry = run.graph[run.name]
        result, message = WORKFLOW_PHASE[entry.phase or NodePhase.ERROR], entry.message or ""
        if result is WorkflowPhase.SUCCEEDED:
            message = ""
            handler = run.graph.get(f"{run.name}.onExit")
            if handler is not None and handler.phase is not None and handler.phase.bad:
                result, message = WORKFLOW_PHASE[handler.phase], handler.message or ""
        elif run.shutdown is not None:
            message = f"Stopped with strategy '{run.shutdown}'"
        self._finish(result, message)

    def _broken(self, message: str) -> None:
        self._finish(WorkflowPhase.ERROR, message)

    def _finish(self, result: WorkflowPhase, message: str) -> None:
        self._phase, self._message = result, message
        self._finished_at = whole_seconds(self._run.now)

    def _expire(self) -> None:
        self._end_pods("Step exceeded its deadline", spare_exit=True)

    def _end_pods(self, message: str, *, spare_exit: bool) -> None:
        """End the pods that run, fail those that wait, and let everything that sleeps look again."""
        run = self._run
        for leaf in run.active.values():
            if not (spare_exit and leaf.exit) and leaf.verdict is None:
                leaf.verdict = message
                run.instructions.append(Cancel(leaf.node_id))
        for leaf in [one for one in run.ready if not (spare_exit and one.exit)]:
            run.ready.remove(leaf)
            leaf.fail(run.barred(exit_tree=leaf.exit) or message)
        run.wake_all()


def spec_of(workflow: Workflow, now: datetime) -> WorkflowSpec:
    """The spec that runs, after the first pass, which leaves the templates alone."""
    return _substituted(workflow.executed_spec, workflow_scope(workflow, now=now))


def _substituted(spec: WorkflowSpec, variables: Scope) -> WorkflowSpec:
    """The spec after the first pass, which leaves the templates alone."""
    text = spec.model_copy(update={"templates": ()}).to_json()
    if "{{" not in text:
        return spec
    return WorkflowSpec.model_validate_json(substitute(text, variables)).model_copy(
        update={"templates": spec.templates}
    )


def _progress(nodes: dict[str, NodeStatus]) -> str:
    pods = [node for node in nodes.values() if node.type is NodeType.POD]
    return f"{sum(node.phase is NodePhase.SUCCEEDED for node in pods)}/{len(pods)}"
