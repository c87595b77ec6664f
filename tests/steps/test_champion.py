from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from documents import document

from steps.champion import Standing, standing
from steps.registry import pointer, version
from steps.registry.objects import Store, connect

LOANS = document()
FILES = ("model", "report")


def promoted(folder: Path) -> Store:
    store = connect("retrain")
    for name in FILES:
        (folder / name).write_text(name)
    version.write(store, "loans", "v1", version.Files(folder / "model", folder / "report"), {})
    assert pointer.move(store, LOANS, pointer.Pointer("v1", "", "h", "b", "2026-02-16", 1, 1, "w", "u", "t"), None)
    return store


def test_what_stands_is_the_promoted_version_s_model_and_report(s3: Any, tmp_path: Path) -> None:
    assert standing(promoted(tmp_path), LOANS) == Standing("v1", b"model", "", b"report")


def test_a_model_file_that_is_not_the_promoted_one_cannot_be_met(s3: Any, tmp_path: Path) -> None:
    store = promoted(tmp_path)
    s3.put_object(Bucket="retrain", Key=version.model_key("loans", "v1"), Body=b"another")
    found = standing(store, LOANS)
    assert (found.version, found.data) == ("v1", None)
    assert found.problem.startswith("its model file has the hash ")
    assert "its version.json says 9372c470eead" in found.problem


@pytest.mark.parametrize("body", [b"{}", b'{"model": "?"}', b'{"model": {}}'])
def test_a_version_that_does_not_say_the_hash_promises_nothing(s3: Any, tmp_path: Path, body: bytes) -> None:
    store = promoted(tmp_path)
    s3.put_object(Bucket="retrain", Key="registry/loans/versions/v1/version.json", Body=body)
    assert standing(store, LOANS).data == b"model"
