"""`notify` sends one message a run, once, whatever becomes of its pod, its store or Slack."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from batches import BUCKET, DAY, MARKER, arguments
from webhooks import SECRET, Webhook, webhook

from steps import notify
from steps.registry import message
from steps.registry.objects import connect
from steps.verdict import Conclusion, Reason

pytestmark = pytest.mark.usefixtures("s3")

EVALUATION = {
    "gates": [
        {
            "name": "fair",
            "metric": "disparate_impact",
            "value": 0.84,
            "comparison": "above",
            "threshold": 0.9,
            "passed": False,
        },
        {"name": "auc", "metric": "roc_auc", "value": 0.9, "comparison": "above", "threshold": 0.8, "passed": True},
    ]
}


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    with webhook(monkeypatch) as state:
        monkeypatch.setenv(notify.WEBHOOK, state.slack)
        yield state


def call(folder: Path, step: str, reason: Reason, text: str = "it is so", **more: Any) -> int:
    """Run `notify` after a run in which that step left a verdict of that reason."""
    verdict = Conclusion(reason, text)
    outputs = {"batch": DAY, f"{step}-verdict": verdict.to_json(), "evaluation": json.dumps(EVALUATION)}
    status = "Succeeded" if verdict.outcome in ("promoted", "skipped") else "Failed"
    values = {
        "workflow": "loans-1",
        "uid": "u1",
        "status": status,
        "failures": '"null"',
        "outputs": json.dumps(outputs),
        "marker": MARKER,
    }
    return notify.main(arguments(folder, values, (), **more))


@pytest.mark.parametrize(
    ("step", "reason", "outcome"),
    [
        ("deploy", Reason.PROMOTED, "promoted"),
        ("reject", Reason.GATE, "rejected"),
        ("claim", Reason.INCOMPLETE, "refused"),
        ("train", Reason.CRASHED, "failed"),
    ],
)
def test_what_matters_is_told_once(slack: Webhook, tmp_path: Path, step: str, reason: Reason, outcome: str) -> None:
    assert call(tmp_path, step, reason) == 0
    (sent,) = slack.got
    assert f"*loans* {outcome}: " in sent["text"]
    assert f"`{DAY}`" in sent["text"]
    assert "`argo get loans-1` or `retrain why loans`" in sent["text"]
    assert ("must be above 0.9" in sent["text"]) == (outcome == "rejected")


def test_a_rejection_names_metric_against_threshold(slack: Webhook, tmp_path: Path) -> None:
    call(tmp_path, "reject", Reason.GATE)
    lines = slack.got[0]["text"].splitlines()
    assert "• failed fair: disparate_impact 0.84, must be above 0.9" in lines
    assert "• passed auc: roc_auc 0.9, must be above 0.8" in lines


def test_a_gate_without_a_number_says_why() -> None:
    empty = {"name": "champion", "metric": "roc_auc", "value": None, "passed": True, "evidence": "production is empty"}
    assert notify._gate(empty) == "passed champion: production is empty"
    assert notify._gate({**empty, "passed": False, "evidence": ""}) == "failed champion: roc_auc is no number"


@pytest.mark.parametrize(("asked", "sent"), [(False, 0), (True, 1)])
def test_a_skip_is_told_only_if_the_document_asks_for_it(
    slack: Webhook, tmp_path: Path, asked: bool, sent: int
) -> None:
    assert call(tmp_path, "claim", Reason.DUPLICATE, notify={"skipped": asked}) == 0
    assert len(slack.got) == sent


def test_without_a_webhook_the_log_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(tmp_path, "deploy", Reason.PROMOTED) == 0
    assert "no webhook is configured (SLACK_WEBHOOK_URL is not set)" in capsys.readouterr().err


def test_a_retried_pod_tells_nothing_twice(slack: Webhook, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call(tmp_path, "deploy", Reason.PROMOTED)
    call(tmp_path, "deploy", Reason.PROMOTED)
    assert len(slack.got) == 1
    assert "Slack was told at " in capsys.readouterr().err


def test_another_end_of_a_workflow_that_was_retried_by_hand_is_told(slack: Webhook, tmp_path: Path) -> None:
    call(tmp_path, "train", Reason.CRASHED)
    call(tmp_path, "deploy", Reason.PROMOTED)
    assert [text.split(":")[2].split()[1] for text in slack.texts] == ["failed", "promoted"]


def test_a_pod_that_died_over_it_is_followed_by_one_that_says_so(slack: Webhook, tmp_path: Path) -> None:
    where = message.key("loans", "run-u1-promoted")
    store = connect(BUCKET)

    def die(repeated: bool) -> str | None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        message.once(store, where, {"slack": die}, "u1", notify.datetime.now(notify.UTC))
    call(tmp_path, "deploy", Reason.PROMOTED)
    call(tmp_path, "deploy", Reason.PROMOTED)
    (text,) = slack.texts
    assert text.endswith("\n(repeated)")


def test_without_a_store_it_tells_and_says_that_it_may_repeat(
    slack: Webhook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    assert call(tmp_path, "deploy", Reason.PROMOTED) == 0
    (text,) = slack.texts
    assert "(may be repeated: " in text
    assert "Slack was told; that is on no record: s3://retrain/registry/loans/messages/" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("status", "says"), [(404, "Slack was not told: it answered 404"), (0, "cannot be known: no answer came")]
)
def test_a_failure_of_slack_fails_nothing_and_shows_no_secret(
    slack: Webhook, tmp_path: Path, capfd: pytest.CaptureFixture[str], status: int, says: str
) -> None:
    slack.status = status
    assert call(tmp_path, "deploy", Reason.PROMOTED) == 0
    log = capfd.readouterr()
    assert says in log.err
    assert SECRET not in log.err + log.out
    assert SECRET not in str(message.read(connect(BUCKET), message.key("loans", "run-u1-promoted")))


def test_it_starts_light() -> None:
    heavy = "('sklearn', 'pandas', 'numpy', 'boto3', 'slack_sdk', 'apprise')"
    code = f"import sys, steps.notify; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
