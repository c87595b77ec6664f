"""The catalogue of `{{…}}` variables: what each is called, where it may stand and what it holds.

Scopes are written only through it (`write`), documentation prints it, and the validator asks it (`lookup`), so that the
three cannot drift apart (as Argo's util/variables/keys).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

Scope = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Variable:
    """One row: `pattern` with `<name>` holes, the fields it may stand in, and what it holds."""

    pattern: str
    where: str
    description: str


_EVERYWHERE, _BODY, _CALL, _POD = "everywhere", "a template's body", "a task's fields", "a pod's body"
_NODE = "a task's fields, behind the task it names"

CATALOGUE: tuple[Variable, ...] = (
    Variable("workflow.name", _EVERYWHERE, "name of the Workflow"),
    Variable("workflow.namespace", _EVERYWHERE, "its namespace"),
    Variable("workflow.uid", _EVERYWHERE, "its uid, new for every run"),
    Variable("workflow.mainEntrypoint", _EVERYWHERE, "the template it starts with"),
    Variable("workflow.serviceAccountName", _EVERYWHERE, "the account its pods run as"),
    Variable("workflow.priority", _EVERYWHERE, "its priority, if it has one"),
    Variable("workflow.creationTimestamp", _EVERYWHERE, "when it was created, RFC 3339"),
    Variable("workflow.creationTimestamp.<format>", _EVERYWHERE, "the same: RFC3339, s, or one strftime letter"),
    Variable("workflow.scheduledTime", _EVERYWHERE, "when its CronWorkflow meant it to run"),
    Variable("workflow.duration", _EVERYWHERE, "seconds since it started, six decimals"),
    Variable("workflow.status", "the onExit tree", "how the entrypoint ended; Running before"),
    Variable("workflow.failures", "the onExit tree", "quoted JSON list of every failed node, retried attempts too"),
    Variable("workflow.parameters", _EVERYWHERE, "all parameters as a JSON list"),
    Variable("workflow.parameters.json", _EVERYWHERE, "the same"),
    Variable("workflow.parameters.<parameter>", _EVERYWHERE, "one parameter"),
    Variable("workflow.outputs.parameters.<parameter>", _EVERYWHERE, "an output exported by globalName"),
    Variable("workflow.labels", _EVERYWHERE, "all labels as JSON"),
    Variable("workflow.labels.json", _EVERYWHERE, "the same"),
    Variable("workflow.labels.<label>", _EVERYWHERE, "one label"),
    Variable("workflow.annotations", _EVERYWHERE, "all annotations as JSON"),
    Variable("workflow.annotations.json", _EVERYWHERE, "the same"),
    Variable("workflow.annotations.<annotation>", _EVERYWHERE, "one annotation"),
    Variable("inputs.parameters", _BODY, "all inputs as a JSON list"),
    Variable("inputs.parameters.<parameter>", _BODY, "one input"),
    Variable("inputs.artifacts.<artifact>.path", _POD, "where the input artifact lies"),
    Variable("outputs.artifacts.<artifact>.path", _POD, "where the output artifact is to be written"),
    Variable("outputs.parameters.<parameter>.path", _POD, "where the output parameter is to be written"),
    Variable("node.name", _BODY, "full name of the node"),
    Variable("tasks.name", _BODY, "name of the task that runs it"),
    Variable("pod.name", _POD, "name of the pod"),
    Variable("retries", f"{_POD}, retryStrategy.expression", "number of the attempt, from 0"),
    Variable("lastRetry.exitCode", f"{_POD}, retryStrategy.expression", "exit code of the attempt before"),
    Variable("lastRetry.status", f"{_POD}, retryStrategy.expression", "its phase"),
    Variable("lastRetry.duration", f"{_POD}, retryStrategy.expression", "its seconds"),
    Variable("lastRetry.message", f"{_POD}, retryStrategy.expression", "its message"),
    Variable("tasks.<task>.id", _NODE, "id of the task's node"),
    Variable("tasks.<task>.status", _NODE, "its phase"),
    Variable("tasks.<task>.startedAt", _NODE, "when it started, RFC 3339"),
    Variable("tasks.<task>.finishedAt", _NODE, "when it finished, RFC 3339"),
    Variable("tasks.<task>.hostNodeName", _NODE, "the host it ran on"),
    Variable("tasks.<task>.exitCode", _NODE, "exit code of its main container"),
    Variable("tasks.<task>.outputs.result", _NODE, "its standard output; of a loop a JSON list"),
    Variable("tasks.<task>.outputs.parameters", _NODE, "of a loop: the children's outputs as a JSON list of maps"),
    Variable("tasks.<task>.outputs.parameters.<parameter>", _NODE, "one output; of a loop a JSON list"),
    Variable("item", _CALL, "the element of the loop"),
    Variable("item.<key>", _CALL, "a member of the element"),
)
_PATTERNS = frozenset(variable.pattern for variable in CATALOGUE)
_HOLE = re.compile(r"<\w+>")


def write(scope: Scope, pattern: str, value: str | None, *names: str) -> None:
    """Set the variable of a catalogued pattern, its holes filled with `names`. Raises KeyError for another pattern."""
    if pattern not in _PATTERNS:
        raise KeyError(pattern)
    filling = iter(names)
    scope[_HOLE.sub(lambda _: next(filling), pattern)] = value


def lookup(name: str) -> Variable | None:
    """Return the row that `name`, such as `tasks.train.outputs.result`, belongs to; a name written out goes first."""
    return next((variable for form, variable in _forms() if form.fullmatch(name)), None)


@cache
def _forms() -> tuple[tuple[re.Pattern[str], Variable], ...]:
    rows = sorted(CATALOGUE, key=lambda variable: len(_HOLE.findall(variable.pattern)))
    return tuple((re.compile(r"[^{}]+?".join(map(re.escape, _HOLE.split(v.pattern)))), v) for v in rows)
