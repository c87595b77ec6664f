"""The CronWorkflows look after a pipeline at the right times, with no more rights and secrets than they need."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from documents import document

from steps.document import read
from workflows.definitions.schedule import cron_workflows
from workflows.engine.cronworkflow import CronWorkflow, scheduled
from workflows.engine.loader import parse
from workflows.engine.objects import Objects, resolve
from workflows.engine.schedule import timetable
from workflows.engine.validate import check
from workflows.manifests import dump

BASE = Path(__file__).parents[2] / "manifests" / "base"
SECRETS = {"slack": {"secret": "retrain-slack"}, "page": {"secret": "retrain-page", "key": "apprise"}}
DUTIES = ("reconcile", "sweep", "watch")
NOON = datetime(2026, 2, 23, 12, tzinfo=UTC)


def made(duty: str, **changes: Any) -> dict[str, Any]:
    return cron_workflows(document(notify=SECRETS, **changes))[duty]


def container(duty: str) -> dict[str, Any]:
    (template,) = made(duty)["spec"]["workflowSpec"]["templates"]
    return dict(template["container"])


@pytest.mark.parametrize("duty", DUTIES)
def test_it_is_a_sound_cron_workflow_that_the_engine_reads(duty: str) -> None:
    (cron,) = documents = parse(dump(made(duty)), "file.yaml")
    assert isinstance(cron, CronWorkflow)
    assert cron.name == f"loans-{duty}"
    assert check(documents) == ()
    assert cron.spec.concurrency_policy == "Forbid"


@pytest.mark.parametrize("duty", DUTIES)
def test_its_workflows_do_not_pass_for_the_pipeline_s_runs(duty: str) -> None:
    (cron,) = parse(dump(made(duty)), "file.yaml")
    assert isinstance(cron, CronWorkflow)
    labels = resolve(scheduled(cron, NOON), Objects()).metadata.labels
    assert "app.kubernetes.io/instance" not in labels
    assert labels["app.kubernetes.io/component"] == duty


@pytest.mark.parametrize(
    ("duty", "words"),
    [("reconcile", ["reconcile"]), ("sweep", ["reconcile", "--all"]), ("watch", ["watch"])],
)
def test_it_runs_a_command_on_the_document_it_carries(duty: str, words: list[str]) -> None:
    assert container(duty)["image"] == "retrain:0.1.0"
    assert container(duty)["command"] == ["python", "-m", "workflows"]
    assert container(duty)["args"] == [*words, "--document={{inputs.artifacts.document.path}}"]
    (template,) = made(duty)["spec"]["workflowSpec"]["templates"]
    (artifact,) = template["inputs"]["artifacts"]
    assert read(artifact["raw"]["data"]) == document(notify=SECRETS)


@pytest.mark.parametrize(
    ("expect", "schedules"),
    [
        pytest.param({"deadline": "06:00", "grace": "20m"}, ["20 6 * * *", "*/15 * * * *"], id="minutes"),
        pytest.param({"deadline": "06:00", "grace": "90s"}, ["2 6 * * *", "*/15 * * * *"], id="seconds round up"),
        pytest.param({"deadline": "06:00:10", "grace": "50s"}, ["1 6 * * *", "*/15 * * * *"], id="seconds add up"),
        pytest.param({"deadline": "23:50", "grace": "20m"}, ["10 0 * * *", "*/15 * * * *"], id="past midnight"),
        pytest.param({"deadline": "06:00", "grace": "26h"}, ["*/15 * * * *"], id="a quarter of an hour has it"),
    ],
)
def test_watch_looks_when_the_grace_is_over_and_again_for_the_recovery(
    expect: dict[str, str], schedules: list[str]
) -> None:
    spec = made("watch", expect={**expect, "timezone": "Europe/Berlin"})["spec"]
    assert (spec["schedules"], spec["timezone"]) == (schedules, "Europe/Berlin")


@pytest.mark.parametrize("duty", DUTIES)
def test_times_are_the_pipeline_s_own(duty: str) -> None:
    spec = made(duty, expect={"timezone": "Asia/Kolkata"})["spec"]
    assert timetable(spec["schedules"], spec["timezone"]).after(NOON)
    assert spec["timezone"] == "Asia/Kolkata"


def test_reconcile_runs_every_quarter_of_an_hour_and_the_sweep_once_a_day() -> None:
    assert made("reconcile")["spec"]["schedules"] == ["*/15 * * * *"]
    spec = made("sweep")["spec"]
    table, now = timetable(spec["schedules"], spec["timezone"]), NOON
    times = [now := table.after(now) or now for _ in range(3)]
    assert [later - earlier for earlier, later in pairwise(times)] == [timedelta(days=1)] * 2


def test_nobody_watches_for_what_is_never_due() -> None:
    assert [*cron_workflows(document(expect={"cadence": "never"}))] == ["reconcile", "sweep"]


@pytest.mark.parametrize("duty", DUTIES)
def test_secrets_come_by_reference_and_need_not_be_there(duty: str) -> None:
    found = {one["name"]: one["valueFrom"]["secretKeyRef"] for one in container(duty)["env"]}
    assert found == {
        "SLACK_WEBHOOK_URL": {"name": "retrain-slack", "key": "url", "optional": True},
        "PAGE_URL": {"name": "retrain-page", "key": "apprise", "optional": True},
    }
    (silent,) = cron_workflows(document())[duty]["spec"]["workflowSpec"]["templates"]
    assert "env" not in silent["container"]


@pytest.mark.parametrize("duty", DUTIES)
def test_its_pod_is_confined_and_bounded(duty: str) -> None:
    spec = made(duty)["spec"]["workflowSpec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert container(duty)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert set(container(duty)["resources"]["limits"]) == {"cpu", "memory"}
    assert spec["activeDeadlineSeconds"] <= 3600
    assert spec["ttlStrategy"]["secondsAfterCompletion"]


def test_its_account_may_look_at_workflows_and_create_them_and_no_more() -> None:
    account = {made(duty)["spec"]["workflowSpec"]["serviceAccountName"] for duty in DUTIES}
    assert account == {"retrain-reconcile"}
    role = yaml.safe_load((BASE / "retrain-reconcile-role.yaml").read_text())
    assert {(rule["resources"][0], *rule["verbs"]) for rule in role["rules"]} == {
        ("workflows", "get", "list", "create"),
        ("workflowtaskresults", "create", "patch"),
    }
    binding = yaml.safe_load((BASE / "retrain-reconcile-rolebinding.yaml").read_text())
    assert (binding["roleRef"]["name"], binding["subjects"][0]["name"]) == ("retrain-reconcile", "retrain-reconcile")
