"""A store that is interrupted at its n-th request, before or after it: by a crash, or by what somebody else does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from steps.registry.objects import PAGE, Body, Digest, Listed, Store


class CrashError(Exception):
    """The process died."""


def crash() -> None:
    raise CrashError


def at_every_request(scene: Callable[[int], bool]) -> int:
    """Play the scene for each request from the first on, until it says that there was none; return how many."""
    return next(at for at in count() if not scene(at))


@dataclass
class Interrupted:
    """`happens` once, right before request number `at` (from 0), or right after its effect; `asked` counts."""

    inner: Store
    at: int
    happens: Callable[[], object] = crash
    after: bool = False
    asked: list[str] = field(default_factory=list)

    @property
    def reached(self) -> bool:
        return len(self.asked) > self.at

    def get(self, key: str, limit: int = 1 << 20) -> tuple[bytes, str] | None:
        return self._do(f"get {key}", lambda: self.inner.get(key, limit))

    def head(self, key: str) -> Listed | None:
        return self._do(f"head {key}", lambda: self.inner.head(key))

    def create(self, key: str, body: Body) -> str:
        return self._do(f"create {key}", lambda: self.inner.create(key, body))

    def swap(self, key: str, body: Body, etag: str) -> str:
        return self._do(f"swap {key}", lambda: self.inner.swap(key, body, etag))

    def put(self, key: str, body: bytes) -> None:
        self._do(f"put {key}", lambda: self.inner.put(key, body))

    def digest(self, key: str, size: int) -> Digest | None:
        return self._do(f"digest {key}", lambda: self.inner.digest(key, size))

    def keys(self, prefix: str, after: str = "", page: int = PAGE) -> Iterator[Listed]:
        yield from self._do(f"keys {prefix}", lambda: list(self.inner.keys(prefix, after, page)))

    def _do(self, what: str, request: Callable[[], Any]) -> Any:
        mine = len(self.asked) == self.at
        self.asked.append(what)
        if mine and not self.after:
            self.happens()
        try:
            return request()
        finally:
            if mine and self.after:
                self.happens()


@dataclass
class Asleep:
    """The view of a process that read claims and pointer `before` and then slept: it has first what was there then."""

    inner: Store
    before: Store
    got: set[str] = field(default_factory=set)

    def get(self, key: str, limit: int = 1 << 20) -> tuple[bytes, str] | None:
        first = key not in self.got and "/ledger/" not in key
        self.got.add(key)
        return (self.before if first else self.inner).get(key, limit)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)
