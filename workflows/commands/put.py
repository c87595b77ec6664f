"""`retrain put`: the producer's part in one command: the files of a batch, then, last, its ready marker.

For trying things out and for producers that have nothing of their own. It never overwrites: a file or a marker that is
there with other content is refused, for a batch that changed is another batch or another revision.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import typer

from steps.document import BATCH_NAME, FILE_KEY, Document
from steps.registry.objects import Exists, Store
from workflows import producer
from workflows.commands.store import bucket_of
from workflows.config import find
from workflows.errors import RetrainError


@dataclass(frozen=True, slots=True)
class Batch:
    """What to put: `files` by name below the batch; (`as_of`, `revision`) order batches."""

    name: str
    files: Mapping[str, Path]
    as_of: date
    revision: int


def run(pipeline: str, name: str, files: Sequence[Path], pipelines: Path, *, as_of: str, revision: int) -> int:
    """Put the batch, or the pipeline's sample where no file is named; prints what landed."""
    document = find(pipeline, pipelines)
    if not re.fullmatch(BATCH_NAME, name):
        raise RetrainError(f"{name!r} cannot name a batch", hint=f"expected {BATCH_NAME}")
    with ExitStack() as closing:
        if not files:
            folder = Path(closing.enter_context(tempfile.TemporaryDirectory()))
            files = sample(pipeline, folder)
        batch = Batch(name, by_name(files), _day(as_of or name), revision)
        with bucket_of(document) as store:
            for line in put(store, document, batch):
                typer.echo(line)
    return 0


def put(store: Store, document: Document, batch: Batch) -> list[str]:
    """Put files, then marker, and return the keys; raises `RetrainError` for a key that has other content."""
    prefix = document.data.prefix
    keys = [_create(store, f"{prefix}/{batch.name}/{name}", path) for name, path in batch.files.items()]
    listed = {f"{batch.name}/{name}": (path.stat().st_size, _sha256(path)) for name, path in batch.files.items()}
    body = producer.marker(listed, batch.as_of, batch.revision)
    return [*keys, _create(store, f"{prefix}/{batch.name}/{document.data.marker}", body)]


def sample(pipeline: str, folder: Path) -> list[Path]:
    """Write the sample data of a pipeline that ships with some, and return the files."""
    made = {
        "mortgage": lambda: producer.mortgage_files(producer.mortgage_table()),
        "loans": lambda: producer.parts(producer.loans_table(seed=0, rows=2000), "loans", 2),
    }
    if pipeline not in made:
        raise RetrainError(f"{pipeline!r} has no sample data", hint="name the files to put")
    paths = []
    for name, body in made[pipeline]().items():
        paths.append(folder / name)
        paths[-1].write_bytes(body)
    return paths


def by_name(files: Sequence[Path]) -> dict[str, Path]:
    """Return the files by the name that they get; raises `RetrainError` for one that is missing or cannot be a key."""
    found: dict[str, Path] = {}
    for file in files:
        if not file.is_file():
            raise RetrainError("there is no such file", where=str(file))
        if not re.fullmatch(FILE_KEY, file.name) or file.name in found:
            raise RetrainError(f"{file.name!r} is no acceptable name, or stands twice", where=str(file))
        found[file.name] = file
    return found


def _create(store: Store, key: str, body: Path | bytes) -> str:
    try:
        store.create(key, body)
    except Exists:
        hint = "what landed never changes: use another batch name"
        raise RetrainError("another content is there already", where=key, hint=hint) from None
    return key


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RetrainError(f"{text!r} is no day", hint="give --as-of YYYY-MM-DD, or name the batch so") from None
