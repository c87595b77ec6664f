"""Turns a model's validation error into one sentence for a person: file, line, place, what was found, what to do.

Called by the loader only. Apart from it, because reading YAML and explaining a refusal change for different reasons.
"""

from __future__ import annotations

import difflib
import typing
from collections.abc import Callable, Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from workflows.engine import fields
from workflows.engine.values import Model
from workflows.errors import DocumentError

Place = tuple[int | str, ...]

_SINGULAR = {
    "templates": "template",
    "tasks": "task",
    "parameters": "parameter",
    "artifacts": "artifact",
    "env": "variable",
    "volumes": "volume",
    "mutexes": "mutex",
    "triggers": "trigger",
    "dependencies": "dependency",
}
_SILENT = {"spec", "dag"}
_EXPECTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


def explain(error: ValidationError, root: type[Model], body: object, where: Callable[[Place], str]) -> DocumentError:
    """The first error worth telling: what the engine does not support before typos, typos before the rest."""
    details = min(error.errors(include_url=False), key=_urgency(root))
    place = _place(root, details["loc"])
    message, hint = _sentence(details, root)
    at = place[:-1] if details["type"] == "missing" else place
    return DocumentError(message, where=f"{where(at)}\n  in {breadcrumb(body, place)}", hint=hint)


def breadcrumb(body: object, place: Place) -> str:
    """`WorkflowTemplate 'loans', template 'pipeline', task 'deploy', field 'when'`."""
    crumbs = [_title(body)]
    path: list[str] = []
    current = body
    for part in place:
        current = _child(current, part)
        if isinstance(part, int) and path and path[-1] in _SINGULAR:
            noun = _SINGULAR[path.pop()]
            crumbs.append(" ".join([*(step for step in path if step not in _SILENT), f"{noun} {_name(current, part)}"]))
            path = []
        else:
            path.append(str(part))
    return ", ".join([*crumbs, *([f"field {'.'.join(path)!r}"] if path else [])])


def model_at(root: type[Model], place: Sequence[int | str]) -> type[Model] | None:
    """The model that stands at a place below `root`; None where there is plain data."""
    owner: type[Model] | None = root
    for part in place:
        if isinstance(part, int):
            continue
        if owner is None:
            return None
        annotation = next((f.annotation for n, f in owner.model_fields.items() if part in (f.alias, n)), None)
        owner = _model_in(annotation)
    return owner


def _model_in(annotation: object) -> type[Model] | None:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return annotation
    return next((found for part in typing.get_args(annotation) if (found := _model_in(part))), None)


def _place(root: type[Model], location: Place) -> Place:
    """The location without what pydantic adds for a union's branches."""
    if location and location[-1] in ("int", "str") and model_at(root, location[:-2]) is not None:
        return location[:-1]
    return location


def _urgency(root: type[Model]) -> Callable[[ErrorDetails], int]:
    def rank(details: ErrorDetails) -> int:
        if details["type"] == "unsupported":
            return 0
        if details["type"] == "extra_forbidden":
            owner = model_at(root, details["loc"][:-1])
            return 0 if owner and details["loc"][-1] in fields.known(owner) else 1
        return 2

    return rank


def _sentence(details: ErrorDetails, root: type[Model]) -> tuple[str, str]:
    """What is wrong, and the next act."""
    kind, got = details["type"], details["input"]
    field = str(details["loc"][-1]) if details["loc"] else ""
    if kind == "extra_forbidden":
        return _unknown_field(model_at(root, details["loc"][:-1]), field)
    if kind == "missing":
        return f"field {field!r} is required", ""
    if kind == "literal_error":
        return f"expected {details['ctx']['expected']}, got {_short(got)}", ""
    if kind in _EXPECTED:
        expected = "a number or text" if field in ("int", "str") else _EXPECTED[kind]
        quoted = kind == "string_type" and isinstance(got, int | float)
        return f"expected {expected}, got {_short(got)}", "put it in quotes" if quoted else ""
    return details["msg"], ""


def _unknown_field(owner: type[Model] | None, field: str) -> tuple[str, str]:
    if owner is None:
        return f"unknown field {field!r}", ""
    if field in fields.known(owner):
        return f"the engine does not support {field!r} yet", "a cluster does; locally, leave it out"
    if hint := fields.advice(owner, field):
        return f"unknown field {field!r}", hint
    close = difflib.get_close_matches(field, sorted(fields.supported(owner) | fields.known(owner)), n=1)
    return f"unknown field {field!r}", f"did you mean {close[0]!r}?" if close else ""


def _title(body: object) -> str:
    kind = _child(body, "kind")
    metadata = _child(body, "metadata")
    name = _child(metadata, "name") or _child(metadata, "generateName")
    return f"{kind} {name!r}" if name else f"{kind}"


def _name(item: object, index: int) -> str:
    name = _child(item, "name")
    return repr(name) if isinstance(name, str) else f"number {index + 1}"


def _child(value: object, part: int | str) -> object:
    if isinstance(value, dict):
        return value.get(part)
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part]
    return None


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
