"""Reads YAML files into typed documents, or says in one sentence why not.

Called by every command that takes documents and by the sensor. The YAML dialect is the one Kubernetes' own reader
speaks (sigs.k8s.io/yaml, goyaml.v2/resolve.go): `1e6` is a number, dates and `1:30` are text, `y` is true, a key that
stands twice is an error; PyYAML's defaults differ in all of these, hence a loader class of our own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from workflows.engine.cronworkflow import CronWorkflow
from workflows.engine.model import ConfigMap, Workflow, WorkflowTemplate
from workflows.engine.refusal import Place, explain
from workflows.engine.values import Model
from workflows.errors import DocumentError

KINDS: dict[str, type[Workflow] | type[WorkflowTemplate] | type[CronWorkflow] | type[ConfigMap]] = {
    "Workflow": Workflow,
    "WorkflowTemplate": WorkflowTemplate,
    "CronWorkflow": CronWorkflow,
    "ConfigMap": ConfigMap,
}
# Aliases make a small file large; this many nodes are far above any real manifest.
MAXIMUM_NODES = 1_000_000

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Other:
    """A document of a kind the engine does not run, as plain data; `build` types it for whoever knows the kind."""

    kind: str
    name: str
    source: str
    body: dict[str, Any] = field(repr=False)
    node: yaml.Node = field(repr=False, compare=False)


Document = Workflow | WorkflowTemplate | CronWorkflow | ConfigMap | Other


def load(paths: Sequence[Path]) -> tuple[Document, ...]:
    """Every document in the files, and in the `*.yaml` and `*.yml` files below the directories, in the order given.

    Raises DocumentError for what cannot be read, is no YAML, or says what the engine does not know or support.
    """
    return tuple(document for path in paths for file in _files(path) for document in parse(_text(file), str(file)))


def parse(text: str, source: str) -> tuple[Document, ...]:
    """Every document in a text; `source` names it in errors."""
    return tuple(_typed(other) for other in read(text, source))


def read(text: str, source: str) -> Iterator[Other]:
    """Every document in a text as plain data with its kind and name."""
    try:
        loader = _Loader(text)
        while loader.check_node() and (node := loader.get_node()) is not None:
            _inspect(node, source)
            body = loader.construct_document(node)
            if body is not None:
                yield _identify(body, node, source)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DocumentError(f"cannot read YAML: {error.problem}", where=f"{source}:{line}") from None
    except yaml.YAMLError as error:
        raise DocumentError(f"cannot read YAML: {error}", where=source) from None
    except RecursionError:
        raise DocumentError("cannot read YAML: it is nested too deeply", where=source) from None


def build(model: type[M], document: Other) -> M:
    """The document as this model. Raises DocumentError with file, line, place and hint."""
    try:
        return model.model_validate(document.body)
    except ValidationError as error:
        raise explain(
            error, model, document.body, lambda place: f"{document.source}:{_line(document.node, place)}"
        ) from None


def _typed(other: Other) -> Document:
    model = KINDS.get(other.kind)
    if model is None:
        return other
    if "status" in other.body and model in (Workflow, CronWorkflow):
        raise DocumentError(
            "a document to run has no 'status'",
            where=f"{other.source}:{_line(other.node, ('status',))}\n  in {other.kind} {other.name!r}",
            hint="take it out; the engine writes it",
        )
    return build(model, other)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.suffix in (".yaml", ".yml") and file.is_file())
    return [path]


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except FileNotFoundError:
        raise DocumentError("there is no such file", where=str(file)) from None
    except OSError as error:
        raise DocumentError(f"cannot read the file: {error.strerror}", where=str(file)) from None
    except UnicodeDecodeError as error:
        raise DocumentError(f"the file is not UTF-8: byte {error.start} is wrong", where=str(file)) from None


def _identify(body: object, node: yaml.Node, source: str) -> Other:
    where = f"{source}:{node.start_mark.line + 1}"
    if not isinstance(body, dict):
        raise DocumentError(f"expected a mapping, got {body!r:.60}", where=where)
    kind = body.get("kind")
    if not isinstance(kind, str) or not kind or not isinstance(body.get("apiVersion"), str):
        raise DocumentError("a document needs the fields 'apiVersion' and 'kind'", where=where)
    if kind.endswith("List") and "items" in body:
        raise DocumentError(f"the engine does not support {kind!r} yet", where=where, hint="separate the items by ---")
    metadata = body.get("metadata")
    named = metadata if isinstance(metadata, dict) else {}
    name = named.get("name") or named.get("generateName") or ""
    return Other(kind, str(name), source, body, node)


def _line(node: yaml.Node, place: Place) -> int:
    """The line (from 1) of the deepest part of the place that stands in the file."""
    line = node.start_mark.line
    for part in place:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == part), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line
        else:
            break
    return line + 1


def _inspect(root: yaml.Node, source: str) -> None:
    """Refuses keys that stand twice, and aliases that loop or blow a small file up."""
    sizes: dict[int, int] = {}

    def size(node: yaml.Node) -> int:
        if isinstance(node, yaml.ScalarNode):
            return 1
        if id(node) not in sizes:
            sizes[id(node)] = MAXIMUM_NODES + 1  # what a loop finds when it comes back
            if isinstance(node, yaml.MappingNode):
                _refuse_duplicates(node, source)
            children = node.value if isinstance(node, yaml.SequenceNode) else [value for _, value in node.value]
            sizes[id(node)] = 1 + sum(size(child) for child in children)
        return sizes[id(node)]

    if size(root) > MAXIMUM_NODES:
        where = f"{source}:{root.start_mark.line + 1}"
        raise DocumentError(f"its aliases loop or make more than {MAXIMUM_NODES:,} values", where=where)


def _refuse_duplicates(mapping: yaml.MappingNode, source: str) -> None:
    seen: dict[str, int] = {}
    for key, _ in mapping.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise DocumentError("a key must be text", where=f"{source}:{line}")
        if key.value in seen:
            message = f"the key {key.value!r} stands twice, first on line {seen[key.value]}"
            raise DocumentError(message, where=f"{source}:{line}")
        seen[key.value] = line


class _Loader(yaml.SafeLoader):
    """Safe, with Kubernetes' scalars."""


_Loader.yaml_implicit_resolvers = {}


def _boolean(loader: _Loader, node: yaml.ScalarNode) -> bool:
    return str(loader.construct_scalar(node)).lower() in ("y", "yes", "true", "on")


def _number(loader: _Loader, node: yaml.ScalarNode) -> int | float:
    """An integer with Go's base prefixes, or a finite float."""
    text = str(loader.construct_scalar(node)).replace("_", "")
    try:
        return int(text.lstrip("+"), 8 if re.fullmatch(r"[-+]?0[0-7]+", text) else 0)
    except ValueError:
        number = float(text.replace(".inf", "inf").replace(".nan", "nan"))
    if not math.isfinite(number):
        raise yaml.constructor.ConstructorError(None, None, f"{text:.20} is no number in JSON", node.start_mark)
    return number


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"y|Y|n|N|yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF", list("yYnNtTfFoO")),
    ("int", r"[-+]?(0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan", list("-+.0123456789")),
    ("merge", r"<<", ["<"]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _first)
_Loader.add_constructor("tag:yaml.org,2002:bool", _boolean)
_Loader.add_constructor("tag:yaml.org,2002:int", _number)
_Loader.add_constructor("tag:yaml.org,2002:float", _number)
