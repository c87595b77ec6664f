"""The queue of an `sqs` EventSource: long polls, and deletes what the listener has stored.

The only SQS of the engine. Apart from the listener, so that everything else runs without boto3. Like Argo Events' own
source it hides a message for 120 seconds while it is dealt with, whatever the queue says.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.engine.events import SQS
from workflows.engine.sensor import Message
from workflows.engine.values import KeySelector
from workflows.errors import StoreError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH = 10
VISIBILITY_SECONDS = 120
DEFAULT_WAIT_SECONDS = 3
# A long poll cannot be interrupted: it is made in slices, so that the sensor ends soon after it is told to.
SLICE_SECONDS = 2
CONNECT_SECONDS = 5


class Queue:
    """An open queue."""

    def __init__(self, client: SQSClient, url: str, source: SQS) -> None:
        self._client = client
        self.url = url
        self._wait = min(source.wait_time_seconds or DEFAULT_WAIT_SECONDS, SLICE_SECONDS)

    def receive(self) -> tuple[Message, ...]:
        """At most ten messages, after at most `SLICE_SECONDS` seconds. Raises StoreError."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self._client.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=BATCH,
                VisibilityTimeout=VISIBILITY_SECONDS,
                WaitTimeSeconds=self._wait,
                MessageAttributeNames=["All"],
            )
        except (BotoCoreError, ClientError) as error:
            raise StoreError(f"the queue cannot be read: {error}", where=self.url) from None
        return tuple(
            Message(found["MessageId"], found["Body"], found["ReceiptHandle"], _attributes(found))
            for found in answer.get("Messages", [])
        )

    def delete(self, message: Message) -> None:
        """Take a message out for good. Raises StoreError; then it comes again, which does no harm."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._client.delete_message(QueueUrl=self.url, ReceiptHandle=message.receipt)
        except (BotoCoreError, ClientError) as error:
            raise StoreError(f"a message cannot be deleted: {error}", where=self.url) from None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def connect(source: SQS, secrets: Path) -> Queue:
    """The source's queue. Raises StoreError if it cannot be reached, does not exist or refuses the credentials.

    Credentials come from the source's secrets (files `<secrets>/<name>/<key>`), else from the ordinary AWS chain, which
    also says where SQS is unless the source has an `endpoint`.
    """
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    settings = Config(
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=SLICE_SECONDS + 10,
    )
    try:
        client = boto3.client(
            "sqs",
            region_name=source.region,
            endpoint_url=source.endpoint or None,
            aws_access_key_id=_secret(source.access_key, secrets),
            aws_secret_access_key=_secret(source.secret_key, secrets),
            aws_session_token=_secret(source.session_token, secrets),
            config=settings,
        )
        owner: Any = {"QueueOwnerAWSAccountId": source.queue_account_id} if source.queue_account_id else {}
        url = client.get_queue_url(QueueName=source.queue, **owner)["QueueUrl"]
    except (BotoCoreError, ClientError) as error:
        raise StoreError(
            f"the queue {source.queue!r} cannot be opened: {error}",
            where=source.endpoint or f"SQS in {source.region}",
            hint="`retrain up` makes the queue; check AWS_ENDPOINT_URL_SQS and the credentials",
        ) from None
    return Queue(client, url, source)


def _secret(selector: KeySelector | None, secrets: Path) -> str | None:
    if selector is None:
        return None
    file = secrets / selector.name / selector.key
    try:
        return file.read_text("utf-8").strip()
    except FileNotFoundError:
        if selector.optional:
            return None
        raise StoreError(
            f"the EventSource needs secret {selector.name!r}, key {selector.key!r}", where=str(file)
        ) from None


def _attributes(message: Any) -> dict[str, Any] | None:
    """The message's attributes as the AWS SDK for Go has them: text and number values only."""
    found = message.get("MessageAttributes")
    if not found:
        return None
    return {
        name: {"DataType": value.get("DataType"), "StringValue": value.get("StringValue")}
        for name, value in found.items()
    }
