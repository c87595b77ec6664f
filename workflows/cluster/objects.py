"""The objects of a cluster, of any kind: got, listed by label, and tried out. `retrain check` compares by it.

Nothing here changes a cluster. What its server makes of an object, defaults and all, is learned by a dry run of
creating it under a name that is free.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any

from workflows.cluster.connection import NOT_FOUND, ClusterError, Connection, Question

Manifest = Mapping[str, Any]

PAGE = 100
TRIAL = "retrain-check-"
"""What the name of an object that is tried out begins with; the server puts something random behind it."""
REFUSALS = (400, 409, 413, 422, 500)
"""How an API server answers what it, its schemas or an admission webhook does not accept."""


class RefusedError(ClusterError):
    """The cluster would not accept an object, and says why."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind as a cluster serves it: the part of a path for it, and whether its objects stand in namespaces."""

    api_version: str
    name: str
    plural: str
    namespaced: bool


@dataclass(frozen=True)
class ClusterObjects:
    """The objects that a connection reaches; those that name no namespace are meant in the connection's."""

    connection: Connection
    _served: dict[str, Mapping[str, Kind]] = field(default_factory=dict)

    def kind(self, api_version: str, name: str) -> Kind | None:
        """Return the kind, None if the cluster does not serve it. Raises `ClusterError`."""
        if api_version not in self._served:
            kinds = (
                Kind(api_version, one["kind"], one["name"], bool(one["namespaced"])) for one in self._kinds(api_version)
            )
            self._served[api_version] = {kind.name: kind for kind in kinds if "/" not in kind.plural}
        return self._served[api_version].get(name)

    def _kinds(self, api_version: str) -> list[dict[str, Any]]:
        """Return what the server says of its kinds; of a group that it does not know it says nothing but 404."""
        question = Question("list", f"the kinds of {api_version}", "get of the API's own lists")
        try:
            found = self.connection.ask(question, partial(self.connection.send, "get", _root(api_version)))
        except ClusterError as error:
            if error.status == HTTPStatus.NOT_FOUND and "/" in api_version:
                return []
            raise
        return (found or {}).get("resources") or []

    def get(self, kind: Kind, manifest: Manifest) -> Manifest | None:
        """Return the live object of the manifest's name, None if there is none. Raises `ClusterError`."""
        path = f"{self._path(kind, self.namespace(manifest))}/{manifest['metadata']['name']}"
        return self._ask("get", kind, partial(self.connection.send, "get", path), NOT_FOUND)

    def all(self, kind: Kind, namespace: str, label: str) -> Iterator[Manifest]:
        """Yield the live objects that have the label, page by page. Raises `ClusterError`."""
        more = ""
        while True:
            query = {"labelSelector": label, "limit": str(PAGE), **({"continue": more} if more else {})}
            request = partial(self.connection.send, "get", self._path(kind, namespace), query=query)
            page = self._ask("list", kind, request) or {}
            yield from page.get("items") or []
            more = (page.get("metadata") or {}).get("continue") or ""
            if not more:
                return

    def tried(self, kind: Kind, manifest: Manifest) -> Manifest | None:
        """Return the manifest as the server would store it, had it another name; None where its namespace is missing.

        Raises `RefusedError`, and `ClusterError` when it could not be tried.
        """
        metadata = {name: value for name, value in manifest["metadata"].items() if name != "name"}
        body = {**manifest, "metadata": {**metadata, "generateName": TRIAL}}
        query = {"dryRun": "All", "fieldValidation": "Strict", "fieldManager": "retrain"}
        path = self._path(kind, self.namespace(manifest))
        try:
            return self._ask("create", kind, partial(self.connection.send, "post", path, body, query), NOT_FOUND)
        except ClusterError as error:
            if error.status in REFUSALS:
                raise RefusedError(str(error), error.status) from None
            raise

    def namespace(self, manifest: Manifest) -> str:
        return manifest["metadata"].get("namespace") or self.connection.namespace

    def _path(self, kind: Kind, namespace: str) -> str:
        return f"{_root(kind.api_version)}/{f'namespaces/{namespace}/' if kind.namespaced else ''}{kind.plural}"

    def _ask(self, verb: str, kind: Kind, request: functools.partial[Any], no: str = "") -> Manifest | None:
        group = kind.api_version.rpartition("/")[0].partition("/")[0]
        takes = f"{verb} of {kind.plural}{f'.{group}' if group else ''}"
        return self.connection.ask(Question(verb, kind.plural, takes), request, no)


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
