"""The steps that only speak to the store and to people start without the libraries that only training needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = {"fairlearn", "matplotlib", "numpy", "pandas", "pandera", "pyarrow", "scipy", "sklearn", "skops"}
LOADED = "import sys, {module}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"


def loaded(module: str) -> set[str]:
    command = [sys.executable, "-c", LOADED.format(module=module)]
    return set(subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout.split())


@pytest.mark.parametrize("step", ["claim", "deploy", "notify", "record", "reject"])
def test_a_light_step_loads_nothing_heavy(step: str) -> None:
    assert not loaded(f"steps.{step}") & HEAVY


def test_a_heavy_step_does_load_it() -> None:
    assert loaded("steps.train") >= {"numpy", "sklearn"}
