"""`retrain lint`: what Argo would refuse, or silently get wrong, in manifests and pipelines, without a cluster."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from workflows.cluster.admission import refused
from workflows.commands.documents import files_in
from workflows.commands.kustomize import text
from workflows.config import pipelines_in
from workflows.engine.effect import fields
from workflows.engine.eventrules import check_events, created
from workflows.engine.events import EventDocument, events_among
from workflows.engine.loader import Document, Other, load, parse
from workflows.engine.problem import Problem
from workflows.engine.validate import check
from workflows.errors import DocumentError


def run(paths: Sequence[Path], pipelines: Path | None, *, as_json: bool) -> int:
    """Print every problem; exit code 1 if one is an error. A document that cannot be read at all ends with 2."""
    for path in paths:
        if not path.exists():
            raise DocumentError("there is no such file or folder", where=str(path))
    files = [file for path in paths for file in files_in(path)]
    documents = load(files)
    events = events_among(documents)
    known = len(pipelines_in(pipelines)) if pipelines else 0
    looked_at = _many(len(files), "manifest") + (f" and {_many(known, 'pipeline')}" if known else "")
    return _told(documents, _problems(documents, events), looked_at, as_json=as_json)


def run_overlay(folder: Path, *, as_json: bool) -> int:
    """Do the same for every object that the overlay builds to.

    A cluster runs event sources that the engine does not: then bus, source and Sensor are not held against each other.
    """
    documents = parse(text(folder), str(folder))
    unread: tuple[Problem, ...] = ()
    try:
        events = events_among(documents)
    except DocumentError as error:
        message = f"its event documents are not held against each other: {error.message}"
        events, unread = (), (Problem(error.where or str(folder), message, "", "warning"),)
    problems = (*_problems(documents, events), *unread)
    return _told(documents, problems, _many(len(documents), "object"), as_json=as_json)


def _problems(documents: Sequence[Document], events: Sequence[EventDocument]) -> tuple[Problem, ...]:
    return (
        *check((*documents, *created(events))),
        *check_events(events),
        *refused([*map(_plain, documents)]),
    )


def _told(documents: Sequence[Document], problems: Sequence[Problem], looked_at: str, *, as_json: bool) -> int:
    if as_json:
        typer.echo(json.dumps([asdict(problem) for problem in problems], indent=2))
    else:
        _say(problems, looked_at)
        without = fields(documents)
        typer.echo(
            f"without effect outside a cluster: {', '.join(without)}" if without else "every field has an effect here"
        )
    return 1 if any(problem.level == "error" for problem in problems) else 0


def _plain(document: Document) -> dict[str, Any]:
    return document.body if isinstance(document, Other) else document.to_dict()


def _say(problems: Sequence[Problem], looked_at: str) -> None:
    for problem in problems:
        typer.echo(str(problem))
    errors = sum(problem.level == "error" for problem in problems)
    typer.echo(f"looked at {looked_at}: {_many(errors, 'error')}, {_many(len(problems) - errors, 'warning')}")


def _many(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
