"""What the parts of one run share: the graph, the workflow's variables, the clock, the queue of what is next, the pods.

Used by `state`, `execution` and `dag`. Everything happens by way of the queue, never by a call into a caller: the stack
stays flat however deep templates nest, and the order is the same each time.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Literal, Protocol, TypeVar

from workflows.engine.graph import Graph, Place
from workflows.engine.model import Template
from workflows.engine.pod import ArtifactRepository, Pod, PodResult
from workflows.engine.values import Arguments, Artifact, Outputs, Parameter
from workflows.engine.variables import Scope
from workflows.errors import DocumentError

Strategy = Literal["Stop", "Terminate"]
Done = Callable[[str | None], None]
"""Called once when a template is fulfilled, with an error if what surrounds it broke and its caller shall say so."""


class StartError(DocumentError):
    """A template could not start; its node is there, in phase Error."""


class DepthError(StartError):
    """Templates call each other too deep."""


@dataclass(frozen=True, slots=True)
class Call:
    """A template to run at a place, with arguments; `task` is the DAG task that asks for it.

    `absent` names the arguments that were nothing but the output of a producer that never ran.
    """

    place: Place
    arguments: Arguments = field(default_factory=Arguments)
    absent: Collection[str] = ()
    task: str | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """Instruction to the driver: run this pod."""

    pod: Pod


@dataclass(frozen=True, slots=True)
class Cancel:
    """Instruction to the driver: end the pod of this node; its result is still awaited."""

    node_id: str


class Execute(Protocol):
    """`execution.execute`, handed to the parts that call templates so that modules need not import in a ring."""

    def __call__(self, run: Run, call: Call, done: Done) -> None: ...


class Begin(Protocol):
    """`execution.begin`, likewise."""

    def __call__(
        self, run: Run, place: Place, template: Template, done: Done, deadline: datetime | None = None
    ) -> None: ...


class Leaf(Protocol):
    """A pod from the machine's side."""

    @property
    def node_id(self) -> str: ...
    @property
    def exit(self) -> bool: ...

    verdict: str | None

    def launch(self) -> Pod | None: ...
    def fail(self, message: str) -> None: ...
    def finished(self, result: PodResult) -> None: ...


@dataclass(slots=True)
class Run:
    """The shared state of one run; only the machine's own parts hold it."""

    name: str
    uid: str
    namespace: str
    graph: Graph
    templates: dict[str, Template]
    variables: Scope
    now: datetime
    repository: ArtifactRepository | None = None
    archive_logs: bool = False
    parallelism: int | None = None
    deadline: datetime | None = None
    shutdown: Strategy | None = None
    outputs: Outputs = field(default_factory=Outputs)
    queue: deque[Callable[[], None]] = field(default_factory=deque)
    waits: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    ready: deque[Leaf] = field(default_factory=deque)
    active: dict[str, Leaf] = field(default_factory=dict)
    instructions: list[Start | Cancel] = field(default_factory=list)
    _order: count[int] = field(default_factory=count)

    def later(self, call: Callable[[], None]) -> None:
        """Do this after what is already queued."""
        self.queue.append(call)

    def at(self, moment: datetime, call: Callable[[], None]) -> None:
        """Do this at that moment, or earlier if the run is stopped or out of time: `call` looks at the clock itself."""
        heapq.heappush(self.waits, (moment, next(self._order), call))

    def settle(self) -> None:
        """Do everything that can be done now, then start what has room."""
        while self.waits and self.waits[0][0] <= self.now:
            self.later(heapq.heappop(self.waits)[2])
        while True:
            while self.queue:
                self.queue.popleft()()
            if not self.ready or (self.parallelism is not None and len(self.active) >= self.parallelism):
                return
            self._launch(self.ready.popleft())

    def _launch(self, leaf: Leaf) -> None:
        message = self.barred(exit_tree=leaf.exit)
        if message is not None:
            leaf.fail(message)
            return
        pod = leaf.launch()
        if pod is not None:
            self.active[leaf.node_id] = leaf
            self.instructions.append(Start(pod))

    def wake_all(self) -> None:
        """Let everything that waits look again, because the run was stopped or ran out of time."""
        waiting, self.waits = sorted(self.waits), []
        for _, _, call in waiting:
            self.later(call)

    def overdue(self) -> bool:
        """Say whether the workflow's deadline has passed."""
        return self.deadline is not None and self.now >= self.deadline

    def barred(self, *, exit_tree: bool) -> str | None:
        """Why no pod may start, as its node's message; None if one may. Stop and the deadline spare the onExit tree."""
        if self.shutdown == "Terminate" or (self.shutdown == "Stop" and not exit_tree):
            return f"workflow shutdown with strategy: {self.shutdown}"
        if self.overdue() and not exit_tree:
            return "Step exceeded its deadline"
        return None

    def export(self, outputs: Outputs | None) -> None:
        """Make outputs with a globalName the workflow's, whether or not their node succeeded."""
        if outputs is None:
            return
        for parameter in outputs.parameters:
            if parameter.global_name and parameter.value is not None:
                self.variables[f"workflow.outputs.parameters.{parameter.global_name}"] = parameter.value
                named = Parameter(name=parameter.global_name, value=parameter.value)
                self.outputs = self.outputs.model_copy(update={"parameters": _with(self.outputs.parameters, named)})
        for artifact in outputs.artifacts:
            if artifact.global_name:
                changes = {"name": artifact.global_name, "global_name": None, "path": None}
                kept = _with(self.outputs.artifacts, artifact.model_copy(update=changes))
                self.outputs = self.outputs.model_copy(update={"artifacts": kept})


Named = TypeVar("Named", Parameter, Artifact)


def _with(those: tuple[Named, ...], new: Named) -> tuple[Named, ...]:
    if all(that.name != new.name for that in those):
        return those + (new,)  # noqa: RUF005 - mypy cannot type the other spelling
    return tuple([new if that.name == new.name else that for that in those])
