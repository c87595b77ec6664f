"""The page: wakes who is on call, by any service that Apprise knows (PagerDuty, Opsgenie, e-mail). `watch` sends here.

The service is one Apprise URL, a secret: it is never said, and Apprise's own log, which may hold it, is off.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from steps.patience import bounded
from steps.registry.message import UnsureError
from steps.registry.notice import Notice, one_line

URL = "PAGE_URL"
CONNECT = 5.0
ANSWER = 15.0
"""Seconds that a connection, and then an answer, may take."""
PATIENCE = 60.0
"""Seconds that all of it may take: some services need several requests."""


def title(notice: Notice) -> str:
    again = " (repeated)" if notice.repeated else ""
    return f"retrain: {notice.pipeline} {one_line(notice.heading)}{again}"


def body(notice: Notice) -> str:
    return "\n".join([one_line(notice.sentence), *(one_line(line) for line in notice.lines)])


def say(url: str, notice: Notice) -> str | None:
    """Page; return None when the service took it, else why it did not, without the URL.

    Raises `UnsureError` when no answer came in time: Apprise does not tell that from a refusal, the clock does.
    """
    service = _service(url)
    if service is None:
        return f"{URL} is not the URL of one service that Apprise knows"
    import apprise

    kinds = {"recovered": apprise.NotifyType.SUCCESS, "late": apprise.NotifyType.FAILURE}
    kind = kinds.get(notice.kind, apprise.NotifyType.WARNING)
    begun = time.monotonic()
    try:
        told = bounded(
            lambda: service.notify(
                body=body(notice), title=title(notice), notify_type=kind, body_format=apprise.NotifyFormat.TEXT
            ),
            PATIENCE,
        )
    except TimeoutError as error:
        raise UnsureError(str(error)) from None
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        return f"Apprise failed ({type(error).__name__})"
    if told:
        return None
    if time.monotonic() - begun >= ANSWER:
        raise UnsureError(f"no answer within {ANSWER:g} s")
    return "the service did not take it, or cannot be reached"


def _service(url: str) -> Any:
    """Return the one service of the URL, None for what Apprise does not know or for several: each is told by itself."""
    import apprise

    logging.getLogger("apprise").disabled = True
    found = apprise.Apprise(asset=apprise.AppriseAsset(app_id="retrain", async_mode=False))
    if not found.add(url) or len(found) != 1:
        return None
    for server in found:
        server.socket_connect_timeout, server.socket_read_timeout = CONNECT, ANSWER
    return found
