"""A container or script: one pod, from its node's creation to its outputs.

Made by `execution`. It decides nothing about what comes next; it knows deadlines, outputs and what a pod is told.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from workflows.engine.arguments import settled
from workflows.engine.duration import parse_duration
from workflows.engine.graph import Place
from workflows.engine.model import Template
from workflows.engine.nodes import NodePhase, NodeType
from workflows.engine.pod import ArtifactRepository, Pod, PodResult
from workflows.engine.run import Done, Run, StartError
from workflows.engine.template import substitute_text
from workflows.engine.values import Outputs
from workflows.engine.variables import inputs_scope
from workflows.errors import DocumentError, RetrainError

KEY_FORMAT = "{{workflow.name}}/{{pod.name}}"
SHORTEST_TIMEOUT = timedelta(seconds=2)  # Argo refuses one that leaves the pod no more than a second


class PodNode:
    """A container or script: one pod."""

    def __init__(self, run: Run, place: Place, template: Template, done: Done, deadline: datetime | None) -> None:
        self.run = run
        self.place = place
        self.template = template
        self.done = done
        self.deadline = deadline
        self.node_id = run.graph.id(place.name)
        self.exit = place.exit
        self.verdict: str | None = None

    def begin(self) -> None:
        """Create the node and wait for room."""
        run = self.run
        run.graph.add(self.place, NodeType.POD, NodePhase.PENDING, run.now)
        run.graph.given(self.place.name, self.template.inputs)
        try:
            limits = self._limits()
        except RetrainError as error:
            self._error(error.message)
            raise StartError(error.message) from error
        self.deadline = min((limit for limit in (*limits, self.deadline) if limit is not None), default=None)
        message = run.barred(exit_tree=self.exit)
        if message is not None:
            self.fail(message)
        else:
            run.ready.append(self)

    def _limits(self) -> tuple[datetime | None]:
        if not self.template.timeout:
            return (None,)
        timeout = parse_duration(self.template.timeout)
        if timeout <= SHORTEST_TIMEOUT:
            raise DocumentError(f"{self.place.name} exceeded its deadline")
        return (self.run.now + timeout,)

    def launch(self) -> Pod | None:
        """There is room: the pod to run, or None if it cannot be (its node then says why)."""
        run, place = self.run, self.place
        if self.deadline is not None and run.now > self.deadline:
            self.fail("timeout")
            return None
        name = run.graph.pod_name(place.name, self.template.name)
        variables = {**run.variables, "pod.name": name}
        try:
            template = settled(self.template, variables)
            deadline = self._deadline(template)
            repository = self._repository({**variables, **inputs_scope(template.inputs)})
        except RetrainError as error:
            self._error(error.message)
            run.later(partial(self.done, error.message))
            return None
        run.graph.mark(place.name, NodePhase.RUNNING, run.now)
        return Pod(
            workflow=run.name,
            uid=run.uid,
            namespace=run.namespace,
            node_id=self.node_id,
            name=name,
            template=template,
            repository=repository,
            deadline=deadline,
            environment={
                "ARGO_CONTAINER_NAME": "main",
                "ARGO_NODE_ID": self.node_id,
                "ARGO_WORKFLOW_NAME": run.name,
                "ARGO_INCLUDE_SCRIPT_OUTPUT": str(place.capture).lower(),
            },
            archive_logs=run.archive_logs,
            capture=place.capture,
        )

    def _deadline(self, template: Template) -> datetime | None:
        if template.active_deadline_seconds is None:
            return self.deadline
        try:
            active = timedelta(seconds=int(template.active_deadline_seconds))
        except ValueError:
            raise DocumentError(f"activeDeadlineSeconds {template.active_deadline_seconds!r} is no number") from None
        return min(self.run.now + active, self.deadline or datetime.max.replace(tzinfo=self.run.now.tzinfo))

    def _repository(self, variables: dict[str, str | None]) -> ArtifactRepository | None:
        repository = self.run.repository
        if repository is None or repository.s3 is None:
            return repository
        key = substitute_text(repository.s3.key_format or KEY_FORMAT, variables)
        return repository.model_copy(update={"s3": repository.s3.model_copy(update={"key_format": key})})

    def fail(self, message: str) -> None:
        """End the node before it ran."""
        self.run.graph.mark(self.place.name, NodePhase.FAILED, self.run.now, message)
        self.run.later(partial(self.done, None))

    def _error(self, message: str) -> None:
        self.run.graph.mark(self.place.name, NodePhase.ERROR, self.run.now, message)

    def finished(self, result: PodResult) -> None:
        """Take the pod's result; what the machine decided about the pod meanwhile (`verdict`) comes before it."""
        run, declared = self.run, self.template.outputs
        defaults = {one.name: one.value_from.default for one in declared.parameters if one.value_from is not None}
        values = {**(defaults if result.reported else {}), **result.parameters}
        outputs = Outputs(
            parameters=tuple(
                one.model_copy(update={"value": values[one.name]})
                for one in declared.parameters
                if values.get(one.name) is not None
            ),
            artifacts=result.artifacts,
            result=result.result if self.place.capture else None,
            exit_code=None if result.exit_code is None else str(result.exit_code),
        )
        run.export(outputs)
        phase, message = result.phase, result.message
        missing = [one.name for one in declared.parameters if values.get(one.name) is None]
        if self.verdict is not None and phase is not NodePhase.SUCCEEDED:
            phase, message = NodePhase.FAILED, self.verdict
        elif phase is NodePhase.SUCCEEDED and missing:
            phase, message = NodePhase.ERROR, f"output parameter {missing[0]!r} was not written and has no default"
        run.graph.update(self.place.name, outputs=outputs, finished_at=result.finished_at)
        run.graph.mark(self.place.name, phase, run.now, message)
        run.later(partial(self.done, None))
