"""The event side names a run after its marker alone and lets nothing else through."""

from __future__ import annotations

import json
import re
from typing import Any

import jq
import pytest
from documents import document
from pydantic import ValidationError

from workflows.definitions import overlay
from workflows.definitions.events import event_bus, event_source, sensor, transform


def normalised(body: Any) -> Any:
    return jq.compile(transform(document())).input_value({"body": body}).first()


def record(key: str, etag: str = "d41d8cd98f00b204e9800998ecf8427e") -> dict[str, Any]:
    return {"Records": [{"s3": {"bucket": {"name": "retrain"}, "object": {"key": key, "eTag": etag}}}]}


def patterns() -> dict[str, str]:
    data = sensor(document())["spec"]["dependencies"][0]["filters"]["data"]
    return {entry["path"]: entry["value"][0] for entry in data}


def passes(event: dict[str, str]) -> bool:
    return all(re.compile(pattern.replace("$", r"\Z")).search(event[path]) for path, pattern in patterns().items())


def test_a_marker_names_the_run_after_batch_and_etag() -> None:
    event = normalised(record("incoming/loans/2026-02-23/_READY.json", '"ABCDEF0123456789"'))
    assert event["name"] == "loans-2026-02-23-abcdef012345"
    assert event["key"] == "incoming/loans/2026-02-23/_READY.json"
    assert passes(event)


def test_an_encoded_key_is_decoded_once() -> None:
    assert normalised(record("incoming%2Floans%2Fb1%2F_READY.json"))["key"] == "incoming/loans/b1/_READY.json"
    assert normalised(record("incoming/loans/a+b%2B/x"))["key"] == "incoming/loans/a b+/x"


def test_eventbridge_events_are_read_too() -> None:
    body = {
        "detail": {"bucket": {"name": "retrain"}, "object": {"key": "incoming/loans/b1/_READY.json", "etag": "e" * 32}}
    }
    assert normalised(body)["name"] == "loans-b1-eeeeeeeeeeee"


HOSTILE = [
    "incoming/loans/b1/part-0.csv",
    "incoming/loans/b1/x/_READY.json",
    "incoming/loans/{{=1+1}}/_READY.json",
    "incoming/loans/$(HOME)/_READY.json",
    "incoming/loans/B1/_READY.json",
    "incoming/loans/ü/_READY.json",
    "incoming/loans/b 1/_READY.json",
    "incoming/loans/b1/_READY.json\n",
    "xincoming/loans/b1/_READY.json",
    "incoming/loans/b1/_READYxjson",
    f"incoming/loans/{'b' * 25}/_READY.json",
    "incoming/loans//_READY.json",
]


@pytest.mark.parametrize("key", HOSTILE)
def test_no_other_key_reaches_a_workflow(key: str) -> None:
    assert not passes(normalised(record(key)))


def test_a_marker_without_an_etag_reaches_nothing() -> None:
    assert not passes(normalised(record("incoming/loans/b1/_READY.json", "")))


def test_what_is_no_s3_event_is_an_error() -> None:
    with pytest.raises(ValueError, match="not an S3 event"):
        normalised({"Service": "Amazon S3", "Event": "s3:TestEvent"})


def test_nothing_in_the_created_object_depends_on_the_event_s_id_or_time() -> None:
    trigger = sensor(document())["spec"]["triggers"][0]
    filled = {entry["src"]["dataKey"]: entry["dest"] for entry in trigger["template"]["k8s"]["parameters"]}
    assert filled == {
        "name": "metadata.name",
        "key": "spec.arguments.parameters.0.value",
        "etag": "spec.arguments.parameters.1.value",
    }
    created = trigger["template"]["k8s"]["source"]["resource"]
    assert [entry["name"] for entry in created["spec"]["arguments"]["parameters"]] == ["marker", "etag", "trigger"]
    assert trigger["template"]["k8s"]["operation"] == "patch"
    assert trigger["atLeastOnce"] is True


def test_types_are_those_that_argo_events_reads() -> None:
    source = event_source("retrain")["spec"]["sqs"]["marker"]
    assert source["waitTimeSeconds"] == 20
    retry = sensor(document())["spec"]["triggers"][0]["retryStrategy"]
    assert retry == {"duration": "2s", "factor": 2, "jitter": 0.2, "steps": 8}


def test_the_bus_keeps_what_it_was_given() -> None:
    assert event_bus()["spec"]["jetstream"]["persistence"]["volumeSize"] == "10Gi"


def test_a_misspelt_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="waitTimeSecs"):
        overlay.SQSEventSource(region="x", queue="q", waitTimeSecs=20)  # type: ignore[call-arg]


def test_a_long_run_name_still_fits_argo() -> None:
    key = f"incoming/loans/{'b' * 24}/_READY.json"
    name = jq.compile(transform(document(name="p" * 20))).input_value({"body": record(key)}).first()["name"]
    assert len(name + "-r2") <= 63
    assert json.dumps(name)
