"""`retrain render`: writes the manifests and the pipelines' JSON Schema."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import typer

from workflows.config import pipelines_in
from workflows.manifests import BANNER, differences, render, schema

SCHEMA = "pipeline.schema.json"


def write(pipelines: Path, out: Path, say: Callable[[str], object] = typer.echo) -> int:
    """Write what differs, remove generated files of pipelines that are gone, and say what changed."""
    files = render(pipelines_in(pipelines))
    changed = differences(files, out)
    out.mkdir(parents=True, exist_ok=True)
    for difference in changed:
        if difference.kind != "stray":
            replace(difference.file, files[difference.file.name])
        elif difference.file.read_text(encoding="utf-8").startswith(BANNER):
            difference.file.unlink()
        else:
            typer.echo(
                f"{difference.file} belongs to no pipeline and was not rendered by retrain: left as it is", err=True
            )
    if not _schema_is_current(pipelines):
        replace(pipelines / SCHEMA, schema())
        say(f"wrote {pipelines / SCHEMA}")
    for difference in changed:
        say(f"{'removed' if difference.kind == 'stray' else 'wrote'} {difference.file}")
    say(f"{len(files)} manifests in {out}, {len(changed)} changed")
    return 0


def _schema_is_current(pipelines: Path) -> bool:
    file = pipelines / SCHEMA
    return file.is_file() and file.read_text(encoding="utf-8") == schema()


def replace(file: Path, text: str) -> None:
    """Write a file whole or not at all."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    beside.replace(file)
