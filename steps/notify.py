"""`notify`: tell people on Slack what a run came to. Runs in the exit handler, and never fails the run.

It needs no store: it concludes as `record` does, from what the Workflow left behind. The webhook's URL is a secret and
the texts are hostile, so the one is never logged and the others are escaped.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any

from steps import document as documents
from steps import interface
from steps.document import Document
from steps.interface import Call, Interface
from steps.registry import outcome
from steps.verdict import SENTENCES, Conclusion, Outcome

INTERFACE = Interface(
    parameters=("workflow", "status", "failures", "outputs", "marker"),
    artifacts=("document",),
)
WEBHOOK = "SLACK_WEBHOOK_URL"
TIMEOUT = 10
"""Seconds that one call may take."""
TEXT_LENGTH = 600
SIGNS: Mapping[Outcome, str] = {
    Outcome.PROMOTED: ":white_check_mark:",
    Outcome.SKIPPED: ":fast_forward:",
    Outcome.REJECTED: ":no_entry:",
    Outcome.REFUSED: ":no_entry_sign:",
    Outcome.FAILED: ":rotating_light:",
}


def message(document: Document, conclusion: Conclusion, outputs: Mapping[str, str], workflow: str) -> str:
    """Return the one message of a run in Slack's mrkdwn: what, of which batch, why, and where to look."""
    batch = outputs.get("batch") or "unknown"
    heading = f"{SIGNS[conclusion.outcome]} *{document.name}* {conclusion.outcome}: {SENTENCES[conclusion.reason]}"
    lines = [heading, f"batch `{escaped(batch)}`: {escaped(conclusion.message)}"]
    if conclusion.outcome is Outcome.REJECTED:
        lines += [f"• {line}" for line in _gates(outputs.get("evaluation", ""))]
    lines.append(f"look: `argo get {escaped(workflow)}` or `retrain why {document.name}`")
    return "\n".join(lines)


def escaped(text: str) -> str:
    """Return the text on one line, short, and with nothing that Slack would take for a link, a mention or a format."""
    flat = re.sub(r"\s+", " ", "".join(char if char.isprintable() else " " for char in text))[:TEXT_LENGTH]
    plain = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", "'")
    return re.sub(r"([*~])", "\u200b\\1", plain)


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


def send(url: str, text: str) -> str:
    """Post to the webhook and return a sentence for the log, which never holds the URL."""
    from slack_sdk.errors import SlackClientError
    from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler, ServerErrorRetryHandler
    from slack_sdk.webhook import WebhookClient

    silent = logging.getLogger("steps.notify.slack")
    silent.disabled = True  # slack_sdk logs what it fails on, and that can be the URL
    again = [RateLimitErrorRetryHandler(max_retry_count=1), ServerErrorRetryHandler(max_retry_count=1)]
    try:
        answer = WebhookClient(url, timeout=TIMEOUT, logger=silent, retry_handlers=[*again]).send(text=text)
    except (SlackClientError, HTTPException, OSError, ValueError) as error:
        return f"Slack was not told: {type(error).__name__}"
    if answer.status_code != 200:
        said = answer.body if re.fullmatch(r"[a-z_]{1,40}", answer.body or "") else "no word of Slack's"
        return f"Slack was not told: it answered {answer.status_code} ({said})"
    return "Slack was told"


def run(call: Call) -> None:
    values = call.parameters
    document = documents.read(call.artifacts["document"].read_bytes())
    conclusion = outcome.conclude(values["status"], values["failures"], values["outputs"])
    if not wanted(document, conclusion):
        _log(f"{conclusion.outcome}: nobody is told, as the pipeline's document has it (notify.skipped)")
        return
    text = message(document, conclusion, outcome.read_outputs(values["outputs"]), values["workflow"])
    _log(text)
    url = os.environ.get(WEBHOOK, "").strip()
    _log(send(url, text) if url else f"Slack was not told: no webhook is configured ({WEBHOOK} is not set)")


def _log(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201 - the step's log


def main(argv: list[str] | None = None) -> int:
    return interface.advise(INTERFACE, run, argv)


if __name__ == "__main__":
    sys.exit(main())
