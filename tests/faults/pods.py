"""The pods of a run: `claim`, `deploy`, `reject`, `record` and `notify` are the real steps, the learning is modelled.

`validate`, `train` and `evaluate` take their time, fail now and then, and come to what the seed says; what matters of
them here is that `evaluate` reads the champion and that a long time passes before `deploy`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import ModuleType

from faults.cluster import Workflow
from faults.hazards import MINUTE
from faults.process import Call, call_of, execute, modelled
from faults.schedule import Actor, Schedule

from steps import claim, deploy, notify, record, reject
from steps.document import Document
from steps.registry import pointer
from steps.registry.objects import Store
from steps.verdict import Reason, Verdict
from workflows.catalog import EXIT_STEPS, RUN_PARAMETERS, STEPS, Step

REAL: Mapping[str, ModuleType] = {
    "claim": claim,
    "deploy": deploy,
    "reject": reject,
    "record": record,
    "notify": notify,
}
ROWS: Mapping[str, Step] = {step.name: step for step in (*STEPS, *EXIT_STEPS)}
CONTRACT_BROKEN = 0.05
GATE_FAILED = 0.15
CRASHES = 0.04


@dataclass
class Ended:
    """How a pod ended: `code` is None if nobody knows, `written` are the output parameters it left."""

    code: int | None = None
    message: str = ""
    written: Mapping[str, str] = field(default_factory=dict)


class Pods:
    """Starts the processes of a run's steps. `roughness` is 0 when nothing is to break, else 1."""

    def __init__(self, schedule: Schedule, document: Document, store: Callable[[], Store]) -> None:
        self._schedule = schedule
        self._document = document
        self._text = document.model_dump_json().encode()
        self._store = store
        self.roughness = 1.0
        self.skew: Callable[[], float] = lambda: 0.0

    def start(self, workflow: Workflow, step: str, attempt: int, ended: Ended) -> Actor:
        """Start an attempt of a step; `ended` is filled in when its process ends by itself."""
        call = self._call(workflow, step)

        def process() -> None:
            code = execute(REAL[step], call) if step in REAL else modelled(lambda: self._model(step, call), call)
            ended.code, ended.written = code, call.written
            ended.message = "" if code == 0 else f"main: Error (exit code {code})"

        return self._schedule.spawn(f"{step}({attempt}) of {workflow.name}", process, skew=self.skew())

    def collect(self, workflow: Workflow, step: str, ended: Ended) -> None:
        """Take over what a pod left, as the controller does whether the pod succeeded or not."""
        for written in ROWS[step].writes:
            value = ended.written.get(written.name, written.default)
            workflow.values[written.name] = value
            if written.exported and value:
                workflow.outputs[written.name] = value
        if ended.written.get("verdict"):
            workflow.outputs[f"{step}-verdict{'-0000' if step == 'validate' else ''}"] = ended.written["verdict"]

    def _call(self, workflow: Workflow, step: str) -> Call:
        made = {"document": self._text, "model": f"model of {workflow.uid}".encode(), "report": b"{}"}
        made |= {"card": b"<!doctype html>", "model-card": b"# Model card"}
        if step in REAL:
            return call_of(REAL[step].INTERFACE, {**_defaults(), **self._values(workflow)}, made)
        row = ROWS[step]
        writes = {written.name for written in row.writes} | {"verdict"}
        return Call({}, {}, dict.fromkeys(writes), {})  # type: ignore[arg-type] - nothing is written to a path

    def _values(self, workflow: Workflow) -> dict[str, str]:
        created = self._schedule.moment(workflow.created)
        return {
            **workflow.parameters,
            **workflow.values,
            "workflow": workflow.name,
            "uid": workflow.uid,
            "status": workflow.status,
            "failures": json.dumps(workflow.failures_text),
            "outputs": json.dumps(workflow.outputs),
            "created": created.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "duration": str((self._schedule.moment() - created) / timedelta(seconds=1)),
            "labels": json.dumps({"app.kubernetes.io/instance": "loans"}),
        }

    def _model(self, step: str, call: Call) -> None:
        choices, schedule = self._schedule.choices, self._schedule
        schedule.sleep(choices.of((MINUTE, 5 * MINUTE, 9 * MINUTE)))
        if choices.chance(CRASHES * self.roughness):
            schedule.note("crashes")
            raise RuntimeError("a bug")
        if step == "validate" and choices.chance(CONTRACT_BROKEN * self.roughness):
            raise Verdict(Reason.CONTRACT, "the column 'age' has a value below 0")
        if step == "evaluate":
            self._evaluate(call)

    def _evaluate(self, call: Call) -> None:
        standing = pointer.read(self._store(), self._document)
        passed = not self._schedule.choices.chance(GATE_FAILED * self.roughness)
        gate = {"name": "accuracy", "kind": "metric", "metric": "accuracy", "value": 0.9 if passed else 0.5}
        gate |= {"comparison": "above", "threshold": 0.8, "passed": passed, "evidence": "accuracy of the holdout"}
        call.write("evaluation", json.dumps({"decision": "deploy", "gates": [gate], "metrics": {}, "rows": {}}))
        call.write("champion", (standing.pointer.version if standing else "") or "none")
        if "champion-etag" in call.writes:
            call.write("champion-etag", standing.etag if standing else "")
        call.write("decision", "deploy" if passed else "reject")


def _defaults() -> dict[str, str]:
    written = {one.name: one.default for step in STEPS for one in step.writes}
    return {**written, **{name: value or "" for name, value in RUN_PARAMETERS.items()}}
