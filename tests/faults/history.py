"""Takes down who asked what of the objects that are compared and swapped, and what was answered, for `linear`."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator

from faults.linear import ANY, Operation, violation

from steps.registry.objects import PAGE, SMALL, Body, Digest, Exists, Listed, Moved, Store

FEW = 6
"""Objects a page of a list, so that lists have several pages and change between two."""


def etag_of(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


class History:
    """Operations by key; `watched` says which keys are worth it."""

    def __init__(self, watched: Callable[[str], bool]) -> None:
        self.watched = watched
        self.operations: dict[str, list[Operation]] = defaultdict(list)
        self._tick = 0

    def tick(self) -> int:
        self._tick += 1
        return self._tick

    def wrong(self) -> Iterator[tuple[str, Operation]]:
        """Yield the keys whose history is not linearizable, with what nothing explains."""
        for key, operations in self.operations.items():
            unexplained = violation(operations)
            if unexplained is not None:
                yield key, unexplained


class Observed:
    """A `Store` whose reads and conditional writes of watched keys go into the history."""

    def __init__(self, inner: Store, history: History, lost: Callable[[], int], by: Callable[[], str]) -> None:
        self._inner = inner
        self._history = history
        self._lost = lost
        self._by = by

    def get(self, key: str, limit: int = SMALL) -> tuple[bytes, str] | None:
        begin = self._history.tick()
        found = self._inner.get(key, limit)
        if self._history.watched(key):
            end = self._history.tick()
            operation = Operation("read", found[1] if found else "", begin, end, by=self._by())
            self._history.operations[key].append(operation)
        return found

    def head(self, key: str) -> Listed | None:
        return self._inner.head(key)

    def create(self, key: str, body: Body) -> str:
        return self._write(key, body, "", lambda: self._inner.create(key, body))

    def swap(self, key: str, body: Body, etag: str) -> str:
        return self._write(key, body, etag, lambda: self._inner.swap(key, body, etag))

    def put(self, key: str, body: bytes) -> None:
        def write() -> str:
            self._inner.put(key, body)
            return ""

        self._write(key, body, ANY, write)

    def digest(self, key: str, size: int) -> Digest | None:
        return self._inner.digest(key, size)

    def keys(self, prefix: str, after: str = "", page: int = PAGE) -> Iterator[Listed]:
        return self._inner.keys(prefix, after, min(page, FEW))

    def _write(self, key: str, body: Body, expected: str, write: Callable[[], str]) -> str:
        if not self._history.watched(key):
            return write()
        assert isinstance(body, bytes)
        begin, lost, answer = self._history.tick(), self._lost(), "unknown"
        try:
            etag = write()
            answer = "done"
        except (Exists, Moved):
            answer = "missed"
            raise
        finally:
            certain = self._lost() == lost
            value = etag_of(body)
            end = self._history.tick()
            operation = Operation("write", value, begin, end, expected, answer, certain, self._by())  # type: ignore[arg-type]
            self._history.operations[key].append(operation)
        return etag
