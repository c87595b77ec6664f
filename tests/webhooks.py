"""A web server that stands for Slack and for an on-call service: it answers as told and keeps what it was sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

SECRET = "T0SECRET"


@dataclass
class Webhook:
    """One on loopback. `status` 0 ends the connection without an answer; `before` is called before each answer."""

    port: int = 0
    status: int = 200
    body: bytes = b"ok"
    got: list[dict[str, Any]] = field(default_factory=list)
    before: Callable[[], object] = lambda: None

    @property
    def slack(self) -> str:
        return f"http://127.0.0.1:{self.port}/services/{SECRET}"

    @property
    def page(self) -> str:
        return f"json://127.0.0.1:{self.port}/{SECRET}"

    @property
    def texts(self) -> list[str]:
        """Return what Slack was sent."""
        return [one["text"] for one in self.got if "text" in one]

    @property
    def pages(self) -> list[str]:
        """Return the titles of the pages."""
        return [one["title"] for one in self.got if "title" in one]


@contextmanager
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    """Answer until the block ends; no proxy of the machine's stands between."""
    state = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            state.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            state.before()
            if not state.status:
                self.close_connection = True
                return
            self.send_response(state.status)
            self.send_header("Content-Length", str(len(state.body)))
            self.end_headers()
            self.wfile.write(state.body)

        def log_message(self, *_: Any) -> None:
            pass

    setattr(Handler, "do_POST", Handler.answer)  # noqa: B010 - the name that the server looks for is no name of ours
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    state.port = server.server_address[1]
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
