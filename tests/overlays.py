"""Overlays as kustomize builds them here, without a cluster."""

from __future__ import annotations

import functools
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1] / "manifests"
OVERLAYS = ("local", "production", "staging")
COMPONENTS = tuple(sorted(path.name for path in (ROOT / "components").iterdir()))
Objects = tuple[dict[str, Any], ...]


class Loader(yaml.SafeLoader):
    """Reads a bare `=` as the text it is to kustomize and Kubernetes; YAML 1.1 had plans for it."""


Loader.add_constructor("tag:yaml.org,2002:value", lambda _, node: node.value)


def kustomize() -> list[str]:
    """Return the words of the program that builds; skips the test where there is none."""
    if shutil.which("kubectl"):
        return ["kubectl", "kustomize"]
    if shutil.which("kustomize"):
        return ["kustomize", "build"]
    pytest.skip("neither kubectl nor kustomize is installed, and nothing else builds an overlay")


def text(folder: Path) -> str:
    """Return what the folder builds to."""
    done = subprocess.run([*kustomize(), str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def build(folder: Path) -> Objects:
    """Return every object that the folder builds to."""
    return tuple(yaml.load_all(text(folder), Loader))


@functools.cache
def overlay(name: str) -> Objects:
    """Return every object of the overlay."""
    return build(ROOT / "overlays" / name)
