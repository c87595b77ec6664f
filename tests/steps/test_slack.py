"""Slack is told what is meant, or it is said why not: never the webhook's URL, never without end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from webhooks import SECRET, Webhook, webhook

from steps import slack
from steps.registry.message import UnsureError
from steps.registry.notice import Notice


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    with webhook(monkeypatch) as state:
        yield state


def test_a_notice_is_told(hook: Webhook) -> None:
    notice = Notice("late", "loans", "is late", "no marker is there", ("look: retrain why loans",))
    assert slack.say(hook.slack, notice) is None
    assert hook.texts == [":hourglass: *loans* is late\nno marker is there\n• look: retrain why loans"]


def test_a_repetition_says_so(hook: Webhook) -> None:
    slack.say(hook.slack, Notice("recovered", "loans", "has recovered", "at last", repeated=True))
    assert hook.texts == [":white_check_mark: *loans* has recovered (repeated)\nat last"]


def test_hostile_text_is_harmless() -> None:
    hostile = "<!channel> & <https://evil|ok> `code`\n\n*bold* \u202ereversed " + "x" * 5000
    text = slack.text(Notice("late", "loans", hostile, hostile, (hostile,)))
    assert "<" not in text
    assert "&lt;!channel&gt; &amp; &lt;https://evil|ok&gt; 'code'" in text
    assert "*bold*" not in text
    assert "\u202e" not in text
    assert len(text) < 2500
    assert len(text.splitlines()) == 3


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [(404, b"no_service", "(no_service)"), (400, SECRET.encode(), "(no word of Slack's)")],
    ids=["refused", "an answer that repeats the secret"],
)
def test_an_answer_against_it_is_a_failure(hook: Webhook, status: int, body: bytes, says: str) -> None:
    hook.status, hook.body = status, body
    assert slack.send(hook.slack, "x") == f"it answered {status} {says}"


def test_no_answer_leaves_it_open(hook: Webhook) -> None:
    hook.status = 0
    with pytest.raises(UnsureError, match="no answer came") as raised:
        slack.send(hook.slack, "x")
    assert SECRET not in repr(raised.value)


def test_a_server_error_is_tried_once_more(hook: Webhook) -> None:
    hook.status = 503
    assert slack.send(hook.slack, "x") == "it answered 503 (ok)"
    assert len(hook.got) == 2


def test_slack_cannot_make_it_wait_for_long(hook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    release = threading.Event()
    hook.before = release.wait
    monkeypatch.setattr(slack, "PATIENCE", 0.05)
    try:
        with pytest.raises(UnsureError):
            slack.send(hook.slack, "x")
    finally:
        release.set()


URLS = {
    "nothing listens": f"http://127.0.0.1:9/{SECRET}",
    "no scheme": f"hooks.example/{SECRET}",
    "another scheme": f"file:///{SECRET}",
    "no port": f"http://127.0.0.1:{SECRET}/",
    "a space": f"http://127.0.0.1:9/{SECRET} x",
    "a newline within": f"http://127.0.0.1:9/{SECRET}\nx",
}


@pytest.mark.parametrize("url", URLS.values(), ids=URLS.keys())
def test_a_bad_webhook_is_a_failure_that_shows_no_secret(url: str, capfd: pytest.CaptureFixture[str]) -> None:
    problem = slack.send(url, "x")
    log = capfd.readouterr()
    assert problem is not None
    assert "no request could be made" in problem
    assert SECRET not in problem + log.err + log.out
