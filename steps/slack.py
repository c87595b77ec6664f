"""Slack: one message to a webhook, and texts that it cannot take for anything else. `notify` and `watch` send here.

The webhook's URL is a secret and the texts are hostile, so the one is never said and the others are escaped.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from http.client import HTTPException, InvalidURL
from typing import Any
from urllib.error import URLError

from steps.patience import bounded
from steps.registry.message import UnsureError
from steps.registry.notice import Notice, one_line

WEBHOOK = "SLACK_WEBHOOK_URL"
TIMEOUT = 10
"""Seconds that one request may take."""
PATIENCE = 45.0
"""Seconds that all of it may take: Slack can ask for a wait before the second try."""
SIGNS = {"late": ":hourglass:", "recovered": ":white_check_mark:", "blind": ":see_no_evil:"}


def escaped(text: str) -> str:
    """Return the text on one line, short, and with nothing that Slack would take for a link, a mention or a format."""
    plain = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", "'")
    return re.sub(r"([*~])", "\u200b\\1", plain)


def text(notice: Notice) -> str:
    """Return a notice in Slack's mrkdwn."""
    again = " (repeated)" if notice.repeated else ""
    heading = f"{SIGNS[notice.kind]} *{notice.pipeline}* {escaped(notice.heading)}{again}"
    return "\n".join([heading, escaped(notice.sentence), *(f"• {escaped(line)}" for line in notice.lines)])


def say(url: str, notice: Notice) -> str | None:
    """Tell a notice; see `send`."""
    return send(url, text(notice))


def send(url: str, message: str) -> str | None:
    """Post to the webhook; return None when Slack took it, else why it did not, without the URL.

    Raises `UnsureError` when the request went out and no answer came.
    """
    from slack_sdk.errors import SlackClientError

    try:
        answer = bounded(_posting(url, message), PATIENCE)
    except (URLError, InvalidURL, SlackClientError, ValueError) as error:
        return f"no request could be made ({type(error).__name__})"
    except (HTTPException, OSError) as error:
        raise UnsureError(f"no answer came ({type(error).__name__})") from None
    if answer.status_code != 200:
        said = answer.body if re.fullmatch(r"[a-z_]{1,40}", answer.body or "") else "no word of Slack's"
        return f"it answered {answer.status_code} ({said})"
    return None


def _posting(url: str, message: str) -> Callable[[], Any]:
    from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler, ServerErrorRetryHandler
    from slack_sdk.webhook import WebhookClient

    silent = logging.getLogger("steps.slack.sdk")
    silent.disabled = True  # slack_sdk logs what it fails on, and that can be the URL
    again = [RateLimitErrorRetryHandler(max_retry_count=1), ServerErrorRetryHandler(max_retry_count=1)]
    client = WebhookClient(url, timeout=TIMEOUT, logger=silent, retry_handlers=[*again])
    return lambda: client.send(text=message)
