"""`record`: append the run's one outcome record to the ledger and close its claim. Runs in the exit handler.

It never fails the run: the outcome is concluded first, from what the Workflow left behind, and written for the
Workflow's outputs whatever the store answers. A record that could not be written is said in the log and in `message`.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from steps import document as documents
from steps import interface
from steps.document import Document
from steps.interface import Call, Interface
from steps.registry import claim as claims
from steps.registry import ledger, objects, outcome, pointer
from steps.registry import marker as markers
from steps.registry.claim import Owner
from steps.registry.objects import Store
from steps.verdict import Conclusion, Reason, StoreError, Verdict, headline

INTERFACE = Interface(
    parameters=(
        "workflow",
        "uid",
        "status",
        "failures",
        "outputs",
        "marker",
        "etag",
        "trigger",
        "requested-by",
        "why",
        "replay",
        "created",
        "duration",
    ),
    artifacts=("document",),
    writes=("outcome", "reason", "message"),
)
TEXT_LENGTH = 2000
"""Characters that a record keeps of a text from outside."""
CREATED_FORMATS = ("%Y-%m-%d %H:%M:%S %z %Z", "%Y-%m-%dT%H:%M:%S%z")
"""How Argo prints `workflow.creationTimestamp`, plain and as RFC 3339."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that has ended: the Workflow's parameters and facts, its output parameters, and what it came to."""

    values: Mapping[str, str]
    outputs: Mapping[str, str]
    conclusion: Conclusion

    @property
    def owner(self) -> Owner:
        return Owner(self.values["workflow"], self.values["uid"])


def body(ended: Ended, document: Document, production: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return the body of the run's record; absent facts are null, and so is a number that is not finite."""
    values, outputs, end = ended.values, ended.outputs, ended.conclusion
    evaluation = _object(outputs.get("evaluation", ""))
    facts = {
        "outcome": str(end.outcome),
        "reason": str(end.reason),
        "message": end.message,
        "evidence": dict(end.evidence),
        "pipeline": document.name,
        "batch": outputs.get("batch") or _batch(values["marker"], document),
        "as_of": outputs.get("as-of") or None,
        "revision": _whole(outputs.get("revision", "")),
        "data_hash": outputs.get("data-hash") or None,
        "token": _whole(outputs.get("token", "")),
        "workflow": {"name": values["workflow"], "uid": values["uid"], "status": values["status"]},
        "event": {name: values[name] for name in ("marker", "etag", "trigger")},
        "request": {
            "requested_by": values["requested-by"] or None,
            "why": values["why"] or None,
            "replay": values["replay"] == "true",
        },
        "code": {
            "git_sha": os.environ.get("RETRAIN_GIT_SHA"),
            "image": os.environ.get("RETRAIN_IMAGE"),
            "pipeline_hash": documents.fingerprint(document),
        },
        "parameters": document.model.model_dump(mode="json"),
        "decision": outputs.get("decision") if evaluation else None,
        "metrics": evaluation.get("metrics"),
        "gates": evaluation.get("gates"),
        "rows": evaluation.get("rows"),
        "production": dict(production),
        "times": {
            "created": values["created"],
            "recorded": now.isoformat(timespec="seconds"),
            "seconds": _number(values["duration"]),
        },
    }
    clean: dict[str, Any] = _clean(facts)
    return clean


def record(store: Store, document: Document, ended: Ended, now: datetime) -> list[str]:
    """Append the record and close the claim; return what could not be done, a sentence each. Never raises for it."""
    troubles: list[str] = []
    production = _production(store, document, ended.conclusion, troubles)
    entry = ledger.Entry(ledger.OUTCOME, ended.owner.uid, body(ended, document, production, now))
    try:
        ledger.append(store, document.name, entry, now=now, since=_created(ended.values["created"]))
    except StoreError as error:
        troubles.append(f"NOT ON THE LEDGER: {error}")
    data_hash = ended.outputs.get("data-hash", "")
    if data_hash:
        finished = claims.finished(ended.conclusion, now.isoformat(timespec="seconds"))
        try:
            claims.close(store, document.name, data_hash, ended.owner, finished)
        except StoreError as error:
            troubles.append(f"the claim was not closed: {error}")
    return troubles


def _production(store: Store, document: Document, end: Conclusion, troubles: list[str]) -> Mapping[str, Any]:
    """Return production's version before and after the run: the same unless the run moved it."""
    change = end.evidence.get("production")
    if end.reason is Reason.PROMOTED and isinstance(change, dict):
        return {"pointer": document.deploy.pointer, **change}
    try:
        standing = pointer.read(store, document)
    except StoreError as error:
        troubles.append(f"production could not be read: {error}")
        return {"pointer": document.deploy.pointer, "before": None, "after": None}
    version = standing.pointer.version if standing else None
    return {"pointer": document.deploy.pointer, "before": version, "after": version}


def _batch(marker: str, document: Document) -> str | None:
    try:
        return markers.batch(marker, document.data)
    except Verdict:
        return None


def _created(text: str) -> datetime | None:
    for form in CREATED_FORMATS:
        try:
            return datetime.strptime(text, form).astimezone(UTC)
        except ValueError:
            continue
    return None


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


def run(call: Call) -> None:
    values = call.parameters
    end = outcome.conclude(values["status"], values["failures"], values["outputs"])
    ended = Ended(values, outcome.read_outputs(values["outputs"]), end)
    call.write("outcome", end.outcome)
    call.write("reason", end.reason)
    call.write("message", f"{end.message} (NOT ON THE LEDGER: record did not finish)")
    try:
        document = documents.read(call.artifacts["document"].read_bytes())
        store = objects.connect(document.data.bucket)
        troubles = record(store, document, ended, datetime.now(UTC))
    except (OSError, ValidationError) as error:
        troubles = [f"NOT ON THE LEDGER: the pipeline document cannot be read: {error}"]
    call.write("message", end.message + "".join(f" ({trouble})" for trouble in troubles))
    print(f"{headline(end.outcome, end.reason)}: {end.message}", *troubles, sep="\n", file=sys.stderr)  # noqa: T201 - the log


def main(argv: list[str] | None = None) -> int:
    return interface.advise(INTERFACE, run, argv)


if __name__ == "__main__":
    sys.exit(main())
