"""Time runs out or somebody stops the run: which pods are ended, what their nodes say, and what still runs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from workflows.engine.state import Options

WORKFLOW = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: wf}
spec:
  entrypoint: main
  onExit: bye
  EXTRA
  templates:
  - name: main
    dag:
      tasks:
      - {name: a, template: work}
      - {name: b, template: plain, depends: a.Succeeded}
      - {name: c, template: plain, depends: a.Failed}
  - {name: plain, container: {image: i, command: [c]}}
  - {name: bye, container: {image: i, command: [c], args: ["{{workflow.status}}"]}}
  - name: work
    MORE
    container: {image: i, command: [c]}
"""


def workflow(extra: str = "serviceAccountName: x", more: str = "metadata: {}") -> str:
    return WORKFLOW.replace("EXTRA", extra).replace("MORE", more)


def stop(strategy: str) -> Any:
    return lambda state, now: state.stop(strategy, now)


def test_the_workflow_s_deadline_ends_pods_but_not_onexit(play: Any) -> None:
    done = play(workflow("activeDeadlineSeconds: 10"), {"work": play.ok(seconds=60), "bye": play.ok(seconds=5)})
    assert done.phases == {"": "Failed", "a": "Failed", "b": "Omitted", "c": "Failed", "onExit": "Succeeded"}
    assert done.messages["a"] == done.messages["c"] == "Step exceeded its deadline"
    assert done.workflow.status.phase == "Failed"
    assert done.workflow.status.message is None
    assert done.seconds == 15


def test_a_deadline_in_the_future_ends_nothing(play: Any) -> None:
    done = play(workflow("activeDeadlineSeconds: 10"), {"work": play.ok(seconds=5)})
    assert done.workflow.status.phase == "Succeeded"
    assert done.seconds == 7


def test_a_retry_does_not_outlive_the_workflow_s_deadline(play: Any) -> None:
    text = workflow("activeDeadlineSeconds: 10", "retryStrategy: {limit: 9, backoff: {duration: 1h}}")
    done = play(text, {"a": play.fail()})
    assert done.messages["a"] == "retry exceeded workflow deadline 2026-01-02 12:00:10 +0000 UTC"
    assert done.seconds == 11


@pytest.mark.parametrize(
    ("more", "deadline", "message"),
    [
        pytest.param("timeout: 5s", 5, "Pod was active on the node longer than the specified deadline", id="timeout"),
        pytest.param(
            "timeout: '5'", 5, "Pod was active on the node longer than the specified deadline", id="bare number"
        ),
        pytest.param(
            "activeDeadlineSeconds: 4", 4, "Pod was active on the node longer than the specified deadline", id="active"
        ),
        pytest.param(
            "{activeDeadlineSeconds: '7', timeout: 6s}".strip("{}").replace(", ", "\n    "),
            6,
            "Pod was active on the node longer than the specified deadline",
            id="the earlier of both",
        ),
    ],
)
def test_a_template_s_deadline_is_the_pod_s(play: Any, more: str, deadline: int, message: str) -> None:
    done = play(workflow(more=more), {"work": play.ok(seconds=60)})
    assert done.pods[0].deadline == play.noon + timedelta(seconds=deadline)
    assert done.phases["a"] == "Failed"
    assert done.messages["a"] == message


@pytest.mark.parametrize("timeout", ["1s", "2s", "100ms"])
def test_a_timeout_that_leaves_no_time_is_an_error_as_in_argo(play: Any, timeout: str) -> None:
    done = play(workflow(more=f"timeout: {timeout}"))
    assert done.phases["a"] == "Error"
    assert done.messages["a"] == "task 'wf.a' errored: wf.a exceeded its deadline"


def test_max_duration_ends_the_attempt(play: Any) -> None:
    more = "retryStrategy: {limit: 9, backoff: {duration: '1', maxDuration: '30'}}"
    done = play(workflow(more=more), {"a": [play.fail(), play.ok(seconds=600)]})
    assert done.pods[0].deadline is None
    assert done.pods[1].deadline == play.noon + timedelta(seconds=30)


def test_a_pod_that_waits_for_room_longer_than_its_timeout_fails(play: Any) -> None:
    text = workflow(more="timeout: 5s").replace(
        "      - {name: a, template: work}\n",
        "      - {name: aa, template: plain}\n      - {name: a, template: work}\n",
    )
    done = play(text, {"aa": play.ok(seconds=9)}, options=Options(parallelism=1))
    assert (done.phases["a"], done.messages["a"]) == ("Failed", "timeout")


def test_stop_ends_what_runs_and_lets_onexit_say_goodbye(play: Any) -> None:
    done = play(workflow(), {"work": play.ok(seconds=60)}, do={5: stop("Stop")})
    assert done.phases == {"": "Failed", "a": "Failed", "b": "Omitted", "c": "Failed", "onExit": "Succeeded"}
    assert done.messages["a"] == "workflow shutdown with strategy:  Stop"
    assert done.messages["c"] == "workflow shutdown with strategy: Stop"
    assert done.workflow.status.phase == "Failed"
    assert done.workflow.status.message == "Stopped with strategy 'Stop'"
    assert done.pods[-1].template.container.args == ("Failed",)


def test_terminate_runs_nothing_any_more(play: Any) -> None:
    done = play(workflow(), {"work": play.ok(seconds=60)}, do={5: stop("Terminate")})
    assert "onExit" not in done.phases
    assert done.workflow.status.phase == "Failed"
    assert done.workflow.status.message == "Stopped with strategy 'Terminate'"
    assert done.seconds == 5


def test_stop_spares_onexit_that_runs_already_and_terminate_does_not(play: Any) -> None:
    script = {"bye": play.ok(seconds=60)}
    spared = play(workflow(), script, do={5: stop("Stop")})
    assert (spared.phases["onExit"], spared.workflow.status.phase, spared.seconds) == ("Succeeded", "Succeeded", 62)
    ended = play(workflow(), script, do={5: stop("Terminate")})
    assert (ended.phases["onExit"], ended.workflow.status.phase, ended.seconds) == ("Failed", "Failed", 5)


def test_stop_wakes_a_retry_that_waits(play: Any) -> None:
    text = workflow(more="retryStrategy: {limit: 9, backoff: {duration: 1h}}")
    done = play(text, {"a": play.fail()}, do={5: stop("Stop")})
    assert done.messages["a"] == "Stopped with strategy 'Stop'"
    assert done.seconds == 6


def test_stop_fails_what_waits_for_room(play: Any) -> None:
    text = workflow().replace(
        "      - {name: a, template: work}\n",
        "      - {name: aa, template: plain}\n      - {name: a, template: work}\n",
    )
    done = play(text, {"aa": play.ok(seconds=60)}, do={5: stop("Stop")}, options=Options(parallelism=1))
    assert done.messages["a"] == "workflow shutdown with strategy: Stop"
    assert done.phases["aa"] == "Failed"


def test_a_pod_that_ended_well_before_it_heard_of_the_stop_is_well(play: Any) -> None:
    def stop_and_end(state: Any, now: Any) -> Any:
        return state.stop("Stop", now)[:0]

    done = play(workflow(), {"work": play.ok(seconds=9)}, do={5: stop_and_end})
    assert done.phases["a"] == "Succeeded"
    assert done.workflow.status.phase == "Failed"


def test_a_dag_that_was_stopped_is_failed_however_its_tasks_ended(play: Any) -> None:
    text = workflow().replace("      - {name: b, template: plain, depends: a.Succeeded}\n", "")
    text = text.replace("      - {name: c, template: plain, depends: a.Failed}\n", "")
    done = play(text, {"work": play.ok(seconds=9)}, do={5: lambda state, now: state.stop("Stop", now)[:0]})
    assert (done.phases["a"], done.phases[""]) == ("Succeeded", "Failed")
