"""An S3 over HTTP in front of a store in memory: for more objects than moto lists in a benchmark's time.

Speaks what the registry uses: GET, HEAD, conditional PUT and lists. The benchmark's floor is a GET of this very server.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from stores import Memory

from steps.registry.objects import Exists, Listed, Moved

DATE = "%a, %d %b %Y %H:%M:%S GMT"
ONE = "<Contents><Key>{}</Key><LastModified>{}</LastModified><ETag>&quot;{}&quot;</ETag><Size>{}</Size></Contents>"


@contextmanager
def serving(store: Memory) -> Iterator[str]:
    """Yield the endpoint of a server that holds the store's objects in its only bucket, whatever it is called."""
    handler = type("Handler", (Answers,), {"store": store, "lock": threading.Lock()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    store: Memory
    lock: threading.Lock

    def do_GET(self) -> None:
        where = urlsplit(self.path)
        key = unquote(where.path).lstrip("/").partition("/")[2]
        with self.lock:
            if not key:
                self._answer(200, {}, self._list({name: given[0] for name, given in parse_qs(where.query).items()}))
                return
            found = self.store.get(key)
            listed = self.store.head(key)
        if found is None or listed is None:
            self._answer(404, {}, b"<Error><Code>NoSuchKey</Code></Error>")
            return
        self._answer(200, {"ETag": f'"{found[1]}"', "Last-Modified": f"{listed.modified:{DATE}}"}, found[0])

    do_HEAD = do_GET  # noqa: N815 - the server's name for it

    def do_PUT(self) -> None:
        key = unquote(urlsplit(self.path).path).lstrip("/").partition("/")[2]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.lock:
            try:
                if self.headers["If-None-Match"]:
                    etag = self.store.create(key, body)
                elif self.headers["If-Match"]:
                    etag = self.store.swap(key, body, self.headers["If-Match"].strip('"'))
                else:
                    self.store.put(key, body)
                    etag = self.store.bodies[key][1]
            except (Exists, Moved):
                self._answer(412, {}, b"<Error><Code>PreconditionFailed</Code></Error>")
                return
        self._answer(200, {"ETag": f'"{etag}"'}, b"")

    def _list(self, asked: dict[str, str]) -> bytes:
        limit = int(asked.get("max-keys", "1000"))
        found = list(islice(self.store.keys(asked.get("prefix", ""), asked.get("start-after", "")), limit + 1))
        more = "true" if len(found) > limit else "false"
        return (
            f"<ListBucketResult><IsTruncated>{more}</IsTruncated>{''.join(map(_listed, found[:limit]))}"
            "</ListBucketResult>"
        ).encode()

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def _listed(one: Listed) -> str:
    return ONE.format(escape(one.key), f"{one.modified:%Y-%m-%dT%H:%M:%S.000Z}", one.etag, one.size)
