"""The claim: who has a batch's content. Taken by `claim`, looked at by `deploy`, closed by `record`.

One object a pipeline and data hash, created if absent, so that of any number of Workflows with the same content exactly
one is the owner. The token grows with every take-over: a former owner that wakes up no longer holds the claim.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from steps.registry.objects import Exists, Moved, Store
from steps.verdict import Conclusion, StoreError


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
    at: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim as it stands in the bucket; `token` counts its owners from 1, `claimed_at` is UTC in ISO 8601."""

    data_hash: str
    batch: str
    marker: str
    etag: str
    as_of: str
    revision: int
    workflow: str
    uid: str
    token: int
    claimed_at: str
    finished: Finished | None = None

    def owned_by(self, owner: Owner) -> bool:
        return self.uid == owner.uid

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), sort_keys=True, indent=2).encode()


@dataclass(frozen=True, slots=True)
class Standing:
    """A claim and the ETag of the version that was read."""

    claim: Claim
    etag: str


def key(pipeline: str, data_hash: str) -> str:
    return f"registry/{pipeline}/claims/{data_hash}.json"


def read(store: Store, pipeline: str, data_hash: str) -> Standing | None:
    """Return the claim of this content, None if nobody took it; raises `StoreError`, also for what is no claim."""
    found = store.get(key(pipeline, data_hash))
    if found is None:
        return None
    try:
        return Standing(_claim(json.loads(found[0])), found[1])
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(f"{key(pipeline, data_hash)} is no claim: {error!r}") from error


def take(store: Store, pipeline: str, wanted: Claim, standing: Standing | None) -> Claim | None:
    """Take the claim: create it, or take it over from exactly `standing` with a token one higher.

    Returns the claim as the caller now holds it, None if somebody else was faster. Raises `StoreError`.
    """
    where = key(pipeline, wanted.data_hash)
    try:
        if standing is None:
            store.create(where, wanted.to_json())
            return wanted
        over = replace(wanted, token=standing.claim.token + 1)
        store.swap(where, over.to_json(), standing.etag)
        return over
    except (Exists, Moved):
        now = read(store, pipeline, wanted.data_hash)
        return now.claim if now is not None and now.claim.uid == wanted.uid else None


def holds(standing: Standing | None, owner: Owner, token: int) -> bool:
    """Say whether this owner's claim, by this token, is the one that stands."""
    return standing is not None and standing.claim.owned_by(owner) and standing.claim.token == token


def close(store: Store, pipeline: str, data_hash: str, owner: Owner, finished: Finished) -> bool:
    """Write on the owner's claim how it ended; False if the claim is somebody else's. Raises `StoreError`."""
    standing = read(store, pipeline, data_hash)
    if standing is None or not standing.claim.owned_by(owner):
        return False
    try:
        store.swap(key(pipeline, data_hash), replace(standing.claim, finished=finished).to_json(), standing.etag)
    except Moved:
        return False
    return True


def finished(conclusion: Conclusion, at: str) -> Finished:
    return Finished(str(conclusion.outcome), str(conclusion.reason), at)


def _claim(value: dict[str, Any]) -> Claim:
    names = Claim.__dataclass_fields__
    known = {name: value[name] for name in names if name != "finished"}
    ended = value["finished"]
    return Claim(
        **known, finished=ended and Finished(**{name: str(ended[name]) for name in ("outcome", "reason", "at")})
    )
