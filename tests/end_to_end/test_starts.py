"""Whatever starts a run, it is the same run: one effect for the batch, and a record that says who started it."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Any

import pytest
import yaml
from batches import BUCKET
from commandline import Done, retrain

from steps.registry import ledger
from steps.registry.objects import connect

pytestmark = pytest.mark.whole

BATCH = "2026-03-01"
MARKER = f"incoming/loans/{BATCH}/_READY.json"
CRON = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "CronWorkflow",
    "metadata": {"name": "first-of-march"},
    "spec": {
        "schedules": ["0 3 1 3 *"],
        "workflowSpec": {
            "workflowTemplateRef": {"name": "loans"},
            "arguments": {"parameters": [{"name": "marker", "value": MARKER}]},
        },
    },
}


def test_every_way_starts_the_same_run_and_one_has_the_effect(s3: Any, tmp_path: Path) -> None:
    def start(*words: object) -> Done:
        return retrain(*words, "--home", tmp_path / "home")

    assert retrain("put", "loans", BATCH).code == 0
    cron, printed = tmp_path / "cron.yaml", tmp_path / "run.yaml"
    cron.write_text(yaml.safe_dump(CRON), encoding="utf-8")
    dry = start("submit", "loans", "--marker", MARKER, "--reason", "for kubectl", "--dry-run")
    printed.write_text(dry.out.replace(f"name: loans-{BATCH}-", f"name: loans-{BATCH}-x"), encoding="utf-8")

    ways = {
        "a template's own parameters": start("run", "loans", "-p", f"marker={MARKER}"),
        "submit": start("submit", "loans", "--marker", MARKER, "--reason", "to see"),
        "a CronWorkflow": start("run", cron),
        "what submit printed": start("run", printed),
        "submit again": start("submit", "loans", "--marker", MARKER),
    }
    assert {way: done.code for way, done in ways.items()} == dict.fromkeys(ways, 0), ways

    records = reversed([one.body for one in ledger.records(connect(BUCKET), "loans") if one.kind == ledger.OUTCOME])
    told = [
        (body["outcome"], body["event"]["trigger"], body["request"]["requested_by"], body["request"]["why"])
        for body in records
    ]
    me = getpass.getuser()
    assert told == [
        ("promoted", "manual", None, None),
        ("skipped", "manual", me, "to see"),
        ("skipped", "schedule", "CronWorkflow first-of-march", None),
        ("skipped", "manual", me, "for kubectl"),
    ]
    done = start("reconcile", "loans", "--all", "--patience", 0)
    assert (done.code, done.out) == (0, "loans: nothing to do\n")
