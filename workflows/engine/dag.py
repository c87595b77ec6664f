"""A DAG that runs: which task is next, what it is given, and the phase of the whole.

Made by `execution`. Argo looks at every task at every change; this counts what each one still waits for, so that a loop
of hundreds costs the same for its last child as for its first, with the same nodes as result.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial

from workflows.engine import phase
from workflows.engine.condition import judge
from workflows.engine.dependency import Dependency, Result, ancestors, decide, dependency, leaves
from workflows.engine.graph import Place
from workflows.engine.model import DAG, DAGTask, Template
from workflows.engine.nodes import NodePhase, NodeStatus, NodeType
from workflows.engine.resolution import Known, expanded, looped, outputs_of, resolved
from workflows.engine.run import Call, DepthError, Done, Execute, Run, StartError
from workflows.engine.values import Artifact
from workflows.engine.variables import Scope, aggregate_scope, inputs_scope, node_scope
from workflows.errors import DocumentError, RetrainError

OMITTED = "omitted: depends condition not met"
EMPTY = "Skipped, empty params"


@dataclass(slots=True)
class Task:
    """A task of the DAG as it runs: what it waits for, who waits for it, and its loop's children still open."""

    given: DAGTask
    waits_for: Dependency
    waiting: int = 0
    followers: list[str] = field(default_factory=list)
    open: int = 0


class Dag:
    """One DAG node and everything below it."""

    def __init__(self, run: Run, place: Place, template: Template, done: Done, execute: Execute) -> None:
        self.run = run
        self.place = place
        self.template = template
        self.done = done
        self.execute = execute
        self.id = run.graph.id(place.name)
        self.dag = template.dag or DAG(tasks=())
        self.declared = {task.name: task for task in self.dag.tasks}
        self.tasks: dict[str, Task] = {}
        self.targets: list[str] = []
        self.open = 0
        self.known: dict[str, Known] = {}
        self.text = template.to_json()

    def begin(self) -> None:
        """Create the node, and start what waits for nothing."""
        run = self.run
        run.graph.add(self.place, NodeType.DAG, NodePhase.RUNNING, run.now)
        run.graph.given(self.place.name, self.template.inputs)
        try:
            self.targets = self.dag.target.split() if self.dag.target else sorted(leaves(self.dag.tasks))
            for target in self.targets:
                self._visit(target)
        except RetrainError as error:
            run.graph.mark(self.place.name, NodePhase.ERROR, run.now, error.message)
            raise StartError(error.message) from error
        self.open = len(self.tasks)
        for name, task in self.tasks.items():
            if task.waiting == 0:
                run.later(partial(self._consider, name))
        if not self.tasks:
            run.later(self._close)

    def _visit(self, name: str) -> None:
        """Take in a task after everything that it waits for; a task that no target needs never gets a node."""
        waits_for = {name: iter(self._needs(name).tasks)}
        while waits_for:
            current = next(reversed(waits_for))
            following = next(
                (one for one in waits_for[current] if one not in self.tasks and one not in waits_for), None
            )
            if following is not None:
                waits_for[following] = iter(self._needs(following).tasks)
                continue
            del waits_for[current]
            if current not in self.tasks:
                self._take(current)

    def _needs(self, name: str) -> Dependency:
        if name not in self.declared:
            raise DocumentError(f"the DAG has no task {name!r}")
        return dependency(self.declared[name], self.declared)

    def _take(self, name: str) -> None:
        needs = self._needs(name)
        self.tasks[name] = Task(self.declared[name], needs, waiting=len(needs.tasks))
        for one in needs.tasks:
            if one not in self.tasks:
                raise DocumentError(f"the task {name!r} waits for itself by way of {one!r}")
            self.tasks[one].followers.append(name)

    def _consider(self, name: str) -> None:
        """Everything the task waits for is fulfilled: run it, omit it, or say why it cannot run."""
        task = self.tasks[name]
        try:
            if task.waits_for.expression and not decide(task.waits_for.expression, self._results(task)):
                self._skip(name, NodePhase.OMITTED, OMITTED)
                self._fulfilled(name)
                return
            known = self._scope(name)
            given, absent = resolved(task.given, known)
            children = expanded(given, known.variables) if looped(task.given) else None
        except RetrainError as error:
            self._skip(name, NodePhase.ERROR, error.message)
            self._fulfilled(name)
            return
        if children is None:
            self._connect(name)
            task.open = 1
            self._spawn(name, given, absent)
        else:
            self._expand(name, children, absent)

    def _results(self, task: Task) -> dict[str, Result]:
        nodes = self.run.graph.nodes
        results = {}
        for name in task.waits_for.tasks:
            node = self._node(name)
            children = None
            if node.type is NodeType.TASK_GROUP:
                children = tuple(nodes[child].phase or NodePhase.PENDING for child in node.children)
            results[name] = Result(node.phase or NodePhase.PENDING, children)
        return results

    def _expand(self, name: str, children: list[DAGTask], absent: frozenset[str]) -> None:
        run, task = self.run, self.tasks[name]
        if not children:
            self._skip(name, NodePhase.SKIPPED, EMPTY)
            self._fulfilled(name)
            return
        self._connect(name)
        group = run.graph.add(self._place(name), NodeType.TASK_GROUP, NodePhase.RUNNING, run.now)
        created = []
        task.open = len(children)
        for child in children:
            created.append(self._name(child.name))
            if not self._spawn(name, child, absent):
                break  # As in Argo, nothing of a loop starts after a child that could not.
        task.open -= len(children) - len(created)
        run.graph.connect(group.id, *created)

    def _spawn(self, name: str, given: DAGTask, absent: frozenset[str]) -> bool:
        """Start a task, or one child of its loop; False if it could not start."""
        run, place = self.run, self._place(given.name)
        ended = partial(self._ended, name, place.name)
        try:
            proceed = judge(given.when or "")
        except RetrainError as error:
            run.graph.add(place, NodeType.SKIPPED, NodePhase.ERROR, run.now, error.message)
            run.later(partial(ended, None))
            return True
        if not proceed:
            message = f"when '{given.when}' evaluated false"
            run.graph.add(place, NodeType.SKIPPED, NodePhase.SKIPPED, run.now, message)
            run.later(partial(ended, None))
            return True
        try:
            self.execute(run, Call(place, given.arguments, absent, task=given.name), ended)
        except DepthError:
            run.later(partial(ended, None))
        except StartError as error:
            run.later(partial(ended, error.message))
            return False
        return True

    def _ended(self, name: str, node: str, error: str | None) -> None:
        run, task = self.run, self.tasks[name]
        if error is not None:
            run.graph.mark(node, NodePhase.ERROR, run.now, f"task '{node}' errored: {error}")
        task.open -= 1
        if task.open:
            return
        group = self._node(name)
        if group.type is NodeType.TASK_GROUP:
            phases = [run.graph.nodes[child].phase or NodePhase.ERROR for child in group.children]
            run.graph.mark(group.name, phase.of_group(phases), run.now)
        self._fulfilled(name)

    def _fulfilled(self, name: str) -> None:
        for follower in self.tasks[name].followers:
            self.tasks[follower].waiting -= 1
            if not self.tasks[follower].waiting:
                self.run.later(partial(self._consider, follower))
        self.open -= 1
        if not self.open:
            self.run.later(self._close)

    def _close(self) -> None:
        run, graph = self.run, self.run.graph
        targets = {graph.id(self._name(target)): self.declared[target].continue_on for target in self.targets}
        result = phase.of_dag(graph.nodes, self.id, targets)
        if run.shutdown is not None and not self.place.exit:
            result = NodePhase.FAILED
        elif (
            result is NodePhase.RUNNING
        ):  # Argo would wait for ever for what hangs below a node that has no outbound one
            result = phase.of_group(graph.nodes[target].phase or NodePhase.ERROR for target in targets)
        if result is NodePhase.SUCCEEDED:
            try:
                self._output()
            except RetrainError as error:
                graph.mark(self.place.name, NodePhase.ERROR, run.now, error.message)
                run.later(partial(self.done, error.message))
                return
        outbound = tuple(last for target in targets for last in graph.outbound(target))
        graph.update(self.place.name, outbound_nodes=outbound)
        graph.mark(self.place.name, result, run.now)
        run.later(partial(self.done, None))

    def _output(self) -> None:
        variables, artifacts = self._own()
        for task in self.dag.tasks:
            if task.name in self.tasks:
                of_task = self._of(task.name)
                variables.update(of_task.variables)
                artifacts.update(of_task.artifacts)
                self.run.export(self._node(task.name).outputs)
        outputs = outputs_of(self.template, Known(variables, artifacts))
        if outputs is not None:
            self.run.graph.update(self.place.name, outputs=outputs)

    def _scope(self, name: str) -> Known:
        """What a task may refer to: the workflow's variables, the DAG's inputs, the outputs of what came before."""
        variables, artifacts = self._own()
        for ancestor in ancestors(name, self.declared):
            known = self._of(ancestor)
            variables.update(known.variables)
            artifacts.update(known.artifacts)
        given = {f"workflow.outputs.artifacts.{one.name}": one for one in self.run.outputs.artifacts}
        return Known({**self.run.variables, **variables}, {**given, **artifacts})

    def _own(self) -> tuple[Scope, dict[str, Artifact]]:
        inputs = self.template.inputs
        return dict(inputs_scope(inputs)), {f"inputs.artifacts.{one.name}": one for one in inputs.artifacts}

    def _of(self, name: str) -> Known:
        """What a fulfilled task offers; worked out once, since it cannot change any more."""
        if name not in self.known:
            nodes, node = self.run.graph.nodes, self._node(name)
            variables: Scope = {}
            if node.type is NodeType.TASK_GROUP:
                variables.update(aggregate_scope(name, [nodes[child] for child in node.children]))
            if node.type is NodeType.RETRY and node.children:
                node = nodes[node.children[-1]]
            declared = self.run.templates[self.declared[name].template].outputs
            variables.update(node_scope(name, node, declared))
            made = node.outputs.artifacts if node.outputs is not None else ()
            self.known[name] = Known(variables, {f"tasks.{name}.outputs.artifacts.{one.name}": one for one in made})
        return self.known[name]

    def _skip(self, name: str, result: NodePhase, message: str) -> None:
        self._connect(name)
        self.run.graph.add(self._place(name), NodeType.SKIPPED, result, self.run.now, message)

    def _connect(self, name: str) -> None:
        """Hang a task below what its dependencies ended in, or below the DAG itself."""
        graph = self.run.graph
        parents = [one for needed in self.tasks[name].waits_for.tasks for one in graph.outbound(self._node(needed).id)]
        for parent in parents if self.tasks[name].waits_for.tasks else [self.id]:
            graph.connect(parent, self._name(name))

    def _name(self, task: str) -> str:
        return f"{self.place.name}.{task}"

    def _node(self, task: str) -> NodeStatus:
        return self.run.graph[self._name(task)]

    def _place(self, task: str) -> Place:
        plain = task.partition("(")[0]
        return Place(
            self._name(task),
            self.declared[plain].template,
            boundary=self.id,
            exit=self.place.exit,
            depth=self.place.depth + 1,
            capture=self._captured(plain),
        )

    def _captured(self, task: str) -> bool:
        """Say whether somebody in this DAG reads the task's result, by Argo's own two patterns."""
        dotted, quoted = rf"tasks\.{task}\.outputs\.result", rf"tasks\[['\"]{task}['\"]\]\.outputs.result"
        return re.search(f"{dotted}|{quoted}", self.text) is not None
