"""Freezing: stopping promotion, and allowing it again. Commands call it, and rollback, which freezes as it moves.

A freeze stands in the pointer, so that no promotion can slip past it, and says there itself who, when and why: whoever
comes next can put it on the ledger if the first could not.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from steps.document import Document
from steps.registry import ledger, pointer, version
from steps.registry.objects import Store
from steps.registry.pointer import EMPTY, Frozen, Pointer, Standing

FROZEN = "frozen"
UNFROZEN = "unfrozen"
ROLLED_BACK = "rolled-back"


def freeze(store: Store, document: Document, frozen: Frozen) -> Standing:
    """Stop promotion and return the pointer; a freeze that stands already stays. Raises `StoreError`."""
    standing = pointer.rewrite(store, document, lambda found: None if found.frozen else replace(found, frozen=frozen))
    on_record(store, document, standing.pointer)
    return standing


def unfreeze(store: Store, document: Document, by: str, reason: str, now: datetime) -> Standing:
    """Allow promotion again and return the pointer; one that is not frozen stays. Raises `StoreError`.

    The record comes first: who crashes between finds it still frozen, and does the same again.
    """
    standing = pointer.read(store, document)
    frozen = pointer.current(standing).frozen
    if standing is None or frozen is None:
        return standing or Standing(EMPTY, "")
    on_record(store, document, standing.pointer)
    since = datetime.fromisoformat(frozen.at)
    ledger.append(store, document.name, _unfrozen(frozen, by, reason), now=now, since=since)
    return pointer.rewrite(
        store, document, lambda found: replace(found, frozen=None) if found.frozen == frozen else None
    )


def on_record(store: Store, document: Document, found: Pointer) -> None:
    """See that the freeze that stands is on the ledger; nothing if none stands. Raises `StoreError`."""
    if found.frozen is None:
        return
    at = datetime.fromisoformat(found.frozen.at)
    entry = _rolled_back(found, found.frozen) if found.frozen.rolled_back else _frozen(found, found.frozen)
    ledger.append(store, document.name, entry, now=at, since=at)


def act(frozen: Frozen) -> str:
    """Return what stands for the uid in the records of a rollback: one for each."""
    return f"{ROLLED_BACK}:{frozen.at}"


def _frozen(found: Pointer, frozen: Frozen) -> ledger.Entry:
    message = f"{frozen.by} froze promotion: {frozen.reason or 'no reason given'}"
    body = {"by": frozen.by, "reason": frozen.reason, "message": message, "version": found.version or None}
    return ledger.Entry(FROZEN, f"{FROZEN}:{frozen.at}", body)


def _unfrozen(frozen: Frozen, by: str, reason: str) -> ledger.Entry:
    message = f"{by} allowed promotion again: {reason or 'no reason given'}"
    body = {"by": by, "reason": reason, "message": message, "frozen": asdict(frozen)}
    return ledger.Entry(UNFROZEN, f"{UNFROZEN}:{frozen.at}", body)


def _rolled_back(found: Pointer, frozen: Frozen) -> ledger.Entry:
    """Return the record of the rollback that froze; it is about the day of the data whose version was taken back."""
    body: dict[str, Any] = {
        "by": frozen.by,
        "reason": frozen.reason,
        "message": f"{frozen.by} rolled production back from {frozen.rolled_back} to {found.version}: {frozen.reason}",
        "version": found.version,
        "replaces": frozen.rolled_back,
        "as_of": version.day_of(frozen.rolled_back),
    }
    return ledger.Entry(ROLLED_BACK, act(frozen), body)
