"""`notify`: tell people on Slack, once, what a run came to. Runs in the exit handler, and never fails the run.

It concludes as `record` does, from what the Workflow left behind. The store keeps that people were told, so a retried
pod does not tell them again; a store that cannot be used keeps nobody from being told.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from steps import document as documents
from steps import interface
from steps.document import Document
from steps.interface import Call, Interface
from steps.registry import message, objects, outcome
from steps.registry.message import State, UnsureError
from steps.slack import WEBHOOK, escaped, send
from steps.verdict import SENTENCES, Conclusion, Outcome, StoreError

INTERFACE = Interface(
    parameters=("workflow", "uid", "status", "failures", "outputs", "marker"),
    artifacts=("document",),
)
CHANNEL = "slack"
PATIENCE = 5
TRIES = 2
"""Seconds that the store may take to answer, and how often it is asked: people wait for the message."""
REPEATED = "\n(repeated)"
MAYBE_REPEATED = "\n(may be repeated: who was told is kept in the store, which could not be used)"
SIGNS: Mapping[Outcome, str] = {
    Outcome.PROMOTED: ":white_check_mark:",
    Outcome.SKIPPED: ":fast_forward:",
    Outcome.REJECTED: ":no_entry:",
    Outcome.REFUSED: ":no_entry_sign:",
    Outcome.FAILED: ":rotating_light:",
}


def text(document: Document, conclusion: Conclusion, outputs: Mapping[str, str], workflow: str) -> str:
    """Return the one message of a run in Slack's mrkdwn: what, of which batch, why, and where to look."""
    batch = outputs.get("batch") or "unknown"
    heading = f"{SIGNS[conclusion.outcome]} *{document.name}* {conclusion.outcome}: {SENTENCES[conclusion.reason]}"
    lines = [heading, f"batch `{escaped(batch)}`: {escaped(conclusion.message)}"]
    if conclusion.outcome is Outcome.REJECTED:
        lines += [f"• {line}" for line in _gates(outputs.get("evaluation", ""))]
    lines.append(f"look: `argo get {escaped(workflow)}` or `retrain why {document.name}`")
    return "\n".join(lines)


def wanted(document: Document, conclusion: Conclusion) -> bool:
    return conclusion.outcome is not Outcome.SKIPPED or document.notify.skipped


def _gates(evaluation: str) -> list[str]:
    """Return a line for each gate of the evaluation; none if it cannot be read."""
    value = outcome.decoded(evaluation)
    gates = value.get("gates") if isinstance(value, dict) else None
    return [_gate(gate) for gate in gates if isinstance(gate, dict)] if isinstance(gates, list) else []


def _gate(gate: Mapping[str, Any]) -> str:
    passed = "passed" if gate.get("passed") is True else "failed"
    texts = [str(gate.get(name)) for name in ("name", "metric", "value", "comparison", "threshold")]
    name, metric, value, comparison, threshold = (escaped(text) for text in texts)
    if gate.get("value") is None:
        return f"{passed} {name}: {escaped(str(gate.get('evidence') or f'{metric} is no number'))}"
    return f"{passed} {name}: {metric} {value}, must be {comparison} {threshold}"


def tell(url: str, said: str, document: Document, name: str, uid: str) -> str:
    """Send unless people were told before, and return a sentence for the log, which never holds the URL.

    `name` is the message's. A pod is retried when the one before has ended, so both tell in the Workflow's name
    (`uid`): what the first left half done is known to be nobody's.
    """

    def post(repeated: bool) -> str | None:
        return send(url, said + REPEATED if repeated else said)

    try:
        store = objects.connect(document.data.bucket, PATIENCE, TRIES)
        told = message.once(store, message.key(document.name, name), {CHANNEL: post}, uid, datetime.now(UTC))
    except message.TakenError as error:
        return f"Slack is told by another attempt of this step: {error}"
    except StoreError as error:
        return f"{_sent(url, said + MAYBE_REPEATED)}; that is on no record: {error}"
    delivery = told.channels[CHANNEL]
    if delivery.state is State.SENT:
        return f"Slack was told at {delivery.at.isoformat(timespec='seconds')}"
    if delivery.state is State.FAILED:
        return f"Slack was not told: {delivery.said}"
    return f"whether Slack was told cannot be known: {delivery.said or 'an attempt before ended over it'}"


def _sent(url: str, said: str) -> str:
    try:
        problem = send(url, said)
    except UnsureError as error:
        return f"whether Slack was told cannot be known: {error}"
    return f"Slack was not told: {problem}" if problem else "Slack was told"


def run(call: Call) -> None:
    values = call.parameters
    document = documents.read(call.artifacts["document"].read_bytes())
    conclusion = outcome.conclude(values["status"], values["failures"], values["outputs"])
    if not wanted(document, conclusion):
        _log(f"{conclusion.outcome}: nobody is told, as the pipeline's document has it (notify.skipped)")
        return
    said = text(document, conclusion, outcome.read_outputs(values["outputs"]), values["workflow"])
    _log(said)
    url = os.environ.get(WEBHOOK, "").strip()
    if not url:
        _log(f"Slack was not told: no webhook is configured ({WEBHOOK} is not set)")
        return
    _log(tell(url, said, document, f"run-{values['uid']}-{conclusion.reason}", values["uid"]))


def _log(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201 - the step's log


def main(argv: list[str] | None = None) -> int:
    return interface.advise(INTERFACE, run, argv)


if __name__ == "__main__":
    sys.exit(main())
