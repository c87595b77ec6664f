"""Overlays as kustomize builds them here, without a cluster."""

from __future__ import annotations

import functools
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from workflows.commands import kustomize

ROOT = Path(__file__).parents[1] / "manifests"
OVERLAYS = ("local", "production", "staging")
COMPONENTS = tuple(sorted(path.name for path in (ROOT / "components").iterdir()))
Objects = tuple[dict[str, Any], ...]


class Loader(yaml.SafeLoader):
    """Reads a bare `=` as the text it is to kustomize and Kubernetes; YAML 1.1 had plans for it."""


Loader.add_constructor("tag:yaml.org,2002:value", lambda _, node: node.value)


def builder_wanted() -> None:
    """Skip the test where no program is installed that builds an overlay."""
    if not any(shutil.which(words[0]) for words in kustomize.BUILDERS):
        pytest.skip("neither kubectl nor kustomize is installed, and nothing else builds an overlay")


def text(folder: Path) -> str:
    """Return what the folder builds to."""
    builder_wanted()
    return kustomize.text(folder)


def build(folder: Path) -> Objects:
    """Return every object that the folder builds to."""
    return tuple(yaml.load_all(text(folder), Loader))


@functools.cache
def overlay(name: str) -> Objects:
    """Return every object of the overlay."""
    return build(ROOT / "overlays" / name)
