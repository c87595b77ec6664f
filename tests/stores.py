"""Stores for tests: one in memory, one that counts and lets another writer in between, a proxy that loses answers."""

from __future__ import annotations

import hashlib
import http.client
import threading
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import urlsplit

from steps.registry.objects import PAGE, Body, Digest, Exists, Listed, Moved, Store
from steps.verdict import StoreError

Answer = TypeVar("Answer")


@dataclass
class Memory:
    """A bucket in memory, for more objects than a server takes in a test's time; one thread at a time."""

    now: datetime = datetime(2026, 2, 23, 6, tzinfo=UTC)
    bodies: dict[str, tuple[bytes, str, datetime]] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)

    def get(self, key: str, limit: int = 1 << 20) -> tuple[bytes, str] | None:  # noqa: ARG002 - the Protocol's
        found = self.bodies.get(key)
        return (found[0], found[1]) if found else None

    def head(self, key: str) -> Listed | None:
        found = self.bodies.get(key)
        return Listed(key, found[1], len(found[0]), found[2]) if found else None

    def create(self, key: str, body: Body) -> str:
        found = self.get(key)
        if found is not None and found[0] != _content(body):
            raise Exists(key)
        return self._write(key, body)

    def swap(self, key: str, body: Body, etag: str) -> str:
        found = self.get(key)
        if found is None or (found[1] != etag and found[0] != _content(body)):
            raise Moved(key)
        return self._write(key, body)

    def put(self, key: str, body: bytes) -> None:
        self._write(key, body)

    def digest(self, key: str, size: int) -> Digest | None:
        found = self.get(key)
        if found is None:
            return None
        content, etag = found
        return Digest(len(content), hashlib.sha256(content).hexdigest() if len(content) == size else None, etag)

    def keys(self, prefix: str, after: str = "", page: int = PAGE) -> Iterator[Listed]:  # noqa: ARG002 - the Protocol's
        place = max(bisect_left(self.order, prefix), bisect_right(self.order, after))
        while place < len(self.order) and self.order[place].startswith(prefix):
            key = self.order[place]
            body, etag, modified = self.bodies[key]
            yield Listed(key, etag, len(body), modified)
            place = bisect_right(self.order, key)

    def remove(self, key: str) -> None:
        del self.bodies[key]
        self.order.remove(key)

    def _write(self, key: str, body: Body) -> str:
        content = _content(body)
        if key not in self.bodies:
            insort(self.order, key)
        self.bodies[key] = (content, hashlib.md5(content, usedforsecurity=False).hexdigest(), self.now)
        return self.bodies[key][1]


def _content(body: Body) -> bytes:
    return body if isinstance(body, bytes) else body.read_bytes()


@dataclass
class Watched:
    """A store that counts requests by method, and calls `before[method]` once before the first such request."""

    inner: Store
    before: dict[str, Callable[[], object]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def get(self, key: str, limit: int = 1 << 20) -> tuple[bytes, str] | None:
        self._note("get", key)
        return self.inner.get(key, limit)

    def head(self, key: str) -> Listed | None:
        self._note("head", key)
        return self.inner.head(key)

    def create(self, key: str, body: Body) -> str:
        self._note("create", key)
        return self.inner.create(key, body)

    def swap(self, key: str, body: Body, etag: str) -> str:
        self._note("swap", key)
        return self.inner.swap(key, body, etag)

    def put(self, key: str, body: bytes) -> None:
        self._note("put", key)
        self.inner.put(key, body)

    def digest(self, key: str, size: int) -> Digest | None:
        self._note("digest", key)
        return self.inner.digest(key, size)

    def keys(self, prefix: str, after: str = "", page: int = PAGE) -> Iterator[Listed]:
        """List page by page, and note every request that takes."""
        while True:
            self._note("keys", prefix)
            found = list(islice(self.inner.keys(prefix, after, page), page))
            yield from found
            if len(found) < page:
                return
            after = found[-1].key

    def _note(self, method: str, key: str) -> None:
        self.asked.append((method, key))
        if method in self.before:
            self.before.pop(method)()


class Died(BaseException):
    """The process ended here."""


@dataclass
class Mortal:
    """A store whose user dies at its request number `at`, before it or `after` its effect."""

    inner: Store
    at: int
    after: bool
    asked: int = 0

    def get(self, key: str, limit: int = 1 << 20) -> tuple[bytes, str] | None:
        return self._do(lambda: self.inner.get(key, limit))

    def head(self, key: str) -> Listed | None:
        return self._do(lambda: self.inner.head(key))

    def create(self, key: str, body: Body) -> str:
        return self._do(lambda: self.inner.create(key, body))

    def swap(self, key: str, body: Body, etag: str) -> str:
        return self._do(lambda: self.inner.swap(key, body, etag))

    def put(self, key: str, body: bytes) -> None:
        self._do(lambda: self.inner.put(key, body))

    def digest(self, key: str, size: int) -> Digest | None:
        return self._do(lambda: self.inner.digest(key, size))

    def keys(self, prefix: str, after: str = "", page: int = PAGE) -> Iterator[Listed]:
        return iter(self._do(lambda: list(self.inner.keys(prefix, after, page))))

    def _do(self, request: Callable[[], Answer]) -> Answer:
        self.asked += 1
        if self.asked == self.at and not self.after:
            raise Died
        answer = request()
        if self.asked == self.at:
            raise Died
        return answer


@dataclass
class Blind(Watched):
    """A store whose requests below some prefixes end in an error."""

    error: Exception = field(default_factory=lambda: StoreError("unreadable"))
    prefixes: tuple[str, ...] = ()

    def _note(self, method: str, key: str) -> None:
        super()._note(method, key)
        if key.startswith(self.prefixes):
            raise self.error


@contextmanager
def losing_proxy(endpoint: str, *, lost: int, unheard: Collection[str] = ()) -> Iterator[tuple[str, list[str]]]:
    """Yield the URL of a proxy to `endpoint` that carries out the first `lost` PUTs but loses their answers.

    The list yielded with it names what was carried out without an answer. Headers that are `unheard` are left out, as
    by a store that does not know them.
    """
    target = urlsplit(endpoint)
    dropped: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            connection = http.client.HTTPConnection(str(target.hostname), target.port or 80, timeout=10)
            connection.request(
                self.command,
                self.path,
                body,
                {name: value for name, value in self.headers.items() if name not in unheard},
            )
            answer = connection.getresponse()
            content = answer.read()
            connection.close()
            self.close_connection = True
            if self.command == "PUT" and len(dropped) < lost:
                dropped.append(f"{self.path} {answer.status}")
                return
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("connection", "transfer-encoding", "date", "server"):
                    self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(content if self.command != "HEAD" else b"")

        def log_message(self, *_: Any) -> None:
            pass

    for method in ("GET", "PUT", "HEAD", "DELETE"):
        setattr(Handler, f"do_{method}", Handler._pass)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", dropped
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
