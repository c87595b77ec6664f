"""`jsonpath(text, path)` of expressions: a path of keys and indexes through a JSON document.

Called by the functions of expressions. Only plain paths: wildcards, filters, slices and `..` are refused by name.
"""

from __future__ import annotations

import re
from typing import Any

from workflows.engine.expression_values import UnsupportedError
from workflows.engine.gotext import decode

_STEP = re.compile(
    r"""\.(?P<name>[^.\[\]*()?@$]+)|\['(?P<single>[^']*)'\]|\["(?P<double>[^"]*)"\]|\[(?P<index>-?\d+)\]"""
)


def query(document: str, path: str) -> Any:
    """Return what `path` (such as `$.a.b[1]`) leads to. Raises ValueError if it leads nowhere or is not plain."""
    value = decode(document)
    if not path.startswith("$"):
        raise ValueError(f"jsonpath {path!r} does not start with '$'")
    at = 1
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            raise UnsupportedError(f"the engine knows only keys and indexes in jsonpath, not {path[at:]!r} of {path!r}")
        value = _next(value, step, path)
        at = step.end()
    return value


def _next(value: Any, step: re.Match[str], path: str) -> Any:
    if step["index"] is not None:
        index = int(step["index"])
        if isinstance(value, list) and -len(value) <= index < len(value):
            return value[index]
    else:
        key = next(found for found in (step["name"], step["single"], step["double"]) if found is not None)
        if isinstance(value, dict) and key in value:
            return value[key]
        if key == "length":
            raise UnsupportedError(f"the engine does not support 'length' in jsonpath {path!r}")
    raise ValueError(f"jsonpath {path!r}: nothing at {path[: step.end()]!r}")
