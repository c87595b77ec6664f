"""A Workflow played through the state machine alone: pods answer from a script, time is counted, nothing runs."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from workflows.engine.loader import parse
from workflows.engine.model import Workflow
from workflows.engine.nodes import NodePhase, NodeStatus
from workflows.engine.objects import gather, resolve
from workflows.engine.pod import Pod, PodResult
from workflows.engine.run import Start
from workflows.engine.state import Instruction, Options, State
from workflows.engine.values import Artifact

NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Answer:
    """What a pod does: its phase, after so many seconds, with these outputs."""

    phase: NodePhase = NodePhase.SUCCEEDED
    exit_code: int | None = 0
    message: str = ""
    seconds: float = 1
    parameters: Mapping[str, str] = field(default_factory=dict)
    artifacts: tuple[Artifact, ...] = ()
    result: str | None = None
    reported: bool = True


def ok(
    *, seconds: float = 1, result: str | None = None, artifacts: tuple[Artifact, ...] = (), **outputs: str
) -> Answer:
    named = {name.replace("_", "-"): value for name, value in outputs.items()}
    return Answer(seconds=seconds, result=result, artifacts=artifacts, parameters=named)


def fail(code: int = 1, *, seconds: float = 1, **outputs: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in outputs.items()}
    return Answer(NodePhase.FAILED, code, f"main: Error (exit code {code})", seconds, named)


def error(message: str = "wait: no such key", *, seconds: float = 1, reported: bool = True) -> Answer:
    return Answer(NodePhase.ERROR, None, message, seconds, reported=reported)


Script = Mapping[str, "Answer | Sequence[Answer]"]


@dataclass
class Player:
    """Plays one State; `do` holds what happens at a second of the run, such as a stop."""

    state: State
    script: Script
    do: dict[float, Callable[[State, datetime], list[Instruction]]]
    now: datetime = NOON
    pods: list[Pod] = field(default_factory=list)
    most: int = 0
    running: dict[str, tuple[Pod, Answer]] = field(default_factory=dict)
    events: list[tuple[datetime, int, str]] = field(default_factory=list)
    order: count[int] = field(default_factory=count)
    asked: dict[str, int] = field(default_factory=dict)

    def play(self) -> Workflow:
        for second in self.do:
            heapq.heappush(self.events, (NOON + timedelta(seconds=second), -1, str(second)))
        self.obey(self.state.advance(self.now))
        for _ in range(100_000):
            if self.state.done:
                return self.state.workflow()
            self.step()
        raise AssertionError("the machine does not end")

    def step(self) -> None:
        wake = self.state.wake_at
        assert wake is not None or self.events, "nothing runs and nothing is awaited"
        if not self.events or (wake is not None and wake < self.events[0][0]):
            assert wake is not None
            self.now = max(wake, self.now)
            self.obey(self.state.advance(self.now))
            return
        moment, number, what = heapq.heappop(self.events)
        self.now = max(moment, self.now)
        if number == -1:
            self.obey(self.do[float(what)](self.state, self.now))
        elif what in self.running:
            self.obey(self.state.finished(what, self.result(what), self.now))

    def result(self, node_id: str) -> PodResult:
        _, answer = self.running.pop(node_id)
        return PodResult(
            answer.phase,
            started_at=self.now,
            finished_at=self.now,
            exit_code=answer.exit_code,
            message=answer.message,
            parameters=answer.parameters,
            artifacts=answer.artifacts,
            result=answer.result,
            reported=answer.reported,
        )

    def obey(self, instructions: list[Instruction]) -> None:
        for instruction in instructions:
            if isinstance(instruction, Start):
                self.start(instruction.pod)
            elif instruction.node_id in self.running:
                self.running[instruction.node_id] = (self.running[instruction.node_id][0], fail(143))
                heapq.heappush(self.events, (self.now, next(self.order), instruction.node_id))
        self.most = max(self.most, len(self.running))

    def start(self, pod: Pod) -> None:
        self.pods.append(pod)
        answer = self.answer(pod)
        end = self.now + timedelta(seconds=answer.seconds)
        if pod.deadline is not None and pod.deadline < end:
            end, answer = pod.deadline, Answer(NodePhase.FAILED, 143, pod.deadline_message)
        self.running[pod.node_id] = (pod, answer)
        heapq.heappush(self.events, (end, next(self.order), pod.node_id))

    def answer(self, pod: Pod) -> Answer:
        name = self.state.workflow().status.nodes[pod.node_id].name.partition(".")[2]
        known = next((key for key in (name, name.partition("(")[0], pod.template.name) if key in self.script), None)
        answer = self.script[known] if known is not None else Answer()
        if isinstance(answer, Answer):
            return answer
        assert known is not None
        number = self.asked[known] = self.asked.get(known, -1) + 1
        return answer[min(number, len(answer) - 1)]


@dataclass(frozen=True)
class Played:
    """A Workflow that was played."""

    workflow: Workflow
    pods: tuple[Pod, ...]
    seconds: float
    most: int

    def node(self, name: str) -> NodeStatus:
        """The node of that name, less the Workflow's own (`` is the entry node)."""
        full = f"{self.workflow.metadata.name}{'.' if name and not name.startswith('(') else ''}{name}"
        return next(node for node in self.workflow.status.nodes.values() if node.name == full)

    @property
    def phases(self) -> dict[str, str]:
        """Phase by node name, less the Workflow's own."""
        name = self.workflow.metadata.name or ""
        nodes = self.workflow.status.nodes.values()
        return {node.name.removeprefix(name).removeprefix("."): str(node.phase) for node in nodes}

    @property
    def messages(self) -> dict[str, str]:
        """Message by node name, where there is one."""
        name = self.workflow.metadata.name or ""
        nodes = self.workflow.status.nodes.values()
        return {node.name.removeprefix(name).removeprefix("."): node.message for node in nodes if node.message}

    def args(self, name: str) -> tuple[str, ...]:
        """The arguments of the container that ran at that node."""
        pod = next(pod for pod in self.pods if pod.node_id == self.node(name).id)
        assert pod.template.container is not None
        return pod.template.container.args


class Play:
    """`play(yaml, {"train": play.fail(1)})`: plays the first Workflow of a text."""

    ok = staticmethod(ok)
    fail = staticmethod(fail)
    error = staticmethod(error)
    noon = NOON

    def __call__(
        self,
        text: str,
        script: Script | None = None,
        *,
        do: dict[float, Callable[[State, datetime], list[Instruction]]] | None = None,
        options: Options | None = None,
    ) -> Played:
        documents = parse(text, "test.yaml")
        workflow = next(document for document in documents if isinstance(document, Workflow))
        metadata = workflow.metadata.model_copy(update={"uid": "u-1", "namespace": "ns", "creation_timestamp": NOON})
        workflow = resolve(workflow.model_copy(update={"metadata": metadata}), gather(documents))
        player = Player(State(workflow, NOON, options), script or {}, do or {})
        done = player.play()
        return Played(done, tuple(player.pods), (player.now - NOON).total_seconds(), player.most)


@pytest.fixture
def play() -> Play:
    """Play Workflows through the state machine."""
    return Play()
