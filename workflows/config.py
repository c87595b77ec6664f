"""Finds and reads pipeline documents: one YAML file each; every command that names a pipeline comes through here.

A refusal names the file, the breadcrumb to the field, what was found and what was expected, in the user's words.
"""

from __future__ import annotations

import difflib
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from steps.document import Document, read
from workflows.errors import DocumentError
from workflows.yamltext import read_all

SHIPPED = Path(__file__).parent / "pipelines"


def pipelines_in(folder: Path) -> tuple[Document, ...]:
    """Return the documents of a folder, by name; raises `DocumentError` if it has none or one is not acceptable."""
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise DocumentError(
            "found no pipeline document (*.yaml)", where=str(folder), hint="name the folder by --pipelines"
        )
    return tuple(load(file) for file in files)


def find(name: str, folder: Path) -> Document:
    """Return the document of the pipeline `name`; raises `DocumentError` with the names there are."""
    file = folder / f"{name}.yaml"
    if not file.is_file():
        known = [path.stem for path in sorted(folder.glob("*.yaml"))]
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known) or 'none'}"
        raise DocumentError(f"there is no pipeline {name!r}", where=str(folder), hint=hint)
    return load(file)


def load(file: Path) -> Document:
    """Read one document; raises `DocumentError` that lists every problem, not the first."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError(f"cannot be read: {error}", where=str(file)) from None
    values = read_all(text, str(file))
    if len(values) != 1 or not isinstance(values[0], dict):
        raise DocumentError("expected one YAML mapping: a pipeline document", where=str(file))
    try:
        document = Document.model_validate(values[0])
    except ValidationError as error:
        raise _refusal(file, error) from None
    if document.name != file.stem:
        hint = f"a document is named as its file: {file.stem!r}"
        raise DocumentError(f"name is {document.name!r}", where=str(file), hint=hint)
    return document


def carried(file: Path) -> Document:
    """Read the document that a Workflow carries, as JSON; raises `DocumentError`."""
    try:
        return read(file.read_bytes())
    except OSError as error:
        raise DocumentError(f"cannot be read: {error}", where=str(file)) from None
    except ValidationError as error:
        raise _refusal(file, error) from None


def _refusal(file: Path, error: ValidationError) -> DocumentError:
    problems = error.errors()
    lines = [_sentence(problem) for problem in problems]
    return DocumentError("\n  ".join(lines), where=str(file), hint=_hint(problems[0]))


def _sentence(problem: ErrorDetails) -> str:
    place = _breadcrumb(problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"{place}: unknown key"
    if problem["type"] == "missing":
        return f"{place}: missing"
    text = problem["msg"].removeprefix("Value error, ")
    found = problem["input"]
    shown = "" if isinstance(found, dict | list) else f" (got {found!r})"
    return f"{place}: {text[:1].lower()}{text[1:]}{shown}"


def _breadcrumb(location: Sequence[int | str]) -> str:
    crumb = ""
    for part in location:
        crumb += f"[{part}]" if isinstance(part, int) else f".{part}" if crumb else str(part)
    return crumb or "the document"


def _hint(problem: ErrorDetails) -> str:
    if problem["type"] != "extra_forbidden":
        return "the fields are described in workflows/pipelines/pipeline.schema.json"
    *parents, key = problem["loc"]
    known = _keys(Document, parents)
    near = difflib.get_close_matches(str(key), known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"


def _keys(annotation: Any, path: Sequence[int | str]) -> list[str]:
    """Return the keys that the model knows at `path`, through tuples, unions and the gates' `kind`."""
    options = _models(annotation)
    for part in path:
        following: list[type[BaseModel]] = []
        for model in options:
            field = model.model_fields.get(str(part))
            following += _models(field.annotation) if field else []
        by_kind = [model for model in options if part in _kinds(model)]
        options = following or by_kind or options
    return sorted({name for model in options for name in model.model_fields})


def _kinds(model: type[BaseModel]) -> tuple[Any, ...]:
    return get_args(model.model_fields["kind"].annotation) if "kind" in model.model_fields else ()


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Union, types.UnionType, tuple, dict) or get_args(annotation):
        return [model for inner in get_args(annotation) for model in _models(inner)]
    return []
