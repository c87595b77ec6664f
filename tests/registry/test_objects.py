"""The store's conditional writes, bounded reads and errors, against a real S3 over HTTP."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from stores import losing_proxy

from steps.registry import objects
from steps.registry.objects import Digest, Exists, Moved, connect
from steps.verdict import StoreError

SHA_X = hashlib.sha256(b"x").hexdigest()


def test_an_absent_object_is_none(s3: Any) -> None:
    store = connect("retrain")
    assert (store.get("a"), store.head("a"), store.digest("a", 1)) == (None, None, None)


def test_create_writes_once_and_get_reads_it_back(s3: Any) -> None:
    store = connect("retrain")
    etag = store.create("a b/ü", b"x")
    assert '"' not in etag
    assert store.get("a b/ü") == (b"x", etag)
    with pytest.raises(Exists):
        store.create("a b/ü", b"y")
    assert store.get("a b/ü") == (b"x", etag)


def test_creating_the_same_again_is_success(s3: Any) -> None:
    store = connect("retrain")
    assert store.create("a", b"x") == store.create("a", b"x")


def test_swap_replaces_exactly_the_version_it_names(s3: Any) -> None:
    store = connect("retrain")
    first = store.create("a", b"1")
    second = store.swap("a", b"2", first)
    with pytest.raises(Moved):
        store.swap("a", b"3", first)
    assert store.get("a") == (b"2", second)


def test_swap_of_an_absent_object_is_moved(s3: Any) -> None:
    with pytest.raises(Moved):
        connect("retrain").swap("a", b"1", "0" * 32)


def test_a_file_is_created_from_disk_and_recognised(s3: Any, tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(b"x" * 3_000_000)
    store = connect("retrain")
    assert store.create("m", path) == store.create("m", path)
    path.write_bytes(b"y")
    with pytest.raises(Exists):
        store.create("m", path)


def test_a_get_is_bounded(s3: Any) -> None:
    store = connect("retrain")
    store.put("a", b"12345")
    with pytest.raises(objects.TooLargeError, match="has 5 bytes, expected at most 4"):
        store.get("a", 4)


def test_a_digest_reads_the_content_only_if_the_size_is_right(s3: Any) -> None:
    store = connect("retrain")
    etag = store.create("a", b"x")
    assert store.digest("a", 1) == Digest(1, SHA_X, etag)
    assert store.digest("a", 2) == Digest(1, None, etag)


def test_a_list_goes_on_after_a_key_and_over_pages(s3: Any) -> None:
    store = connect("retrain")
    for number in range(15):
        s3.put_object(Bucket="retrain", Key=f"l/{number:04}", Body=b"x")
    found = [listed.key for listed in store.keys("l/", after="l/0001", page=4)]
    assert found == [f"l/{number:04}" for number in range(2, 15)]
    assert list(store.keys("nothing/")) == []


def test_a_write_whose_answer_was_lost_is_success(s3: Any, s3_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with losing_proxy(s3_server, lost=1) as (endpoint, dropped):
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
        store = connect("retrain")
        created = store.create("a", b"1")
        assert store.get("a") == (b"1", created)
    assert dropped == ["/retrain/a 200"]
    with losing_proxy(s3_server, lost=1) as (endpoint, dropped):
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
        store = connect("retrain")
        swapped = store.swap("a", b"2", created)
        assert store.get("a") == (b"2", swapped)
    assert dropped == ["/retrain/a 200"]


def test_a_write_whose_every_answer_was_lost_is_success(
    s3: Any, s3_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with losing_proxy(s3_server, lost=objects.ATTEMPTS) as (endpoint, dropped):
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
        etag = connect("retrain").create("a", b"1")
    assert dropped == ["/retrain/a 200", *["/retrain/a 412"] * (objects.ATTEMPTS - 1)]
    assert s3.head_object(Bucket="retrain", Key="a")["ETag"] == f'"{etag}"'


def test_a_lost_write_that_another_replaced_is_moved(s3: Any, s3_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = connect("retrain").create("a", b"1")
    with losing_proxy(s3_server, lost=1) as (endpoint, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
        s3.put_object(Bucket="retrain", Key="a", Body=b"other")
        with pytest.raises(Moved):
            connect("retrain").swap("a", b"2", first)


def test_an_absent_bucket_is_named(s3: Any) -> None:
    with pytest.raises(objects.NoBucketError, match=r"no bucket 'elsewhere'; the pipeline document names it"):
        connect("elsewhere").get("a")
    with pytest.raises(objects.NoBucketError):
        connect("elsewhere").create("a", b"x")


def test_an_unreachable_store_says_where_it_looked(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setattr(objects, "ATTEMPTS", 1)
    with pytest.raises(objects.UnreachableError, match=r"s3://retrain/a: .*127\.0\.0\.1:9.*AWS_ENDPOINT_URL_S3"):
        connect("retrain").get("a")


def test_absent_credentials_are_denied(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(objects.DeniedError, match="AWS_SECRET_ACCESS_KEY"):
        connect("retrain").get("a")


def test_every_refusal_is_a_store_error() -> None:
    kinds = (objects.UnreachableError, objects.DeniedError, objects.NoBucketError, objects.TooLargeError)
    assert all(issubclass(kind, StoreError) for kind in kinds)


def test_boto3_is_imported_only_by_a_connection() -> None:
    heavy = "{'boto3', 'sklearn', 'pandas', 'slack_sdk'}"
    code = f"import sys, steps.claim, steps.record, steps.notify; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


class NoS3(BaseHTTPRequestHandler):
    """A web server that somebody took for an S3: it answers, but not so."""

    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Content-Length", "13")
        self.end_headers()
        self.wfile.write(b"<html></html>")

    def do_HEAD(self) -> None:
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.mark.parametrize("status", [200, 404])
def test_what_is_no_s3_is_no_empty_bucket(s3: Any, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (NoS3,), {"status": status}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{server.server_port}")
    store = connect("retrain")
    assert isinstance(store, objects.S3)
    try:
        for ask in (lambda: store.get("a"), lambda: store.digest("a", 1), lambda: list(store.keys(""))):
            with pytest.raises(objects.UnreachableError, match="no S3"):
                ask()
    finally:
        store.client.close()
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("name", "value"), [("AWS_ENDPOINT_URL_S3", "nonsense"), ("AWS_PROFILE", "nobody")], ids=["endpoint", "profile"]
)
def test_settings_that_make_no_client_are_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    for variable, given in {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", name: value}.items():
        monkeypatch.setenv(variable, given)
    with pytest.raises(objects.UnreachableError, match=name):
        connect("retrain")
