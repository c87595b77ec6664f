"""A bucket in memory whose writes take effect one after the other, and the history of what was written to it.

It is the truth of a schedule: the client above loses and repeats, but what stands here happened. ETags are the MD5 of
the content, as S3's are, so that the same content written twice has the same ETag here too.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime


class Refused(Exception):  # noqa: N818 - an answer, not an error
    """The bucket's answer to what it did not do: S3's error code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Held:
    """An object as it stands: `etag` without quotes."""

    key: str
    body: bytes
    etag: str
    modified: datetime


@dataclass(frozen=True, slots=True)
class Write:
    """A write that took effect: by whom, in place of which ETag ("" if nothing stood there)."""

    held: Held
    replaced: str
    by: str


class Bucket:
    """Objects by key; `writes` are all that took effect, in their order."""

    def __init__(self) -> None:
        self._held: dict[str, Held] = {}
        self._keys: list[str] = []
        self.writes: list[Write] = []

    def get(self, key: str) -> Held:
        """Return what stands there; raises `Refused` (NoSuchKey)."""
        try:
            return self._held[key]
        except KeyError:
            raise Refused("NoSuchKey") from None

    def find(self, key: str) -> Held | None:
        return self._held.get(key)

    def put(
        self, key: str, body: bytes, now: datetime, *, by: str = "", match: str | None = None, absent: bool = False
    ) -> Held:
        """Write, if `match` is the ETag that stands there or, with `absent`, if nothing does; else raise `Refused`."""
        standing = self._held.get(key)
        if absent and standing is not None:
            raise Refused("PreconditionFailed")
        if match is not None and standing is None:
            raise Refused("NoSuchKey")
        if match is not None and standing is not None and standing.etag != match:
            raise Refused("PreconditionFailed")
        if standing is None:
            insort(self._keys, key)
        held = Held(key, body, hashlib.md5(body, usedforsecurity=False).hexdigest(), now)
        self._held[key] = held
        self.writes.append(Write(held, standing.etag if standing else "", by))
        return held

    def page(self, prefix: str, after: str, limit: int) -> tuple[list[Held], bool]:
        """Return up to `limit` objects below the prefix beyond the key `after`, by key, and if there are more."""
        found: list[Held] = []
        for key in self._from(prefix, after):
            if len(found) == limit:
                return found, True
            found.append(self._held[key])
        return found, False

    def below(self, prefix: str) -> list[Held]:
        """Return everything below the prefix, by key."""
        return [self._held[key] for key in self._from(prefix, "")]

    def history(self, key: str) -> list[Write]:
        """Return the writes of one key in their order."""
        return [write for write in self.writes if write.held.key == key]

    def _from(self, prefix: str, after: str) -> Iterator[str]:
        # Keys are compared as text; S3 compares UTF-8 bytes, which is the same order.
        for place in range(max(bisect_left(self._keys, prefix), bisect_right(self._keys, after)), len(self._keys)):
            if not self._keys[place].startswith(prefix):
                return
            yield self._keys[place]
