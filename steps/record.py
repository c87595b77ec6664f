"""`record`: close the run's claim, append its one outcome record, write the receipt. Runs in the exit handler.

It never fails the run: the outcome is concluded first, from what the Workflow left behind, and written for the
Workflow's outputs whatever the store answers. What could not be written is said in the log and in `message`, and left
to reconcile.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import ValidationError

from steps import document as documents
from steps import interface
from steps.document import Document
from steps.interface import Call, Interface
from steps.registry import ending, objects, outcome
from steps.registry.account import Ended
from steps.registry.objects import Store
from steps.verdict import Conclusion, StoreError, headline

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
        "created",
        "duration",
        "labels",
    ),
    artifacts=("document",),
    writes=("outcome", "reason", "message"),
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the run came to, as far as this could find out, and what could not be done ("" if all was)."""

    conclusion: Conclusion
    trouble: str = ""


def record(store: Store, document: Document, ended: Ended, now: datetime) -> Recorded:
    """Decide, record and receipt the run's end, up to what the store refuses. Never raises for that."""
    found, missing = ended.conclusion, "NOT ON THE LEDGER"
    try:
        decided = ending.decide(store, document, ended, now)
        found = decided.conclusion
        if ending.still_deploying(decided):
            return Recorded(
                found, f"{missing} YET: its deploy may still be at work; reconcile ends that and records it"
            )
        ending.enter(store, document, decided, now)
        missing = "WITHOUT ITS RECEIPT"
        ending.settle(store, document, decided, now)
    except StoreError as error:
        return Recorded(found, f"{missing}: {error}")
    return Recorded(found)


def run(call: Call) -> None:
    values = call.parameters
    end = outcome.conclude(values["status"], values["failures"], values["outputs"])
    code = {"git_sha": os.environ.get("RETRAIN_GIT_SHA"), "image": os.environ.get("RETRAIN_IMAGE")}
    ended = Ended(values, outcome.read_outputs(values["outputs"]), end, code)
    _write(call, Recorded(end, "NOT ON THE LEDGER: record did not finish"))
    try:
        document = documents.read(call.artifacts["document"].read_bytes())
        recorded = record(objects.connect(document.data.bucket), document, ended, datetime.now(UTC))
    except (OSError, ValidationError) as error:
        recorded = Recorded(end, f"NOT ON THE LEDGER: the pipeline document cannot be read: {error}")
    except StoreError as error:
        recorded = Recorded(end, f"NOT ON THE LEDGER: {error}")
    _write(call, recorded)
    found = recorded.conclusion
    print(f"{headline(found.outcome, found.reason)}: {found.message}", recorded.trouble, sep="\n", file=sys.stderr)  # noqa: T201 - the log


def _write(call: Call, recorded: Recorded) -> None:
    found = recorded.conclusion
    call.write("outcome", found.outcome)
    call.write("reason", found.reason)
    call.write("message", found.message + (f" ({recorded.trouble})" if recorded.trouble else ""))


def main(argv: list[str] | None = None) -> int:
    return interface.advise(INTERFACE, run, argv)


if __name__ == "__main__":
    sys.exit(main())
