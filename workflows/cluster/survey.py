"""How the objects of a cluster stand to what is wanted: current, different, missing, extra. `retrain check` asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from workflows.cluster.comparison import alike, hidden, is_made
from workflows.cluster.objects import ClusterObjects, RefusedError

Manifest = Mapping[str, Any]
State = Literal["current", "differs", "missing", "extra", "refused", "unknown"]

PART_OF = "app.kubernetes.io/part-of=retrain"
"""The label of what is ours: such an object that nothing wants is extra."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One object, such as `Role retrain/x`; where it differs, `live` and `wanted` as far as they are compared.

    `refused`: the cluster does not accept what is wanted. `unknown`: it does not serve such a kind. `said` is how it
    says so.
    """

    what: str
    state: State
    live: Manifest = field(default_factory=dict)
    wanted: Manifest = field(default_factory=dict)
    said: str = ""


def standing(objects: ClusterObjects, manifest: Manifest) -> Standing:
    """Return how the cluster has the object that the manifest wants. Raises `ClusterError`."""
    what = _named(objects, manifest)
    kind = objects.kind(manifest["apiVersion"], manifest["kind"])
    if kind is None:
        return Standing(what, "unknown", said=f"the cluster serves no {manifest['kind']} of {manifest['apiVersion']}")
    found = objects.get(kind, manifest)
    try:
        tried = objects.tried(kind, manifest)
    except RefusedError as error:
        return Standing(what, "refused", said=str(error))
    if found is None or tried is None:
        return Standing(what, "missing")
    live, wanted = alike(manifest, tried, found)
    if live == wanted:
        return Standing(what, "current")
    return Standing(what, "differs", *hidden(live, wanted))


def extra(objects: ClusterObjects, wanted: Iterable[Manifest], kinds: Iterable[tuple[str, str]]) -> Iterator[Standing]:
    """Yield the objects of these kinds (API version, kind) that are ours by their label and that nothing wants.

    Looked at are the namespaces of what is wanted. What another object made is left to that. Raises `ClusterError`.
    """
    known = {_named(objects, manifest) for manifest in wanted}
    namespaces = sorted({objects.namespace(manifest) for manifest in wanted})
    for api_version, name in dict.fromkeys(kinds):
        kind = objects.kind(api_version, name)
        for namespace in namespaces if kind and kind.namespaced else ():
            assert kind is not None  # noqa: S101 - for the type checker, which does not look into a condition
            for found in objects.all(kind, namespace, PART_OF):
                what = _named(objects, {**found, "apiVersion": api_version, "kind": name})
                if what not in known and not is_made(found):
                    yield Standing(what, "extra")


def _named(objects: ClusterObjects, manifest: Manifest) -> str:
    kind = objects.kind(manifest["apiVersion"], manifest["kind"])
    place = f"{objects.namespace(manifest)}/" if kind is None or kind.namespaced else ""
    return f"{manifest['kind']} {place}{manifest['metadata']['name']}"
