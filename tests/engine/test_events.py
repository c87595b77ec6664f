from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from markers import DOCUMENT, documents, sensor

from workflows.engine.effect import no_effect
from workflows.engine.eventrules import anchored, check_events
from workflows.engine.events import load_events
from workflows.engine.triggers import Backoff
from workflows.errors import DocumentError

SENSOR = "Sensor__spec__"
DEPENDENCY = f"{SENSOR}dependencies__0__"
FILTER = f"{DEPENDENCY}filters__data__0__"
TRIGGER = f"{SENSOR}triggers__0__"
K8S = f"{TRIGGER}template__k8s__"
PARAMETER = f"{K8S}parameters__0__"
SQS = "EventSource__spec__sqs__marker__"


def test_the_documents_are_read_and_have_no_problems() -> None:
    found = load_events([DOCUMENT])
    assert [document.title for document in found] == [
        "EventBus 'default'",
        "EventSource 'retrain-markers'",
        "Sensor 'loans'",
    ]
    assert check_events(found) == ()


def test_the_rendered_manifests_are_read_and_have_no_problems() -> None:
    found = load_events([Path(__file__).parents[2] / "manifests" / "generated"])
    assert {document.body.kind for document in found} == {"EventBus", "EventSource", "Sensor"}
    assert check_events(found) == ()


def test_what_has_no_effect_here_is_told() -> None:
    assert no_effect(sensor()) == (
        "spec.eventBusName",
        "spec.replicas",
        "spec.revisionHistoryLimit",
        "spec.template",
    )
    assert "spec.jetstream.persistence" in no_effect(documents()[0].body)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        pytest.param("EventSource__spec__webhook", {}, "does not support 'webhook'", id="another source"),
        pytest.param("EventSource__spec__sqs", {}, "at least 1", id="no queue"),
        pytest.param(f"{SQS}region", "", "at least 1 character", id="no region"),
        pytest.param(f"{TRIGGER}template", {"name": "a"}, "field 'k8s' is required", id="no trigger"),
        pytest.param(f"{SQS}roleARN", "arn:…", "does not support 'roleARN'", id="role"),
        pytest.param(f"{SQS}filter", {"expression": "true"}, "does not support 'filter'", id="source filter"),
        pytest.param(f"{SQS}waitTimeSeconds", "20", "whole number, got '20'", id="a number in quotes"),
        pytest.param(f"{SQS}waitTimeSeconds", 21, "less than or equal to 20", id="a wait too long"),
        pytest.param(f"{SQS}jsonBdy", True, "unknown field 'jsonBdy'", id="a typo in a source"),
        pytest.param(f"{SQS}jsonBody", "true", "true or false, got 'true'", id="a truth in quotes"),
        pytest.param(f"{DEPENDENCY}transform__script", "x", "does not support 'script'", id="Lua"),
        pytest.param(f"{DEPENDENCY}filters__exprs", [], "does not support 'exprs'", id="exprs"),
        pytest.param(f"{DEPENDENCY}filters__time", {}, "does not support 'time'", id="time"),
        pytest.param(f"{FILTER}template", "x", "does not support 'template'", id="a filter's template"),
        pytest.param(f"{FILTER}value", ["("], "no RE2 pattern", id="a broken pattern"),
        pytest.param(f"{FILTER}value", ["^(?!x)$"], "no RE2 pattern", id="a pattern RE2 lacks"),
        pytest.param(f"{FILTER}value", [5], "expected text, got 5", id="a number for a pattern"),
        pytest.param(f"{FILTER}comparator", ">", "no meaning for type 'string'", id="a comparator of numbers"),
        pytest.param(f"{FILTER}path", "a.*", "'*' is not supported", id="a wildcard path"),
        pytest.param(f"{FILTER}path", "a|b", "'|' is not supported", id="a pipe path"),
        pytest.param(f"{PARAMETER}src__dataTemplate", "x", "does not support 'dataTemplate'", id="Go templates"),
        pytest.param(f"{PARAMETER}src", {"dependencyName": "marker"}, "the whole event", id="the whole event"),
        pytest.param(f"{PARAMETER}operation", "replace", "'overwrite', 'append'", id="an operation nobody knows"),
        pytest.param(f"{PARAMETER}dest", "a..b", "empty part", id="a broken destination"),
        pytest.param(f"{K8S}operation", "delete", "does not support 'delete'", id="delete"),
        pytest.param(f"{K8S}patchStrategy", "x", "does not support 'patchStrategy'", id="patch strategy"),
        pytest.param(f"{K8S}source__configmap", {}, "does not support 'configmap'", id="a resource elsewhere"),
        pytest.param(f"{TRIGGER}template__argoWorkflow", {}, "does not support 'argoWorkflow'", id="argoWorkflow"),
        pytest.param(f"{TRIGGER}rateLimit", {}, "does not support 'rateLimit'", id="rate limit"),
        pytest.param(f"{TRIGGER}atLeastOnze", True, "unknown field 'atLeastOnze'", id="a typo in a trigger"),
        pytest.param(f"{TRIGGER}retryStrategy__duration", [1], "number or text", id="a duration of a wrong type"),
        pytest.param(f"{TRIGGER}retryStrategy__duration", "5", "'5' has no unit", id="a duration without unit"),
        pytest.param(f"{TRIGGER}retryStrategy__factor", "2", "valid number", id="a factor in quotes"),
        pytest.param(f"{TRIGGER}dlqTrigger__template__log", ..., "one of http and log", id="an empty dlqTrigger"),
        pytest.param(f"{TRIGGER}dlqTrigger__template__slack", {}, "does not support 'slack'", id="Slack"),
        pytest.param("EventBus__spec__nats", {}, "does not support 'nats'", id="STAN"),
        pytest.param("Sensor__apiVersion", "argoproj.io/v1", "expected 'argoproj.io/v1alpha1'", id="a version"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(path: str, value: Any, message: str) -> None:
    with pytest.raises(DocumentError) as refused:
        documents(**{path: value})
    assert message in refused.value.message
    assert refused.value.where.startswith("events.yaml:")
    assert path.split("__")[0] in refused.value.where


@pytest.mark.parametrize(
    ("path", "value", "message", "level"),
    [
        pytest.param("Sensor__metadata__name", "a.b", "Sensor name 'a.b'", "error", id="a dot in a name"),
        pytest.param(f"{TRIGGER}template__name", "a b", "trigger name 'a b'", "error", id="a space in a name"),
        pytest.param(f"{DEPENDENCY}name", "1a", "dependency name '1a'", "error", id="a digit first"),
        pytest.param(f"{FILTER}value", ["_READY.json"], "found anywhere", "error", id="no anchors"),
        pytest.param(f"{FILTER}value", ["^a$|^b$"], "found anywhere", "error", id="alternatives outside of brackets"),
        pytest.param(f"{FILTER}comparator", "!=", None, "", id="one value with != is fine"),
        pytest.param(f"{DEPENDENCY}transform__jq", ".a |||", "jq cannot read it", "error", id="a broken transform"),
        pytest.param(f"{DEPENDENCY}filters", ..., "every event passes", "warning", id="no filters"),
        pytest.param(f"{DEPENDENCY}eventName", "other", "which nobody sends", "error", id="an event nobody sends"),
        pytest.param(f"{PARAMETER}dest", "spec.arguments.parameters.9.value", "leads nowhere", "error", id="index"),
        pytest.param(
            f"{PARAMETER}dest", "spec.arguments.parameters.3", "leads nowhere", "error", id="index at the end"
        ),
        pytest.param(
            f"{PARAMETER}dest", 'spec.arguments.parameters.#(name=="x").value', "nowhere", "error", id="query"
        ),
        pytest.param(
            f"{PARAMETER}dest", 'spec.arguments.parameters.#(name=="etag").x', "nowhere", "error", id="query 2"
        ),
        pytest.param(f"{PARAMETER}dest", "kind", "replace a whole part", "error", id="the kind"),
        pytest.param(f"{PARAMETER}dest", r"metadata.labels.a\.b/c", None, "", id="an escaped dot is fine"),
        pytest.param(f"{PARAMETER}src__dependencyName", "other", "no dependency of this", "error", id="dependency"),
        pytest.param(f"{PARAMETER}src", {"dependencyName": "marker", "contextKey": "id"}, "differs", "error", id="id"),
        pytest.param(f"{K8S}source__resource__kind", "Pod", "creating a Pod", "error", id="another kind"),
        pytest.param(f"{K8S}source__resource__spec__entrypiont", "x", "Extra inputs", "error", id="a typo inside"),
        pytest.param(f"{K8S}parameters", [], None, "", id="no parameters but a name is fine"),
        pytest.param(f"{K8S}source__resource__metadata__name", ..., None, "", id="a name by parameter is fine"),
        pytest.param(f"{TRIGGER}atLeastOnce", False, "needs atLeastOnce", "error", id="dlq without atLeastOnce"),
        pytest.param(f"{TRIGGER}dlqTrigger", ..., "dropped without a word", "warning", id="no dlqTrigger"),
        pytest.param(f"{TRIGGER}retryStrategy__duration", 2, "nanoseconds", "warning", id="nanoseconds"),
        pytest.param(f"{TRIGGER}template__conditions", "marker && marker", "does not support", "error", id="and"),
        pytest.param(f"{TRIGGER}template__conditions", "!marker", "know only", "error", id="not"),
        pytest.param(f"{TRIGGER}template__conditions", "other", "no dependency", "error", id="a name nobody has"),
        pytest.param(f"{SQS}jsonBody", False, "base64", "warning", id="base64"),
        pytest.param(f"{SQS}accessKey", {"name": "a", "key": "b"}, "go together", "error", id="half a credential"),
    ],
)
def test_a_trap_is_found(path: str, value: Any, message: str | None, level: str) -> None:
    found = check_events(documents(**{path: value}))
    if message is None:
        assert found == ()
    else:
        assert any(message in problem.message and problem.level == level for problem in found), found
        assert all(problem.where.startswith("events.yaml") for problem in found)


def test_retries_without_at_least_once_are_told() -> None:
    found = check_events(documents(**{f"{TRIGGER}atLeastOnce": False, f"{TRIGGER}dlqTrigger": ...}))
    assert [problem.message for problem in found] == ["retryStrategy has no effect without atLeastOnce: true"]


def test_names_that_conditions_cannot_tell_apart_are_refused() -> None:
    first = sensor().spec.dependencies[0].to_dict()
    two = [{**first, "name": "a-b"}, {**first, "name": "a_b"}]
    found = check_events(documents(Sensor__spec__dependencies=two))
    assert any("conditions turn '-' into '_'" in problem.message for problem in found)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("^a$", True),
        ("^(a|b)$", True),
        ("^[|(]$", True),
        (r"^a\|b$", True),
        ("a$", False),
        ("^a", False),
        (r"^a\$", False),
        ("^a|b$", False),
        (r"^[\]|]|b$", False),
    ],
)
def test_anchors_hold_the_whole_pattern(pattern: str, expected: bool) -> None:
    assert anchored(pattern) is expected


def test_delays_grow_and_jitter_only_adds() -> None:
    backoff = Backoff(steps=4, duration="2s", factor=2, jitter=0.5)
    assert [backoff.delay(attempt, lambda: 0.0) for attempt in (1, 2, 3)] == [2.0, 4.0, 8.0]
    assert backoff.delay(1, lambda: 1.0) == 3.0
    assert Backoff(duration=1_000_000_000).delay(1, lambda: 0.0) == 1.0
    assert Backoff().attempts == 5
