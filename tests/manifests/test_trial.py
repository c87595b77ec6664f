"""The trial's store, run as its pod runs it: ready with its bucket, and telling the queue of markers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from overlays import ROOT, overlay

from workflows.embedded import free_port

SERVE = ROOT / "components/trial-s3/serve.py"
KEYS = {"aws_access_key_id": "trial", "aws_secret_access_key": "not-a-secret", "region_name": "us-east-1"}
ENDPOINTS = "http://s3.retrain.svc:9000,http://s3:9000"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    port = free_port()
    environment = {**os.environ, "PORT": str(port), "MOTO_S3_CUSTOM_ENDPOINTS": ENDPOINTS}
    with subprocess.Popen([sys.executable, str(SERVE)], stdout=subprocess.PIPE, env=environment) as server:
        assert server.stdout
        try:
            assert json.loads(server.stdout.readline())["bucket"] == "retrain"
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
        assert server.wait(timeout=20) == 0, "it is to end at once when its pod is stopped"


def messages(endpoint: str) -> list[dict[str, Any]]:
    sqs = boto3.client("sqs", endpoint_url=endpoint, **KEYS)
    url = sqs.get_queue_url(QueueName="retrain-markers")["QueueUrl"]
    return [json.loads(message["Body"]) for message in sqs.receive_message(QueueUrl=url).get("Messages", [])]


def test_a_marker_is_told_and_a_file_is_not(endpoint: str) -> None:
    s3 = boto3.client("s3", endpoint_url=endpoint, **KEYS)
    s3.put_object(Bucket="retrain", Key="incoming/loans/2026-02-23/loans-1.csv", Body=b"x")
    messages(endpoint)  # what S3 sends when it is told where to
    s3.put_object(Bucket="retrain", Key="incoming/loans/2026-02-23/_READY.json", Body=b"{}")
    (message,) = messages(endpoint)
    assert message["Records"][0]["s3"]["object"]["key"].endswith("_READY.json")


@pytest.mark.parametrize("host", ["s3.retrain.svc:9000", "s3:9000"])
def test_the_service_s_name_is_no_bucket(endpoint: str, host: str) -> None:
    request = urllib.request.Request(f"{endpoint}/retrain", headers={"Host": host})
    with urllib.request.urlopen(request) as answer:
        assert b"ListBucketResult" in answer.read()


def test_the_pod_runs_what_was_tested() -> None:
    (pod,) = (thing["spec"]["template"]["spec"] for thing in overlay("local") if thing["kind"] == "Deployment")
    environment = {entry["name"]: entry["value"] for entry in pod["containers"][0]["env"]}
    assert environment["MOTO_S3_CUSTOM_ENDPOINTS"] == ENDPOINTS
    lock = (Path(__file__).parents[2] / "requirements.lock").read_text()
    assert f"\nmoto=={pod['containers'][0]['image'].rpartition(':')[2]} " in lock


def test_the_store_has_the_queue_that_the_event_source_drains() -> None:
    (source,) = (thing for thing in overlay("local") if thing["kind"] == "EventSource")
    queue = source["spec"]["sqs"]["marker"]
    assert (queue["queue"], queue["region"]) == ("retrain-markers", "us-east-1")
    (service,) = (thing for thing in overlay("local") if thing["kind"] == "Service")
    name, port = service["metadata"]["name"], service["spec"]["ports"][0]["port"]
    assert queue["endpoint"] == f"http://{name}.retrain.svc:{port}"
    (storage,) = (
        thing
        for thing in overlay("local")
        if (thing["kind"], thing["metadata"]["name"]) == ("ConfigMap", "retrain-storage")
    )
    assert storage["data"]["AWS_ENDPOINT_URL_S3"] == queue["endpoint"]
