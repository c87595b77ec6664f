"""Rolling back: production goes to a version it had before, and stays there. Called by the command.

The same compare-and-swap as a promotion, in the same order on the ledger: intent, swap, what came of it. It freezes in
the same write, or the next batch would undo it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from steps.document import Document
from steps.registry import freeze, ledger, pointer, version
from steps.registry.objects import Store
from steps.registry.pointer import Frozen, Pointer


@dataclass(frozen=True, slots=True)
class Rollback:
    """What is asked for: `to` is a version, "" for the one before the present one."""

    to: str
    by: str
    reason: str


class RollbackRefused(Exception):  # noqa: N818 - an answer, not an error
    """There is no such version to go back to, or production moved meanwhile."""


def rollback(store: Store, document: Document, request: Rollback, now: datetime) -> Pointer:
    """Move production back, frozen, and return the pointer; raises `RollbackRefused` and `StoreError`."""
    before = pointer.current(pointer.read(store, document))
    target = _target(store, document, before, request, now)
    freeze.on_record(store, document, before)
    ledger.append(store, document.name, _intent(target, before, request), now=now, since=now)

    def back(found: Pointer) -> Pointer | None:
        if (found.version, found.frozen) == (target.version, target.frozen):
            return None
        if found.version != before.version:
            raise RollbackRefused(f"production moved from {before.version} to {found.version} meanwhile")
        return pointer.following(target, found)

    moved = pointer.rewrite(store, document, back).pointer
    freeze.on_record(store, document, moved)
    return moved


def _target(store: Store, document: Document, before: Pointer, request: Rollback, now: datetime) -> Pointer:
    if before.empty:
        raise RollbackRefused("production is empty: there is nothing to roll back")
    present = version.read(store, document.name, before.version) or {}
    earlier = str(present.get("previous") or "")
    name = request.to or earlier
    if not name:
        raise RollbackRefused(f"{before.version} is the first version: there is none before it")
    if name == before.version:
        raise RollbackRefused(f"production is at {name} already")
    if name != earlier and name not in before.trail:
        raise RollbackRefused(f"{name!r} is none of the last {pointer.TRAIL} versions that production had")
    facts = version.read(store, document.name, name)
    if facts is None:
        raise RollbackRefused(f"the version {name} is not in the registry")
    at = now.isoformat(timespec="milliseconds")
    return replace(_pointer(name, facts, at), frozen=Frozen(request.by, request.reason, at, before.version))


def _pointer(name: str, facts: Mapping[str, Any], at: str) -> Pointer:
    return Pointer(
        version=name,
        previous="",
        data_hash=str(facts.get("data_hash", "")),
        batch=str(facts.get("batch", "")),
        as_of=str(facts.get("as_of", "")),
        revision=int(facts.get("revision", 0)),
        token=int(facts.get("token", 0)),
        workflow=str(facts.get("workflow", "")),
        uid=str(facts.get("uid", "")),
        promoted_at=at,
    )


def _intent(target: Pointer, before: Pointer, request: Rollback) -> ledger.Entry:
    names = ("version", "data_hash", "batch", "as_of", "revision", "token", "workflow")
    body = {
        **{name: getattr(target, name) for name in names},
        "replaces": before.version,
        "by": request.by,
        "reason": request.reason,
        "message": f"{request.by} is about to roll production back from {before.version} to {target.version}",
    }
    return ledger.Entry("intent", freeze.act(target.frozen) if target.frozen else "", body)
