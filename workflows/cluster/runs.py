"""The Workflows of a namespace of a cluster, by the Kubernetes API. Reconcile, watch and `why` look and start by it.

It creates a Workflow exactly as a Sensor does, and by name: whoever is second finds that it exists.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from steps.registry.runs import ENDED, Look
from workflows.cluster import connection
from workflows.cluster.connection import EXISTS, NOT_FOUND, ClusterError, Connection, Question
from workflows.cluster.look import Object, look_at
from workflows.cluster.shown import shown
from workflows.definitions.events import created
from workflows.engine.model import Workflow

GROUP, VERSION, PLURAL = "argoproj.io", "v1alpha1", "workflows"
PAGE = 50
"""Workflows a page: each may be 1 MiB."""
LOOK = 1.0
"""Seconds between looks at a Workflow that is waited for."""
PATIENCE = 20
"""How often in a row a look may fail before the wait is given up."""
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

    def see_through(
        self, name: str, cancel: threading.Event, on_change: Callable[[Workflow], None] | None = None
    ) -> Workflow:
        """Return the Workflow once it has ended, as far as a view shows it; as it is when `cancel` is set before.

        Raises `ClusterError` when it is gone, or could not be looked at for long.
        """
        failed = 0
        while True:
            try:
                found = self.get(name)
            except ClusterError:
                failed += 1
                if failed == PATIENCE or cancel.wait(LOOK):
                    raise
                continue
            if found is None:
                raise ClusterError(f"the Workflow {name} is gone from namespace {self.connection.namespace!r}")
            failed, workflow = 0, shown(found)
            if on_change is not None:
                on_change(workflow)
            if workflow.status.phase in ENDED or cancel.wait(LOOK):
                return workflow

    @property
    def _api(self) -> Any:
        from kubernetes import client

        return client.CustomObjectsApi(self.connection.client)

    def _where(self) -> dict[str, Any]:
        place = {"group": GROUP, "version": VERSION, "plural": PLURAL, "namespace": self.connection.namespace}
        return {**place, "_request_timeout": connection.TIMEOUT}


def _question(verb: str) -> Question:
    return Question(verb, "Workflows", TAKES, LACKS)
