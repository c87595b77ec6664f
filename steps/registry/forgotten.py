"""Runs of which nothing is left but that they began: no outcome on the ledger, and no Workflow to see.

The sweep asks here. A deleted Workflow is otherwise found by its marker; but that may be settled by another run, or
have been written anew, and then nobody would look again: the claim would stay open and a promotion unrecorded.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice

from steps.registry import account, closing, ledger, pointer
from steps.registry.ledger import OUTCOME, Record
from steps.registry.objects import Store
from steps.registry.place import Place
from steps.registry.pointer import Pointer
from steps.verdict import OPEN

STARTED = "started"
WINDOW = timedelta(days=14)
"""How far back the sweep looks: it runs every day."""
MOST = 5000
"""Records that it reads at most."""


def unended(store: Store, pipeline: str, since: datetime, production: Pointer) -> list[Record]:
    """Return the records by which runs began since then that have no outcome, newest first; raises `StoreError`.

    An open outcome is none if `production` is, or was, at the run's version: its last step stood still for longer than
    anybody waited. So may a first one, and write after the outcome. One request a record; what an outcome names as its
    run's earlier records is hardly ever read.
    """
    ended: set[str] = set()
    found: dict[str, Record] = {}
    for record in islice(ledger.unnamed(store, pipeline), MOST):
        if record.at < since:
            break
        if record.kind == OUTCOME and record.uid not in ended:
            ended.add(record.uid)
            began = record.own.get(STARTED)
            if began and record.body.get("reason") in OPEN and pointer.carries(production, record.uid):
                found[record.uid] = ledger.must(store, pipeline, began)
            else:
                found.pop(record.uid, None)
        elif record.kind == STARTED and record.uid not in ended:
            found[record.uid] = record
    return list(found.values())


def close(place: Place, began: Record) -> str:
    """Put on record how such a run ended, as far as its claim and production tell; "" if its Workflow goes on."""
    look = place.runs.look(str(began.body.get("workflow", "")))
    own = look if look is not None and look.uid == began.uid else None
    if own is not None and not own.ended:
        return ""
    if place.dry:
        return "nothing"
    return closing.finish(place, closing.ended_run(place, own) if own else account.of_start(began), began.at)
