"""A template with a retryStrategy: a Retry node whose children are the attempts.

Made by `execution`; `retry` says what follows a failed attempt, this module does it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial

from workflows.engine import retry
from workflows.engine.arguments import substituted
from workflows.engine.graph import Place
from workflows.engine.model import RetryStrategy, Template
from workflows.engine.nodes import NodeFlag, NodePhase, NodeStatus, NodeType
from workflows.engine.run import Begin, Done, Run, StartError
from workflows.engine.variables import retry_scope
from workflows.errors import RetrainError

RETRIED_ERRORS = ("Always", "OnError", "OnTransientError")


class Retry:
    """A template with a retryStrategy: a node whose children are the attempts."""

    def __init__(self, run: Run, place: Place, template: Template, done: Done, begin: Begin) -> None:
        self.run = run
        self.place = place
        self.template = template
        self.done = done
        self.begin = begin
        run.graph.add(place, NodeType.RETRY, NodePhase.RUNNING, run.now)
        run.graph.given(place.name, template.inputs)

    def attempt(self, deadline: datetime | None = None) -> None:
        """Start the next attempt. StartError is the caller's for the first one only, as in Argo."""
        run, parent = self.run, self.run.graph[self.place.name]
        number = len(parent.children)
        name = f"{self.place.name}({number})"
        last = self._last() if number else None
        run.graph.connect(parent.id, name)
        flag = NodeFlag(retried=True, hooked=self.place.flag is not None and self.place.flag.hooked)
        place = replace(self.place, name=name, flag=flag)
        local = retry_scope(number, last)
        if self.template.dag is None:
            local["pod.name"] = run.graph.pod_name(name, self.template.name)
        try:
            prepared = substituted(self.template, {**run.variables, **local})
        except RetrainError as error:
            run.graph.add(place, NodeType.SKIPPED, NodePhase.ERROR, run.now, error.message)
            raise StartError(error.message) from error
        try:
            self.begin(run, place, prepared.model_copy(update={"retry_strategy": None}), self._attempted, deadline)
        except StartError as error:
            self._attempted(error.message)

    def _last(self) -> NodeStatus:
        return self.run.graph.nodes[self.run.graph[self.place.name].children[-1]]

    def _attempted(self, error: str | None) -> None:
        strategy = self.template.retry_strategy
        if error is not None and strategy is not None:
            self.run.graph.mark(self._last().name, NodePhase.ERROR, self.run.now, error)
            if retry.policy_of(strategy) not in RETRIED_ERRORS:
                self._broken(error)
                return
        self.run.later(self._assess)

    def _assess(self) -> None:
        run, last = self.run, self._last()
        strategy = self.template.retry_strategy
        if strategy is None or last.phase is None or not last.phase.bad:
            self._end(NodePhase.SUCCEEDED, None)
        elif run.shutdown is not None:
            self._end(last.phase, f"Stopped with strategy '{run.shutdown}'")
        elif run.overdue():
            self._end(last.phase, f"retry exceeded workflow deadline {run.deadline:%Y-%m-%d %H:%M:%S} +0000 UTC")
        else:
            self._follow(strategy, last)

    def _follow(self, strategy: RetryStrategy, last: NodeStatus) -> None:
        run, children = self.run, self.run.graph[self.place.name].children
        first = run.graph.nodes[children[0]].started_at or run.now
        try:
            answer = retry.decide(strategy, retry.Attempts(len(children), first, last), run.now)
            if isinstance(answer, retry.Again):
                run.graph.update(self.place.name, message=None)
                self.attempt(answer.deadline)
        except RetrainError as error:
            run.graph.mark(self.place.name, NodePhase.ERROR, run.now, error.message)
            self._broken(error.message)
            return
        if isinstance(answer, retry.Wait):
            run.graph.update(self.place.name, message=answer.message)
            run.at(answer.until, self._assess)
        elif isinstance(answer, retry.End):
            self._end(last.phase or NodePhase.ERROR, answer.message)

    def _end(self, phase: NodePhase, message: str | None) -> None:
        run = self.run
        run.graph.update(self.place.name, outputs=self._last().outputs)
        run.graph.mark(self.place.name, phase, run.now, message)
        run.later(partial(self.done, None))

    def _broken(self, error: str) -> None:
        run = self.run
        run.graph.mark(self.place.name, NodePhase.ERROR, run.now, error)
        run.later(partial(self.done, error))
