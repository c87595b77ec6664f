"""`retrain history` tells what became of each version, in a table and as data."""

from __future__ import annotations

import json
from typing import Any

from commandline import PIPELINES, Cli, Done
from records import NOW

from steps.registry import ledger
from steps.registry.ledger import Entry
from steps.registry.objects import connect

TAKEN, KEPT = "2026-02-23.1-aaaaaaaa", "2026-02-22.1-bbbbbbbb"


def history(cli: Cli, *options: str) -> Done:
    return cli("history", "loans", *options, "--pipelines", PIPELINES)


def test_a_pipeline_without_versions_says_so(cli: Cli, s3: Any) -> None:
    assert (history(cli).code, history(cli).out) == (0, "loans has no version yet\n")
    assert json.loads(history(cli, "--json").out) == []


def test_each_version_is_a_line_and_a_rollback_is_told(cli: Cli, s3: Any) -> None:
    for name in (TAKEN, KEPT):
        s3.put_object(Bucket="retrain", Key=f"registry/loans/versions/{name}/version.json", Body=b"{}")
    body = {"outcome": "promoted", "batch": "2026-02-23", "as_of": "2026-02-23", "workflow": {"name": "loans-1"}}
    back = {"by": "ann\x1b[2J", "reason": "too\nbold", "version": KEPT, "replaces": TAKEN, "as_of": "2026-02-23"}
    for entry in (Entry("outcome", "aaaaaaaa-1", body), Entry("rolled-back", "rolled-back:1", back)):
        ledger.append(connect("retrain"), "loans", entry, now=NOW)
    head, taken, kept = history(cli).out.splitlines()
    assert head.split() == ["version", "batch", "as_of", "promoted", "run", "state"]
    assert taken.split()[:5] == [TAKEN, "2026-02-23", "2026-02-23", "2026-02-23T06:00:00+00:00", "loans-1"]
    assert taken.endswith(f"rolled back by ann\\x1b[2J to {KEPT} at 2026-02-23T06:00:00+00:00: too bold")
    assert kept.split() == [KEPT, "–", "2026-02-22", "–", "–", "never", "in", "production"]
    (newest,) = json.loads(history(cli, "--json", "--limit", "1").out)
    assert (newest["version"], newest["rolled_back"]["reason"]) == (TAKEN, "too\nbold")
