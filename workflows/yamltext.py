"""Reads YAML the strict way: no key twice, no surprise types; the one reader of pipelines and of Argo's documents.

`yes`, `on`, `06:00` and `2026-01-01` stay text, as people mean them and as YAML 1.2 has it: a target whose values are
`yes` and `no` must not become true and false on the way.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml

from workflows.errors import DocumentError

_CORE = (
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("tag:yaml.org,2002:int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        "-+0123456789.",
    ),
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", "~nN"),
    ("tag:yaml.org,2002:merge", r"^<<$", "<"),
)


class CoreLoader(yaml.SafeLoader):
    """PyYAML's safe loader with YAML 1.2's core types, which refuses a key that stands twice."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own shape

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                raise yaml.constructor.ConstructorError(
                    "while reading a mapping", node.start_mark, f"key {key.value!r} stands twice", key.start_mark
                )
            seen.add(getattr(key, "value", ""))
        return super().construct_mapping(node, deep=deep)

    def construct_core_int(self, node: yaml.ScalarNode) -> int:
        text = self.construct_scalar(node)
        return int(text, 0) if text.lstrip("+-")[:2] in ("0x", "0o") else int(text, 10)


for _tag, _pattern, _first in _CORE:
    CoreLoader.add_implicit_resolver(
        _tag, re.compile(_pattern), [*_first, ""] if _tag.endswith("null") else list(_first)
    )
CoreLoader.add_constructor("tag:yaml.org,2002:int", CoreLoader.construct_core_int)


def read_all(text: str, where: str) -> tuple[Any, ...]:
    """Return the documents of a YAML text; raises `DocumentError` with line and column for what is not YAML."""
    try:
        return tuple(yaml.load_all(text, Loader=CoreLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{where}, line {mark.line + 1}, column {mark.column + 1}" if mark else where
        raise DocumentError(f"not readable as YAML: {error.problem}", where=place) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DocumentError(f"not readable as YAML: {str(error).splitlines()[0]}", where=where) from None
