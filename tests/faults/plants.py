"""Bugs to plant in the real code, each a known way to break the promise, to prove that the suite can fail."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

from faults.events import Events

from steps.document import Document
from steps.registry import ending, ledger, message, pointer
from steps.registry.ledger import Entry, Record
from steps.registry.marker import File
from steps.registry.message import Message
from steps.registry.objects import S3, Body, Store
from steps.registry.pointer import Pointer, Standing

Plant = Callable[[], AbstractContextManager[object]]


def unconditional_write() -> AbstractContextManager[object]:
    """The pointer is put, not swapped."""

    def write(store: Store, document: Document, wanted: Pointer, _: Standing | None) -> Standing:
        store.put(pointer.key(document), wanted.to_json())
        return Standing(wanted, hashlib.md5(wanted.to_json(), usedforsecurity=False).hexdigest())

    return mock.patch.object(pointer, "_write", write)


@contextlib.contextmanager
def missing_fencing() -> Iterator[None]:
    """An owner whose claim was taken away is not noticed: neither its token is looked at, nor is production fenced."""

    def fence(store: Store, document: Document) -> Standing:
        return pointer.read(store, document) or Standing(pointer.EMPTY, "")

    with mock.patch("steps.registry.claim.holds", return_value=True), mock.patch.object(pointer, "fence", fence):
        yield


def claim_by_name() -> AbstractContextManager[object]:
    """The claim is keyed by what the files are called."""

    def data_hash(files: tuple[File, ...]) -> str:
        return hashlib.sha256("\n".join(sorted(file.key for file in files)).encode()).hexdigest()

    return mock.patch("steps.registry.marker.data_hash", data_hash)


def ack_before_store() -> AbstractContextManager[object]:
    """The sensor settles a message before the Workflow exists (and there is no reconcile to make up for it)."""
    return mock.patch.object(Events, "order", ("settle", "create"))


@contextlib.contextmanager
def swap_before_intent() -> Iterator[None]:
    """Production moves first, and the intent is put on the ledger afterwards."""
    move, append = pointer.move, ledger.append
    late: dict[str, Callable[[], Record]] = {}

    def keep(store: Store, pipeline: str, entry: Entry, **when: Any) -> object:
        if entry.kind != "intent":
            return append(store, pipeline, entry, **when)
        late[entry.uid] = lambda: append(store, pipeline, entry, **when)
        return None

    def moved(store: Store, document: Document, target: Pointer, standing: Standing | None) -> bool:
        done = move(store, document, target, standing)
        if done and target.uid in late:
            late.pop(target.uid)()
        return done

    with mock.patch.object(ledger, "append", keep), mock.patch.object(pointer, "move", moved):
        yield


def closed_without_ledger() -> AbstractContextManager[object]:
    """A run's end is decided in its claim, and never put on the ledger."""
    return mock.patch.object(ending, "enter", return_value=None)


def told_without_once() -> AbstractContextManager[object]:
    """Messages are sent, and nobody keeps who was told."""

    def once(_: Store, __: str, sends: Mapping[str, message.Send], *rest: Any) -> Message:
        for send in sends.values():
            with contextlib.suppress(message.UnsureError):
                send(False)
        return Message()

    return mock.patch.object(message, "once", once)


def owner_not_looked_at() -> AbstractContextManager[object]:
    """Reconcile takes every owner for one that has ended."""
    return mock.patch("steps.registry.runs.Look.ended", new=True)


def ledger_overwritten() -> AbstractContextManager[object]:
    """A record is put, whether or not another writer was faster."""
    create = S3.create

    def put(self: S3, key: str, body: Body) -> str:
        if "/ledger/" not in key or not isinstance(body, bytes):
            return create(self, key, body)
        self.put(key, body)
        return hashlib.md5(body, usedforsecurity=False).hexdigest()

    return mock.patch.object(S3, "create", put)


def former_owner_not_looked_for() -> AbstractContextManager[object]:
    """A grant does not look whether the former owner got its version into production before the fence."""
    return mock.patch("steps.registry.grant.pointer.carries", return_value="")


PLANTS: Mapping[str, Plant] = {
    "the pointer is written unconditionally": unconditional_write,
    "fencing is missing": missing_fencing,
    "the claim is by name, not by content": claim_by_name,
    "the swap comes before the intent": swap_before_intent,
    "a claim is closed without the ledger": closed_without_ledger,
    "a message is sent without once": told_without_once,
    "the ledger is written unconditionally": ledger_overwritten,
    "a grant does not look for the former owner's version": former_owner_not_looked_for,
    "reconcile does not look whether the owner ended": owner_not_looked_at,
}
