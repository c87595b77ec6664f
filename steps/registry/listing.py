"""The markers of a pipeline that nothing has settled yet: the list of markers less the list of receipts.

Reconcile asks here. S3 lists by key and both lists are in the order of their batches, so they are merged as they come:
memory and requests do not grow with what was settled long ago, but for the pages of the two lists.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from steps.document import Document
from steps.registry import marker as markers
from steps.registry import receipt
from steps.registry.objects import PAGE, Listed, Store
from steps.verdict import Verdict

RECENT = timedelta(days=14)
"""How far back a window goes: by the names of batches, as they are named after days."""
PAGES = 20
"""Pages of 1,000 keys that a window reads at most."""


@dataclass(frozen=True, slots=True)
class Found:
    """A marker without a receipt; `batch` is "" if its key is not acceptable. `modified` is when it was written."""

    key: str
    etag: str
    batch: str
    modified: datetime


@dataclass(frozen=True, slots=True)
class Cut:
    """The list was longer than the window reads; `after` is the last key that was seen."""

    after: str


def window(document: Document, now: datetime) -> str:
    """Return the name of a batch after which those of the recent days come, and those that are not named after days."""
    return (now.astimezone(ZoneInfo(document.expect.timezone)) - RECENT).date().isoformat()


def unsettled(store: Store, document: Document, start: str = "") -> Iterator[Found | Cut]:
    """Yield the markers without a receipt in the order of their keys: of all batches, or of those after `start`.

    Without a start it is one pass over everything below the prefix; with one it ends, if need be, with a `Cut`. Raises
    `StoreError`.
    """
    receipts = _Receipts(store, document.name, start)
    below = f"{document.data.prefix}/"
    ending = f"/{document.data.marker}"
    for count, listed in enumerate(store.keys(below, f"{below}{start}" if start else "")):
        if start and count == PAGES * PAGE:
            yield Cut(listed.key)
            return
        if listed.key.endswith(ending):
            found = _found(listed, document)
            if not (receipts.has(found) if found.batch else _refused(store, document, found)):
                yield found


def _found(listed: Listed, document: Document) -> Found:
    try:
        batch = markers.batch(listed.key, document.data)
    except Verdict:
        batch = ""
    return Found(listed.key, listed.etag, batch, listed.modified)


def _refused(store: Store, document: Document, found: Found) -> bool:
    return store.head(receipt.refusal_key(document.name, found.key, found.etag)) is not None


class _Receipts:
    """The list of receipts, read as far as the batch that is asked for; batches are asked for in the order of keys."""

    def __init__(self, store: Store, pipeline: str, start: str) -> None:
        prefix = receipt.prefix(pipeline)
        self._pipeline = pipeline
        self._prefix = prefix
        self._keys = (listed.key for listed in store.keys(prefix, f"{prefix}{start}" if start else ""))
        self._next: str | None = None

    def has(self, found: Found) -> bool:
        wanted = receipt.key(self._pipeline, found.batch, found.etag)
        after = f"{self._prefix}{found.batch}/"
        while (key := self._peek()) and key < after:
            self._next = None
        while (key := self._peek()) and key.startswith(after):
            if key >= wanted:
                return key == wanted
            self._next = None
        return False

    def _peek(self) -> str:
        """Return the key that comes next, "" at the end."""
        if self._next is None:
            self._next = next(self._keys, "")
        return self._next
