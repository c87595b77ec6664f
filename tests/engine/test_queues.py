from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
from markers import source

from workflows.embedded import free_port
from workflows.engine import queues
from workflows.engine.events import SQS
from workflows.errors import StoreError


def settings(**changes: Any) -> SQS:
    return source(**{f"EventSource__spec__sqs__marker__{name}": value for name, value in changes.items()}).spec.sqs[
        "marker"
    ]


@pytest.fixture
def sqs(s3: Any) -> Any:
    client = boto3.client("sqs")
    client.create_queue(QueueName="retrain-markers", Attributes={"VisibilityTimeout": "1"})
    yield client
    client.close()


def test_a_message_is_received_and_deleted(sqs: Any, tmp_path: Path) -> None:
    url = sqs.get_queue_url(QueueName="retrain-markers")["QueueUrl"]
    attribute = {"team": {"DataType": "String", "StringValue": "risk"}}
    sqs.send_message(QueueUrl=url, MessageBody="{}", MessageAttributes=attribute)
    queue = queues.connect(settings(), tmp_path)
    (message,) = queue.receive()
    assert (message.body, message.attributes) == ("{}", attribute)
    queue.delete(message)
    queue.close()
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert counts["ApproximateNumberOfMessages"] == counts["ApproximateNumberOfMessagesNotVisible"] == "0"


def test_a_message_under_way_is_hidden_for_120_seconds_whatever_the_queue_says(sqs: Any, tmp_path: Path) -> None:
    sent: list[dict[str, Any]] = []
    queue = queues.connect(settings(), tmp_path)
    queue._client.meta.events.register(
        "provide-client-params.sqs.ReceiveMessage", lambda params, **_: sent.append(params)
    )
    assert queue.receive() == ()
    queue.close()
    assert sent[0]["VisibilityTimeout"] == 120
    assert sent[0]["WaitTimeSeconds"] == 1


def test_a_queue_that_does_not_exist_is_refused(s3: Any, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="'retrain-markers' cannot be opened"):
        queues.connect(settings(), tmp_path)


def test_a_server_that_is_not_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with pytest.raises(StoreError, match="cannot be opened"):
        queues.connect(settings(endpoint=f"http://127.0.0.1:{free_port()}"), tmp_path)


def test_credentials_come_from_secret_files(sqs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    (tmp_path / "aws").mkdir()
    (tmp_path / "aws" / "id").write_text("from-the-file\n")
    (tmp_path / "aws" / "secret").write_text("s\n")
    keys = {"accessKey": {"name": "aws", "key": "id"}, "secretKey": {"name": "aws", "key": "secret"}}
    queue = queues.connect(settings(**keys), tmp_path)
    assert queue._client._get_credentials().access_key == "from-the-file"
    queue.close()


def test_a_secret_that_is_missing_is_named_and_none_is_shown(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="secret 'aws', key 'id'"):
        queues.connect(settings(accessKey={"name": "aws", "key": "id"}), tmp_path)
