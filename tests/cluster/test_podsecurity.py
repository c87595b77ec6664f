"""What `restricted` refuses in a pod, and the pods that an object becomes."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from workflows.cluster.podsecurity import pods, violations

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


BARE: dict[str, dict[str, Any]] = {
    "Sensor": {"dependencies": []},
    "EventSource": {"sqs": {}},
    "EventBus": {"jetstream": {"version": "2.9.16"}},
    "Workflow": {"templates": [{"name": "a", "script": {"image": "b", "source": "c"}}]},
    "CronWorkflow": {"workflowSpec": {"templates": [{"name": "a", "container": {"image": "b"}}]}},
}


@pytest.mark.parametrize(("kind", "spec"), BARE.items(), ids=BARE)
def test_an_object_that_says_nothing_of_its_pods_is_not_let_in(kind: str, spec: dict[str, Any]) -> None:
    ((_, pod),) = pods({"kind": kind, "metadata": {"name": "x"}, "spec": spec})
    assert any("runAsNonRoot" in problem for problem in violations(pod))
