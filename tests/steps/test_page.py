"""The page reaches the one service of the URL, or it is said why not: never the URL, never without end."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from webhooks import SECRET, Webhook, webhook

from steps import page
from steps.registry.message import UnsureError
from steps.registry.notice import TEXT_LENGTH, Notice

LATE = Notice("late", "loans", "is late", "no marker is there", ("look: retrain why loans",))


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    with webhook(monkeypatch) as state:
        yield state


@pytest.mark.parametrize(("kind", "type_"), [("late", "failure"), ("recovered", "success"), ("blind", "warning")])
def test_a_notice_pages(hook: Webhook, kind: str, type_: str) -> None:
    assert page.say(hook.page, Notice(kind, "loans", "is late", "why", ("look",))) is None  # type: ignore[arg-type]
    (got,) = hook.got
    assert (got["title"], got["message"], got["type"]) == ("retrain: loans is late", "why\nlook", type_)


def test_a_repetition_says_so(hook: Webhook) -> None:
    page.say(hook.page, Notice("late", "loans", "is late", "why", repeated=True))
    assert hook.pages == ["retrain: loans is late (repeated)"]


def test_hostile_text_is_flat_and_short() -> None:
    hostile = "a\nb\u202ec\x00" + "x" * 5000
    notice = Notice("late", "loans", hostile, hostile, (hostile,))
    assert page.title(notice).startswith("retrain: loans a b c xxx")
    assert [len(line) for line in page.body(notice).splitlines()] == [TEXT_LENGTH] * 2


def test_a_refusal_is_a_failure(hook: Webhook, capfd: pytest.CaptureFixture[str]) -> None:
    hook.status = 500
    problem = page.say(hook.page, LATE)
    assert problem == "the service did not take it, or cannot be reached"
    log = capfd.readouterr()
    assert SECRET not in log.err + log.out


URLS = {
    "nothing listens": (f"json://127.0.0.1:9/{SECRET}", "cannot be reached"),
    "no scheme": (f"pager.example/{SECRET}", "PAGE_URL is not the URL"),
    "an unknown scheme": (f"pager://{SECRET}", "PAGE_URL is not the URL"),
    "no port": (f"json://127.0.0.1:{SECRET}/", "PAGE_URL is not the URL"),
    "two services": (f"json://127.0.0.1:9/{SECRET}, json://127.0.0.1:9/x", "PAGE_URL is not the URL"),
}


@pytest.mark.parametrize(("url", "says"), URLS.values(), ids=URLS)
def test_a_bad_url_is_a_failure_that_shows_no_secret(url: str, says: str, capfd: pytest.CaptureFixture[str]) -> None:
    problem = page.say(url, LATE)
    log = capfd.readouterr()
    assert problem is not None
    assert says in problem
    assert SECRET not in problem + log.err + log.out


@pytest.mark.parametrize("limit", ["ANSWER", "PATIENCE"])
def test_an_answer_that_does_not_come_in_time_leaves_it_open(
    hook: Webhook, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    release = threading.Event()
    hook.before = release.wait
    monkeypatch.setattr(page, limit, 0.05)
    try:
        with pytest.raises(UnsureError, match="no answer within"):
            page.say(hook.page, LATE)
    finally:
        release.set()
