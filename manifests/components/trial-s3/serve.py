"""The trial's S3 and SQS: moto's server, a bucket, its queue, and notifications of markers from one to the other.

The Deployment `s3` runs it in moto's own image. It is ready when the bucket is. All of it is in memory.
"""

import json
import os
import signal

import boto3
from moto.server import ThreadedMotoServer

PORT = int(os.environ.get("PORT", "9000"))
BUCKET = os.environ.get("BUCKET", "retrain")
QUEUE = os.environ.get("QUEUE", "retrain-markers")
MARKER = os.environ.get("MARKER", "_READY.json")
REGION = "us-east-1"


def prepare(endpoint: str) -> None:
    """Make the bucket and the queue, and let the one tell the other of every marker."""
    keys = {"aws_access_key_id": "trial", "aws_secret_access_key": "not-a-secret", "region_name": REGION}
    s3, sqs = (boto3.client(service, endpoint_url=endpoint, **keys) for service in ("s3", "sqs"))
    url = sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    s3.create_bucket(Bucket=BUCKET)
    rule = {
        "QueueArn": arn,
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "suffix", "Value": MARKER}]}},
    }
    s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": [rule]})


def main() -> None:
    """Serve until the pod is stopped."""
    server = ThreadedMotoServer(ip_address="0.0.0.0", port=PORT, verbose=False)  # noqa: S104 - a Service is before it
    server.start()
    prepare(f"http://127.0.0.1:{PORT}")
    print(json.dumps({"bucket": BUCKET, "queue": QUEUE, "port": PORT}), flush=True)  # noqa: T201 - the pod's log
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main()
