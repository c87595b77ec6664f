"""The bytes of a skops file, made to depend on the model alone. `model` calls it before a file is written.

skops names members and objects by memory addresses and takes times from the clock, NumPy writes the padding of records
as it lies in memory, and boosting keeps its number of threads. All of it changes from run to run and predicts nothing.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

SCHEMA = "schema.json"
SCALAR = "JsonNode"
THREADS = "n_threads"
"""What histogram boosting remembers of the machine it was fitted on; null stands for as many as there are."""
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip file can say."""


def members(data: bytes) -> dict[str, bytes]:
    """Return the members of a skops file by name, objects numbered in the order of the schema, schema first."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        schema = json.loads(archive.read(SCHEMA))
        found = {name: archive.read(name) for name in archive.namelist() if name != SCHEMA}
    _number(schema)
    names: dict[str, str] = {}
    for node in _nodes(schema):
        if node.get("file") in found:
            suffix = node["file"].rpartition(".")[2]
            node["file"] = names.setdefault(node["file"], f"{len(names)}.{suffix}")
    renamed = {names.get(name, name): _without_padding(name, content) for name, content in found.items()}
    return {SCHEMA: json.dumps(schema, indent=1).encode(), **dict(sorted(renamed.items()))}


def digest(members: Mapping[str, bytes]) -> str:
    """Return the sha256 of the members' names and contents, in any order."""
    found = hashlib.sha256()
    for name, content in sorted(members.items()):
        found.update(f"{len(name.encode())}:{name}:{len(content)}:".encode() + content)
    return found.hexdigest()


def zipped(members: Mapping[str, bytes]) -> bytes:
    """Return the members as a zip file without times."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _number(schema: Any) -> None:
    """Number the objects; one number for each that is shared, but none shared by scalars, which CPython may intern."""
    numbers: dict[object, int] = {}
    for place, node in enumerate(_nodes(schema)):
        if isinstance(node.get(THREADS), dict) and node[THREADS].get("__loader__") == SCALAR:
            node[THREADS]["content"] = "null"
        if isinstance(node.get("__id__"), int):
            address = ("scalar", place) if node.get("__loader__") == SCALAR else node["__id__"]
            node["__id__"] = numbers.setdefault(address, len(numbers))


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the schema's objects, outer before inner, in the order of the text."""
    waiting = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting += reversed(node.values())
        elif isinstance(node, list):
            waiting += reversed(node)


def _without_padding(name: str, content: bytes) -> bytes:
    if not name.endswith(".npy"):
        return content
    array = np.load(io.BytesIO(content), allow_pickle=False)
    if array.dtype.names is None:
        return content
    blank = np.zeros(array.shape, dtype=array.dtype)
    for field in array.dtype.names:
        blank[field] = array[field]
    out = io.BytesIO()
    np.save(out, blank, allow_pickle=False)
    return out.getvalue()
