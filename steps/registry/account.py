"""The account of a run that has ended: the body of its outcome record. Pure; the run's ending writes it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from steps import document as documents
from steps import interface
from steps.document import Document
from steps.registry import marker as markers
from steps.registry import outcome
from steps.registry.claim import Claim, Owner
from steps.registry.entry import Record
from steps.registry.pointer import Pointer
from steps.registry.requester import REPLAY, Requester, requester
from steps.registry.runs import Look
from steps.verdict import Conclusion, Reason, Verdict

TEXT_LENGTH = 2000
"""Characters that a record keeps of a text from outside."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that has ended: the Workflow's parameters and facts, its output parameters, and what it came to.

    `code` says which code ran: `git_sha` and `image`.
    """

    values: Mapping[str, str]
    outputs: Mapping[str, str]
    conclusion: Conclusion
    code: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def owner(self) -> Owner:
        return Owner(self.values.get("workflow", ""), self.values.get("uid", ""))

    @property
    def created(self) -> datetime | None:
        return interface.created(self.values.get("created", ""))

    @property
    def data_hash(self) -> str:
        return self.outputs.get("data-hash", "")

    @property
    def requester(self) -> Requester:
        labels = _object(self.values.get("labels", ""))
        texts = {name: value for name, value in labels.items() if isinstance(value, str)}
        return requester(self.values.get("trigger", ""), self.values.get("requested-by", ""), texts)

    def batch(self, document: Document) -> str:
        """Return the batch that the marker's key names, "" if the key is not acceptable."""
        try:
            return markers.batch(self.values.get("marker", ""), document.data)
        except Verdict:
            return ""


def of_look(look: Look) -> Ended:
    """Return a run as its Workflow shows it from outside: what `record` would have been given."""
    created = look.created.isoformat(timespec="seconds") if look.created else ""
    seconds = (look.finished - look.created).total_seconds() if look.created and look.finished else None
    facts = {
        "workflow": look.name,
        "uid": look.uid,
        "status": look.status or look.phase,
        "created": created,
        "duration": "" if seconds is None else str(seconds),
        "labels": json.dumps(dict(look.labels)),
    }
    return Ended({**look.parameters, **facts}, outcome.read_outputs(look.outputs), look.conclusion)


def of_claim(claim: Claim) -> Ended:
    """Return a run of which nothing but its claim is left; production may know more."""
    values = {"workflow": claim.workflow, "uid": claim.uid, "marker": claim.marker, "etag": claim.etag}
    outputs = {
        "batch": claim.batch,
        "as-of": claim.as_of,
        "revision": str(claim.revision),
        "data-hash": claim.data_hash,
        "token": str(claim.token),
    }
    return Ended(values, outputs, _gone(claim.workflow))


def of_start(began: Record) -> Ended:
    """Return a run of which nothing but its first record is left; its claim and production may know more."""
    facts = {name: str(value) for name, value in began.body.items() if isinstance(value, str | int)}
    values = {name: facts.get(name, "") for name in ("workflow", "marker", "etag")}
    known = ("batch", "as_of", "revision", "data_hash", "token")
    outputs = {name.replace("_", "-"): facts.get(name, "") for name in known}
    created = began.at.isoformat(timespec="seconds")
    return Ended({**values, "uid": began.uid, "created": created}, outputs, _gone(values["workflow"]))


def of_pointer(pointer: Pointer) -> Ended:
    """Return a run of which nothing but its promotion is left."""
    names = ("version", "data_hash", "batch", "as_of", "revision", "token")
    outputs = {name.replace("_", "-"): str(getattr(pointer, name)) for name in names}
    values = {"workflow": pointer.workflow, "uid": pointer.uid}
    return Ended(values, outputs, Conclusion(Reason.PROMOTED, f"version {pointer.version} is in production"))


def body(ended: Ended, document: Document, production: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return the body of the run's record; absent facts are null, and so is a number that is not finite."""
    values, outputs, end = ended.values, ended.outputs, ended.conclusion
    evaluation, asked = _object(outputs.get("evaluation", "")), ended.requester
    facts = {
        "outcome": str(end.outcome),
        "reason": str(end.reason),
        "message": end.message,
        "evidence": dict(end.evidence),
        "pipeline": document.name,
        "batch": outputs.get("batch") or ended.batch(document) or None,
        "as_of": outputs.get("as-of") or None,
        "revision": _whole(outputs.get("revision", "")),
        "data_hash": ended.data_hash or None,
        "token": _whole(outputs.get("token", "")),
        "workflow": {"name": ended.owner.workflow, "uid": ended.owner.uid, "status": values.get("status", "")},
        "event": {**{name: values.get(name, "") for name in ("marker", "etag")}, "trigger": asked.trigger},
        "request": {
            "requested_by": asked.by or None,
            "why": values.get("why") or None,
            "replay": values.get("trigger") == REPLAY,
        },
        "code": {**ended.code, "pipeline_hash": documents.fingerprint(document)},
        "parameters": document.model.model_dump(mode="json"),
        "decision": outputs.get("decision") if evaluation else None,
        "metrics": evaluation.get("metrics"),
        "gates": evaluation.get("gates"),
        "rows": evaluation.get("rows"),
        "production": dict(production),
        "times": {
            "created": values.get("created", ""),
            "recorded": now.isoformat(timespec="seconds"),
            "seconds": _number(values.get("duration", "")),
        },
    }
    clean: dict[str, Any] = _clean(facts)
    return clean


def _gone(workflow: str) -> Conclusion:
    return Conclusion(Reason.UNKNOWN, f"the Workflow {workflow} is gone and left no word of how it ended")


def _object(text: str) -> dict[str, Any]:
    value = outcome.decoded(text)
    return value if isinstance(value, dict) else {}


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() else None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _clean(value: Any) -> Any:
    """Return the value as the ledger takes it: texts bounded, numbers finite."""
    if isinstance(value, str):
        return value[:TEXT_LENGTH]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(name): _clean(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value
