"""A stand-in for Slack and for an on-call service: a web server on loopback that keeps what it is sent.

The story's messages go where a person's would: `retrain watch` posts to URLs, and knows no more of them than that.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Desk:
    """Where messages arrive: texts in the order of their coming, by the channel they came through."""

    port: int
    slack: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that send `retrain watch` here, as the Secrets of a cluster would."""
        return {
            "SLACK_WEBHOOK_URL": f"http://127.0.0.1:{self.port}/slack",
            "PAGE_URL": f"json://127.0.0.1:{self.port}/page",
        }


@contextmanager
def desk() -> Iterator[Desk]:
    """Take messages until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    taking = Desk(server.server_address[1])
    server.desk = taking  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield taking
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        taking: Desk = self.server.desk  # type: ignore[attr-defined]
        body = json.loads(self.rfile.read(min(int(self.headers.get("Content-Length", 0)), LIMIT)))
        if self.path.startswith("/slack"):
            taking.slack.append(body.get("text", ""))
        else:
            taking.pages.append("\n".join(filter(None, (body.get("title"), body.get("message")))))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        """Say nothing: the story speaks."""
