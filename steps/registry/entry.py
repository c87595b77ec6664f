"""What stands on the ledger: entries as they are asked for, records as they stand, and their bytes. Pure.

The ledger writes and reads by this. A record is canonical JSON (sorted names, no spaces), so its sha256 can be told
from its content; when read back nothing of it is trusted to be what was written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

GENESIS = "0" * 64
"""What the first record holds for the sha256 of the one before it."""
LIMIT = 4 << 20
"""Bytes of a record at most; what a process gets by its arguments is far less."""
OUTCOME = "outcome"
SAME: Mapping[str, tuple[str, ...] | None] = {
    "started": ("token",),
    "intent": ("version", "replaces"),
    OUTCOME: ("outcome", "reason", "message"),
    "retried": None,
    "replayed": None,
    "gave-up": None,
    "rolled-back": None,
    "frozen": None,
    "unfrozen": None,
    "late": ("day",),
    "recovered": ("day",),
}
"""The kinds of records, and what of a body, beside the uid, makes two of a kind one; None: all of it. A Workflow that
was retried by hand keeps its uid and may come to another end: that is another record."""
PARTS: Mapping[str, type] = {"n": int, "previous": str, "kind": str, "uid": str, "body": dict}


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be written: its kind (of `SAME`), and a uid, the Workflow's or what else tells a retry from a new act.

    `body` is JSON-able without NaN and holds no secret. One that has an `as_of` is found by that day.
    """

    kind: str
    uid: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it stands; `sha256` is that of its bytes, `previous` that of the record before, `at` is UTC.

    `own` says where the uid's records before this one are: by kind the n of the latest.
    """

    n: int
    previous: str
    at: datetime
    kind: str
    uid: str
    body: Mapping[str, Any]
    sha256: str
    own: Mapping[str, int] = field(default_factory=dict)

    def says(self, entry: Entry) -> bool:
        """Say whether the entry is on record by this."""
        return (self.kind, self.uid) == (entry.kind, entry.uid) and _identity(self) == _identity(entry)


def following(last: Record | None, own: Record | None, entry: Entry, now: datetime) -> bytes:
    """Return the bytes of the record after `last`, never dated before it; `own` is the latest of the same uid."""
    at = max(now, last.at) if last else now
    value = {
        "n": last.n + 1 if last else 1,
        "previous": last.sha256 if last else GENESIS,
        "at": at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "kind": entry.kind,
        "uid": entry.uid,
        "own": {**own.own, own.kind: own.n} if own else {},
        "body": entry.body,
    }
    return _canonical(value)


def parsed(content: bytes, n: int) -> Record:
    """Read record n back; raises `ValueError` for what is no record, or another."""
    try:
        value = json.loads(content, parse_constant=_no_number)
        parts = {name: value[name] for name in PARTS}
        own = {kind: earlier for kind, earlier in value["own"].items() if type(earlier) is int and 0 < earlier < n}
        at = datetime.fromisoformat(value["at"])
        if {name: type(part) for name, part in parts.items()} != PARTS or at.tzinfo is None:
            raise ValueError("a part of it has another type")
        at = at.astimezone(UTC)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"is no record: {error!r}") from error
    if parts["n"] != n:
        raise ValueError(f"is no record {n}: it says it is {parts['n']}")
    return Record(**parts, at=at, own=own, sha256=hashlib.sha256(content).hexdigest())


def _identity(one: Entry | Record) -> bytes:
    names = SAME.get(one.kind)
    return _canonical(one.body if names is None else {name: one.body.get(name) for name in names})


def _canonical(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number")
