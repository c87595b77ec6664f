"""`depends` decides as Argo's DAG does which task runs."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from workflows.engine.dependency import DependencyError, Result, ancestors, decide, dependency, leaves, names
from workflows.engine.model import ContinueOn, DAGTask
from workflows.engine.nodes import NodePhase

SUCCEEDED, FAILED, ERROR = NodePhase.SUCCEEDED, NodePhase.FAILED, NodePhase.ERROR
SKIPPED, OMITTED = NodePhase.SKIPPED, NodePhase.OMITTED


def task(name: str, depends: str | None = None, after: Iterable[str] = (), go_on: ContinueOn | None = None) -> DAGTask:
    return DAGTask(name=name, template="t", depends=depends, dependencies=tuple(after), continue_on=go_on)


def dag(*tasks: DAGTask) -> dict[str, DAGTask]:
    return {one.name: one for one in tasks}


@pytest.mark.parametrize(
    ("depends", "phase", "runs"),
    [
        ("train-model", SUCCEEDED, True),
        ("train-model", SKIPPED, True),
        ("train-model", OMITTED, False),
        ("train-model", FAILED, False),
        ("train-model.Succeeded", SUCCEEDED, True),
        ("train-model.Succeeded", SKIPPED, False),
        ("train-model.Failed", FAILED, True),
        ("train-model.Failed", ERROR, False),
        ("train-model.Errored", ERROR, True),
        ("train-model.Skipped", SKIPPED, True),
        ("train-model.Omitted", OMITTED, True),
        ("train-model.Daemoned", SUCCEEDED, False),
        ("!train-model.Succeeded", FAILED, True),
        ("(train-model.Failed || train-model.Errored) && !train-model.Skipped", ERROR, True),
    ],
)
def test_a_task_runs_if_its_dependency_ended_as_asked(depends: str, phase: NodePhase, runs: bool) -> None:
    read = dependency(task("next", depends), dag(task("train-model")))
    assert read.tasks == ("train-model",)
    assert decide(read.expression, {"train-model": Result(phase)}) is runs


@pytest.mark.parametrize(
    ("result", "children", "runs"),
    [
        ("AnySucceeded", (FAILED, SUCCEEDED), True),
        ("AnySucceeded", (FAILED, SKIPPED), False),
        ("AnySucceeded", (), False),
        ("AllFailed", (FAILED, FAILED), True),
        ("AllFailed", (FAILED, ERROR), False),
        ("AllFailed", (), False),
    ],
)
def test_a_loop_can_be_asked_for_its_children(result: str, children: tuple[NodePhase, ...], runs: bool) -> None:
    read = dependency(task("next", f"validate.{result}"), dag(task("validate")))
    assert read.looped == {"validate"}
    assert decide(read.expression, {"validate": Result(FAILED, children)}) is runs


def test_dependencies_are_bare_names_joined_by_and() -> None:
    read = dependency(task("next", after=["a", "b"]), dag(task("a"), task("b")))
    assert read.expression == ("(a.Succeeded || a.Skipped || a.Daemoned) && (b.Succeeded || b.Skipped || b.Daemoned)")
    assert decide(read.expression, {"a": Result(SKIPPED), "b": Result(SUCCEEDED)}) is True
    assert decide(read.expression, {"a": Result(OMITTED), "b": Result(SUCCEEDED)}) is False


@pytest.mark.parametrize(
    ("go_on", "phase", "runs"),
    [
        (ContinueOn(failed=True), FAILED, True),
        (ContinueOn(failed=True), ERROR, False),
        (ContinueOn(error=True), ERROR, True),
        (ContinueOn(), FAILED, False),
    ],
)
def test_continue_on_lets_the_next_task_run(go_on: ContinueOn, phase: NodePhase, runs: bool) -> None:
    read = dependency(task("next", after=["a"]), dag(task("a", go_on=go_on)))
    assert decide(read.expression, {"a": Result(phase)}) is runs


def test_a_task_that_waits_for_nothing_has_no_expression() -> None:
    assert dependency(task("first"), {}).expression == ""


@pytest.mark.parametrize(
    ("depends", "said"),
    [
        ("trian", "which is no task"),
        ("train.Succeded", "is invalid"),
        ("train &&", "cannot read depends"),
        ("train.Succeeded train.Failed", "cannot read depends"),
        ("train and train", "which is no task"),
    ],
)
def test_a_depends_that_cannot_be_read_is_refused(depends: str, said: str) -> None:
    with pytest.raises(DependencyError, match=said):
        dependency(task("next", depends), dag(task("train")))


def test_a_misspelt_task_gets_a_suggestion() -> None:
    with pytest.raises(DependencyError) as caught:
        dependency(task("next", "trian.Succeeded"), dag(task("train")))
    assert caught.value.hint == "did you mean 'train'?"


@pytest.mark.parametrize("expression", ["a.Succeeded && b.Succeeded", "a.Done", "a", "a.Succeeded && 'x'"])
def test_an_expression_that_cannot_be_decided_is_an_error(expression: str) -> None:
    with pytest.raises(DependencyError):
        decide(expression, {"a": Result(SUCCEEDED)})


def test_the_names_in_a_depends_come_once_in_order() -> None:
    assert names("(b.Failed || a-1) && b.Errored && !c.Skipped") == ("b", "a-1", "c")


def test_ancestors_are_all_a_task_waits_for_in_document_order() -> None:
    tasks = dag(task("a"), task("b", "a"), task("other"), task("d", "c.Failed"), task("c", after=["b"]))
    assert ancestors("d", tasks) == ("a", "b", "c")
    assert ancestors("a", tasks) == ()


def test_a_cycle_does_not_hang() -> None:
    assert ancestors("a", dag(task("a", "b"), task("b", "a"))) == ("b",)


def test_leaves_are_what_nothing_waits_for() -> None:
    assert leaves([task("a"), task("z", "a"), task("b", "a.Failed"), task("c")]) == ("b", "c", "z")
