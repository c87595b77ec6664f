"""Every field of every object is known and of its type, which for Argo Events no API server checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from overlays import COMPONENTS, Objects

from workflows.cluster.fieldwalk import known, walk

CUSTOM = {"ExternalSecret", "PodMonitor", "PrometheusRule", "SecretStore"}
"""Kinds of other operators, whose fields nothing here knows."""


def wrong(objects: Objects) -> list[tuple[str, Any]]:
    assert {thing["kind"] for thing in objects if not known(thing["apiVersion"], thing["kind"])} <= CUSTOM
    return [(thing["metadata"]["name"], found) for thing in objects for found in walk(thing)]


def test_every_field_of_an_overlay_is_known_and_of_its_type(objects: Objects) -> None:
    assert wrong(objects) == []


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_field_of_a_component_is_known_and_of_its_type(component: str, assemble: Callable[..., Objects]) -> None:
    assert wrong(assemble([component])) == []
