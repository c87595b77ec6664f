"""A Kubernetes API server in a thread: the few endpoints asked of Workflows, logs and users, over real HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

PLACE = "/apis/argoproj.io/v1alpha1/namespaces/ml/workflows"
PODS = "/api/v1/namespaces/ml/pods"
WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
TOKEN = "a-token"


@dataclass
class Api:
    """What the server holds and does: `refuse` answers every request with that status, `hang` with nothing at all.

    A Workflow that is got takes the next status of `ahead` each time, while there is one. `logs` are a pod's chunks;
    a number among them is a refusal with that status. `user` is who asks, "" if the server cannot tell.
    """

    workflows: dict[str, dict[str, Any]] = field(default_factory=dict)
    ahead: list[dict[str, Any]] = field(default_factory=list)
    logs: dict[str, list[bytes | int]] = field(default_factory=dict)
    user: str = "ana@example.com"
    refuse: int = 0
    garbage: bool = False
    asked: list[tuple[str, str]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    hang: bool = False

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        where, query = urlsplit(path).path, parse_qs(urlsplit(path).query)
        if self.refuse:
            return self.refuse, "404 page not found" if self.refuse == 404 else status_of(
                self.refuse, "as the test wants"
            )
        if method == "POST" and where == PLACE:
            return self._create(body)
        if method == "GET" and where == PLACE:
            return 200, self._page(query)
        if method == "POST" and where == WHO:
            known = {"status": {"userInfo": {"username": self.user}}}
            return (201, {**body, **known}) if self.user else (404, "404 page not found")
        name = where.removeprefix(f"{PLACE}/")
        if name in self.workflows and self.ahead:
            self.workflows[name]["status"] = self.ahead.pop(0)
        return (200, self.workflows[name]) if name in self.workflows else (404, status_of(404, f"{name!r} not found"))

    def _create(self, body: Any) -> tuple[int, Any]:
        name = body["metadata"]["name"]
        if name in self.workflows:
            return 409, status_of(409, f'workflows.argoproj.io "{name}" already exists')
        self.workflows[name] = body
        return 201, body

    def _page(self, query: dict[str, list[str]]) -> dict[str, Any]:
        key, _, value = query.get("labelSelector", ["="])[0].partition("=")
        chosen = [one for _, one in sorted(self.workflows.items()) if one["metadata"]["labels"].get(key) == value]
        start, limit = int(query.get("continue", ["0"])[0]), int(query["limit"][0])
        more = str(start + limit) if start + limit < len(chosen) else ""
        return {"kind": "WorkflowList", "metadata": {"continue": more}, "items": chosen[start : start + limit]}


def status_of(code: int, message: str) -> dict[str, Any]:
    reason = {404: "NotFound", 409: "AlreadyExists"}.get(code, "Other")
    known = {"kind": "Status", "apiVersion": "v1", "status": "Failure"}
    return {**known, "message": message, "reason": reason, "code": code}


@contextmanager
def serving(api: Api) -> Iterator[str]:
    """Serve it on loopback; yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None: ...

        def do_GET(self) -> None:
            self._do(None)

        def do_POST(self) -> None:
            self._do(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _do(self, body: Any) -> None:
            api.asked.append((self.command, self.path))
            if api.hang:
                api.released.wait(30)
                self.close_connection = True
                return
            known = self.headers.get("Authorization") == f"Bearer {TOKEN}"
            if known and self.path.startswith(PODS):
                self._log(urlsplit(self.path).path.removeprefix(f"{PODS}/").removesuffix("/log"))
                return
            code, value = api.answer(self.command, self.path, body) if known else (401, status_of(401, "Unauthorized"))
            self._send(code, value)

        def _send(self, code: int, value: Any) -> None:
            text = b"<html>a proxy's own page" if api.garbage else json.dumps(value).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def _log(self, pod: str) -> None:
            chunks = api.logs.get(pod, [404])
            if chunks and isinstance(chunks[0], int):
                self._send(chunks[0], status_of(chunks[0], "as the test wants"))
                del chunks[:1]
                return
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for chunk in chunks:
                assert isinstance(chunk, bytes)
                self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            self.wfile.write(b"0\r\n\r\n")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        api.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def kubeconfig(path: Path, url: str, *, token: str = TOKEN) -> Path:
    """Write a kubeconfig with the context `here`, whose namespace is `ml`, and `bare`, which has none."""
    value = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": {"token": token}}],
        "contexts": [
            {"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "ml"}},
            {"name": "bare", "context": {"cluster": "c", "user": "u"}},
        ],
        "current-context": "bare",
    }
    path.write_text(json.dumps(value), encoding="utf-8")
    return path
