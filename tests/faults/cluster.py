"""The Workflows of a simulated cluster: created once by name, looked at by whoever asks, gone when they are deleted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from faults.client import LOST, UNREACHED, Request
from faults.hazards import Wire
from faults.schedule import Schedule

from steps.registry.runs import Look, RunsError

T = TypeVar("T")


@dataclass
class Workflow:
    """One Workflow. `outputs` are those it exports, `values` all that its steps wrote, by name.

    `shutdown` is "", Terminate or Stop; `deleted` says that Kubernetes forgot it, whatever its processes still do;
    `lives_on` says that no process of it will hear that it is to end.
    """

    name: str
    uid: str
    parameters: Mapping[str, str]
    created: float
    phase: str = ""
    status: str = "Running"
    message: str = ""
    finished: float | None = None
    failures: list[dict[str, Any]] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    at: dict[str, str] = field(default_factory=dict)
    recorded: bool = False
    shutdown: str = ""
    deleted: bool = False
    lives_on: bool = False

    @property
    def over(self) -> bool:
        """Say whether nothing of it is to go on."""
        return self.deleted or bool(self.shutdown)

    def failed(self, node: str, template: str, message: str, at: str, phase: str = "Failed") -> None:
        """Note a node that Failed, as `workflow.failures` lists it."""
        facts = {"displayName": node, "templateName": template, "message": message, "phase": phase}
        self.failures.append({**facts, "podName": f"{self.name}-{node}", "finishedAt": at})

    @property
    def failures_text(self) -> str:
        return json.dumps(self.failures) if self.failures else "null"


class Cluster:
    """Workflows by name. `begin` is told of every new one, which is what makes a controller run it."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self.begin: Callable[[Workflow], None] = lambda _: None
        self.workflows: dict[str, Workflow] = {}
        self.ever: list[Workflow] = []

    def create(self, name: str, parameters: Mapping[str, str]) -> bool:
        """Create a Workflow; False if the name is taken."""
        if name in self.workflows:
            self._schedule.note(f"create Workflow {name}", "AlreadyExists")
            return False
        uid = f"{len(self.ever):04}{self._schedule.choices.below(1 << 16):04x}-0000"
        workflow = Workflow(name, uid, dict(parameters), self._schedule.clock)
        self.workflows[name] = workflow
        self.ever.append(workflow)
        self._schedule.note(f"create Workflow {name}", f"uid {uid}")
        self.begin(workflow)
        return True

    def delete(self, workflow: Workflow) -> None:
        workflow.deleted = True
        del self.workflows[workflow.name]


class Asked:
    """`Runs` over the cluster, as one process asks: each question is a request that may fail or lose its answer."""

    def __init__(self, cluster: Cluster, schedule: Schedule, wire: Wire) -> None:
        self._cluster = cluster
        self._schedule = schedule
        self._wire = wire

    def look(self, name: str) -> Look | None:
        found = self._ask(Request("look at", name), lambda: self._cluster.workflows.get(name))
        return self._seen(found) if found else None

    def all(self, pipeline: str) -> Iterable[Look]:
        found = self._ask(Request("list Workflows of", pipeline), lambda: list(self._cluster.workflows.values()))
        return [self._seen(workflow) for workflow in found]

    def start(self, pipeline: str, name: str, parameters: Mapping[str, str]) -> bool:
        assert name.startswith(f"{pipeline}-")
        return self._ask(Request("start", name), lambda: self._cluster.create(name, parameters))

    def _ask(self, request: Request, effect: Callable[[], T]) -> T:
        fate = self._wire.fate(request)
        if fate.dies == "before":
            self._wire.die(request)
        if fate.trouble not in ("", LOST):
            self._wire.answered(request, fate.trouble)
            raise RunsError(f"{request.verb} {request.key}: {UNREACHED}")
        answer = effect()
        self._wire.answered(request, fate.trouble or _short(answer))
        if fate.dies == "after":
            self._wire.die(request)
        if fate.trouble == LOST:
            raise RunsError(f"{request.verb} {request.key}: {LOST}")
        return answer

    def _seen(self, workflow: Workflow) -> Look:
        moment = self._schedule.moment
        return Look(
            name=workflow.name,
            uid=workflow.uid,
            phase=workflow.phase,
            message=workflow.message,
            created=moment(workflow.created),
            finished=moment(workflow.finished) if workflow.finished is not None else None,
            status=workflow.status,
            failures=workflow.failures_text,
            outputs=json.dumps(workflow.outputs),
            parameters=workflow.parameters,
            at=tuple(f"{step}: {message}" if message else step for step, message in workflow.at.items()),
            recorded=workflow.recorded,
        )


def _short(answer: object) -> str:
    if isinstance(answer, Workflow):
        return answer.phase or "not begun"
    return str(len(answer)) if isinstance(answer, list) else str(answer)
