"""The overlays, one after another, and any set of components put together for a test."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import overlays
import pytest
import yaml
from overlays import ROOT, Objects


@pytest.fixture(params=overlays.OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def objects(overlay: str) -> Objects:
    """Every object of the overlay."""
    return overlays.overlay(overlay)


@pytest.fixture
def assemble(tmp_path: Path) -> Callable[..., Objects]:
    """Build base and generated with these components, and further lines of a kustomization."""

    def build(components: Sequence[str], lines: str = "") -> Objects:
        def at(path: str) -> str:
            return os.path.relpath(ROOT / path, tmp_path.resolve())

        parts = [at(f"components/{name}") for name in components]
        value = {"namespace": "retrain", "resources": [at("base"), at("generated")], "components": parts}
        (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(value) + lines)
        return overlays.build(tmp_path.resolve())

    return build
