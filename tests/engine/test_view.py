"""What a person sees of a run is exactly this text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from workflows.engine.model import API_VERSION, ObjectMeta, Workflow, WorkflowSpec, WorkflowStatus
from workflows.engine.nodes import NodePhase, NodeStatus, NodeType, WorkflowPhase
from workflows.engine.values import Outputs, Parameter
from workflows.engine.view import MANY, Canvas, elapsed, frame, listing

START = datetime(2026, 1, 2, 3, 0, 0, tzinfo=UTC)
NOW = START + timedelta(seconds=80)


def node(name: str, phase: str, kind: str = "Pod", seconds: tuple[int, int | None] = (0, 1), **more: Any) -> NodeStatus:
    begin, end = seconds
    return NodeStatus(
        id=name,
        name=name,
        display_name=name.rpartition(".")[2],
        type=NodeType(kind),
        phase=NodePhase(phase),
        started_at=START + timedelta(seconds=begin),
        finished_at=None if end is None else START + timedelta(seconds=end),
        **more,
    )


def workflow(*nodes: NodeStatus, name: str = "loans-1", **status: Any) -> Workflow:
    status = {"phase": WorkflowPhase.RUNNING, "started_at": START, **status}
    return Workflow(
        api_version=API_VERSION,
        kind="Workflow",
        metadata=ObjectMeta(name=name),
        spec=WorkflowSpec(),
        status=WorkflowStatus(nodes={node.id: node for node in nodes}, **status),
    )


RUN = (
    node("w", "Running", "DAG", (0, None), template_name="pipeline"),
    node("w.train", "Omitted", "Skipped", (71, 71), boundary_id="w", message="omitted: depends condition not met"),
    node("w.claim", "Succeeded", "Retry", (0, 3), boundary_id="w", template_name="claim"),
    node("w.claim(0)", "Succeeded", "Pod", (0, 3), boundary_id="w", template_name="claim"),
    node("w.validate", "Running", "TaskGroup", (3, None), boundary_id="w"),
    node("w.validate(0:a)", "Failed", "Retry", (3, 70), boundary_id="w", message="No more retries left"),
    node("w.validate(0:a)(0)", "Failed", "Pod", (3, 60), boundary_id="w", message="main: Error (exit code 1)"),
    node("w.validate(0:a)(1)", "Failed", "Pod", (61, 70), boundary_id="w", message="main: Error (exit code 1)"),
    node("w.validate(1:b)", "Running", "Pod", (4, None), boundary_id="w"),
    node("w.onExit", "Succeeded", "DAG", (72, 73), template_name="exit"),
    node("w.onExit.notify", "Pending", "Pod", (72, None), boundary_id="w.onExit", template_name="notify"),
)


def test_a_run_is_drawn_as_a_tree() -> None:
    picture = frame(workflow(*RUN, progress="3/8", message="busy"), NOW, Canvas(width=100))
    assert picture.split("\n") == [
        "Name:     loans-1",
        "Status:   Running",
        "Message:  busy",
        "Duration: 1m20s (3/8)",
        "",
        "STEP                      TEMPLATE  DURATION  MESSAGE",
        "● w                       pipeline  1m20s",
        "├─✔ claim                 claim     3s",
        "├─● validate                        1m17s",
        "│ ├─✖ validate(0:a)                 1m07s     No more retries left",
        "│ │ ├─✖ validate(0:a)(0)            57s       main: Error (exit code 1)",
        "│ │ └─✖ validate(0:a)(1)            9s        main: Error (exit code 1)",
        "│ └─● validate(1:b)                 1m16s",
        "└─○ train                                     omitted: depends condition not met",
        "✔ onExit                  exit      1s",
        "└─◷ notify                notify    8s",
    ]


def test_a_plain_terminal_gets_ascii_and_no_line_is_too_wide() -> None:
    picture = frame(workflow(*RUN), NOW, Canvas(width=60, unicode=False))
    assert picture.isascii()
    assert max(len(line) for line in picture.split("\n")) <= 60
    assert "| | |-x validate(0:a)(0)            57s       main: Error..." in picture


def test_colour_changes_nothing_but_colour() -> None:
    plain = frame(workflow(*RUN), NOW, Canvas())
    painted = frame(workflow(*RUN), NOW, Canvas(colour=True))
    assert "\x1b[31m✖\x1b[0m" in painted
    for code in ("\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[34m", "\x1b[2m", "\x1b[0m"):
        painted = painted.replace(code, "")
    assert painted == plain


def test_text_from_outside_cannot_steer_the_terminal() -> None:
    hostile = "two\nlines \x1b[2J\r\x07 \u202e"
    run = workflow(node("w", "Failed", message=hostile), name="w\x1b]0;x\x07", message=hostile)
    for canvas in (Canvas(), Canvas(unicode=False)):
        picture = frame(run, NOW, canvas) + listing([run], NOW, canvas)
        assert not [c for c in picture if not c.isprintable() and c != "\n"]
    assert "two lines ?[2J ? ?" in frame(run, NOW, Canvas())


def test_outputs_are_shown_on_one_line_each_and_words_before_json() -> None:
    values = {"verdict": '{"outcome": "promoted"}', "files": "[]", "outcome": "promoted", "none": "", "batch": "b1"}
    outputs = Outputs(parameters=tuple(Parameter(name=name, value=value) for name, value in values.items()))
    picture = frame(workflow(outputs=outputs, phase=WorkflowPhase.SUCCEEDED), NOW, Canvas())
    shown = ["  outcome: promoted", "  batch: b1", '  verdict: {"outcome": "promoted"}', "  files: []"]
    assert picture.split("\n")[-5:] == ["Outputs:", *shown]


@pytest.mark.parametrize(("count", "lines"), [(MANY, MANY), (MANY + 1, 2)])
def test_a_big_loop_shows_only_what_says_something(count: int, lines: int) -> None:
    group = node("w.v", "Failed", "TaskGroup", boundary_id="w")
    items = [node(f"w.v({i}:x)", "Failed" if i == 3 else "Succeeded", boundary_id="w") for i in range(count)]
    picture = frame(workflow(node("w", "Failed", "DAG"), group, *items), NOW, Canvas())
    below = picture.split("└─✖ v")[1].split("\n")[1:]
    assert len(below) == lines
    assert ("and 10 more that are done" in picture) is (count > MANY)
    assert "v(3:x)" in picture


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (59, "59s"), (60, "1m00s"), (3599, "59m59s"), (3720, "1h02m"), (-5, "0s")]
)
def test_durations_are_short(seconds: int, text: str) -> None:
    assert elapsed(START, None, START + timedelta(seconds=seconds)) == text


def test_what_has_not_started_has_no_duration() -> None:
    assert elapsed(None, None, NOW) == ""


def test_runs_are_listed_a_line_each() -> None:
    done = workflow(
        name="loans-20260102-abc",
        phase=WorkflowPhase.FAILED,
        finished_at=START + timedelta(seconds=20),
        message="child failed",
    )
    waiting = workflow(name="b", phase=WorkflowPhase.PENDING, started_at=None)
    assert listing([done, waiting], NOW, Canvas(width=80)).split("\n") == [
        "  NAME                STATUS     STARTED               DURATION   MESSAGE",
        "✖ loans-20260102-abc  Failed     2026-01-02T03:00:00Z  20s        child failed",
        "◷ b                   Pending    -",
    ]
