"""The graph's edges follow from what the steps read."""

from __future__ import annotations

import pytest

from workflows.catalog import DEPLOY, RECORD, STEPS, TRAIN, VALIDATE, Step
from workflows.definitions.arguments import Edge, dependencies, edges, prefix_of, producer_of, value_of


def test_the_order_of_the_steps_falls_out_of_what_they_read() -> None:
    assert dependencies() == {
        "claim": (),
        "validate": ("claim",),
        "train": ("validate",),
        "evaluate": ("train",),
        "deploy": ("evaluate",),
        "reject": ("evaluate",),
    }


def test_without_the_step_that_reads_a_file_nothing_waits_for_it() -> None:
    assert dependencies([step for step in STEPS if step is not TRAIN and step.name == "claim"]) == {"claim": ()}


def test_a_loop_depends_on_the_list_it_runs_over() -> None:
    assert Edge("claim", "validate", "files") in edges(VALIDATE)


VALUES = {
    "of an item": (VALIDATE, "file", "{{item.file}}"),
    "of another step": (DEPLOY, "data-hash", "{{tasks.claim.outputs.parameters.data-hash}}"),
    "of the run": (DEPLOY, "uid", "{{workflow.uid}}"),
    "given to the run": (RECORD, "marker", "{{= sprig.replace('$(', '$ (', workflow.parameters['marker']) }}"),
}


@pytest.mark.parametrize(("step", "name", "tag"), VALUES.values(), ids=VALUES)
def test_a_value_comes_from_where_it_is_made(step: Step, name: str, tag: str) -> None:
    assert value_of(step, name) == tag


def test_a_value_that_nobody_makes_is_an_error() -> None:
    with pytest.raises(LookupError, match="'nope'"):
        producer_of("nope", artifact=False)


def test_a_loop_s_files_are_read_by_their_prefix() -> None:
    assert prefix_of("clean") == "artifacts/{{workflow.name}}/{{workflow.uid}}/clean"
