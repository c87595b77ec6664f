"""The double of S3 answers as the server does: one table of operations, run through the real `S3` over both."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import boto3
from faults.bucket import Bucket
from faults.client import Calm, Client

from steps.registry.objects import S3, Exists, Moved, NoBucketError, Store, TooLargeError

NOW = datetime(2026, 3, 1, tzinfo=UTC)
Operation = Callable[[Store, Path], object]


def _etag(store: Store, key: str) -> str:
    found = store.get(key)
    assert found is not None
    return found[1]


def _filled(store: Store) -> None:
    for key in ("a/1", "a/2", "a/2/x", "a/3", "a0", "b/Ä", "b/~"):
        store.create(key, key.encode())


def _listed(store: Store, prefix: str, after: str = "") -> list[tuple[str, int, str, bool]]:
    _filled(store)
    once = [(found.key, found.size, found.etag, _whole(found.modified)) for found in store.keys(prefix, after)]
    pages = [found.key for found in store.keys(prefix, after, 2)]
    assert pages == [key for key, *_ in once]
    return once


def _whole(moment: datetime) -> bool:
    return moment.utcoffset() == timedelta() and moment.microsecond == 0


def _file(store: Store, folder: Path) -> object:
    path = folder / "body"
    path.write_bytes(b"from a file")
    return store.create("k", path), store.get("k")


OPERATIONS: dict[str, list[Operation]] = {
    "what is not there": [lambda s, _: s.get("k"), lambda s, _: s.head("k"), lambda s, _: s.digest("k", 1)],
    "a list of nothing": [lambda s, _: list(s.keys("k"))],
    "create, read": [lambda s, _: s.create("k", b"1"), lambda s, _: s.get("k"), lambda s, _: s.digest("k", 1)],
    "create the same": [lambda s, _: s.create("k", b"1"), lambda s, _: s.create("k", b"1")],
    "create another": [lambda s, _: s.create("k", b"1"), lambda s, _: s.create("k", b"2"), lambda s, _: s.get("k")],
    "create a file": [_file],
    "an empty body": [lambda s, _: s.create("k", b""), lambda s, _: s.get("k"), lambda s, _: s.digest("k", 0)],
    "swap": [lambda s, _: s.create("k", b"1"), lambda s, _: s.swap("k", b"2", _etag(s, "k")), lambda s, _: s.get("k")],
    "swap what is not there": [lambda s, _: s.swap("k", b"1", "0" * 32), lambda s, _: s.get("k")],
    "swap from another": [lambda s, _: s.create("k", b"1"), lambda s, _: s.swap("k", b"2", "0" * 32)],
    "swap to the same from another": [lambda s, _: s.create("k", b"1"), lambda s, _: s.swap("k", b"1", "0" * 32)],
    "put over": [lambda s, _: s.create("k", b"1"), lambda s, _: s.put("k", b"2"), lambda s, _: s.get("k")],
    "too large": [lambda s, _: s.create("k", b"123"), lambda s, _: s.get("k", 2), lambda s, _: s.digest("k", 2)],
    "list below": [lambda s, _: _listed(s, "a/")],
    "list a prefix within a name": [lambda s, _: _listed(s, "a")],
    "list after a key": [lambda s, _: _listed(s, "a/", "a/2")],
    "list after what is not there": [lambda s, _: _listed(s, "a/", "a/25")],
    "list after a key before the prefix": [lambda s, _: _listed(s, "b/", "a")],
    "list after a key beyond the prefix": [lambda s, _: _listed(s, "a/", "c")],
    "list everything": [lambda s, _: _listed(s, "")],
    "keys beyond ASCII": [lambda s, _: _listed(s, "b/")],
}


def _answers(store: Store, operations: list[Operation], folder: Path) -> list[object]:
    answers: list[object] = []
    for operation in operations:
        try:
            answers.append(operation(store, folder))
        except (Exists, Moved, TooLargeError, NoBucketError) as answer:
            answers.append(type(answer).__name__)
    return answers


def _double() -> Store:
    return S3(cast(Any, Client(Bucket(), Calm(NOW))), "retrain")


def test_the_double_answers_as_the_server(s3: Any, tmp_path: Path) -> None:
    for number, (name, operations) in enumerate(OPERATIONS.items()):
        bucket = f"bucket-{number}"
        s3.create_bucket(Bucket=bucket)
        real = _answers(S3(boto3.client("s3"), bucket), operations, tmp_path)
        assert _answers(_double(), operations, tmp_path) == real, name
