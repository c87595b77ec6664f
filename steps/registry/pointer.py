"""The production pointer: which version serves. Every write of it is a compare-and-swap; `deploy` moves it.

`evaluate` reads it to know the champion, `claim` to see whether a batch is superseded. It is small on purpose: one
object that names an immutable version, so moving it is the one moment in which production changes. A fence rewrites it
without moving it, so that whoever read it before can no longer swap; no content ever returns, so no ETag does.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from pydantic import TypeAdapter

from steps.document import Document
from steps.registry import version as versions
from steps.registry.objects import Exists, Moved, Store
from steps.verdict import Conclusion, Reason, StoreError

ATTEMPTS = 8
"""How often a write of the pointer starts again because another came between."""
TRAIL = 20
"""How many versions back the pointer remembers."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """Who stopped promotion, why and when (UTC, ISO 8601); `rolled_back` is the version it was rolled back from."""

    by: str
    reason: str
    at: str
    rolled_back: str = ""


@dataclass(frozen=True, slots=True)
class Pointer:
    """What production is; `promoted_at` is when it became that, UTC in ISO 8601.

    `version` is "" while production is empty (but frozen or fenced). `previous` is the version before it, "" for the
    first; `trail` are the versions before it, newest first. `fence` counts the writes that were no promotion.
    """

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
    trail: tuple[str, ...] = ()
    fence: int = 0
    frozen: Frozen | None = None

    @property
    def order(self) -> tuple[str, int]:
        """Return (`as_of`, `revision`), which orders batches; an empty production is before all of them."""
        return (self.as_of, self.revision)

    @property
    def empty(self) -> bool:
        return not self.version

    @property
    def history(self) -> tuple[str, ...]:
        """Return this version and those before it, newest first."""
        return (self.version, *self.trail) if self.version else self.trail

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), sort_keys=True, indent=2).encode()


EMPTY = Pointer("", "", "", "", "", 0, 0, "", "", "")


POINTER = TypeAdapter(Pointer)


@dataclass(frozen=True, slots=True)
class Standing:
    """The pointer and the ETag of the version that was read."""

    pointer: Pointer
    etag: str


def key(document: Document) -> str:
    return f"registry/{document.name}/{document.deploy.pointer}.json"


def read(store: Store, document: Document) -> Standing | None:
    """Return production's pointer, None if nobody wrote one; raises `StoreError`, also for what is no pointer."""
    found = store.get(key(document))
    if found is None:
        return None
    try:
        return Standing(POINTER.validate_json(found[0], strict=True), found[1])
    except ValueError as error:
        raise StoreError(f"{key(document)} is no pointer: {error!r}") from error


def current(standing: Standing | None) -> Pointer:
    """Return the pointer, the empty one if there is none."""
    return standing.pointer if standing else EMPTY


def move(store: Store, document: Document, target: Pointer, standing: Standing | None) -> bool:
    """Move production to `target` from exactly `standing`; False if it has been written since. Raises `StoreError`.

    What goes before `target`, the trail and the count of fences are taken from `standing`. A moved pointer is as
    frozen as `target` says.
    """
    return _write(store, document, following(target, current(standing)), standing) is not None


def following(target: Pointer, before: Pointer) -> Pointer:
    """Return the target as it stands right after `before`."""
    return replace(target, previous=before.version, trail=before.history[:TRAIL], fence=before.fence)


def fence(store: Store, document: Document) -> Standing:
    """Rewrite the pointer where it stands, so that no ETag read before is good for a swap. Raises `StoreError`."""
    return rewrite(store, document, lambda pointer: pointer)


def rewrite(store: Store, document: Document, change: Callable[[Pointer], Pointer | None]) -> Standing:
    """Write `change` of the pointer as it stands, one fence higher, and return it; None changes nothing."""
    for _ in range(ATTEMPTS):
        standing = read(store, document)
        changed = change(current(standing))
        if changed is None:
            return standing or Standing(EMPTY, "")
        written = _write(store, document, replace(changed, fence=current(standing).fence + 1), standing)
        if written is not None:
            return written
    raise StoreError(f"{key(document)}: {ATTEMPTS} times another writer was faster; try again")


def reached(standing: Standing | None, version: str) -> bool:
    """Say whether production is at this version, or was."""
    return bool(version) and version in current(standing).history


def carries(pointer: Pointer, uid: str) -> str:
    """Return the version by which the run of this uid is, or was, in production; "" if it never was."""
    return next((version for version in pointer.history if versions.made_by(version, uid)), "")


def change(pointer: Pointer, version: str) -> dict[str, str | None]:
    """Return what production was before and after it came to `version`, which its history holds."""
    later = pointer.history
    before = later[later.index(version) + 1 :]
    return {"before": before[0] if before else None, "after": version}


def frozen(by: Frozen) -> Conclusion:
    """Return what a run comes to while production is frozen."""
    message = f"promotion is frozen by {by.by} since {by.at}: {by.reason or 'no reason given'}"
    return Conclusion(Reason.FROZEN, message, asdict(by))


def _write(store: Store, document: Document, wanted: Pointer, standing: Standing | None) -> Standing | None:
    """Write exactly where `standing` stands; None if another writer was faster."""
    try:
        if standing is None:
            return Standing(wanted, store.create(key(document), wanted.to_json()))
        return Standing(wanted, store.swap(key(document), wanted.to_json(), standing.etag))
    except (Exists, Moved):
        return None
