from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from workflows.embedded import HOST, EmbeddedStore, Notification, environment, free_port, prepare
from workflows.errors import StoreError

pytestmark = pytest.mark.whole

BUCKET = "retrain"
QUEUE = "retrain-markers"
LOANS = Notification("loans", "incoming/loans/", "/_READY.json")
MORTGAGE = Notification("mortgage", "incoming/mortgage/", "/_READY.json")


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def receive() -> list[dict[str, Any]]:
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
    sqs.close()
    return [json.loads(found["Body"]) for found in answer.get("Messages", [])]


def test_the_store_answers_when_it_is_made_and_is_gone_when_closed() -> None:
    with EmbeddedStore() as store:
        assert listens(store.port)
        assert store.alive()
        port = store.port
    assert not store.alive()
    assert not listens(port)
    store.close()


def test_a_port_that_is_taken_is_refused(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        with pytest.raises(StoreError, match=r"(?i)did not start: .*address already in use"):
            EmbeddedStore(taken.getsockname()[1], tmp_path / "store.log")


def test_it_keeps_what_it_is_given_and_the_environment_leads_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with EmbeddedStore() as store:
        for name, value in environment(store.endpoint).items():
            monkeypatch.setenv(name, value)
        prepare(BUCKET, QUEUE, [LOANS])
        s3 = boto3.client("s3")
        s3.put_object(Bucket=BUCKET, Key="incoming/loans/b/_READY.json", Body=b"{}")
        s3.close()
        records = [body["Records"][0] for body in receive() if "Records" in body]
    assert [record["s3"]["bucket"]["name"] for record in records] == [BUCKET]


START_AND_HANG = """
import sys
from workflows.embedded import EmbeddedStore
store = EmbeddedStore()
print(store.port, store.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=lambda how: how.name)
def test_it_ends_with_whoever_started_it(how: signal.Signals) -> None:
    parent = subprocess.Popen([sys.executable, "-c", START_AND_HANG], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    port, pid = map(int, parent.stdout.readline().split())
    assert listens(port)
    watch = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
    parent.send_signal(how)
    parent.communicate()
    if watch is not None:
        import select

        assert select.select([watch], [], [], 30)[0], "the store outlived whoever started it"
        os.close(watch)
        assert not listens(port)


def test_ctrl_c_in_the_terminal_does_not_reach_it() -> None:
    with EmbeddedStore() as store:
        assert os.getpgid(store.pid) != os.getpgid(0)


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("incoming/loans/b/_READY.json", True),
        ("incoming/loans/b/data.csv", False),
        ("incoming/other/b/_READY.json", False),
        ("registry/loans/_READY.json", False),
        ("incoming/loans/b/x_READY.json", False),
    ],
)
def test_only_markers_are_told(s3: Any, key: str, told: bool) -> None:
    prepare(BUCKET, QUEUE, [LOANS, MORTGAGE])
    receive()
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"{}")
    assert len([body for body in receive() if "Records" in body]) == int(told)


def test_the_queue_is_set_up_as_on_aws(s3: Any) -> None:
    prepare(BUCKET, QUEUE, [LOANS])
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    sqs.close()
    (statement,) = json.loads(attributes["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Resource"] == attributes["QueueArn"]
    assert statement["Condition"] == {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{BUCKET}"}}
    redrive = json.loads(attributes["RedrivePolicy"])
    assert redrive["deadLetterTargetArn"].endswith(f":{QUEUE}-dead")
    assert int(redrive["maxReceiveCount"]) >= 20


def test_preparing_twice_changes_nothing_and_keeps_the_notifications_of_others(s3: Any) -> None:
    prepare(BUCKET, QUEUE, [LOANS])
    found = s3.get_bucket_notification_configuration(Bucket=BUCKET)
    foreign = {
        "Id": "theirs",
        "QueueArn": found["QueueConfigurations"][0]["QueueArn"],
        "Events": ["s3:ObjectRemoved:*"],
    }
    s3.put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": [*found["QueueConfigurations"], foreign]}
    )
    prepare(BUCKET, QUEUE, [LOANS, MORTGAGE])
    prepare(BUCKET, QUEUE, [LOANS, MORTGAGE])
    after = s3.get_bucket_notification_configuration(Bucket=BUCKET)["QueueConfigurations"]
    assert [one["Id"] for one in after] == ["theirs", "retrain-loans", "retrain-mortgage"]


def test_a_store_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(f"http://{HOST}:{free_port()}").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(StoreError, match="cannot be made"):
        prepare(BUCKET, QUEUE, [LOANS])
