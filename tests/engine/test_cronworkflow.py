"""A CronWorkflow's moment makes one Workflow, named, labelled and dated as Argo does it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from workflows.engine.cronworkflow import CronWorkflow, maker_of, scheduled
from workflows.engine.loader import load

DOCUMENT = Path(__file__).parent / "documents" / "supported" / "cron.yaml"


def test_the_workflow_of_a_moment() -> None:
    (cron,) = load([DOCUMENT])
    assert isinstance(cron, CronWorkflow)
    made = scheduled(cron, datetime(2026, 2, 23, 1, 30, tzinfo=UTC))
    assert made.metadata.to_dict() == {
        "name": "nightly-1771810200",
        "labels": {"workflows.argoproj.io/cron-workflow": "nightly", "team": "ml"},
        "annotations": {"workflows.argoproj.io/scheduled-time": "2026-02-23T01:30:00Z", "why": "nightly"},
    }
    assert made.spec == cron.spec.workflow_spec
    assert maker_of(made) == "nightly"
