"""A Kubernetes API server in a thread that holds objects of several kinds, fills in defaults, and takes dry runs."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from kubernetesapi import Api, status_of

KINDS = {
    "v1": {"ConfigMap": "configmaps", "Namespace": "namespaces", "Secret": "secrets", "Service": "services"},
    "rbac.authorization.k8s.io/v1": {"Role": "roles"},
    "argoproj.io/v1alpha1": {
        "CronWorkflow": "cronworkflows",
        "EventBus": "eventbus",
        "EventSource": "eventsources",
        "Sensor": "sensors",
        "WorkflowTemplate": "workflowtemplates",
    },
}
PATH = re.compile(r"/(?:api|apis)/(?P<version>v1|[a-z0-9.]+/v[a-z0-9]+)(?:/namespaces/(?P<namespace>[^/]+))?"
                  r"(?:/(?P<plural>[a-z]+))?(?:/(?P<name>[^/]+))?")  # fmt: skip


@dataclass
class Objects(Api):
    """Its `objects` by path. `forbidden` are verbs that nobody may; `refusal` is what a dry run of a kind comes to."""

    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    forbidden: tuple[str, ...] = ()
    refusal: dict[str, str] = field(default_factory=dict)

    def hold(self, *manifests: dict[str, Any], namespace: str = "ml") -> None:
        """Hold the objects as if they had been applied: with the server's defaults and its own facts."""
        for number, manifest in enumerate(manifests):
            value = _filled(copy.deepcopy(manifest))
            place = manifest["metadata"].get("namespace", namespace)
            facts = {"uid": f"u{number}", "resourceVersion": "1", "managedFields": [{"manager": "kubectl"}]}
            value["metadata"] |= {**facts, **({"namespace": place} if manifest["kind"] != "Namespace" else {})}
            self.objects[path_of(manifest, place)] = value

    def of(self, kind: str, name: str) -> dict[str, Any]:
        """The live object of that kind and name, for a test to change."""
        return next(one for one in self.objects.values() if (one["kind"], one["metadata"]["name"]) == (kind, name))

    def drop(self, kind: str, name: str) -> None:
        self.objects = {path: one for path, one in self.objects.items() if one is not self.of(kind, name)}

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        where, query = urlsplit(path).path, parse_qs(urlsplit(path).query)
        found = PATH.fullmatch(where)
        assert found, where
        version, plural = found["version"], found["plural"]
        if self.refuse or version not in KINDS:
            return super().answer(method, path, body) if self.refuse else (404, "404 page not found")
        plurals = {**KINDS[version]}
        if plural is None and found["namespace"] is None:
            known = [{"name": name, "kind": kind, "namespaced": kind != "Namespace"} for kind, name in plurals.items()]
            return 200, {"resources": [*known, {"name": "any/status", "kind": "Any", "namespaced": True}]}
        verb = "create" if method == "POST" else "get" if where in self.objects or found["name"] else "list"
        if verb in self.forbidden:
            return 403, status_of(403, "as the test wants")
        if verb == "create":
            return self._try(body, query)
        if where in self.objects:
            return 200, self.objects[where]
        if plural is None or found["name"]:
            return 404, status_of(404, "not found")
        name, _, value = query["labelSelector"][0].partition("=")
        held = [one for key, one in self.objects.items() if key.rpartition("/")[0] == where]
        items = [one for one in held if (one["metadata"].get("labels") or {}).get(name) == value]
        return 200, {"metadata": {}, "items": [{**one, "kind": "", "apiVersion": ""} for one in items]}

    def _try(self, body: dict[str, Any], query: dict[str, list[str]]) -> tuple[int, Any]:
        assert (query["dryRun"], query["fieldValidation"]) == (["All"], ["Strict"])
        assert "name" not in body["metadata"]
        if body["kind"] in self.refusal:
            return 422, status_of(422, self.refusal[body["kind"]])
        value = _filled(copy.deepcopy(body))
        value["metadata"] |= {"name": f"{body['metadata'].pop('generateName')}x7x2p", "uid": "trial"}
        return 201, value


def path_of(manifest: dict[str, Any], namespace: str) -> str:
    version, kind = manifest["apiVersion"], manifest["kind"]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    place = "" if kind == "Namespace" else f"/namespaces/{namespace}"
    return f"{root}{place}/{KINDS[version][kind]}/{manifest['metadata']['name']}"


def _filled(value: dict[str, Any]) -> dict[str, Any]:
    """Fill in what a real server does for two of the kinds."""
    if value["kind"] == "Service":
        address = f"10.0.0.{len(str(value['metadata']))}"
        value["spec"] |= {"type": "ClusterIP", "clusterIP": address, "clusterIPs": [address]}
    if value["kind"] == "Namespace":
        value["spec"] = {"finalizers": ["kubernetes"]}
    return value
