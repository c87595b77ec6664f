"""Builders of batches in a bucket: files, ready markers, and the step calls that use them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from documents import document

BUCKET = "retrain"
PREFIX = "incoming/loans"
DAY = "2026-02-23"
MARKER = f"{PREFIX}/{DAY}/_READY.json"


def entry(key: str, body: bytes) -> dict[str, Any]:
    return {"key": key, "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}


def marker(files: Mapping[str, bytes], *, as_of: str = DAY, revision: int = 1) -> dict[str, Any]:
    return {"as_of": as_of, "revision": revision, "files": [entry(key, body) for key, body in files.items()]}


def land(s3: Any, files: Mapping[str, bytes], *, batch: str = DAY, as_of: str = DAY, revision: int = 1) -> str:
    """Put the files, then the marker that lists them; return the marker's ETag."""
    for key, body in files.items():
        s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/{key}", Body=body)
    return mark(s3, marker(files, as_of=as_of, revision=revision), batch=batch)


def mark(s3: Any, content: Any, *, batch: str = DAY) -> str:
    """Put a marker of any content, good or not; return its ETag."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    answer = s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/{batch}/_READY.json", Body=body)
    return str(answer["ETag"]).strip('"')


def read(s3: Any, key: str) -> Any:
    return json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())


def keys(s3: Any, prefix: str) -> list[str]:
    return [found["Key"] for found in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])]


def arguments(folder: Path, values: Mapping[str, str], outputs: tuple[str, ...], **changes: Any) -> list[str]:
    """Return a step's argv: values as they are, `document` on disk, each output a path below `folder/outputs`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "document.json").write_text(document(**changes).model_dump_json(), encoding="utf-8")
    paths = {"document": folder / "document.json", **{name: folder / "outputs" / name for name in outputs}}
    return [f"--{name}={value}" for name, value in {**values, **paths}.items()]


def written(folder: Path) -> dict[str, str]:
    """Return what a step wrote, by name."""
    return {path.name: path.read_text(encoding="utf-8") for path in (folder / "outputs").iterdir()}
