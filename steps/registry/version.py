"""Versions: the immutable models of a pipeline. Written by `deploy`, read by `evaluate` (the champion) and by serving.

`version.json` is written last, so a version that has one is whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from steps.registry.objects import Body, Exists, Store
from steps.verdict import StoreError


@dataclass(frozen=True, slots=True)
class Files:
    """A run's model on disk and what is said of it: a report for machines, a page and a model card for people.

    `onnx` is the same model once more, where the document exports it.
    """

    model: Path
    report: Path
    card: Path | None = None
    model_card: Path | None = None
    onnx: Path | None = None

    @property
    def named(self) -> dict[str, tuple[str, Path]]:
        """Return each file's name in a version and where it is, in the order in which they are written."""
        given = {
            "model": ("model.skops", self.model),
            "report": ("report.json", self.report),
            "card": ("report.html", self.card),
            "model_card": ("model-card.md", self.model_card),
            "onnx": ("model.onnx", self.onnx),
        }
        return {part: (name, path) for part, (name, path) in given.items() if path is not None}


def name(as_of: str, revision: int, uid: str) -> str:
    """Return the version of a run: orders as its batch does, and no two runs share one."""
    return f"{as_of}.{revision}-{uid[:8]}"


def run_of(version: str) -> str:
    """Return what a version's name says of the run that made it: the first characters of its uid."""
    return version.partition(".")[2].partition("-")[2]


def day_of(version: str) -> str:
    """Return the day of the data that a version's name says."""
    return version.partition(".")[0]


def made_by(version: str, uid: str) -> bool:
    """Say whether the run of this uid made the version."""
    return bool(version and uid) and run_of(version) == uid[:8]


def prefix(pipeline: str, version: str) -> str:
    return f"registry/{pipeline}/versions/{version}"


def model_key(pipeline: str, version: str) -> str:
    return f"{prefix(pipeline, version)}/model.skops"


def report_key(pipeline: str, version: str) -> str:
    return f"{prefix(pipeline, version)}/report.json"


def read(store: Store, pipeline: str, version: str) -> dict[str, Any] | None:
    """Return what a version is made of, None if there is no such version; raises `StoreError`."""
    where = f"{prefix(pipeline, version)}/version.json"
    found = store.get(where)
    try:
        value = json.loads(found[0]) if found else None
    except ValueError as error:
        raise StoreError(f"{where} is no JSON: {error}") from error
    if value is not None and not isinstance(value, dict):
        raise StoreError(f"{where} is no version: expected an object")
    return value


def write(store: Store, pipeline: str, version: str, files: Files, facts: Mapping[str, Any]) -> None:
    """Write a version; writing the same again changes nothing. `facts` say what it is made of.

    Raises `StoreError`, also when the version is there with another content: a version never changes.
    """
    about = {
        **facts,
        "version": version,
        "pipeline": pipeline,
        **{part: {"size": path.stat().st_size, "sha256": _sha256(path)} for part, (_, path) in files.named.items()},
    }
    for named, path in files.named.values():
        _write(store, f"{prefix(pipeline, version)}/{named}", path)
    _write(store, f"{prefix(pipeline, version)}/version.json", json.dumps(about, sort_keys=True, indent=2).encode())


def _write(store: Store, key: str, body: Body) -> None:
    try:
        store.create(key, body)
    except Exists as error:
        raise StoreError(f"{key} is there with another content, and a version never changes") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
