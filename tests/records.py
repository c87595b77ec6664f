"""What runs left behind: outcome records on the ledger, and Workflows in a home's journal."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from batches import BUCKET, DAY

from steps.registry import ledger
from steps.registry.objects import connect
from workflows.engine.journal import Journal
from workflows.engine.lock import Held
from workflows.engine.model import Workflow

RUN = f"loans-{DAY}-0123456789ab"
NOW = datetime(2026, 2, 23, 6, tzinfo=UTC)
ENGINES: list[Held] = []


def record(name: str = RUN, uid: str = "u1", **changes: Any) -> None:
    """Append an outcome record of the pipeline `loans`."""
    body = {
        "outcome": "rejected",
        "reason": "gate",
        "message": "accuracy: 0.5 is not above 0.8",
        "pipeline": "loans",
        "batch": DAY,
        "as_of": DAY,
        "decision": None,
        "workflow": {"name": name, "uid": uid, "status": "Failed"},
        "times": {"seconds": 3.0},
    }
    ledger.append(connect(BUCKET), "loans", ledger.Entry(ledger.OUTCOME, uid, {**body, **changes}), now=NOW)


def journal(home: Path, name: str = RUN, uid: str = "u1", phase: str = "Running", **parameters: str) -> None:
    """Put a Workflow of the pipeline `loans` into the journal, whose step `train` is in that phase.

    Its engine lives as long as this process: one that goes on without is told as ended.
    """
    node = {
        "id": f"{name}-1",
        "name": f"{name}.train(0)",
        "displayName": "train(0)",
        "type": "Pod",
        "templateName": "train",
        "phase": phase,
        "startedAt": "2026-02-23T06:00:01Z",
    }
    metadata = {"name": name, "uid": uid, "creationTimestamp": "2026-02-23T06:00:00Z"}
    status = {"phase": phase, "startedAt": "2026-02-23T06:00:00Z", "nodes": {node["id"]: node}}
    value = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": metadata, "status": status}
    given = [{"name": parameter, "value": text} for parameter, text in parameters.items()]
    value["spec"] = {"workflowTemplateRef": {"name": "loans"}, "arguments": {"parameters": given}}
    ENGINES.append(Journal(home).create_owned(Workflow.model_validate(value)))
