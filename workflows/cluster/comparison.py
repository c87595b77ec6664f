"""A live object against a wanted one. Pure; `retrain check` brings both, the wanted one with the server's defaults.

Of metadata only the labels and annotations that are wanted count: controllers and GitOps tools write others. Of the
rest everything counts, but what a server or controller fills in by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Manifest = Mapping[str, Any]

GIVEN: Mapping[str, tuple[str, ...]] = {
    "Namespace": ("spec.finalizers",),
    "PersistentVolumeClaim": ("spec.volumeName",),
    "Service": ("spec.clusterIP", "spec.clusterIPs", "spec.healthCheckNodePort"),
    "ServiceAccount": ("secrets",),
}
"""What is filled in for an object of its own: different each time, or later."""
WRITTEN_BACK = ("EventBus", "EventSource", "Sensor")
"""What Argo Events' controllers write whole, for a finalizer: their Go types then add `resources: {}` and the like."""
EMPTY: tuple[object, ...] = (None, "", {})
HIDDEN = ("data", "stringData")
"""What nobody may read of a Secret."""


def alike(wanted: Manifest, tried: Manifest, live: Manifest) -> tuple[Manifest, Manifest]:
    """Return the live object and the wanted one as far as they are compared, in that order: equal if nothing differs.

    `wanted` is the manifest as it was written, `tried` what the server would make of it.
    """
    found, asked = _compared(wanted, live, live), _compared(wanted, tried, live)
    return _unfilled(found, asked) if wanted["kind"] in WRITTEN_BACK else found, asked


def hidden(live: Manifest, wanted: Manifest) -> tuple[Manifest, Manifest]:
    """Return both without what is secret in them: where it differs it is named, and not shown."""
    if wanted.get("kind") != "Secret":
        return live, wanted
    return _masked(live, wanted, "(live)"), _masked(wanted, live, "(wanted)")


def is_made(live: Manifest) -> bool:
    """Say whether another object made this one, and takes it away again."""
    return bool((live.get("metadata") or {}).get("ownerReferences"))


def _compared(wanted: Manifest, value: Manifest, live: Manifest) -> Manifest:
    known, metadata = value.get("metadata") or {}, wanted["metadata"]
    kept = {
        part: {name: text for name, text in (known.get(part) or {}).items() if name in metadata[part]}
        for part in ("labels", "annotations")
        if metadata.get(part)
    }
    named = {name: live["metadata"][name] for name in ("name", "namespace") if live["metadata"].get(name)}
    filled = {part: texts for part, texts in kept.items() if texts}
    head = {"apiVersion": wanted["apiVersion"], "kind": wanted["kind"], "metadata": {**named, **filled}}
    body = {name: part for name, part in value.items() if name not in (*head, "status")}
    for place in GIVEN.get(wanted["kind"], ()):
        if _at(wanted, place) is None:
            body = _without(body, place)
    return {**head, **body}


def _at(value: Any, place: str) -> Any:
    for part in place.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _without(value: Any, place: str) -> Any:
    first, _, rest = place.partition(".")
    if not isinstance(value, Mapping) or first not in value:
        return value
    kept = {name: part for name, part in value.items() if name != first}
    inner = _without(value[first], rest) if rest else None
    return {**kept, first: inner} if inner else kept


def _unfilled(value: Any, asked: Any) -> Any:
    """Return the value without the empty fields that nobody asked for."""
    if isinstance(value, Mapping) and isinstance(asked, Mapping):
        kept = {name: part for name, part in value.items() if name in asked or part not in EMPTY}
        return {name: _unfilled(part, asked.get(name)) for name, part in kept.items()}
    if isinstance(value, list) and isinstance(asked, list) and len(value) == len(asked):
        return [_unfilled(one, other) for one, other in zip(value, asked, strict=True)]
    return value


def _masked(value: Manifest, other: Manifest, whose: str) -> Manifest:
    def mask(part: str) -> dict[str, str]:
        known, against = value.get(part) or {}, other.get(part) or {}
        return {name: "***" if against.get(name) == text else f"*** {whose}" for name, text in known.items()}

    return {**value, **{part: mask(part) for part in HIDDEN if value.get(part)}}
