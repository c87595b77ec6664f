"""Alerts and dashboard ask only for metrics that exist: those our templates carry, and those Argo documents."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest
import yaml
from overlays import ROOT, overlay

PROMETHEUS = ROOT / "components/prometheus"
ARGO = {
    "argo_events_action_failed_total",
    "argo_events_action_retries_failed_total",
    "argo_events_action_triggered_total",
    "argo_events_event_service_running_total",
    "argo_events_events_sent_failed_total",
    "argo_events_events_sent_total",
}
"""docs/metrics.md of Argo Events v1.9.11."""
METRIC = re.compile(r"\bargo_[a-z_]+")


def ours() -> dict[str, set[str]]:
    """Return the names of the metrics our templates carry, as they are scraped, with their labels."""
    found: dict[str, set[str]] = {}
    for thing in overlay("local"):
        if thing["kind"] not in ("WorkflowTemplate", "CronWorkflow"):
            continue
        spec = thing["spec"].get("workflowSpec", thing["spec"])
        for carrier in (spec, *spec["templates"]):
            for metric in carrier.get("metrics", {}).get("prometheus", []):
                name = f"argo_workflows_{metric['name']}" + ("_bucket" if "histogram" in metric else "")
                found[name] = {label["key"] for label in metric["labels"]} | (
                    {"le"} if "histogram" in metric else set()
                )
    return found


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((PROMETHEUS / "retrain-prometheusrule.yaml").read_text())["spec"]["groups"]
    return list(group["rules"])


def questions() -> Iterator[str]:
    yield from (rule["expr"] for rule in rules())
    dashboard = json.loads((PROMETHEUS / "dashboard.json").read_text())
    yield from (target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
    yield from (entry["query"] for entry in dashboard["templating"]["list"] if entry["type"] == "query")


@pytest.mark.parametrize("question", [*questions()])
def test_a_question_asks_for_what_is_told(question: str) -> None:
    known = ours()
    names = set(METRIC.findall(question))
    assert names
    assert names <= known.keys() | ARGO
    for name, inside in re.findall(r"(argo_workflows_[a-z_]+)\{([^}]*)\}", question):
        assert set(re.findall(r"(\w+)\s*=~?", inside)) <= known[name]
    labels = set().union(*(known.get(name, set()) for name in names)) | {"pipeline"}
    for grouped in re.findall(r"by \(([^)]*)\)", question):
        assert {label.strip() for label in grouped.split(",")} <= labels


GRAFANA = re.compile(r"^label_values\((.*), \w+\)$")
"""Grafana's own, around a question to Prometheus."""


@pytest.mark.parametrize("question", [*questions()])
def test_prometheus_reads_the_question(question: str) -> None:
    promql_parser.parse(GRAFANA.sub(r"\1", question.strip()))


@pytest.mark.parametrize("question", ["sum(", "rate(argo_events_events_sent_total)", "a unless"])
def test_a_question_that_prometheus_cannot_read_is_found(question: str) -> None:
    with pytest.raises(ValueError, match=r"parenthesis|matrix|invalid"):
        promql_parser.parse(question)


def test_every_metric_of_ours_is_asked_for() -> None:
    assert {name for question in questions() for name in METRIC.findall(question)} >= ours().keys()


def test_an_alert_says_how_bad_it_is_and_what_to_do() -> None:
    names = [rule["alert"] for rule in rules()]
    assert {"RetrainLate", "RetrainFailing", "RetrainNoPromotion", "RetrainReconcileNotRunning"} <= set(names)
    assert len(names) == len(set(names))
    for rule in rules():
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]


def test_the_dashboard_s_panels_do_not_overlap() -> None:
    panels = json.loads((PROMETHEUS / "dashboard.json").read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}) == len(panels)
