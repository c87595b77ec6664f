"""Reads a Workflow as the Kubernetes API returns it into a `Look`. Called by `workflows.cluster.runs` for each one.

Pure, and it takes nothing for granted: an object may be seconds old, written by another version of Argo or damaged, and
a run must still be concluded from it. The texts are those that Argo gives the exit handler, so `outcome.conclude` says
the same of both.
Source: workflow/controller/operator.go (failedNodeStatus), workflow/packer/packer.go (compressedNodes).
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from steps.registry.runs import Look
from workflows.engine.graph import Graph

BAD = ("Failed", "Error")
FULFILLED = ("Succeeded", "Skipped", "Failed", "Error", "Omitted")
STATUS_OF = {"Skipped": "Succeeded", "Omitted": "Succeeded"}
RECORD = "record"
GZIP = 31
"""zlib's window bits for gzip's header and trailer."""
NODES_LIMIT = 64 << 20
"""Bytes of node status at most, unpacked."""
OFFLOADED = "its node status is in Argo's database, which is not read here"
UNREADABLE = "its node status cannot be unpacked"

Object = Mapping[str, Any]


def look_at(workflow: Object) -> Look:
    """Return what the registry wants to know of the Workflow; what the object lacks is empty."""
    metadata, status = _map(workflow, "metadata"), _map(workflow, "status")
    nodes, trouble = nodes_of(status)
    name, phase = _text(metadata, "name"), _text(status, "phase")
    entry = _text(nodes.get(name, {}), "phase")
    message = _text(status, "message")
    return Look(
        name=name,
        uid=_text(metadata, "uid"),
        phase=phase,
        message=f"{message} ({trouble})" if message and trouble else message or trouble,
        created=_moment(_text(metadata, "creationTimestamp")),
        finished=_moment(_text(status, "finishedAt")),
        status=STATUS_OF.get(entry, entry) or phase,
        failures=_failures(name, nodes),
        outputs=json.dumps(_values(_map(status, "outputs"))),
        parameters=_parameters(workflow, status),
        at=tuple(dict.fromkeys(_going_on(nodes))),
        recorded=any(_is_pod(node, RECORD) and node.get("phase") == "Succeeded" for node in nodes.values()),
        labels={name: value for name, value in _map(metadata, "labels").items() if isinstance(value, str)},
    )


def nodes_of(status: Object) -> tuple[dict[str, Object], str]:
    """Return the nodes by id, and what kept them from being read."""
    if _text(status, "offloadNodeStatusVersion"):
        return {}, OFFLOADED
    found: Any = status.get("nodes")
    packed = _text(status, "compressedNodes")
    if not found and packed:
        try:
            unpacked = zlib.decompressobj(wbits=GZIP)
            text = unpacked.decompress(base64.b64decode(packed, validate=True), NODES_LIMIT)
            found = json.loads(text) if unpacked.eof else None
        except (ValueError, binascii.Error, zlib.error, RecursionError):
            found = None
        if not isinstance(found, dict):
            return {}, UNREADABLE
    nodes = found if isinstance(found, dict) else {}
    return {key: node for key, node in nodes.items() if isinstance(node, dict)}, ""


def _failures(workflow: str, nodes: Mapping[str, Object]) -> str:
    graph = Graph(workflow)
    failed = [
        {
            "displayName": _text(node, "displayName"),
            "message": _text(node, "message"),
            "templateName": _template(node),
            "phase": node["phase"],
            "podName": graph.pod_name(_text(node, "name"), _template(node)),
            "finishedAt": _text(node, "finishedAt") or None,
        }
        for node in nodes.values()
        if node.get("phase") in BAD
    ]
    return json.dumps(failed) if failed else "null"


def _template(node: Object) -> str:
    return _text(node, "templateName") or _text(_map(node, "templateRef"), "template")


def _parameters(workflow: Object, status: Object) -> dict[str, str]:
    """Return the arguments that the run has: those stored when it began, for an event that comes again patches `spec`.

    The stored specification holds the template's defaults too; before it is there, what was given has to do.
    """
    stored = _values(_map(_map(status, "storedWorkflowTemplateSpec"), "arguments"))
    return stored or _values(_map(_map(workflow, "spec"), "arguments"))


def _values(holder: Object) -> dict[str, str]:
    listed = holder.get("parameters")
    found = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    return {_text(item, "name"): str(item["value"]) for item in found if item.get("value") is not None}


def _going_on(nodes: Mapping[str, Object]) -> Iterator[str]:
    for node in nodes.values():
        if _is_pod(node) and node.get("phase") not in FULFILLED:
            step, message = _template(node) or _text(node, "displayName"), _text(node, "message")
            yield f"{step}: {message}" if message else step


def _is_pod(node: Object, template: str = "") -> bool:
    return node.get("type") == "Pod" and (not template or _template(node) == template)


def _map(holder: Object, name: str) -> Object:
    value = holder.get(name)
    return value if isinstance(value, dict) else {}


def _text(holder: Object, name: str) -> str:
    value = holder.get(name)
    return value if isinstance(value, str) else ""


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None
