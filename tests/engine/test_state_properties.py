"""Whatever the DAG and whatever its pods do: the machine ends, all is fulfilled, and again comes out the same."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workflows.engine.state import Options

RESULTS = ("Succeeded", "Failed", "Errored", "Skipped", "Omitted")
WHENS = ("", "true", "false", "{{workflow.name}} == wf", "broken ==")


@st.composite
def tasks(draw: st.DrawFn, depth: int = 0) -> list[dict[str, Any]]:
    """Tasks that wait only for earlier ones."""
    made: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 5))):
        task: dict[str, Any] = {"name": f"t{number}", "template": draw(st.sampled_from(["work", "again", "inner"]))}
        needed = draw(st.lists(st.sampled_from(range(number)), unique=True, max_size=3)) if number else []
        if needed:
            results = [draw(st.sampled_from(("", *(f".{result}" for result in RESULTS)))) for _ in needed]
            joint = draw(st.sampled_from([" && ", " || "]))
            task["depends"] = joint.join(f"t{one}{result}" for one, result in zip(needed, results, strict=True))
        if when := draw(st.sampled_from(WHENS)):
            task["when"] = when
        loop = draw(st.sampled_from([None, None, {"withItems": ["a", 1, {"k": "v"}]}, {"withParam": "[]"}]))
        made.append({**task, **(loop or {})})
    return made


def document(main: list[dict[str, Any]], inner: list[dict[str, Any]]) -> str:
    leaf = {"image": "i", "command": ["c"]}
    inner = [{**task, "template": "work"} for task in inner]
    templates = [
        {"name": "main", "dag": {"tasks": main}},
        {"name": "inner", "dag": {"tasks": inner}},
        {"name": "work", "container": leaf},
        {"name": "again", "retryStrategy": {"limit": 1, "backoff": {"duration": "3"}}, "container": leaf},
        {"name": "bye", "container": leaf},
    ]
    spec = {"entrypoint": "main", "onExit": "bye", "activeDeadlineSeconds": 40, "templates": templates}
    kind = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "wf"}}
    return json.dumps({**kind, "spec": spec})


@given(main=tasks(), inner=tasks(), answers=st.lists(st.integers(0, 2), min_size=1, max_size=8), data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_machine_ends_with_every_node_fulfilled_and_again_the_same(
    play: Any, main: list[dict[str, Any]], inner: list[dict[str, Any]], answers: list[int], data: st.DataObject
) -> None:
    how = (play.ok(seconds=2), play.fail(seconds=3), play.error())
    script = {"work": [how[one] for one in answers], "again": [how[one] for one in reversed(answers)]}
    stop_at = data.draw(st.one_of(st.none(), st.integers(0, 12)))
    strategy = data.draw(st.sampled_from(["Stop", "Terminate"]))
    do = {} if stop_at is None else {float(stop_at): lambda state, now: state.stop(strategy, now)}
    options = Options(parallelism=data.draw(st.one_of(st.none(), st.integers(1, 3))))
    text = document(main, inner)
    first, second = (play(text, script, do=do, options=options) for _ in range(2))
    nodes = first.workflow.status.nodes
    assert first.workflow.status.phase.completed
    assert all(node.phase is not None and node.phase.fulfilled and node.finished_at for node in nodes.values())
    assert all(child in nodes for node in nodes.values() for child in (*node.children, *node.outbound_nodes))
    assert first.workflow == second.workflow
    assert [pod.name for pod in first.pods] == [pod.name for pod in second.pods]
