"""A batch is put whole: files first, the marker last, nothing overwritten."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from workflows.commands.put import run
from workflows.errors import RetrainError

PIPELINES = Path(__file__).parents[2] / "workflows/pipelines"


def put(*files: Path, name: str = "b1", as_of: str = "2026-03-01") -> int:
    return run("loans", name, files, PIPELINES, as_of=as_of, revision=2)


def keys(s3: Any) -> list[str]:
    return [found["Key"] for found in s3.list_objects_v2(Bucket="retrain").get("Contents", [])]


def test_files_land_and_the_marker_lists_them(s3: Any, tmp_path: Path) -> None:
    file = tmp_path / "part-1.csv"
    file.write_bytes(b"income\n1\n")
    assert put(file) == 0
    marker = json.loads(s3.get_object(Bucket="retrain", Key="incoming/loans/b1/_READY.json")["Body"].read())
    assert marker == {
        "as_of": "2026-03-01",
        "revision": 2,
        "files": [{"key": "b1/part-1.csv", "size": 9, "sha256": hashlib.sha256(b"income\n1\n").hexdigest()}],
    }
    assert keys(s3) == ["incoming/loans/b1/_READY.json", "incoming/loans/b1/part-1.csv"]


def test_the_sample_lands_where_no_file_is_named(s3: Any) -> None:
    assert put(name="2026-03-02", as_of="") == 0
    assert len(keys(s3)) == 3


def test_what_landed_is_never_overwritten(s3: Any, tmp_path: Path) -> None:
    file = tmp_path / "part-1.csv"
    file.write_bytes(b"one")
    put(file)
    assert put(file) == 0
    file.write_bytes(b"two")
    with pytest.raises(RetrainError, match="another content"):
        put(file)
    assert s3.get_object(Bucket="retrain", Key="incoming/loans/b1/part-1.csv")["Body"].read() == b"one"


REFUSED = {
    "batch name": ({"name": "B 1"}, "cannot name a batch"),
    "no day": ({"as_of": "tomorrow"}, "no day"),
}


@pytest.mark.parametrize(("change", "says"), REFUSED.values(), ids=REFUSED)
def test_a_slip_puts_nothing(s3: Any, tmp_path: Path, change: dict[str, str], says: str) -> None:
    file = tmp_path / "part-1.csv"
    file.write_bytes(b"x")
    with pytest.raises(RetrainError, match=says):
        put(file, **change)
    assert keys(s3) == []


@pytest.mark.parametrize("name", ["missing.csv", "sp ace.csv"])
def test_a_file_that_cannot_be_put_is_refused(s3: Any, tmp_path: Path, name: str) -> None:
    if " " in name:
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(RetrainError):
        put(tmp_path / name)
    assert keys(s3) == []
