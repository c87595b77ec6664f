"""What follows a failed attempt, and the Retry node above the attempts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from workflows.engine.duration import parse_duration, spoken
from workflows.engine.model import Backoff, RetryStrategy
from workflows.engine.nodes import NodePhase, NodeStatus, NodeType
from workflows.engine.retry import Again, Attempts, End, Wait, decide
from workflows.errors import DocumentError

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)

WORKFLOW = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: wf}
spec:
  entrypoint: main
  templates:
  - name: main
    dag: {tasks: [{name: a, template: work}, {name: b, template: plain, depends: a}]}
  - {name: plain, container: {image: i, command: [c]}}
  - name: work
    retryStrategy: STRATEGY
    container: {image: i, command: [c], args: ["{{retries}} {{lastRetry.exitCode}} {{lastRetry.status}} {{pod.name}}"]}
"""


def workflow(strategy: str) -> str:
    return WORKFLOW.replace("STRATEGY", strategy)


def attempts(count: int = 1, phase: NodePhase = NodePhase.FAILED, message: str = "m") -> Attempts:
    last = NodeStatus(
        id="i", name="n", type=NodeType.POD, phase=phase, message=message, started_at=NOON, finished_at=NOON
    )
    return Attempts(count, NOON, last)


@pytest.mark.parametrize(
    ("strategy", "given", "after", "answer"),
    [
        pytest.param({"limit": 2}, attempts(2), 0, Again(), id="below the limit"),
        pytest.param(
            {"limit": "2"}, attempts(3), 0, End("No more retries left"), id="limit + 1 attempts, limit as text"
        ),
        pytest.param({}, attempts(99), 0, Again(), id="no limit"),
        pytest.param({"limit": 2}, attempts(1, NodePhase.ERROR), 0, End("m"), id="the default policy retries no Error"),
        pytest.param({"limit": 2, "retryPolicy": "OnError"}, attempts(1), 0, End("m"), id="OnError retries no failure"),
        pytest.param({"retryPolicy": "OnError"}, attempts(1, NodePhase.ERROR), 0, Again(), id="OnError"),
        pytest.param({"retryPolicy": "Always"}, attempts(1, NodePhase.ERROR), 0, Again(), id="Always"),
        pytest.param({"retryPolicy": "OnTransientError"}, attempts(1), 0, End("m"), id="not transient"),
        pytest.param(
            {"retryPolicy": "OnTransientError"}, attempts(1, message="read: i/o timeout"), 0, Again(), id="transient"
        ),
        pytest.param({"expression": "true"}, attempts(1, NodePhase.ERROR), 0, Again(), id="an expression means Always"),
        pytest.param(
            {"limit": 2, "backoff": {"duration": "10", "factor": 2}},
            attempts(2),
            0,
            Wait(NOON + timedelta(seconds=20), "Backoff for 20 seconds"),
            id="duration times factor",
        ),
        pytest.param(
            {"limit": 5, "backoff": {"duration": "1m", "factor": "3", "cap": "2m"}},
            attempts(4),
            0,
            Wait(NOON + timedelta(minutes=2), "Backoff for 2 minutes 0 seconds"),
            id="at most cap",
        ),
        pytest.param({"limit": 2, "backoff": {"duration": "10"}}, attempts(1), 10, Again(), id="the wait is over"),
        pytest.param({"backoff": {"duration": "10"}}, attempts(1), 0, Again(), id="without limit nothing waits"),
        pytest.param(
            {"limit": 1, "backoff": {"duration": "10"}},
            attempts(2),
            0,
            End("No more retries left"),
            id="nor at the end",
        ),
        pytest.param(
            {"limit": 5, "retryPolicy": "OnError", "backoff": {"duration": "10"}},
            attempts(1),
            0,
            Wait(NOON + timedelta(seconds=10), "Backoff for 10 seconds"),
            id="the wait comes before the policy",
        ),
        pytest.param(
            {"limit": 5, "backoff": {"duration": "10", "maxDuration": "60"}},
            attempts(1),
            61,
            End("Max duration limit exceeded"),
            id="out of time",
        ),
        pytest.param(
            {"limit": 5, "backoff": {"duration": "70", "maxDuration": "60"}},
            attempts(1),
            0,
            End("Backoff would exceed max duration limit"),
            id="would be out of time",
        ),
        pytest.param(
            {"limit": 5, "backoff": {"duration": "1", "maxDuration": "60"}},
            attempts(1),
            5,
            Again(NOON + timedelta(seconds=60)),
            id="maxDuration ends the next attempt",
        ),
        pytest.param(
            {"limit": 10**6, "backoff": {"duration": "1", "factor": 10}},
            attempts(40),
            0,
            Wait(NOON + timedelta(days=106_751), "Backoff for 106751 days 0 hours"),
            id="a wait beyond 64 bits is cut",
        ),
    ],
)
def test_what_follows_a_failed_attempt(strategy: dict[str, Any], given: Attempts, after: int, answer: object) -> None:
    assert decide(RetryStrategy.model_validate(strategy), given, NOON + timedelta(seconds=after)) == answer


@pytest.mark.parametrize(
    "strategy",
    [
        RetryStrategy(limit="x"),
        RetryStrategy(limit=1, backoff=Backoff()),
        RetryStrategy(limit=1, backoff=Backoff(duration="soon")),
        RetryStrategy(limit=1, backoff=Backoff(duration="1", factor="much")),
    ],
)
def test_a_strategy_that_cannot_be_read_says_so(strategy: RetryStrategy) -> None:
    with pytest.raises(DocumentError):
        decide(strategy, attempts(), NOON)


def test_attempts_hang_below_a_retry_node(play: Any) -> None:
    done = play(workflow("{limit: 2}"), {"a": [play.fail(3), play.ok()]})
    assert done.phases == {"": "Succeeded", "a": "Succeeded", "a(0)": "Failed", "a(1)": "Succeeded", "b": "Succeeded"}
    assert done.node("a").type == "Retry"
    assert done.node("a").children == (done.node("a(0)").id, done.node("a(1)").id)
    assert done.node("a(0)").node_flag.retried
    assert done.node("a(1)").children == (done.node("b").id,)
    assert done.node("a").outputs.exit_code == "0"


def test_an_attempt_knows_its_number_and_the_one_before(play: Any) -> None:
    done = play(workflow("{limit: 2}"), {"a": [play.fail(3), play.ok()]})
    first, second = (pod.name for pod in done.pods[:2])
    assert done.args("a(0)") == (f"0 0  {first}",)
    assert done.args("a(1)") == (f"1 3 Failed {second}",)


def test_when_attempts_run_out_the_node_says_so(play: Any) -> None:
    done = play(workflow("{limit: 1}"), {"a": play.fail(3)})
    assert done.phases == {"": "Failed", "a": "Failed", "a(0)": "Failed", "a(1)": "Failed", "b": "Omitted"}
    assert done.messages["a"] == "No more retries left"
    assert done.node("a").outputs.exit_code == "3"


def test_a_verdict_is_not_retried(play: Any) -> None:
    strategy = '{limit: 2, retryPolicy: Always, expression: "asInt(lastRetry.exitCode) != 42"}'
    done = play(workflow(strategy), {"a": play.fail(42)})
    assert done.messages["a"] == "retryStrategy.expression evaluated to false"
    assert [name for name in done.phases if name.startswith("a(")] == ["a(0)"]
    crashed = play(workflow(strategy), {"a": [play.fail(1), play.error(), play.ok()]})
    assert crashed.workflow.status.phase == "Succeeded"


def test_a_retry_waits(play: Any) -> None:
    done = play(
        workflow("{limit: 2, backoff: {duration: 10s, factor: 3}}"), {"a": [play.fail(), play.fail(), play.ok()]}
    )
    assert done.seconds == 1 + 10 + 1 + 30 + 1 + 1
    assert done.node("a").message is None


def test_a_verdict_waits_too_because_argo_looks_at_the_expression_after_the_wait(play: Any) -> None:
    strategy = '{limit: 2, expression: "asInt(lastRetry.exitCode) != 42", backoff: {duration: 5m}}'
    done = play(workflow(strategy), {"a": play.fail(42)})
    assert done.seconds == 301


def test_an_expression_that_cannot_be_evaluated_is_an_error(play: Any) -> None:
    done = play(workflow('{limit: 2, expression: "lastRetry.exitCode > 1"}'), {"a": play.fail()})
    assert done.phases["a"] == "Error"
    assert done.messages["a"].startswith("task 'wf.a' errored: ")


def test_a_dag_is_retried_whole(play: Any) -> None:
    text = workflow("{limit: 1}").partition("    container: {image: i, command: [c], args:")[0]
    text += "    dag: {tasks: [{name: x, template: plain}]}"
    done = play(text, {"a(0).x": play.fail()})
    assert done.phases["a(0)"] == "Failed"
    assert done.phases["a(1)"] == done.phases["a(1).x"] == done.phases["a"] == "Succeeded"
    assert done.workflow.status.phase == "Succeeded"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5", 5), ("90s", 90), ("1h30m", 5400), ("1.5m", 90), ("500ms", 0.5), ("0", 0), ("-1s", -1), ("1us", 1e-6)],
)
def test_durations_are_go_s(text: str, seconds: float) -> None:
    assert parse_duration(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "s", "5 m", "1d", "five", "1e3s", "."])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(DocumentError):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "1 minute 0 seconds"),
        (300, "5 minutes 0 seconds"),
        (3723, "1 hour 2 minutes"),
        (90_000, "1 day 1 hours"),
    ],
)
def test_durations_are_spoken_as_argo_does(seconds: int, text: str) -> None:
    assert spoken(timedelta(seconds=seconds)) == text
