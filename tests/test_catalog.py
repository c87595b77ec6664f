"""The catalog that manifests are made from says of each step what the step says of itself."""

from __future__ import annotations

import importlib

import pytest

from steps.interface import Interface
from workflows.catalog import EXIT_STEPS, STEPS, Step
from workflows.definitions.containers import arguments


@pytest.mark.parametrize("step", [*STEPS, *EXIT_STEPS], ids=lambda step: step.name)
def test_a_row_is_the_step_s_own_interface(step: Step) -> None:
    declared: Interface = importlib.import_module(step.module).INTERFACE
    verdict = () if step in EXIT_STEPS else ("verdict",)
    assert sorted(declared.parameters) == sorted(step.parameters)
    assert sorted(declared.artifacts) == sorted(step.artifacts)
    assert sorted(declared.writes) == sorted((*(row.name for row in step.writes), *verdict))
    assert sorted(declared.saves) == sorted(row.name for row in step.saves)
    assert declared.optional == step.optional


@pytest.mark.parametrize("step", [*STEPS, *EXIT_STEPS], ids=lambda step: step.name)
def test_a_manifest_names_every_argument_once(step: Step) -> None:
    names = [argument.split("=", 1)[0] for argument in arguments(step)]
    assert len(names) == len(set(names))


def test_no_name_is_made_by_two_steps() -> None:
    made = [row.name for step in STEPS for row in (*step.writes, *step.saves)]
    assert len(made) == len(set(made))
