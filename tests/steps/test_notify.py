"""`notify` sends one message a run, escapes what is hostile, and keeps the webhook's URL secret."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from batches import DAY, MARKER, arguments

from steps import notify
from steps.verdict import Conclusion, Reason

SECRET = "T0SECRET"
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


@dataclass
class Slack:
    """A webhook on loopback: it answers with `status` and `body`, and keeps what it was sent."""

    status: int = 200
    body: bytes = b"ok"
    url: str = ""
    got: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slack]:
    state = Slack()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            state.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            if not state.status:
                self.close_connection = True
                return
            self.send_response(state.status)
            self.send_header("Content-Length", str(len(state.body)))
            self.end_headers()
            self.wfile.write(state.body)

        def log_message(self, *_: Any) -> None:
            pass

    setattr(Handler, "do_POST", Handler.answer)  # noqa: B010 - the name that the server looks for is no name of ours
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}/services/{SECRET}"
    monkeypatch.setenv(notify.WEBHOOK, state.url)
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


def call(folder: Path, step: str, reason: Reason, text: str = "it is so", **more: Any) -> int:
    """Run `notify` after a run in which that step left a verdict of that reason."""
    verdict = Conclusion(reason, text)
    outputs = {"batch": DAY, f"{step}-verdict": verdict.to_json(), "evaluation": json.dumps(EVALUATION)}
    status = "Succeeded" if verdict.outcome in ("promoted", "skipped") else "Failed"
    values = {
        "workflow": "loans-1",
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
def test_what_matters_is_told_once(slack: Slack, tmp_path: Path, step: str, reason: Reason, outcome: str) -> None:
    assert call(tmp_path, step, reason) == 0
    (sent,) = slack.got
    assert f"*loans* {outcome}: " in sent["text"]
    assert f"`{DAY}`" in sent["text"]
    assert "`argo get loans-1` or `retrain why loans`" in sent["text"]
    assert ("must be above 0.9" in sent["text"]) == (outcome == "rejected")


def test_a_rejection_names_metric_against_threshold(slack: Slack, tmp_path: Path) -> None:
    call(tmp_path, "reject", Reason.GATE)
    lines = slack.got[0]["text"].splitlines()
    assert "• failed fair: disparate_impact 0.84, must be above 0.9" in lines
    assert "• passed auc: roc_auc 0.9, must be above 0.8" in lines


def test_a_gate_without_a_number_says_why() -> None:
    empty = {"name": "champion", "metric": "roc_auc", "value": None, "passed": True, "evidence": "production is empty"}
    assert notify._gate(empty) == "passed champion: production is empty"
    assert notify._gate({**empty, "passed": False, "evidence": ""}) == "failed champion: roc_auc is no number"


@pytest.mark.parametrize(("asked", "sent"), [(False, 0), (True, 1)])
def test_a_skip_is_told_only_if_the_document_asks_for_it(slack: Slack, tmp_path: Path, asked: bool, sent: int) -> None:
    assert call(tmp_path, "claim", Reason.DUPLICATE, notify={"skipped": asked}) == 0
    assert len(slack.got) == sent


def test_without_a_webhook_the_log_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(tmp_path, "deploy", Reason.PROMOTED) == 0
    assert "no webhook is configured (SLACK_WEBHOOK_URL is not set)" in capsys.readouterr().err


def test_hostile_text_is_harmless_in_slack(slack: Slack, tmp_path: Path) -> None:
    call(tmp_path, "claim", Reason.KEY, "<!channel> & <https://evil|ok> `code`\n\n*bold* \u202ereversed " + "x" * 5000)
    text = slack.got[0]["text"]
    assert "<" not in text
    assert "&lt;!channel&gt; &amp; &lt;https://evil|ok&gt; 'code'" in text
    assert "\u202e" not in text
    assert len(text) < 1500
    assert len(text.splitlines()) == 3


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (404, b"no_service", "it answered 404 (no_service)"),
        (400, SECRET.encode(), "it answered 400 (no word of Slack's)"),
        (0, b"", "Slack was not told: "),
    ],
    ids=["refused", "an answer that repeats the secret", "no answer"],
)
def test_a_failure_of_slack_fails_nothing_and_shows_no_secret(
    slack: Slack, tmp_path: Path, capfd: pytest.CaptureFixture[str], status: int, body: bytes, says: str
) -> None:
    slack.status, slack.body = status, body
    assert call(tmp_path, "deploy", Reason.PROMOTED) == 0
    log = capfd.readouterr()
    assert says in log.err
    assert SECRET not in log.err + log.out


URLS = {
    "nothing listens": f"http://127.0.0.1:9/{SECRET}",
    "no scheme": f"hooks.example/{SECRET}",
    "another scheme": f"file:///{SECRET}",
    "no port": f"http://127.0.0.1:{SECRET}/",
    "a space": f"http://127.0.0.1:9/{SECRET} x",
    "a newline within": f"http://127.0.0.1:9/{SECRET}\nx",
}


@pytest.mark.parametrize("url", URLS.values(), ids=URLS.keys())
def test_a_bad_webhook_fails_nothing_and_shows_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], url: str
) -> None:
    monkeypatch.setenv(notify.WEBHOOK, url)
    assert call(tmp_path, "deploy", Reason.PROMOTED) == 0
    log = capfd.readouterr()
    assert "Slack was not told: " in log.err
    assert SECRET not in log.err + log.out


def test_a_server_error_is_tried_once_more(slack: Slack, tmp_path: Path) -> None:
    slack.status = 503
    call(tmp_path, "deploy", Reason.PROMOTED)
    assert len(slack.got) == 2
