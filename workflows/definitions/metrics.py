"""The Prometheus metrics that Argo's controller emits for a pipeline; the templates of steps and duties carry them.

What Argo cannot know is the outcome, the data's day and the gates' values. Each such metric stands on the template
whose outputs it tells, for only there is a value bound when the step has ended: on the whole Workflow, a default would
be taken before there is an outcome. The Workflow itself tells only that it ended, so that one that left no record is
seen. A name gets `argo_workflows_` before it.
"""

from __future__ import annotations

from hera.workflows import models

from steps.document import Document
from workflows.catalog import Step

SUCCEEDED = "{{status}} == Succeeded"
ENDED = "status == 'Succeeded'"
"""Begins an expression on outputs: without a `status` it stays as it is while the pod is made, and a failed step is
asked for nothing that it did not write. No `&&` in it: with one in a template's expression Argo v4.1.2 cannot make the
pod at all (seen: "invalid character '&' in string escape code").
"""
BUCKETS = (60, 120, 300, 600, 1800, 3600, 7200, 21600)
"""Seconds of a run, from a small table to the default deadline of a run."""


def of_run(document: Document) -> models.Metrics:
    """Return what is told when the whole Workflow has ended, its record written or not."""
    labels = {"pipeline": document.name, "status": "{{workflow.status}}"}
    return models.Metrics(
        prometheus=[_metric("retrain_workflows_total", "Workflows of runs that ended, by status", labels, counter="1")]
    )


def of_step(step: Step, document: Document) -> models.Metrics | None:
    """Return what is told when the step ends; None for a step that has nothing to tell."""
    pipeline = {"pipeline": document.name}
    match step.name:
        case "claim":
            told = [_data_lateness(pipeline)]
        case "evaluate":
            told = [_gate(index, gate.name, pipeline) for index, gate in enumerate(document.gates)]
        case "deploy":
            told = _promoted(pipeline)
        case "record":
            told = _run(pipeline)
        case _:
            return None
    return models.Metrics(prometheus=told)


def of_duty(duty: str, document: Document) -> models.Metrics:
    """Return what is told when a duty of the clock (reconcile, sweep, watch) ends."""
    labels = {"pipeline": document.name, "duty": duty, "status": "{{status}}"}
    return models.Metrics(
        prometheus=[_metric("retrain_duties_total", "Ends of reconcile, sweep and watch", labels, counter="1")]
    )


def _run(pipeline: dict[str, str]) -> list[models.Prometheus]:
    ended = {**pipeline, "outcome": "{{outputs.parameters.outcome}}"}
    return [
        _metric(
            "retrain_runs_total",
            "Runs by outcome and reason",
            {**ended, "reason": "{{outputs.parameters.reason}}"},
            when=SUCCEEDED,
            counter="1",
        ),
        _metric(
            "retrain_run_duration_seconds",
            "Seconds from the start of a run to its record",
            ended,
            when=SUCCEEDED,
            histogram="{{workflow.duration}}",
        ),
    ]


def _data_lateness(pipeline: dict[str, str]) -> models.Prometheus:
    """Count from the day's midnight in UTC: as_of is a day without a time zone."""
    return _metric(
        "retrain_data_lateness_seconds",
        "Seconds from the start of the day the data is of to the run of it",
        pipeline,
        when=SUCCEEDED,
        gauge=f"{{{{={ENDED} ? asInt(workflow.creationTimestamp.s) - date(outputs.parameters['as-of']).Unix() : 0}}}}",
    )


def _promoted(pipeline: dict[str, str]) -> list[models.Prometheus]:
    return [
        _metric(
            "retrain_promoted_timestamp_seconds",
            "When the run began whose model is in production",
            pipeline,
            when=SUCCEEDED,
            gauge="{{workflow.creationTimestamp.s}}",
        ),
        _metric(
            "retrain_promoted_as_of_timestamp_seconds",
            "The day of the data of the model in production",
            pipeline,
            when=SUCCEEDED,
            gauge="{{=date(inputs.parameters['as-of']).Unix()}}",
        ),
    ]


def _gate(index: int, name: str, pipeline: dict[str, str]) -> models.Prometheus:
    """Tell a gate's value, and nothing where it has none."""
    value = f"fromJSON(outputs.parameters.evaluation).gates[{index}].value"
    return _metric(
        "retrain_gate_value",
        "What a gate measured on the newest model",
        {**pipeline, "gate": name},
        when=f"{{{{={ENDED} ? {value} != nil : false}}}}",
        gauge=f"{{{{={ENDED} ? {value} ?? 'none' : 'none'}}}}",
    )


def _metric(
    name: str, about: str, labels: dict[str, str], *, when: str | None = None, **kind: str
) -> models.Prometheus:
    return models.Prometheus(
        name=name,
        help=about,
        labels=[models.MetricLabel(key=key, value=value) for key, value in labels.items()],
        when=when,
        counter=models.Counter(value=kind["counter"]) if "counter" in kind else None,
        gauge=models.Gauge(value=kind["gauge"], realtime=False) if "gauge" in kind else None,
        histogram=models.Histogram(value=kind["histogram"], buckets=[models.Amount(root=b) for b in BUCKETS])
        if "histogram" in kind
        else None,
    )
