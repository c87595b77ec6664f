"""Tells of an event that could not be dealt with: a Sensor's dlqTrigger, by HTTP or in the log.

Called when every attempt of a trigger has failed. As on a cluster any HTTP answer counts as told, since a trigger
without a policy does not look at the status; the log says which it was.
"""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from urllib.parse import urlsplit

from workflows.engine.gotext import encode
from workflows.engine.sensor import Event, put_parameters
from workflows.engine.triggers import DeadLetterTemplate, HTTPTrigger
from workflows.errors import RetrainError

TIMEOUT_SECONDS = 60


class DeadLetterError(RetrainError):
    """Nobody could be told."""


def tell(template: DeadLetterTemplate, events: Mapping[str, Event]) -> str:
    """Do what the template says; return what to log. Raises DeadLetterError, ParameterError."""
    if template.http:
        return _send(template.http, events)
    return "; ".join(f"{name}: {encode(event.data, html=False)}" for name, event in events.items())


def _send(trigger: HTTPTrigger, events: Mapping[str, Event]) -> str:
    address = urlsplit(trigger.url)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    body = encode(put_parameters({}, trigger.payload, events)) if trigger.payload else ""
    target = f"{address.path or '/'}?{address.query}" if address.query else address.path or "/"
    try:
        connection = kind(address.hostname or "", address.port, timeout=trigger.timeout or TIMEOUT_SECONDS)
        try:
            connection.request(trigger.method or "POST", target, body.encode(), trigger.headers)
            status = connection.getresponse().status
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise DeadLetterError(f"{trigger.url} cannot be reached: {error}") from None
    return f"{trigger.url} answered {status}"
