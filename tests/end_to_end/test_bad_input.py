"""Bad input of every kind ends in one clear message and exit code 2, soon, and never in a traceback.

Each row is a real process: what is typed, and what the message must name: where, what was found, what to do next.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from batches import DAY, entry, mark, marker
from commandline import HELLO, PIPELINES, Done, hello, loans, retrain
from documents import loans as document

from workflows.embedded import environment

SOON = 10
SECRET = "s3cr3t"


def refused(done: Done, says: Sequence[str]) -> None:
    """Hold what every refusal promises."""
    assert (done.code, done.out) == (2, ""), done
    assert done.err.startswith("retrain: ")
    assert "Traceback" not in done.err
    assert "a bug of ours" not in done.err
    assert [text for text in says if text not in done.err] == []
    assert len(done.err.splitlines()) <= 8


PIPELINE: dict[str, tuple[dict[str, Any] | str | None, list[str]]] = {
    "unknown key": (document(model__seeed=3), ["loans.yaml", "model.seeed: unknown key", "did you mean 'seed'?"]),
    "bad type": (document(contract__rows={"min": "ten"}), ["loans.yaml", "contract.rows.min", "'ten'", "hint: "]),
    "missing key": ({"name": "loans"}, ["loans.yaml", "data: missing", "model: missing"]),
    "not YAML": ("name: [", ["loans.yaml, line 1, column 8", "not readable as YAML"]),
    "not a mapping": ("- loans", ["loans.yaml", "expected one YAML mapping"]),
    "missing file": (None, ["pipelines", "there is no pipeline 'loans'"]),
}


@pytest.mark.parametrize(("content", "says"), PIPELINE.values(), ids=PIPELINE)
def test_a_pipeline_document(tmp_path: Path, content: dict[str, Any] | str | None, says: list[str]) -> None:
    folder = tmp_path / "pipelines"
    folder.mkdir()
    if content is not None:
        text = content if isinstance(content, str) else yaml.safe_dump(content)
        (folder / "loans.yaml").write_text(text, encoding="utf-8")
    refused(retrain("why", "loans", "--pipelines", folder), says)


CYCLE = "dag: {tasks: [{name: a, template: main, depends: b}, {name: b, template: main, depends: a}]}"
MANIFEST: dict[str, tuple[str, str, list[str]]] = {
    "cyclic depends": (
        "  templates:\n",
        f"  templates:\n  - {{name: two, {CYCLE}}}\n",
        ["Workflow 'hello', template 'two'", "its tasks wait for each other: a -> b -> a"],
    ),
    "undefined reference": (
        "{{workflow.parameters.who}}",
        "{{workflow.parameters.whom}}",
        ["template 'main'", "cannot resolve {{workflow.parameters.whom}}", "hint: "],
    ),
    "unsupported field": ("  entrypoint", "  hooks: {}\n  entrypoint", ["hello.yaml:5", "does not support 'hooks'"]),
    "unknown field": ("  entrypoint", "  entrypoynt", ["hello.yaml:5", "'entrypoynt'", "did you mean 'entrypoint'?"]),
    "bad type": ("command: [sh, -c]", "command: sh", ["hello.yaml:", "command"]),
    "not YAML": ("kind: Workflow", "kind: [", ["hello.yaml:", "cannot read YAML"]),
    "another kind": ("kind: Workflow", "kind: Job", ["hello.yaml", "holds no Workflow", "it holds: Job"]),
}


@pytest.mark.parametrize(("old", "new", "says"), MANIFEST.values(), ids=MANIFEST)
def test_a_manifest(tmp_path: Path, old: str, new: str, says: list[str]) -> None:
    assert old in HELLO
    file = hello(tmp_path, old, new)
    refused(retrain("run", file, "--home", tmp_path / "home", "--manifests", tmp_path / "none", "--json"), says)
    assert not (tmp_path / "home").exists()


def test_a_manifest_that_is_not_there(tmp_path: Path) -> None:
    refused(retrain("run", tmp_path / "nowhere.yaml"), ["nowhere.yaml", "there is no such file"])


@pytest.fixture
def forbidding() -> Iterator[str]:
    """A store that refuses every credential."""

    class Handler(BaseHTTPRequestHandler):
        def refuse(self) -> None:
            body = b"<Error><Code>InvalidAccessKeyId</Code><Message>No such key here.</Message></Error>"
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(403)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body if self.command != "HEAD" else b"")

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    for method in ("GET", "PUT", "HEAD", "POST"):
        setattr(Handler, f"do_{method}", Handler.refuse)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


ASKS = {
    "runs": ["runs"],
    "replay": ["replay", "loans", DAY, "--reason", "to see"],
    "get": ["get", f"loans-{DAY}-x"],
    "logs": ["logs", f"loans-{DAY}-x"],
    "up": ["up"],
}


def ask(command: list[str], endpoint: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> Done:
    for name, value in {**environment(endpoint), "AWS_SECRET_ACCESS_KEY": SECRET}.items():
        monkeypatch.setenv(name, value)
    there = ["--endpoint", endpoint] if command == ["up"] else []
    return retrain(*command, *there, "--home", home)


@pytest.mark.parametrize("command", ASKS.values(), ids=ASKS)
def test_a_store_that_nobody_reaches(command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began = time.monotonic()
    done = ask(command, "http://127.0.0.1:1", tmp_path, monkeypatch)
    refused(done, ["http://127.0.0.1:1", "Could not connect", "hint: "])
    assert time.monotonic() - began < SOON


@pytest.mark.parametrize("command", ASKS.values(), ids=ASKS)
def test_credentials_that_are_wrong(
    command: list[str], forbidding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = time.monotonic()
    done = ask(command, forbidding, tmp_path, monkeypatch)
    refused(done, ["InvalidAccessKeyId", "credentials", "hint: "])
    assert SECRET not in done.err
    assert time.monotonic() - began < SOON


@pytest.mark.parametrize("wrong", ["nobody", "credentials"])
def test_why_says_what_it_could_not_read(
    wrong: str, forbidding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers what it can; here that is nothing but the reason why it cannot."""
    began = time.monotonic()
    endpoint = "http://127.0.0.1:1" if wrong == "nobody" else forbidding
    done = ask(["why", "loans"], endpoint, tmp_path, monkeypatch)
    assert (done.code, done.err) == (1, "")
    assert "could not be read" in done.out
    assert ("Could not connect" if wrong == "nobody" else "InvalidAccessKeyId") in done.out
    assert SECRET not in done.out
    assert time.monotonic() - began < SOON


MARKERS: dict[str, tuple[Any, list[str]]] = {
    "no JSON": (b"{", ["it is no JSON object"]),
    "too large": (b" " * ((1 << 20) + 1), ["expected at most 1048576"]),
    "leaves the prefix": ({**marker({}), "files": [entry("../x", b"x")]}, ["files[0].key '../x'", "expected"]),
}


@pytest.mark.parametrize(("content", "says"), MARKERS.values(), ids=MARKERS)
def test_a_marker(s3: Any, tmp_path: Path, content: Any, says: list[str]) -> None:
    mark(s3, content)
    places = ["--pipelines", PIPELINES, "--manifests", loans(tmp_path / "manifests"), "--home", tmp_path / "home"]
    done = retrain("replay", "loans", DAY, "--reason", "to see", *places)
    refused(done, [*says, "bucket 'retrain'", "hint: "])
    assert not (tmp_path / "home").exists()
