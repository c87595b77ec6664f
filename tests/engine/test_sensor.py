from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from markers import ETAG, KEY, NAME, NOW, event, message, record, sensor, source

from workflows.engine.sensor import (
    Created,
    Discarded,
    Filtered,
    Message,
    Outcome,
    ParameterError,
    UnreadableError,
    condition_names,
    message_data,
    respond,
    targets,
)


def outcome(of: Message, **changes: Any) -> Outcome:
    changed = sensor(**changes)
    return respond(changed, changed.spec.triggers[0], event(of))


def test_a_marker_becomes_a_workflow_with_a_deterministic_name() -> None:
    assert outcome(message()) == Created(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "metadata": {"name": NAME},
            "spec": {
                "workflowTemplateRef": {"name": "loans"},
                "arguments": {
                    "parameters": [
                        {"name": "marker", "value": KEY},
                        {"name": "etag", "value": ETAG},
                        {"name": "trigger", "value": "event"},
                    ]
                },
            },
        }
    )


def test_nothing_in_the_workflow_depends_on_which_delivery_it_is() -> None:
    changed = sensor()
    again = replace(event(message(identity="m-2"), "e-2"), time=NOW + timedelta(hours=1))
    assert respond(changed, changed.spec.triggers[0], event()) == respond(changed, changed.spec.triggers[0], again)


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("incoming/loans/2026-03-01/data.csv", id="not the marker"),
        pytest.param("incoming/mortgage/2026-03-01/_READY.json", id="another pipeline's"),
        pytest.param("x/incoming/loans/b/_READY.json", id="the pattern inside a longer key"),
        pytest.param("incoming/loans/b/_READY.json.bak", id="the pattern before more"),
        pytest.param("incoming/loans/b/_READYxjson", id="the dot is a dot"),
        pytest.param("incoming/loans/b/c/_READY.json", id="a level too deep"),
        pytest.param("incoming/loans//_READY.json", id="no batch"),
        pytest.param("incoming/loans/date=2026/_READY.json", id="equals sign"),
        pytest.param("incoming/loans/a b/_READY.json", id="space"),
        pytest.param("incoming/loans/a+b/_READY.json", id="plus"),
        pytest.param("incoming/loans/a%2Fb/_READY.json", id="an encoded slash in the name itself"),
        pytest.param("incoming/loans/märz/_READY.json", id="unicode"),
        pytest.param("incoming/loans/２０２６/_READY.json", id="unicode digits"),
        pytest.param('incoming/loans/"/_READY.json', id="quote"),
        pytest.param("incoming/loans/'/_READY.json", id="apostrophe"),
        pytest.param("incoming/loans/a\\b/_READY.json", id="backslash"),
        pytest.param("incoming/loans/b/_READY.json\n", id="newline at the end"),
        pytest.param("x\nincoming/loans/b/_READY.json", id="the pattern on a line of its own"),
        pytest.param("incoming/loans/{{=1+1}}/_READY.json", id="expression tag"),
        pytest.param("incoming/loans/{{workflow.name}}/_READY.json", id="simple tag"),
        pytest.param("incoming/loans/$(KUBERNETES_SERVICE_HOST)/_READY.json", id="variable"),
        pytest.param("incoming/loans/" + "b" * 25 + "/_READY.json", id="a batch name too long"),
        pytest.param("incoming/loans/B/_READY.json", id="capitals"),
        pytest.param("incoming/loans/b/_READY.json\x00", id="NUL"),
        pytest.param("", id="empty"),
    ],
)
def test_a_key_that_is_not_exactly_a_marker_starts_nothing(key: str) -> None:
    found = outcome(message(record(key)))
    assert isinstance(found, Filtered)
    assert found.reason.startswith("data filter 1: key = ")


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param("incoming/loans/2026-03-01/_READY.json", id="AWS leaves the slash"),
        pytest.param("incoming%2Floans%2F2026-03-01%2F_READY.json", id="moto encodes it"),
        pytest.param("incoming/loans/2026%2D03%2D01/%5FREADY.json", id="more encoded than need be"),
    ],
)
def test_an_encoded_key_is_decoded_once(raw: str) -> None:
    encoded = record()
    encoded["s3"]["object"]["key"] = raw
    found = outcome(message(encoded))
    assert isinstance(found, Created)
    assert found.resource["metadata"]["name"] == NAME


def test_a_key_is_not_decoded_twice() -> None:
    encoded = record()
    encoded["s3"]["object"]["key"] = "incoming%252Floans%252F2026-03-01%252F_READY.json"
    assert isinstance(outcome(message(encoded)), Filtered)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(
            '{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "retrain"}', "not an S3 event", id="test event"
        ),
        pytest.param('{"Records": []}', "", id="no records"),
        pytest.param("[]", "", id="a list"),
        pytest.param("1", "", id="a number"),
        pytest.param("null", "", id="null"),
        pytest.param(
            '{"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": 7}}}]}', "", id="a number for a key"
        ),
        pytest.param(
            '{"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": "%zz"}}}]}', "uri", id="broken code"
        ),
    ],
)
def test_what_the_transform_cannot_read_is_discarded_with_a_reason(body: str, reason: str) -> None:
    found = outcome(Message("m", body))
    assert isinstance(found, Discarded)
    assert found.reason.startswith("the transform failed: ")
    assert reason in found.reason


def test_a_missing_etag_is_filtered() -> None:
    found = outcome(message(record(etag=None)))
    assert isinstance(found, Filtered)
    assert found.reason.startswith("data filter 2: etag")


def test_an_etag_loses_its_quotes_and_capitals() -> None:
    found = outcome(message(record(etag=f'"{ETAG.upper()}"')))
    assert isinstance(found, Created)
    assert found.resource["metadata"]["name"] == NAME


def test_of_a_message_with_several_records_the_first_counts_as_on_a_cluster() -> None:
    assert isinstance(outcome(message(record("other"), record())), Filtered)
    assert isinstance(outcome(message(record(), record("other"))), Created)


def test_half_a_surrogate_is_replaced_and_does_no_harm() -> None:
    body = '{"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": "incoming/\\ud800"}}}]}'
    found = outcome(Message("m", body))
    assert isinstance(found, Filtered)
    assert "\ufffd" in found.reason


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("hello", id="text"),
        pytest.param("", id="empty"),
        pytest.param('{"a": NaN}', id="NaN is not JSON"),
        pytest.param("{} {}", id="two values"),
        pytest.param("[" * 100_000, id="nested without end"),
        pytest.param("[" * 5_000 + "]" * 5_000, id="nested deeply"),
    ],
)
def test_a_body_that_is_not_json_is_unreadable(body: str) -> None:
    with pytest.raises(UnreadableError):
        message_data(Message("m", body), source().spec.sqs["marker"])


def test_without_json_body_the_body_is_base64_text_and_the_transform_discards_it() -> None:
    settings = source(EventSource__spec__sqs__marker__jsonBody=...).spec.sqs["marker"]
    of = message()
    data = message_data(of, settings)
    assert base64.b64decode(data["body"]).decode() == of.body
    changed = sensor()
    assert isinstance(respond(changed, changed.spec.triggers[0], replace(event(), data=data)), Discarded)


def test_the_envelope_has_the_fields_of_argo_events() -> None:
    settings = source(EventSource__spec__sqs__marker__metadata={"team": "risk"}).spec.sqs["marker"]
    assert message_data(Message("m", "{}"), settings) == {
        "messageId": "m",
        "messageAttributes": None,
        "body": {},
        "metadata": {"team": "risk"},
    }
    assert event().context == {
        "id": "e-1",
        "source": "retrain-markers",
        "specversion": "1.0",
        "type": "sqs",
        "datacontenttype": "application/json",
        "subject": "marker",
        "time": "2026-03-01T12:30:00Z",
    }


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        pytest.param("empty", "no output", id="no output"),
        pytest.param(".messageId", "no JSON object", id="text"),
        pytest.param("[.]", "no JSON object", id="a list"),
        pytest.param('error("no")', "no", id="an error"),
    ],
)
def test_a_transform_must_give_one_object(program: str, reason: str) -> None:
    found = outcome(message(), Sensor__spec__dependencies__0__transform__jq=program)
    assert isinstance(found, Discarded)
    assert reason in found.reason


def test_only_the_first_output_of_a_transform_is_used() -> None:
    jq = f'{{key: "{KEY}", etag: "{ETAG}", name: "first"}}, {{name: "second"}}, error("never asked")'
    found = outcome(message(), Sensor__spec__dependencies__0__transform__jq=jq)
    assert isinstance(found, Created)
    assert found.resource["metadata"]["name"] == "first"


@pytest.mark.parametrize(
    ("value", "parameter", "expected"),
    [
        pytest.param("1", {}, "1", id="an integer becomes text"),
        pytest.param("1.50", {}, "1.5", id="a fraction as Go writes it"),
        pytest.param("null", {}, "null", id="null is a word"),
        pytest.param("true", {}, "true", id="true"),
        pytest.param('{b: "<", a: 1}', {}, '{"a":1,"b":"\\u003c"}', id="an object as compact JSON"),
        pytest.param("1", {"useRawData": True}, 1, id="raw number"),
        pytest.param("[1]", {"useRawData": True}, [1], id="raw list"),
        pytest.param('"x"', {"useRawData": True}, "x", id="raw text stays text"),
        pytest.param('"{{=1+1}}"', {}, "{{=1+1}}", id="text byte for byte"),
    ],
)
def test_a_parameter_takes_the_value_as_argo_events_does(
    value: str, parameter: dict[str, Any], expected: object
) -> None:
    found = outcome(
        message(),
        Sensor__spec__dependencies__0__transform__jq=f"{{v: {value}}}",
        Sensor__spec__dependencies__0__filters=...,
        Sensor__spec__triggers__0__template__k8s__parameters=[
            {"src": {"dependencyName": "marker", "dataKey": "v", **parameter}, "dest": "metadata.name"}
        ],
    )
    assert isinstance(found, Created)
    assert found.resource["metadata"]["name"] == expected


@pytest.mark.parametrize(
    ("src", "operation", "expected"),
    [
        pytest.param({"dataKey": "nosuch", "value": "default"}, "", "default", id="the default"),
        pytest.param({"value": "fixed"}, "", "fixed", id="a fixed value"),
        pytest.param({"contextKey": "subject"}, "", "marker", id="the context"),
        pytest.param({"dataKey": "etag", "contextKey": "subject"}, "", ETAG, id="data before context"),
        pytest.param({"value": "-x"}, "append", "replaced-by-the-event-x", id="append"),
        pytest.param({"value": "x-"}, "prepend", "x-replaced-by-the-event", id="prepend"),
        pytest.param(
            {"dataKey": "x", "value": "d", "dependencyName": "other"}, "", "d", id="an absent dependency's default"
        ),
        pytest.param(
            {"dataKey": "x", "dependencyName": "other"}, "", "replaced-by-the-event", id="an absent dependency"
        ),
    ],
)
def test_a_parameter_is_found_and_put(src: dict[str, Any], operation: str, expected: str) -> None:
    parameter = {"src": {"dependencyName": "marker", **src}, "dest": "metadata.name", "operation": operation}
    found = outcome(message(), Sensor__spec__triggers__0__template__k8s__parameters=[parameter])
    assert isinstance(found, Created)
    assert found.resource["metadata"]["name"] == expected


def test_a_parameter_without_value_or_default_fails_the_attempt() -> None:
    parameter = {"src": {"dependencyName": "marker", "dataKey": "nosuch"}, "dest": "metadata.name"}
    with pytest.raises(ParameterError, match="'nosuch'"):
        outcome(message(), Sensor__spec__triggers__0__template__k8s__parameters=[parameter])


def test_the_document_itself_is_never_changed() -> None:
    changed = sensor()
    before = changed.model_dump()
    respond(changed, changed.spec.triggers[0], event())
    assert changed.model_dump() == before


def test_any_of_several_conditions_is_enough() -> None:
    second = {"name": "second-one", "eventSourceName": "other", "eventName": "x"}
    dependencies = [sensor().spec.dependencies[0].to_dict(), second]
    changed = sensor(
        Sensor__spec__dependencies=dependencies,
        Sensor__spec__triggers__0__template__conditions="(second_one || marker)",
    )
    assert condition_names(changed, changed.spec.triggers[0]) == ("marker", "second-one")
    assert targets([changed], event()) == (("loans", "loans"),)
    assert isinstance(respond(changed, changed.spec.triggers[0], event()), Created)


def test_an_event_of_another_source_is_nobodys() -> None:
    assert targets([sensor()], replace(event(), source="another")) == ()
    assert targets([sensor()], replace(event(), subject="another")) == ()
