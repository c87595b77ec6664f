"""What a cluster would refuse is told before: wrong fields always, pods where a Namespace enforces `restricted`."""

from __future__ import annotations

from typing import Any

import pytest

from workflows.cluster.admission import refused

SENSOR: dict[str, Any] = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Sensor",
    "metadata": {"name": "s"},
    "spec": {"replicas": "2", "triggers": [{"template": {"name": "t", "kafka": {}}}]},
}


def namespace(level: str) -> dict[str, Any]:
    labels = {"pod-security.kubernetes.io/enforce": level}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ml", "labels": labels}}


def test_a_wrong_field_is_an_error_and_an_unknown_part_a_warning() -> None:
    typed, unchecked = refused([SENSOR])
    assert (typed.where, typed.level) == ("Sensor 's', field 'spec.replicas'", "error")
    assert (unchecked.where, unchecked.level) == ("Sensor 's', field 'spec.triggers[0].template.kafka'", "warning")


@pytest.mark.parametrize(("level", "refuses"), [("restricted", True), ("baseline", False), ("privileged", False)])
def test_pods_are_held_against_what_the_namespace_enforces(level: str, refuses: bool) -> None:
    found = [problem.message for problem in refused([SENSOR, namespace(level)])]
    assert ("enforces Pod Security 'restricted' and refuses its pods: main: no seccompProfile" in str(found)) is refuses
