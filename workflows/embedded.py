"""An S3 and an SQS on this machine, and a bucket's notifications set up as on AWS. Used by `retrain up` and the demo.

The store is a moto server in a process of its own, whose state lasts as long as it does. It ends when its standard
input does, which is when whoever started it closes it or dies, however that happens: no orphan is left on any system.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.errors import StoreError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

HOST = "127.0.0.1"
REGION = "us-east-1"
START_SECONDS = 60
STOP_SECONDS = 10
# A message that nobody could take comes back every 120 s; give an outage its time before it is put aside.
MAXIMUM_RECEIVES = 50
RETENTION_SECONDS = 14 * 24 * 3600
OURS = "retrain-"
"""Every notification of ours has an id that begins so; others in the bucket are left alone."""


@dataclass(frozen=True, slots=True)
class Notification:
    """Which objects of a bucket a pipeline hears of: those at `<prefix>…<suffix>`."""

    pipeline: str
    prefix: str
    suffix: str


def environment(endpoint: str) -> dict[str, str]:
    """The variables that send the ordinary AWS chain to an embedded store."""
    return {
        "AWS_ENDPOINT_URL_S3": endpoint,
        "AWS_ENDPOINT_URL_SQS": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class EmbeddedStore:
    """A running store; use it in a `with`, or `close` it."""

    def __init__(self, port: int = 0, log: Path | None = None) -> None:
        """Start it and wait until it answers; port 0 takes a free one. Raises StoreError with what it said last."""
        self.port = port or free_port()
        self.endpoint = f"http://{HOST}:{self.port}"
        self._process = _start(self.port, self.endpoint, log)
        timer = threading.Timer(START_SECONDS, self._process.kill)
        timer.start()
        try:
            ready = self._process.stdout.readline() if self._process.stdout else b""
        except BaseException:
            self.close()
            raise
        finally:
            timer.cancel()
        if ready.strip() != b"ready":
            self.close()
            where = f"see {log}" if log else "is the port taken, or the extra `demo` not installed?"
            raise StoreError(
                f"the embedded S3 did not start: {_last_line(log, ready)}", where=self.endpoint, hint=where
            )

    def __enter__(self) -> EmbeddedStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._process.pid

    def alive(self) -> bool:
        """Whether the server still runs."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the server and all it holds; safe to call twice."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                stream.close()
        try:
            self._process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _start(port: int, endpoint: str, log: Path | None) -> subprocess.Popen[bytes]:
    """Its own session, so that Ctrl-C reaches the one who started it and not the store it is still using."""
    with Path(log or os.devnull).open("ab") as errors:
        return subprocess.Popen(
            [sys.executable, "-m", "workflows.embedded", str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            env={**os.environ, "MOTO_S3_CUSTOM_ENDPOINTS": endpoint},
        )


def _last_line(log: Path | None, ready: bytes) -> str:
    said = (
        log.read_text("utf-8", "replace").strip() if log and log.is_file() else ready.decode("utf-8", "replace").strip()
    )
    return said.splitlines()[-1] if said else "it said nothing"


def prepare(bucket: str, queue: str, notifications: Sequence[Notification], endpoint: str | None = None) -> None:
    """Make the bucket, the queue with its dead-letter queue, and the bucket's notifications to it, as on AWS.

    What is there already is kept. Works on any S3 with SQS beside it: `endpoint`, or wherever the AWS chain leads.
    Raises StoreError.
    """
    with _clients(f"the bucket {bucket!r} and its queue {queue!r} cannot be made", endpoint) as (s3, sqs):
        _make_bucket(s3, bucket)
        arn = _make_queue(sqs, queue, bucket)
        _notify(s3, bucket, arn, notifications)


def make_bucket(bucket: str, endpoint: str | None = None) -> None:
    """Make the bucket if it is not there. Raises StoreError."""
    with _clients(f"the bucket {bucket!r} cannot be made", endpoint) as (s3, _):
        _make_bucket(s3, bucket)


@contextmanager
def _clients(cannot: str, endpoint: str | None) -> Iterator[tuple[S3Client, SQSClient]]:
    """Yield clients that give up soon; what goes wrong inside the block ends as one StoreError."""
    from boto3.session import Session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    settings = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "max_attempts": 3})
    where = endpoint or os.environ.get("AWS_ENDPOINT_URL_S3") or "AWS"
    try:
        session = Session()
        region = session.region_name or REGION
        s3 = session.client("s3", endpoint_url=endpoint, region_name=region, config=settings)
        sqs = session.client("sqs", endpoint_url=endpoint, region_name=region, config=settings)
        with closing(s3), closing(sqs):
            yield s3, sqs
    except (BotoCoreError, ClientError, ResponseParserError, ValueError) as error:
        hint = "check the endpoint (a URL) and the credentials; the store needs S3 and SQS"
        raise StoreError(f"{cannot}: {error}", where=where, hint=hint) from None


def _make_bucket(s3: S3Client, bucket: str) -> None:
    region = s3.meta.region_name
    elsewhere: Any = {} if region == REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        s3.create_bucket(Bucket=bucket, **elsewhere)
    except (s3.exceptions.BucketAlreadyOwnedByYou, s3.exceptions.BucketAlreadyExists):
        s3.head_bucket(Bucket=bucket)


def _make_queue(sqs: SQSClient, queue: str, bucket: str) -> str:
    """The queue's ARN. Its policy lets S3 send for this bucket only."""
    dead = _arn(sqs, sqs.create_queue(QueueName=f"{queue}-dead")["QueueUrl"])
    url = sqs.create_queue(QueueName=queue)["QueueUrl"]
    arn = _arn(sqs, url)
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"}},
    }
    sqs.set_queue_attributes(
        QueueUrl=url,
        Attributes={
            "Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
            "MessageRetentionPeriod": str(RETENTION_SECONDS),
            "RedrivePolicy": json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": MAXIMUM_RECEIVES}),
        },
    )
    return arn


def _arn(sqs: SQSClient, url: str) -> str:
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def _notify(s3: S3Client, bucket: str, queue: str, notifications: Sequence[Notification]) -> None:
    """Replace our notifications; the call sets all of a bucket's at once, so the others are read and given back."""
    kept: dict[str, Any] = dict(s3.get_bucket_notification_configuration(Bucket=bucket))
    kept.pop("ResponseMetadata", None)
    others = [one for one in kept.get("QueueConfigurations", []) if not str(one.get("Id", "")).startswith(OURS)]
    kept["QueueConfigurations"] = others + [_configuration(one, queue) for one in notifications]
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=kept)  # type: ignore[arg-type]


def _configuration(notification: Notification, queue: str) -> Mapping[str, Any]:
    rules = [{"Name": "prefix", "Value": notification.prefix}, {"Name": "suffix", "Value": notification.suffix}]
    return {
        "Id": f"{OURS}{notification.pipeline}",
        "QueueArn": queue,
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": rules}},
    }


def serve(port: int) -> None:
    """Be the server, until standard input ends. Runs in the process that `EmbeddedStore` starts."""
    from moto.server import ThreadedMotoServer

    probe = socket.socket()
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    probe.bind((HOST, port))  # the server's own thread would swallow a taken port, and we would wait for ever
    probe.close()
    ThreadedMotoServer(HOST, port=port, verbose=False).start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.buffer.read()
    os._exit(0)  # requests under way hold threads that would keep the process


if __name__ == "__main__":
    serve(int(sys.argv[1]))
