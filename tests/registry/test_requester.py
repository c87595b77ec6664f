"""Who asked for a run is known by what it was given, else by what Argo itself has labelled it with."""

from __future__ import annotations

import pytest

from steps.registry.requester import Requester, requester

CREATOR = {"workflows.argoproj.io/creator": "4711"}
EMAIL = {**CREATOR, "workflows.argoproj.io/creator-email": "ana.at.example.com"}
NAMED = {**CREATOR, "workflows.argoproj.io/creator-preferred-username": "ana"}
CRON = {"workflows.argoproj.io/cron-workflow": "nightly"}

CASES = {
    "an event": ("event", "", {}, Requester("event", "")),
    "a person who says so": ("manual", "ana", EMAIL, Requester("manual", "ana")),
    "a person Argo's server knows by e-mail": ("manual", "", EMAIL, Requester("manual", "ana.at.example.com")),
    "by name": ("manual", "", NAMED, Requester("manual", "ana")),
    "by the subject of a token": ("manual", "", CREATOR, Requester("manual", "4711")),
    "nobody": ("manual", "", {"app": "x"}, Requester("manual", "")),
    "a CronWorkflow": ("manual", "", CRON, Requester("schedule", "CronWorkflow nightly")),
    "a CronWorkflow that says what it is": ("backfill", "ops", CRON, Requester("backfill", "ops")),
    "a run of before there was a trigger": ("", "", CRON, Requester("schedule", "CronWorkflow nightly")),
}


@pytest.mark.parametrize(("trigger", "given", "labels", "expected"), CASES.values(), ids=CASES)
def test_who_asked_is_known(trigger: str, given: str, labels: dict[str, str], expected: Requester) -> None:
    assert requester(trigger, given, labels) == expected
