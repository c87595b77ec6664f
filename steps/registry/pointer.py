"""The production pointer: which version serves. `deploy` moves it by compare-and-swap; it is never overwritten.

`evaluate` reads it to know the champion, `claim` to see whether a batch is superseded. It is small on purpose: one
object that names an immutable version, so moving it is the one moment in which production changes.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from steps.document import Document
from steps.registry.objects import Exists, Moved, Store
from steps.verdict import StoreError


@dataclass(frozen=True, slots=True)
class Pointer:
    """What production is: `previous` is the version before it ("" for the first), `promoted_at` UTC in ISO 8601."""

    version: str
    previous: str
    data_hash: str
    batch: str
    as_of: str
    revision: int
    token: int
    workflow: str
    uid: str
    promoted_at: str

    @property
    def order(self) -> tuple[str, int]:
        """Return (`as_of`, `revision`), which orders batches."""
        return (self.as_of, self.revision)

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), sort_keys=True, indent=2).encode()


@dataclass(frozen=True, slots=True)
class Standing:
    """The pointer and the ETag of the version that was read."""

    pointer: Pointer
    etag: str


def key(document: Document) -> str:
    return f"registry/{document.name}/{document.deploy.pointer}.json"


def read(store: Store, document: Document) -> Standing | None:
    """Return production's pointer, None while production is empty; raises `StoreError`, also for what is no pointer."""
    found = store.get(key(document))
    if found is None:
        return None
    try:
        value = json.loads(found[0])
        return Standing(Pointer(**{name: value[name] for name in Pointer.__dataclass_fields__}), found[1])
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(f"{key(document)} is no pointer: {error!r}") from error


def move(store: Store, document: Document, target: Pointer, champion_etag: str) -> bool:
    """Move production to `target` from exactly the version `champion_etag` ("" while production is empty).

    Returns whether production is, or between the two was, at the target: an answer lost on the way or a pod that was
    retried after the swap finds its own version standing, or named as the one before. Raises `StoreError`.
    """
    try:
        if champion_etag:
            store.swap(key(document), target.to_json(), champion_etag)
        else:
            store.create(key(document), target.to_json())
        return True
    except (Exists, Moved):
        return reached(read(store, document), target.version)


def reached(standing: Standing | None, version: str) -> bool:
    """Say whether production is at this version or was right before the present one."""
    return standing is not None and version in (standing.pointer.version, standing.pointer.previous)
