"""The guards of the other tests hold."""

import os
import socket
from pathlib import Path
from typing import Any

import pytest


def test_a_connection_that_leaves_the_machine_is_refused() -> None:
    with socket.socket() as outside, pytest.raises(AssertionError, match="may not connect"):
        outside.connect(("192.0.2.1", 80))


def test_home_is_empty() -> None:
    assert list(Path(os.environ["HOME"]).iterdir()) == []


def test_the_store_answers_over_http(s3: Any) -> None:
    s3.put_object(Bucket="retrain", Key="a b", Body=b"x")
    assert s3.get_object(Bucket="retrain", Key="a b")["Body"].read() == b"x"
