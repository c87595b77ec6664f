"""Every pod is let in under `restricted`, has its limits and an end."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from overlays import Objects
from podsecurity import pods, violations

GOOD: dict[str, Any] = {
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "volumes": [{"name": "tmp", "emptyDir": {}}],
    "containers": [
        {
            "name": "main",
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        }
    ],
}
BAD: dict[str, tuple[tuple[str | int, ...], Any]] = {
    "host network": (("hostNetwork",), True),
    "host path": (("volumes", 0), {"name": "tmp", "hostPath": {"path": "/"}}),
    "root user": (("securityContext", "runAsUser"), 0),
    "may be root": (("securityContext", "runAsNonRoot"), False),
    "no seccomp": (("securityContext", "seccompProfile"), None),
    "unconfined": (("securityContext", "seccompProfile"), {"type": "Unconfined"}),
    "sysctl": (("securityContext", "sysctls"), [{"name": "kernel.x", "value": "1"}]),
    "no context": (("containers", 0, "securityContext"), None),
    "escalation": (("containers", 0, "securityContext", "allowPrivilegeEscalation"), True),
    "capabilities": (("containers", 0, "securityContext", "capabilities"), {"drop": ["ALL"], "add": ["SYS_ADMIN"]}),
    "privileged": (("containers", 0, "securityContext", "privileged"), True),
    "own root": (("containers", 0, "securityContext", "runAsUser"), 0),
    "proc": (("containers", 0, "securityContext", "procMount"), "Unmasked"),
    "host port": (("containers", 0, "ports"), [{"hostPort": 80}]),
}


def test_a_good_pod_is_let_in() -> None:
    assert violations(GOOD) == []


@pytest.mark.parametrize(("path", "value"), BAD.values(), ids=BAD)
def test_a_bad_pod_is_not(path: tuple[str | int, ...], value: Any) -> None:
    pod = copy.deepcopy(GOOD)
    place: Any = pod
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    assert violations(pod)


def test_every_pod_is_let_in(objects: Objects) -> None:
    found = {name: violations(pod) for thing in objects for name, pod in pods(thing)}
    assert len(found) > 20
    assert {name: problems for name, problems in found.items() if problems} == {}


def test_the_namespace_enforces_it(objects: Objects) -> None:
    (namespace,) = (thing for thing in objects if thing["kind"] == "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_what_we_run_says_what_it_needs_and_writes_nowhere(objects: Objects) -> None:
    for thing in objects:
        if thing["kind"] not in ("WorkflowTemplate", "CronWorkflow", "Deployment"):
            continue
        for name, pod in pods(thing):
            for container in pod["containers"]:
                sizes = container["resources"]
                assert {"cpu", "memory"} <= sizes["requests"].keys() & sizes["limits"].keys(), name
                assert container["securityContext"]["readOnlyRootFilesystem"] is True, name


def test_every_workflow_ends_and_is_cleaned_up(objects: Objects) -> None:
    specs = [
        thing["spec"].get("workflowSpec", thing["spec"])
        for thing in objects
        if thing["kind"] in ("WorkflowTemplate", "CronWorkflow")
    ]
    assert len(specs) > 4
    for spec in specs:
        assert spec["activeDeadlineSeconds"] > 0
        assert spec["ttlStrategy"]["secondsAfterCompletion"] > 0
        assert spec["podGC"]["strategy"] == "OnPodSuccess"
