from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, Literal

import boto3
import pytest
from markers import ETAG, KEY, NAME, documents, event, message, record

from workflows.embedded import EmbeddedStore, Notification, free_port, prepare
from workflows.engine.inbox import FILE, Inbox
from workflows.engine.listener import Listener, listen
from workflows.engine.observation import Observation
from workflows.errors import DocumentError, RetrainError, StoreError

pytestmark = pytest.mark.whole

BUCKET = "retrain"
QUEUE = "retrain-markers"
PATIENCE = 30


class World:
    """A listener's surroundings that remember: Workflows by name, and everything observed."""

    def __init__(self, home: Path) -> None:
        self.inbox = Inbox(home / FILE)
        self.created: dict[str, dict[str, Any]] = {}
        self.seen: list[Observation] = []
        self.failures: list[Exception] = []
        self._news = threading.Condition()

    def submit(self, resource: dict[str, Any]) -> Literal["created", "exists"]:
        if self.failures:
            raise self.failures.pop(0)
        name = resource["metadata"]["name"]
        if name in self.created:
            return "exists"
        self.created[name] = resource
        return "created"

    def observe(self, observation: Observation) -> None:
        with self._news:
            self.seen.append(observation)
            self._news.notify_all()

    def await_kinds(self, *kinds: str) -> None:
        """Wait until each kind was observed as often as it is named."""
        with self._news:
            arrived = self._news.wait_for(
                lambda: all(self.kinds().count(kind) >= kinds.count(kind) for kind in kinds), PATIENCE
            )
        assert arrived, f"waited for {kinds}, saw {[str(seen) for seen in self.seen]}"

    def kinds(self) -> list[str]:
        return [observation.kind for observation in self.seen]

    def reason(self, kind: str) -> str:
        return next(observation.reason for observation in self.seen if observation.kind == kind)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = World(tmp_path)
    yield found
    found.inbox.close()


@contextmanager
def listening(world: World, home: Path, **changes: Any) -> Iterator[threading.Event]:
    stop = threading.Event()
    listener = Listener(world.inbox, world.submit, world.observe, home / "secrets", pause=0.05)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(listen, documents(**changes), listener, stop)
        try:
            yield stop
        finally:
            stop.set()
            running.result(PATIENCE)


@pytest.fixture
def bucket(s3: Any) -> Any:
    prepare(BUCKET, QUEUE, [Notification("loans", "incoming/loans/", "_READY.json")])
    return s3


@pytest.fixture
def send(bucket: Any) -> Iterator[Callable[[str], None]]:
    client = boto3.client("sqs")
    url = client.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    yield lambda body: client.send_message(QueueUrl=url, MessageBody=body) and None
    client.close()


def put(s3: Any, key: str = KEY, body: bytes = b"{}") -> None:
    s3.put_object(Bucket=BUCKET, Key=key, Body=body)


def test_a_marker_put_into_the_bucket_makes_one_workflow(bucket: Any, world: World, tmp_path: Path) -> None:
    with listening(world, tmp_path):
        world.await_kinds("listening", "discarded")  # the s3:TestEvent that the set-up sent
        put(bucket)
        world.await_kinds("created")
    (name,) = world.created
    assert name.startswith("loans-2026-03-01-")
    assert "no EventBus runs here" in world.reason("listening")
    assert "not an S3 event" in world.reason("discarded")


def test_a_multipart_upload_that_is_told_twice_makes_one_workflow(bucket: Any, world: World, tmp_path: Path) -> None:
    upload = bucket.create_multipart_upload(Bucket=BUCKET, Key=KEY)["UploadId"]
    where = {"Bucket": BUCKET, "Key": KEY, "UploadId": upload}
    part = bucket.upload_part(**where, PartNumber=1, Body=b"{}")
    bucket.complete_multipart_upload(**where, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    with listening(world, tmp_path):
        world.await_kinds("created", "exists")
    assert len(world.created) == 1


def test_a_hundred_deliveries_make_one_workflow(send: Callable[[str], None], world: World, tmp_path: Path) -> None:
    for _ in range(100):
        send(message().body)
    with listening(world, tmp_path):
        world.await_kinds("created", *["exists"] * 99)
    assert list(world.created) == [NAME]


def test_events_are_dealt_with_in_order(send: Callable[[str], None], world: World, tmp_path: Path) -> None:
    batches = [f"batch-{number}" for number in range(10)]
    with listening(world, tmp_path):
        for batch in batches:
            before = world.kinds().count("received")
            send(message(record(f"incoming/loans/{batch}/_READY.json")).body)
            world.await_kinds(*["received"] * (before + 1))
        world.await_kinds(*["created"] * 10)
    assert list(world.created) == [f"loans-{batch}-{ETAG[:12]}" for batch in batches]


def test_what_starts_nothing_is_told_with_a_reason(send: Callable[[str], None], world: World, tmp_path: Path) -> None:
    send(message(record("incoming/loans/{{=1+1}}/_READY.json")).body)
    send("not JSON")
    with listening(world, tmp_path):
        world.await_kinds("filtered", "unreadable")
    assert "{{=1+1}}" in world.reason("filtered")
    assert world.reason("unreadable").endswith("it stays in the queue")
    assert world.created == {}


def test_without_a_dead_letter_queue_what_is_unreadable_is_deleted(
    send: Callable[[str], None], world: World, tmp_path: Path
) -> None:
    send("not JSON")
    with listening(world, tmp_path, EventSource__spec__sqs__marker__dlq=False):
        world.await_kinds("unreadable")
    assert world.reason("unreadable").endswith("it is deleted")


def test_an_attempt_that_fails_is_made_again(send: Callable[[str], None], world: World, tmp_path: Path) -> None:
    world.failures = [RetrainError("busy"), OSError("disk full")]
    send(message().body)
    with listening(world, tmp_path):
        world.await_kinds("failed", "failed", "created")
    told = [seen.reason for seen in world.seen if seen.kind == "failed"]
    assert told == [
        f"attempt 1 of 3: cannot create {NAME!r}: busy",
        f"attempt 2 of 3: cannot create {NAME!r}: disk full",
    ]


def test_when_every_attempt_has_failed_the_event_is_logged_and_the_next_goes_on(
    send: Callable[[str], None], world: World, tmp_path: Path
) -> None:
    world.failures = [RetrainError("busy")] * 3
    with listening(world, tmp_path):
        send(message().body)
        world.await_kinds("dead")
        send(message(record("incoming/loans/next/_READY.json")).body)
        world.await_kinds("created")
    assert world.reason("dead").startswith(f"cannot create {NAME!r}: busy; dlqTrigger: marker: {{")
    assert KEY in world.reason("dead")
    assert NAME not in world.created


class Hook(BaseHTTPRequestHandler):
    got: list[bytes]

    def do_POST(self) -> None:
        self.got.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(500)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


def test_a_dead_letter_goes_out_by_http_and_any_answer_counts(
    send: Callable[[str], None], world: World, tmp_path: Path
) -> None:
    hook = type("OneHook", (Hook,), {"got": []})
    with HTTPServer(("127.0.0.1", 0), hook) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        letter = {
            "url": f"http://127.0.0.1:{server.server_port}/dlq",
            "payload": [{"src": {"dependencyName": "marker", "dataKey": "key"}, "dest": "what.key"}],
        }
        world.failures = [RetrainError("busy")] * 3
        send(message().body)
        template = {"name": "dead-letter", "http": letter}
        with listening(world, tmp_path, Sensor__spec__triggers__0__dlqTrigger__template=template):
            world.await_kinds("dead")
    assert json.loads(hook.got[0]) == {"what": {"key": KEY}}
    assert "answered 500" in world.reason("dead")


def test_a_dead_letter_nobody_takes_is_told_as_lost(send: Callable[[str], None], world: World, tmp_path: Path) -> None:
    world.failures = [RetrainError("busy")] * 3
    send(message().body)
    template = {"name": "dead-letter", "http": {"url": f"http://127.0.0.1:{free_port()}/"}}
    with listening(world, tmp_path, Sensor__spec__triggers__0__dlqTrigger__template=template):
        world.await_kinds("lost")
    assert "cannot be reached" in world.reason("lost")


def test_without_at_least_once_there_is_one_try(send: Callable[[str], None], world: World, tmp_path: Path) -> None:
    world.failures = [RetrainError("busy")]
    send(message().body)
    once = {"Sensor__spec__triggers__0__atLeastOnce": False, "Sensor__spec__triggers__0__dlqTrigger": ...}
    with listening(world, tmp_path, **once):
        world.await_kinds("failed", "lost")
    assert world.created == {}


def test_create_labels_what_it_makes_and_fails_on_what_exists(
    send: Callable[[str], None], world: World, tmp_path: Path
) -> None:
    send(message().body)
    with listening(world, tmp_path, Sensor__spec__triggers__0__template__k8s__operation="create"):
        world.await_kinds("created")
        send(message().body)
        world.await_kinds("failed", "failed", "failed", "dead")
    assert world.created[NAME]["metadata"]["labels"]["events.argoproj.io/sensor"] == "loans"
    assert "exists already" in world.reason("failed")


def test_what_was_in_the_inbox_when_the_process_died_is_dealt_with(bucket: Any, world: World, tmp_path: Path) -> None:
    world.inbox.store(event(), [("loans", "loans")])
    with listening(world, tmp_path):
        world.await_kinds("created")
    assert list(world.created) == [NAME]


def test_an_event_whose_sensor_is_gone_is_told(bucket: Any, world: World, tmp_path: Path) -> None:
    world.inbox.store(event(), [("mortgage", "mortgage")])
    with listening(world, tmp_path):
        world.await_kinds("lost")
    assert "no longer among the documents" in world.reason("lost")
    assert world.inbox.targets() == ()


def test_a_stop_during_a_wait_leaves_the_event_in_the_inbox(
    send: Callable[[str], None], world: World, tmp_path: Path
) -> None:
    world.failures = [RetrainError("busy")]
    send(message().body)
    with listening(world, tmp_path, Sensor__spec__triggers__0__retryStrategy__duration="1h"):
        world.await_kinds("failed")
    kept = world.inbox.next(("loans", "loans"))
    assert kept is not None
    assert kept.attempts == 1


def test_a_queue_that_is_away_for_a_while_is_told_once_and_drained_again(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    endpoint = f"http://127.0.0.1:{port}"
    loans = [Notification("loans", "incoming/loans/", "_READY.json")]
    first = EmbeddedStore(port)
    try:
        prepare(BUCKET, QUEUE, loans, endpoint)
        with listening(world, tmp_path, EventSource__spec__sqs__marker__endpoint=endpoint):
            world.await_kinds("discarded")
            first.close()
            world.await_kinds("unreachable")
            with EmbeddedStore(port):
                prepare(BUCKET, QUEUE, loans, endpoint)
                world.await_kinds("reachable")
                client = boto3.client("s3", endpoint_url=endpoint)
                put(client)
                client.close()
                world.await_kinds("created")
            seen = world.kinds().count("reachable")
    finally:
        first.close()
    assert seen >= 1
    assert len(world.created) == 1


def test_a_queue_that_cannot_be_opened_ends_it_at_once(s3: Any, world: World, tmp_path: Path) -> None:
    listener = Listener(world.inbox, world.submit, world.observe, tmp_path)
    with pytest.raises(StoreError, match="cannot be opened"):
        listen(documents(), listener, threading.Event())


def test_documents_with_errors_are_refused_before_anything_starts(world: World, tmp_path: Path) -> None:
    broken = documents(Sensor__spec__dependencies__0__transform__jq=".a |||")
    with pytest.raises(DocumentError, match="jq cannot read it"):
        listen(broken, Listener(world.inbox, world.submit, world.observe, tmp_path), threading.Event())


def test_a_bug_in_what_it_calls_ends_it_and_is_raised(
    send: Callable[[str], None], world: World, tmp_path: Path
) -> None:
    world.failures = [ZeroDivisionError("our bug")]
    send(message().body)
    stop = threading.Event()
    with pytest.raises(ZeroDivisionError, match="our bug"):
        listen(documents(), Listener(world.inbox, world.submit, world.observe, tmp_path), stop)
    assert stop.is_set()


LISTEN_AND_HANG_BEFORE_DELETE = """
import sys, threading
from pathlib import Path
from markers import documents
from workflows.engine import queues
from workflows.engine.inbox import Inbox
from workflows.engine.listener import Listener, listen

def hang(self, message):
    print("stored", flush=True)
    sys.stdin.read()

queues.Queue.delete = hang
submit = lambda resource: threading.Event().wait() and "created"
listen(documents(), Listener(Inbox(Path(sys.argv[1])), submit, lambda _: None, Path(sys.argv[2])), threading.Event())
"""


def test_a_process_that_dies_between_store_and_delete_loses_nothing(
    send: Callable[[str], None], tmp_path: Path, s3_server: str
) -> None:
    client = boto3.client("sqs")
    client.purge_queue(QueueUrl=client.get_queue_url(QueueName=QUEUE)["QueueUrl"])  # the s3:TestEvent
    client.close()
    send(message().body)
    process = subprocess.Popen(
        [sys.executable, "-c", LISTEN_AND_HANG_BEFORE_DELETE, str(tmp_path / FILE), str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"stored\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    world = World(tmp_path)
    try:
        with listening(world, tmp_path):
            world.await_kinds("created")
            send(message().body)  # as the queue does after 120 s, though under another message id
            world.await_kinds("exists")
        assert list(world.created) == [NAME]
    finally:
        world.inbox.close()
