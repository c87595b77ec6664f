"""Who may do what at the API server, as we want it: the whole of it, by service account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

NAMESPACE = "retrain"
Access = tuple[str, str, str]
"""API group, resource, verb."""


def _accesses(group: str, resource: str, *verbs: str) -> set[Access]:
    return {(group, resource, verb) for verb in verbs}


EXECUTOR = _accesses("argoproj.io", "workflowtaskresults", "create", "patch")
WANTED: Mapping[str, set[Access]] = {
    "retrain-steps": EXECUTOR,
    "retrain-deploy": EXECUTOR,
    "retrain-notify": EXECUTOR,
    "retrain-reconcile": EXECUTOR | _accesses("argoproj.io", "workflows", "get", "list", "create"),
    "retrain-sensor": _accesses("argoproj.io", "workflows", "get", "create", "patch"),
    "retrain-eventsource": set(),
    "default": set(),
}
RESOURCES = (
    ("", "pods"),
    ("", "pods/exec"),
    ("", "pods/log"),
    ("", "secrets"),
    ("", "configmaps"),
    ("", "serviceaccounts"),
    ("", "serviceaccounts/token"),
    ("", "namespaces"),
    ("", "nodes"),
    ("", "events"),
    ("", "services"),
    ("", "persistentvolumeclaims"),
    ("", "pods/eviction"),
    ("", "pods/portforward"),
    ("apps", "deployments"),
    ("apps", "statefulsets"),
    ("batch", "jobs"),
    ("batch", "cronjobs"),
    ("networking.k8s.io", "networkpolicies"),
    ("policy", "poddisruptionbudgets"),
    ("argoproj.io", "workflows"),
    ("argoproj.io", "workflowtemplates"),
    ("argoproj.io", "cronworkflows"),
    ("argoproj.io", "workflowtaskresults"),
    ("argoproj.io", "sensors"),
    ("argoproj.io", "eventsources"),
    ("argoproj.io", "eventbus"),
    ("argoproj.io", "clusterworkflowtemplates"),
    ("argoproj.io", "workflowtasksets"),
    ("argoproj.io", "workflowartifactgctasks"),
    ("argoproj.io", "workfloweventbindings"),
    ("rbac.authorization.k8s.io", "roles"),
    ("rbac.authorization.k8s.io", "rolebindings"),
    ("rbac.authorization.k8s.io", "clusterroles"),
    ("rbac.authorization.k8s.io", "clusterrolebindings"),
)
VERBS = (
    *("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"),
    *("bind", "escalate", "impersonate"),
)


def granted(objects: tuple[dict[str, Any], ...]) -> dict[str, set[Access]]:
    """Return what the Roles and RoleBindings among the objects give each service account."""
    roles = {thing["metadata"]["name"]: thing["rules"] for thing in objects if thing["kind"] == "Role"}
    found: dict[str, set[Access]] = {
        thing["metadata"]["name"]: set() for thing in objects if thing["kind"] == "ServiceAccount"
    }
    for thing in objects:
        if thing["kind"] == "RoleBinding":
            for subject in thing["subjects"]:
                found.setdefault(subject["name"], set()).update(_of(roles[thing["roleRef"]["name"]]))
    return found


def _of(rules: list[dict[str, Any]]) -> Iterator[Access]:
    for rule in rules:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                yield from ((group, resource, verb) for verb in rule["verbs"])
