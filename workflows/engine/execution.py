"""A template that starts: inputs filled, tags substituted, then one pod, a DAG, or attempts below a Retry node.

Called by `state` for the entrypoint and onExit, and by `dag` for its tasks.
"""

from __future__ import annotations

from datetime import datetime

from workflows.engine.arguments import substituted, supplied
from workflows.engine.attempts import Retry
from workflows.engine.dag import Dag
from workflows.engine.graph import Place
from workflows.engine.leaf import PodNode
from workflows.engine.model import Template
from workflows.engine.nodes import NodePhase, NodeType
from workflows.engine.run import Call, DepthError, Done, Run, StartError
from workflows.engine.variables import pod_scope
from workflows.errors import RetrainError

MOST_DEPTH = 100
TOO_DEEP = "Maximum recursion depth exceeded"


def execute(run: Run, call: Call, done: Done) -> None:
    """Create the node of a template and set it going; StartError if that fails."""
    place = call.place
    if place.depth + 1 >= MOST_DEPTH:
        run.graph.add(place, NodeType.SKIPPED, NodePhase.ERROR, run.now, TOO_DEEP)
        raise DepthError(TOO_DEEP)
    template = run.templates[place.template or ""]
    local = pod_scope(place.name, run.graph.pod_name(place.name, template.name), task=call.task)
    if template.dag is not None or template.retry_strategy is not None:
        local.pop("pod.name", None)
    try:
        prepared = substituted(supplied(template, call.arguments, call.absent), {**run.variables, **local})
    except RetrainError as error:
        run.graph.add(place, NodeType.SKIPPED, NodePhase.ERROR, run.now, error.message)
        raise StartError(error.message) from error
    if prepared.retry_strategy is None:
        begin(run, place, prepared, done)
    else:
        Retry(run, place, prepared, done, begin).attempt()


def begin(run: Run, place: Place, template: Template, done: Done, deadline: datetime | None = None) -> None:
    """Set a prepared template going, once; `deadline` is the retry strategy's."""
    if template.dag is not None:
        Dag(run, place, template, done, execute).begin()
    else:
        PodNode(run, place, template, done, deadline).begin()
