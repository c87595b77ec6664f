"""Runs of which nothing is left but that they began: no outcome on the ledger, and no Workflow to see.

The sweep asks here. A deleted Workflow is otherwise found by its marker; but that may be settled by another run, or
have been written anew, and then nobody would look again: the claim would stay open and a promotion unrecorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from steps.registry import account, closing, ledger
from steps.registry.ledger import OUTCOME, Record
from steps.registry.objects import Store
from steps.registry.place import Place

WINDOW = timedelta(days=14)
"""How far back the sweep looks: it runs every day."""
MOST = 5000
"""Records that it reads at most."""


def unended(store: Store, pipeline: str, since: datetime) -> Iterator[Record]:
    """Yield the records by which runs began since then that have no outcome, newest first; raises `StoreError`.

    One request a record; what an outcome names as its run's earlier records is not read.
    """
    newest = ledger.head(store, pipeline)
    last = newest.n if newest else 0
    ended: set[str] = set()
    passed: set[int] = set()
    for n in range(last, max(0, last - MOST), -1):
        if n in passed:
            continue
        record = newest if newest and n == last else ledger.must(store, pipeline, n)
        if record.at < since:
            return
        if record.kind == OUTCOME:
            ended.add(record.uid)
            passed.update(record.own.values())
        elif record.kind == "started" and record.uid not in ended:
            yield record


def close(place: Place, began: Record) -> str:
    """Put on record how such a run ended, as far as its claim and production tell; "" if its Workflow is there."""
    look = place.runs.look(str(began.body.get("workflow", "")))
    if look is not None and look.uid == began.uid:
        return ""
    return "nothing" if place.dry else closing.finish(place, account.of_start(began), began.at)
