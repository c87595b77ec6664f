"""Builders of the event side: the shared document with single fields changed, messages of S3, events."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import yaml

from workflows.engine.events import EventDocument, EventSource, Sensor, events_among
from workflows.engine.loader import parse
from workflows.engine.sensor import Event, Message, message_data

DOCUMENT = Path(__file__).parent / "engine" / "documents" / "events.yaml"
NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
KEY = "incoming/loans/2026-03-01/_READY.json"
ETAG = "0123456789abcdef0123456789abcdef"
NAME = "loans-2026-03-01-0123456789ab"


def documents(**changes: Any) -> tuple[EventDocument, ...]:
    """Return the shared documents; `Sensor__spec__triggers__0__atLeastOnce=False` sets one field, `...` removes it."""
    bodies = {body["kind"]: body for body in yaml.safe_load_all(DOCUMENT.read_text("utf-8"))}
    for path, value in changes.items():
        *parents, last = [int(part) if part.isdigit() else part for part in path.split("__")]
        place: Any = bodies
        for part in parents:
            place = place[part]
        if value is ...:
            del place[last]
        else:
            place[last] = copy.deepcopy(value)
    return events_among(parse(yaml.safe_dump_all(bodies.values()), "events.yaml"))


def sensor(**changes: Any) -> Sensor:
    """Return the Sensor of the shared documents, changed."""
    return next(d.body for d in documents(**changes) if isinstance(d.body, Sensor))


def source(**changes: Any) -> EventSource:
    """Return the EventSource of the shared documents, changed."""
    return next(d.body for d in documents(**changes) if isinstance(d.body, EventSource))


def record(key: str = KEY, etag: str | None = ETAG) -> dict[str, Any]:
    """Return one record as S3 writes it: the key encoded, the ETag maybe missing."""
    thing = {"key": quote_plus(key), "size": 1} | ({} if etag is None else {"eTag": etag})
    return {
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "retrain"}, "object": thing},
    }


def message(*records: dict[str, Any], identity: str = "m-1") -> Message:
    """Return a queue's message with these records."""
    return Message(identity, json.dumps({"Records": list(records or (record(),))}), receipt=f"receipt-{identity}")


def event(of: Message | None = None, identity: str = "e-1") -> Event:
    """Return the event the shared EventSource makes of a message."""
    return Event(identity, "retrain-markers", "marker", NOW, message_data(of or message(), source().spec.sqs["marker"]))
