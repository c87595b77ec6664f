"""The metrics that the controller emits are Argo's to accept, and are told where their values are bound."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from documents import document

from workflows.catalog import REJECT, VALIDATE
from workflows.definitions.metrics import of_duty, of_step
from workflows.definitions.pipeline import workflow_template
from workflows.definitions.schedule import cron_workflows
from workflows.engine.expression import evaluate

GATES = [
    {"name": "accuracy", "kind": "metric", "metric": "accuracy", "above": 0.8},
    {"name": "dummy", "kind": "baseline", "metric": "roc_auc", "above": 0.2},
]
DOCUMENT = document(gates=GATES)
EVALUATION = '{"gates": [{"name": "accuracy", "value": 0.91}, {"name": "dummy", "value": null}]}'


def metrics(specification: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for template in specification["templates"]:
        for metric in template.get("metrics", {}).get("prometheus", []):
            yield template["name"], metric


EVERY = [
    *metrics(workflow_template(DOCUMENT)["spec"]),
    *(entry for cron in cron_workflows(DOCUMENT).values() for entry in metrics(cron["spec"]["workflowSpec"])),
]


def labels(metric: dict[str, Any]) -> dict[str, str]:
    return {label["key"]: label["value"] for label in metric["labels"]}


def gate(index: int) -> dict[str, Any]:
    return [metric for _, metric in EVERY if metric["name"] == "retrain_gate_value"][index]


def test_argo_takes_every_name_label_and_help() -> None:
    helps: dict[str, str] = {}
    for _, metric in EVERY:
        assert re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", metric["name"])
        assert all(re.fullmatch(r"[a-z_]+", key) for key in labels(metric))
        assert helps.setdefault(metric["name"], metric["help"]) == metric["help"], "Argo refuses a second help"
        assert sum(kind in metric for kind in ("counter", "gauge", "histogram")) == 1


def test_every_one_says_of_which_pipeline_it_is() -> None:
    assert {labels(metric)["pipeline"] for _, metric in EVERY} == {"loans"}
    assert not any("uid" in value or "name" in value for _, metric in EVERY for value in labels(metric).values())


def test_a_run_counts_once_by_outcome_when_its_record_is_there() -> None:
    ((template, metric),) = [entry for entry in EVERY if entry[1]["name"] == "retrain_runs_total"]
    assert (template, metric["when"]) == ("record", "{{status}} == Succeeded")
    assert labels(metric)["outcome"] == "{{outputs.parameters.outcome}}"


@pytest.mark.parametrize(("index", "told"), [(0, True), (1, False)], ids=["a value", "none"])
def test_a_gate_without_a_value_is_not_told(index: int, told: bool) -> None:
    environment = {"status": "Succeeded", "outputs": {"parameters": {"evaluation": EVALUATION}}}
    assert labels(gate(index))["gate"] == GATES[index]["name"]
    assert evaluate(gate(index)["when"][3:-2], environment) is told
    assert evaluate(gate(index)["gauge"]["value"][3:-2], environment) == (0.91 if told else "none")


def test_no_expression_has_a_character_that_go_escapes_in_json() -> None:
    for _, metric in EVERY:
        for expression in re.findall(r"\{\{=.*?\}\}", str(metric)):
            assert not set("&<>") & set(expression), "Argo cannot unescape it, and the pod is never made"


def test_a_failed_evaluation_is_asked_for_no_value() -> None:
    environment = {"status": "Failed", "outputs": {"parameters": {"evaluation": ""}}}
    assert evaluate(gate(0)["when"][3:-2], environment) is False
    assert evaluate(gate(0)["gauge"]["value"][3:-2], environment) == "none"


def test_a_workflow_tells_only_that_it_ended_for_nothing_else_is_bound_there() -> None:
    (metric,) = workflow_template(DOCUMENT)["spec"]["metrics"]["prometheus"]
    assert (metric["name"], metric["counter"]) == ("retrain_workflows_total", {"value": "1"})
    assert labels(metric) == {"pipeline": "loans", "status": "{{workflow.status}}"}


def test_a_duty_is_counted_however_it_ends() -> None:
    (metric,) = of_duty("reconcile", DOCUMENT).prometheus or []
    assert metric.when is None
    assert {label.key: label.value for label in metric.labels or []} == {
        "pipeline": "loans",
        "duty": "reconcile",
        "status": "{{status}}",
    }


def test_a_step_that_nobody_asks_of_tells_nothing() -> None:
    assert of_step(VALIDATE, DOCUMENT) is None
    assert of_step(REJECT, DOCUMENT) is None
