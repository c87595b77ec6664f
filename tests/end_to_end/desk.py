"""Slack and a pager in one small web server: it keeps what it is sent, and gives it back when asked.

It runs as a process beside the tests, and as a pod of a trial cluster; so it needs nothing but Python.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LIMIT = 1 << 20
told = {"slack": [], "page": []}


class Handler(BaseHTTPRequestHandler):
    """POST to /slack and /page keeps the text; GET returns all of it as JSON."""

    def do_GET(self):
        self._answer(json.dumps(told).encode())

    def do_POST(self):
        body = json.loads(self.rfile.read(min(int(self.headers.get("Content-Length", 0)), LIMIT)))
        texts = [body[name] for name in ("text", "title", "message") if isinstance(body.get(name), str)]
        told["slack" if self.path.startswith("/slack") else "page"].append("\n".join(texts))
        self._answer(b"ok")

    def log_message(self, *_):
        """Say nothing."""

    def _answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    server = ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler)
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()
