"""Receipts: this version of this marker is settled, for good. Written at the end of a run and by reconcile.

Reconcile looks at the markers that have none, so a receipt is the last that is written of a run: after its claim is
closed and its outcome is on the ledger. The first one stands.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from steps.registry.marker import compact
from steps.registry.objects import Exists, Store
from steps.verdict import StoreError

LONGEST = 64
"""Characters of an ETag that stand in a key; a longer one goes into it by its sha256."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a marker came to; `batch` is "" if its key is not acceptable, `at` UTC in ISO 8601."""

    batch: str
    etag: str
    marker: str
    outcome: str
    reason: str
    workflow: str
    at: str

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), sort_keys=True, indent=2).encode()


def prefix(pipeline: str) -> str:
    return f"registry/{pipeline}/receipts/"


def key(pipeline: str, batch: str, etag: str) -> str:
    return f"{prefix(pipeline)}{batch}/{_name(etag)}.json"


def refusal_prefix(pipeline: str) -> str:
    return f"registry/{pipeline}/refusals/"


def refusal_key(pipeline: str, marker: str, etag: str) -> str:
    """Return the key of the receipt of a marker whose own key is not acceptable, and so names no batch."""
    return f"{refusal_prefix(pipeline)}{hashlib.sha256(marker.encode()).hexdigest()}-{_name(etag)}.json"


def write(store: Store, pipeline: str, receipt: Receipt) -> bool:
    """Write the receipt; False if there is one. Raises `StoreError`."""
    try:
        store.create(_where(pipeline, receipt), receipt.to_json())
    except Exists:
        return False
    return True


def read(store: Store, pipeline: str, batch: str, etag: str) -> Receipt | None:
    """Return the receipt of this version of the batch's marker; raises `StoreError`, also for what is none."""
    where = key(pipeline, batch, etag)
    found = store.get(where)
    if found is None:
        return None
    try:
        value = json.loads(found[0])
        return Receipt(**{name: str(value[name]) for name in Receipt.__dataclass_fields__})
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(f"{where} is no receipt: {error!r}") from error


def _where(pipeline: str, receipt: Receipt) -> str:
    if receipt.batch:
        return key(pipeline, receipt.batch, receipt.etag)
    return refusal_key(pipeline, receipt.marker, receipt.etag)


def _name(etag: str) -> str:
    """Return the ETag as a run that an event started knows it, so that its receipt is the one that is looked for."""
    known = compact(etag)
    return known if 0 < len(known) <= LONGEST else hashlib.sha256(etag.encode()).hexdigest()
