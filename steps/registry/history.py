"""What became of a pipeline's versions: `retrain history` lists them.

A version's name says the day of its data, so its records are found by that day's index: how many there are of other
days costs nothing. Versions are listed by name, a page for some 300 of them.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby

from steps.document import Document
from steps.registry import ledger, pointer
from steps.registry import version as versions
from steps.registry.ledger import Record
from steps.registry.objects import Store
from steps.registry.pointer import Pointer

NAME = re.compile(r"(?P<as_of>\d{4}-\d{2}-\d{2})\.(?P<revision>\d{1,9})-[0-9A-Za-z-]{1,8}", re.ASCII)
"""A version's name; whatever else stands below `versions/` is none."""
IN_PRODUCTION, WAS, ROLLED_BACK, NEVER = "in production", "was in production", "rolled back", "never in production"

Reading = Callable[[Callable[[str], "Version"], Iterable[str]], Iterable["Version"]]


@dataclass(frozen=True, slots=True)
class Version:
    """A version and what became of it; `batch` and `workflow` are "" where its run left no record.

    `promoted` is when it was put on record that it was, `back` the record of the rollback that took it back, if any.
    """

    name: str
    batch: str
    as_of: str
    workflow: str
    promoted: datetime | None
    state: str
    back: Record | None = None


def history(store: Store, document: Document, limit: int, reading: Reading = map) -> list[Version]:
    """Return the newest versions, by day and revision of their data; raises `StoreError`.

    `reading` does what `map` does, as with some reads at once.
    """
    production = pointer.current(pointer.read(store, document))
    names = heapq.nlargest(limit, _names(store, document.name), key=_order)
    return list(reading(partial(_version, store, document.name, production), names))


def _names(store: Store, pipeline: str) -> Iterator[str]:
    below = versions.prefix(pipeline, "")
    names = (listed.key.removeprefix(below).partition("/")[0] for listed in store.keys(below))
    return (name for name, _ in groupby(names) if NAME.fullmatch(name))


def _order(name: str) -> tuple[str, int, str]:
    found = NAME.fullmatch(name)
    return (found["as_of"], int(found["revision"]), name) if found else ("", 0, name)


def _version(store: Store, pipeline: str, production: Pointer, name: str) -> Version:
    intent = promoted = back = None
    for record in ledger.of_data(store, pipeline, versions.day_of(name)):
        if record.kind == "intent" and record.body.get("version") == name and versions.made_by(name, record.uid):
            intent = record
        elif _promotes(record, name):
            promoted = record
            break
        elif back is None and record.kind == "rolled-back" and record.body.get("replaces") == name:
            back = record
    told = promoted or intent
    about = told.body if told else {}
    return Version(
        name=name,
        batch=str(about.get("batch") or ""),
        as_of=versions.day_of(name),
        workflow=_workflow(about.get("workflow")),
        promoted=promoted.at if promoted else None,
        state=_state(name, production, promoted, back),
        back=back,
    )


def _promotes(record: Record, name: str) -> bool:
    promoted = record.kind == ledger.OUTCOME and record.body.get("outcome") == "promoted"
    return promoted and versions.made_by(name, record.uid)


def _state(name: str, production: Pointer, promoted: Record | None, back: Record | None) -> str:
    if name == production.version:
        return IN_PRODUCTION
    if back is not None:
        return ROLLED_BACK
    return WAS if promoted or name in production.trail else NEVER


def _workflow(value: object) -> str:
    """Return a Workflow's name: an outcome has it in an object, an intent as a text."""
    return str((value.get("name") if isinstance(value, dict) else value) or "")
