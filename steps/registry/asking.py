"""Reading for a person's question: one thing after another, what cannot be read named, and not everything at any price.

`situation` and `assets` ask by this; a store that does not answer is not asked for long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from steps.registry import ledger
from steps.registry.evidence import decides
from steps.registry.facts import Unread, What
from steps.registry.ledger import Record
from steps.registry.objects import Store, UnreachableError
from steps.verdict import StoreError

RECENT = 12
"""Newest records that are read when no day is asked for, if they tell a decision; else up to `FARTHEST`."""
FARTHEST = 60
FAILURES = 2
"""Requests without an answer after which a store is not asked any more."""

NAMED = 10
"""Things that could not be read that are named."""

T = TypeVar("T")


class Asking:
    """Asks one thing after another, and keeps what could not be read instead of raising."""

    def __init__(self) -> None:
        self.unread: list[Unread] = []
        self._failures = 0

    def ask(self, what: What, question: Callable[[], T]) -> T | None:
        """Return the answer, None if there is none to be had; the second case stands in `unread`."""
        if self._failures >= FAILURES:
            if not any(one.what is what for one in self.unread):
                self._note(what, "not asked, for the store did not answer")
            return None
        try:
            return question()
        except StoreError as error:
            self._failures += isinstance(error, UnreachableError)
            self._note(what, str(error))
            return None

    def _note(self, what: What, why: str) -> None:
        if Unread(what, why) not in self.unread and len(self.unread) < NAMED:
            self.unread.append(Unread(what, why))


def newest_records(store: Store, pipeline: str, asking: Asking) -> Iterator[Record]:
    """Yield the newest records, until one tells a decision and some more; a damaged one hides no other."""
    last = asking.ask(What.RECORDS, lambda: _last(store, pipeline)) or 0
    decided = False
    for number, n in enumerate(range(last, 0, -1)):
        if number >= (RECENT if decided else FARTHEST):
            return
        record = asking.ask(What.RECORDS, partial(ledger.must, store, pipeline, n))
        if record is not None:
            decided = decided or decides(record)
            yield record


def _last(store: Store, pipeline: str) -> int:
    """Return the number of the newest record, whatever it holds; 0 while there is none."""
    listed = store.keys(ledger.prefix(pipeline), page=10)
    return next((n for one in listed if (n := ledger.number(pipeline, one.key))), 0)
