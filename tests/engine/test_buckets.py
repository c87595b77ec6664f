"""Artifacts go to and from a real S3 over HTTP, and a store that fails says what to do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from workflows.engine import buckets
from workflows.engine.buckets import ArtifactDriver, NoSuchBucketError, NoSuchKeyError, probe_conditional_writes
from workflows.errors import StoreError

SECRET = "wJalrXUtnFEMI"


@contextmanager
def answering(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """Serve every request with `answer` on a loopback port; yield the URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer(self)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any  # noqa: N815 - the names http.server calls

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def reply(status: int, code: str = "", headers: tuple[tuple[str, str], ...] = ()) -> Callable[[Any], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        body = f"<Error><Code>{code}</Code><Message>no {SECRET}</Message></Error>".encode() if code else b""
        request.send_response(status)
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    return answer


@pytest.fixture
def driver(s3: Any) -> ArtifactDriver:
    return ArtifactDriver()


@pytest.fixture
def driver_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ArtifactDriver]:
    """Make a driver for another endpoint."""

    def at(endpoint: str) -> ArtifactDriver:
        settings = {"ENDPOINT_URL_S3": endpoint, "ACCESS_KEY_ID": "id", "SECRET_ACCESS_KEY": SECRET, "REGION": "x"}
        for name, value in {**settings, "DEFAULT_REGION": "x"}.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        return ArtifactDriver()

    return at


@pytest.mark.parametrize("key", ["a/b.csv", "grün/数据 1.csv", "a b/c+d=e&f?.csv", "quote'\"{{x}}", "x" * 200])
def test_a_file_comes_back_as_it_went(driver: ArtifactDriver, tmp_path: Path, key: str) -> None:
    (tmp_path / "in").write_bytes(b"\0one\r\n")
    driver.save(tmp_path / "in", "retrain", key)
    driver.load("retrain", key, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"\0one\r\n"
    assert list(driver.list("retrain", "")) == [key]


def test_a_large_file_goes_in_parts(driver: ArtifactDriver, tmp_path: Path, s3: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(buckets, "SINGLE_PUT", 8 * 1024 * 1024)
    content = bytes(range(256)) * 4096 * 20
    (tmp_path / "in").write_bytes(content)
    driver.save(tmp_path / "in", "retrain", "large")
    assert s3.head_object(Bucket="retrain", Key="large")["ETag"].strip('"').endswith("-3")
    driver.load("retrain", "large", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == content


def test_a_failed_upload_in_parts_is_explained(driver: ArtifactDriver, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(buckets, "SINGLE_PUT", 1)
    (tmp_path / "in").write_bytes(b"two")
    with pytest.raises(NoSuchBucketError, match="'absent'"):
        driver.save(tmp_path / "in", "absent", "key")


def test_a_prefix_is_a_directory(driver: ArtifactDriver, tmp_path: Path, s3: Any) -> None:
    for key in ("clean/0000", "clean/deep/1", "clean/", "cleaner/no"):
        s3.put_object(Bucket="retrain", Key=key, Body=key.encode())
    driver.load("retrain", "clean", tmp_path / "out")
    found = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert found == {"0000", "deep/1"}


def test_a_prefix_may_have_more_keys_than_one_page(driver: ArtifactDriver, s3: Any, tmp_path: Path) -> None:
    def two_a_page(params: dict[str, Any], **_: object) -> dict[str, Any]:
        return {**params, "MaxKeys": 2}

    driver.client.meta.events.register("provide-client-params.s3.ListObjectsV2", two_a_page)
    for index in range(5):
        s3.put_object(Bucket="retrain", Key=f"many/{index}", Body=b"")
    driver.load("retrain", "many/", tmp_path / "out")
    assert len(list((tmp_path / "out").iterdir())) == 5


def test_the_exact_key_wins_over_the_prefix(driver: ArtifactDriver, tmp_path: Path, s3: Any) -> None:
    for key in ("clean", "clean/0000"):
        s3.put_object(Bucket="retrain", Key=key, Body=key.encode())
    driver.load("retrain", "clean", tmp_path / "out")
    assert (tmp_path / "out").read_text() == "clean"


@pytest.mark.parametrize("key", ["p/../../escaped", "p/..", "p/./x", "p//x"])
def test_a_key_that_would_leave_the_directory_is_refused(
    driver: ArtifactDriver, tmp_path: Path, s3: Any, key: str
) -> None:
    s3.put_object(Bucket="retrain", Key=key, Body=b"x")
    with pytest.raises(StoreError, match="segment") as refused:
        driver.load("retrain", "p", tmp_path / "in" / "out")
    assert repr(key) in refused.value.message
    assert not list(tmp_path.rglob("escaped"))


def test_a_key_that_is_file_and_directory_is_refused(driver: ArtifactDriver, tmp_path: Path, s3: Any) -> None:
    for key in ("p/a", "p/a/b"):
        s3.put_object(Bucket="retrain", Key=key, Body=b"x")
    with pytest.raises(StoreError, match="'p/a/b' is a file and a directory at once"):
        driver.load("retrain", "p", tmp_path / "out")


def test_what_is_not_there_is_named(driver: ArtifactDriver, tmp_path: Path) -> None:
    with pytest.raises(NoSuchKeyError, match="s3://retrain/nope does not exist"):
        driver.load("retrain", "nope", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
    for use in (lambda: driver.load("absent", "k", tmp_path / "out"), lambda: driver.exists("absent", "k")):
        with pytest.raises(NoSuchBucketError, match="bucket 'absent' does not exist at http://127"):
            use()


def test_only_the_exact_key_exists(driver: ArtifactDriver, s3: Any) -> None:
    s3.put_object(Bucket="retrain", Key="a/b", Body=b"")
    assert driver.exists("retrain", "a/b")
    assert not driver.exists("retrain", "a/")
    assert not driver.exists("retrain", "a")


def test_a_store_that_is_down_is_named(driver_at: Callable[[str], ArtifactDriver], tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(StoreError, match=f"cannot reach the object store at {endpoint}") as down:
        driver_at(endpoint).load("retrain", "k", tmp_path / "out")
    assert "AWS_ENDPOINT_URL_S3" in down.value.hint


@pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "AccessDenied", "InvalidAccessKeyId", ""])
def test_wrong_credentials_are_named_without_quoting_them(
    driver_at: Callable[[str], ArtifactDriver], tmp_path: Path, code: str
) -> None:
    with answering(reply(403, code)) as endpoint, pytest.raises(StoreError, match="refuses s3://retrain/k") as refused:
        driver_at(endpoint).load("retrain", "k", tmp_path / "out")
    assert "AWS_ACCESS_KEY_ID" in refused.value.hint
    assert SECRET not in str(refused.value)


def test_a_server_that_is_no_s3_does_not_look_like_a_missing_key(
    driver_at: Callable[[str], ArtifactDriver], tmp_path: Path
) -> None:
    with answering(reply(404)) as endpoint, pytest.raises(StoreError, match="answers '404'") as refused:
        driver_at(endpoint).load("retrain", "k", tmp_path / "out")
    assert not isinstance(refused.value, NoSuchKeyError)


def test_a_body_cut_short_is_an_error(driver_at: Callable[[str], ArtifactDriver], tmp_path: Path) -> None:
    def cut(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "100")
        request.end_headers()
        request.wfile.write(b"only this")
        request.close_connection = True

    with answering(cut) as endpoint, pytest.raises(StoreError):
        driver_at(endpoint).load("retrain", "k", tmp_path / "out")


def test_no_credentials_say_so(s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(StoreError, match="no complete credentials"):
        ArtifactDriver().load("retrain", "k", tmp_path / "out")


@pytest.mark.parametrize("endpoint", ["not a url", "localhost:5000"])
def test_an_endpoint_that_is_no_url_says_so(
    driver_at: Callable[[str], ArtifactDriver], tmp_path: Path, endpoint: str
) -> None:
    with pytest.raises(StoreError, match="make no S3 client"):
        driver_at(endpoint).load("retrain", "k", tmp_path / "out")


def test_a_bucket_name_s3_cannot_have_says_so(driver: ArtifactDriver, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Invalid bucket name"):
        driver.load("no such/bucket", "k", tmp_path / "out")


def test_a_custom_endpoint_gets_path_style(driver_at: Callable[[str], ArtifactDriver]) -> None:
    url = driver_at("http://store.example.com:9000").client.generate_presigned_url(
        "get_object", Params={"Bucket": "retrain", "Key": "k"}
    )
    assert url.startswith("http://store.example.com:9000/retrain/k?")


def test_threads_share_one_client(driver: ArtifactDriver) -> None:
    made: list[object] = []
    threads = [threading.Thread(target=lambda: made.append(driver.client)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert len({id(client) for client in made}) == 1


@pytest.mark.parametrize("versioning", [False, True], ids=["plain", "versioned"])
def test_a_store_with_conditional_writes_passes_and_is_left_clean(s3: Any, versioning: bool) -> None:
    if versioning:
        s3.put_bucket_versioning(Bucket="retrain", VersioningConfiguration={"Status": "Enabled"})
    probe_conditional_writes(s3, "retrain", "registry/")
    left = s3.list_object_versions(Bucket="retrain")
    assert "Versions" not in left
    assert "DeleteMarkers" not in left


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        pytest.param(reply(200, headers=(("ETag", '"e"'),)), "If-None-Match", id="takes every write"),
        pytest.param(reply(501, "NotImplemented"), "it says so", id="says so"),
        pytest.param(reply(412, "PreconditionFailed"), "If-None-Match", id="refuses the first write"),
    ],
)
def test_a_store_without_conditional_writes_is_refused(
    driver_at: Callable[[str], ArtifactDriver], answer: Callable[[Any], None], says: str
) -> None:
    with answering(answer) as endpoint, pytest.raises(StoreError, match=says) as refused:
        probe_conditional_writes(driver_at(endpoint).client, "retrain", "registry")
    assert "does not honour" in refused.value.message


def test_a_store_that_ignores_if_match_only_is_refused(driver_at: Callable[[str], ArtifactDriver]) -> None:
    written: list[str] = []
    deleted: list[str] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        if request.command == "DELETE":
            deleted.append(request.path)
            return reply(204)(request)
        if request.headers["If-None-Match"] and written:
            return reply(412, "PreconditionFailed")(request)
        written.append(request.path)
        return reply(200, headers=(("ETag", '"e"'),))(request)

    with answering(answer) as endpoint, pytest.raises(StoreError, match="does not honour If-Match"):
        probe_conditional_writes(driver_at(endpoint).client, "retrain", "registry")
    assert deleted == written[:1]


def test_a_probe_of_a_missing_bucket_names_it(s3: Any) -> None:
    with pytest.raises(NoSuchBucketError, match="'absent'"):
        probe_conditional_writes(s3, "absent", "registry")
