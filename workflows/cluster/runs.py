"""The Workflows of a namespace of a cluster, by the Kubernetes API. Reconcile, watch and `why` look and start by it.

It creates a Workflow exactly as a Sensor does, and by name: whoever is second finds that it exists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from steps.registry.runs import Look
from workflows.cluster import connection
from workflows.cluster.connection import EXISTS, NOT_FOUND, Connection, Question
from workflows.cluster.look import Object, look_at
from workflows.definitions.events import created

GROUP, VERSION, PLURAL = "argoproj.io", "v1alpha1", "workflows"
PAGE = 50
"""Workflows a page: each may be 1 MiB."""
TAKES = "get, list and create of workflows.argoproj.io"
LACKS = "is Argo Workflows installed, is that the namespace?"


@dataclass(frozen=True, slots=True)
class ClusterRuns:
    """`Runs` of the connection's namespace."""

    connection: Connection

    def look(self, name: str) -> Look | None:
        found = self.get(name)
        return look_at(found) if found is not None else None

    def get(self, name: str) -> Object | None:
        """Return the Workflow as the API has it, None if there is none of that name."""
        request = partial(self._api.get_namespaced_custom_object, **self._where(), name=name)
        return self.connection.ask(_question("get"), request, NOT_FOUND)

    def all(self, pipeline: str) -> Iterator[Look]:
        """Yield the pipeline's Workflows page by page, as they are consumed."""
        label, more = f"app.kubernetes.io/instance={pipeline}", ""
        while True:
            where = {**self._where(), "label_selector": label, "limit": PAGE, "_continue": more}
            request = partial(self._api.list_namespaced_custom_object, **where)
            page = self.connection.ask(_question("list"), request) or {}
            yield from (look_at(item) for item in page.get("items") or [])
            more = (page.get("metadata") or {}).get("continue") or ""
            if not more:
                return

    def start(self, pipeline: str, name: str, parameters: Mapping[str, str]) -> bool:
        body = created(pipeline, name, parameters)
        where = {**self._where(), "body": body, "field_manager": "retrain"}
        request = partial(self._api.create_namespaced_custom_object, **where)
        return self.connection.ask(_question("create"), request, EXISTS) is not None

    @property
    def _api(self) -> Any:
        from kubernetes import client

        return client.CustomObjectsApi(self.connection.client)

    def _where(self) -> dict[str, Any]:
        place = {"group": GROUP, "version": VERSION, "plural": PLURAL, "namespace": self.connection.namespace}
        return {**place, "_request_timeout": connection.TIMEOUT}


def _question(verb: str) -> Question:
    return Question(verb, "Workflows", TAKES, LACKS)
