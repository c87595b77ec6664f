"""The claim: who has a batch's content. Taken by `claim`, looked at by `deploy`, closed at the run's end.

One object a pipeline and data hash, created if absent, so that of any number of Workflows with the same content exactly
one is the owner. The token grows with each owner. Nobody takes a claim from a standing owner but by a grant, which
names the next Workflow before it exists; its `claim` step then adopts the claim.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from pydantic import TypeAdapter

from steps.registry import marker as markers
from steps.registry.marker import Marker
from steps.registry.objects import Exists, Moved, Store
from steps.registry.requester import Request
from steps.verdict import GIVEN_BACK, OPEN, Conclusion, Reason, StoreError

ATTEMPTS = 8
"""How often a write of the claim starts again because another came between."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The Workflow that asks; a name may come back, a uid never."""

    workflow: str
    uid: str


@dataclass(frozen=True, slots=True)
class Finished:
    """How the owner ended; `at` is UTC in ISO 8601."""

    outcome: str
    reason: str
    message: str
    at: str

    @property
    def final(self) -> bool:
        """Say whether nothing is left to do for the batch."""
        return self.reason not in OPEN


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim as it stands in the bucket; `claimed_at` is UTC in ISO 8601.

    `token` counts its owners from 1, `attempt` the runs that the batch was given. `uid` is "" while the claim is
    granted to the Workflow of that name and that has not adopted it yet. `former` is the claim as it was before a grant
    or a retirement: its owner's version may be in production, and its end is what a grant that is withdrawn undid.
    `fenced` says of a claim that was retired that the owner cannot come through any more, and did not. `request` is
    what the run was asked for with, if it is a replay.
    """

    data_hash: str
    batch: str
    marker: str
    etag: str
    as_of: str
    revision: int
    workflow: str
    uid: str
    token: int
    attempt: int
    claimed_at: str
    finished: Finished | None = None
    former: Claim | None = None
    fenced: bool = False
    request: Request | None = None

    @property
    def order(self) -> tuple[str, int]:
        return (self.as_of, self.revision)

    @property
    def claimed(self) -> datetime | None:
        """Return when it was claimed; what is no time must not stop a decision."""
        try:
            found = datetime.fromisoformat(self.claimed_at)
        except ValueError:
            return None
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    def owned_by(self, owner: Owner) -> bool:
        return self.uid == owner.uid

    def granted_to(self, workflow: str) -> bool:
        """Say whether the claim waits for the Workflow of this name."""
        return not self.uid and self.workflow == workflow

    @property
    def retiring(self) -> bool:
        """Say whether the token was taken from the owner, and given to nobody."""
        return self.former is not None and self.former.uid == self.uid

    @property
    def retired(self) -> bool:
        """Say whether, beyond that, the owner was fenced off: nobody may rely on its end before."""
        return self.retiring and self.fenced

    @property
    def own_end(self) -> Finished | None:
        """Return how the owner itself ended, whatever reconcile made of the claim when it retired it."""
        promoted = self.finished is not None and self.finished.reason == Reason.PROMOTED
        return self.former.finished if self.former and self.retiring and not promoted else self.finished

    @property
    def earlier(self) -> Claim | None:
        """Return the claim that replays took over and left open: the end that they were to better stands again."""
        if self.finished is None or self.finished.final or self.former is None or self.retiring:
            return None
        before = self.former.finished
        return self.former if before is not None and before.final else self.former.earlier

    @property
    def settled(self) -> bool:
        """Say whether the content's last run has ended and nothing but a replay takes it up again."""
        return self.finished is not None and (self.finished.final or self.retired or self.earlier is not None)

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), sort_keys=True, indent=2).encode()


CLAIM = TypeAdapter(Claim)


@dataclass(frozen=True, slots=True)
class Standing:
    """A claim and the ETag of the version that was read."""

    claim: Claim
    etag: str


def key(pipeline: str, data_hash: str) -> str:
    return f"registry/{pipeline}/claims/{data_hash}.json"


def of_marker(ready: Marker, owner: Owner, attempt: int, at: str) -> Claim:
    """Return the first claim of a marker's content, as `owner` would hold it; a uid of "" grants it to that name."""
    return Claim(
        data_hash=markers.data_hash(ready.files),
        batch=ready.batch,
        marker=ready.key,
        etag=ready.etag,
        as_of=ready.as_of,
        revision=ready.revision,
        workflow=owner.workflow,
        uid=owner.uid,
        token=1,
        attempt=attempt,
        claimed_at=at,
    )


def read(store: Store, pipeline: str, data_hash: str) -> Standing | None:
    """Return the claim of this content, None if nobody took it; raises `StoreError`, also for what is no claim."""
    found = store.get(key(pipeline, data_hash))
    if found is None:
        return None
    try:
        return Standing(CLAIM.validate_json(found[0], strict=True), found[1])
    except ValueError as error:
        raise StoreError(f"{key(pipeline, data_hash)} is no claim: {error!r}") from error


def take(store: Store, pipeline: str, wanted: Claim, standing: Standing | None) -> Claim | None:
    """Take the claim: create it, or take it from exactly `standing`, by a token one higher.

    Whether it may be taken is for the caller to say: it was given back, or the caller grants. Returns the claim as it
    stands then, None if somebody else was faster. Raises `StoreError`.
    """
    if standing is None:
        try:
            store.create(key(pipeline, wanted.data_hash), wanted.to_json())
        except Exists:
            return None
        return wanted
    return _swap(store, pipeline, replace(wanted, token=standing.claim.token + 1), standing)


def adopt(store: Store, pipeline: str, standing: Standing, owner: Owner, at: str) -> Claim | None:
    """Fill in the uid of the Workflow that the claim was granted to; None if it is not, or no longer."""
    if not standing.claim.granted_to(owner.workflow):
        return None
    return _swap(store, pipeline, replace(standing.claim, uid=owner.uid, claimed_at=at), standing)


def holds(standing: Standing | None, owner: Owner, token: int) -> bool:
    """Say whether this owner may act by the claim: it is its own, by this token, and not settled.

    An open end does not take it away: a Workflow that is retried by hand goes on under the same uid.
    """
    if standing is None or not standing.claim.owned_by(owner) or standing.claim.token != token:
        return False
    return not standing.claim.settled and not given_back(standing.claim)


def given_back(claim: Claim) -> bool:
    """Say whether the owner ended in a way that lets anybody take the claim."""
    return claim.finished is not None and claim.finished.reason in GIVEN_BACK and not claim.settled


def close(store: Store, pipeline: str, data_hash: str, owner: Owner, finished: Finished) -> Claim | None:
    """Write on the owner's claim how it ended; return the claim as it then stands, None if it is not the owner's.

    An end that settles stands, but `promoted` before any other, for then production has moved. An open one gives way
    to another end of the same owner (a retry by hand). So what `finished` says of the claim returned is what the run
    came to. Raises `StoreError`.
    """
    for _ in range(ATTEMPTS):
        standing = read(store, pipeline, data_hash)
        if standing is None or not standing.claim.owned_by(owner):
            return None
        if not _gives_way(standing.claim, finished):
            return standing.claim
        closed = end(store, pipeline, standing, finished)
        if closed is not None:
            return closed
    raise StoreError(f"{key(pipeline, data_hash)}: {ATTEMPTS} times another writer was faster; try again")


def _gives_way(claim: Claim, finished: Finished) -> bool:
    before = claim.finished
    if before is None or finished.reason == before.reason == Reason.PROMOTED:
        return before is None
    return finished.reason == Reason.PROMOTED or not (claim.settled or replace(before, at=finished.at) == finished)


def end(store: Store, pipeline: str, standing: Standing, finished: Finished) -> Claim | None:
    """Write an end on exactly this claim, whoever owns it; None if it has moved since."""
    return _swap(store, pipeline, replace(standing.claim, finished=finished), standing)


def fenced(store: Store, pipeline: str, standing: Standing) -> Claim | None:
    """Write on exactly this claim that its former owner is fenced off; None if it has moved since."""
    return _swap(store, pipeline, replace(standing.claim, fenced=True), standing)


def finished(conclusion: Conclusion, at: str) -> Finished:
    return Finished(str(conclusion.outcome), str(conclusion.reason), conclusion.message, at)


def _swap(store: Store, pipeline: str, wanted: Claim, standing: Standing) -> Claim | None:
    try:
        store.swap(key(pipeline, wanted.data_hash), wanted.to_json(), standing.etag)
    except Moved:
        return None
    return wanted
