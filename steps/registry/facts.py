"""What was found out about a pipeline and a day: what `situation` gathers and `explanation` explains.

Pure values. A None or an empty tuple is "there is none"; what could not be read stands in `unread`, by name, so that
an explanation never takes the one for the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from steps.registry.backlog import Lack
from steps.registry.claim import Claim
from steps.registry.ledger import Record
from steps.registry.marker import Marker
from steps.registry.pointer import Pointer
from steps.registry.receipt import Receipt
from steps.registry.runs import Look


class What(StrEnum):
    """What is read to explain a day."""

    RECORDS = "the ledger"
    MARKERS = "the ready markers"
    PRODUCTION = "production's pointer"
    RECEIPTS = "the receipts"
    CLAIMS = "the claims"
    FILES = "the batch's files"
    ARTIFACTS = "the artifacts"
    RUNS = "the Workflows"


@dataclass(frozen=True, slots=True)
class Unread:
    """What could not be read, and what was answered."""

    what: What
    why: str

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch whose ready marker is there: the marker, and what the registry has of exactly this version of it.

    `problem` says why the marker cannot be used. A `receipt` settles it. Of its files `looked` were looked
    at: `broken` is what they lack (yet), `touched` when the newest of them was written.
    """

    name: str
    key: str
    etag: str
    landed: datetime | None = None
    marker: Marker | None = None
    problem: str = ""
    receipt: Receipt | None = None
    claim: Claim | None = None
    looked: int = 0
    broken: tuple[Lack, ...] = ()
    touched: datetime | None = None

    @property
    def as_of(self) -> str:
        """Return the data's day as the marker has it; the batch's name if the marker cannot be read."""
        return self.marker.as_of if self.marker else self.name[:10]

    @property
    def order(self) -> tuple[str, int]:
        return self.marker.order if self.marker else (self.as_of, -1)

    @property
    def owned(self) -> Claim | None:
        """Return the claim if it was taken for this very marker, and not for another with the same content."""
        mine = self.claim is not None and (self.claim.marker, self.claim.etag) == (self.key, self.etag)
        return self.claim if mine else None

    def is_of(self, marker: object, etag: object) -> bool:
        """Say whether a run on this marker and ETag is one of this batch; a run by hand may name no ETag."""
        return marker == self.key and str(etag or "").strip('"') in ("", self.etag)


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known; records, batches and looks newest first. `day` None asks for the newest there is.

    `last_seen` is the batch that landed last, whatever its day. `looks` None: the Workflows were not asked for.
    """

    now: datetime
    day: date | None = None
    records: tuple[Record, ...] = ()
    latest: Record | None = None
    batches: tuple[Batch, ...] = ()
    last_seen: Batch | None = None
    production: Pointer | None = None
    looks: tuple[Look, ...] | None = None
    unread: tuple[Unread, ...] = ()

    def lacks(self, *whats: What) -> Unread | None:
        """Return the first of these that could not be read."""
        return next((one for one in self.unread if one.what in whats), None)

    def looks_of(self, batch: Batch) -> tuple[Look, ...]:
        """Return the Workflows on this batch, newest first."""
        found = (
            look for look in self.looks or () if batch.is_of(look.parameters.get("marker"), look.parameters.get("etag"))
        )
        return newest(found)


def newest(looks: Iterable[Look]) -> tuple[Look, ...]:
    def age(look: Look) -> tuple[float, str]:
        return (look.created.timestamp() if look.created else 0.0, look.name)

    return tuple(sorted(looks, key=age, reverse=True))
