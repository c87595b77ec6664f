"""What a run came to: verdicts first, then what Argo lists as failed, less what a retry made up for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from steps.registry.outcome import conclude, read_failures, read_outputs
from steps.verdict import Conclusion, Reason

NONE = '"null"'
ABSENT = '"absent"'


def said(reason: str, message: str = "so it is", **evidence: Any) -> str:
    return Conclusion(Reason(reason), message, evidence).to_json()


def outputs(**verdicts: str) -> str:
    return json.dumps({name.replace("_", "-"): text for name, text in verdicts.items()})


def node(name: str, message: str, template: str = "", at: str = "2026-02-23T06:00:00Z") -> dict[str, str]:
    template = template or name.split("(")[0]
    return {
        "displayName": name, "message": message, "templateName": template, "phase": "Failed", "podName": f"p-{name}",
        "finishedAt": at,
    }  # fmt: skip


def failures(*nodes: dict[str, str]) -> str:
    """Encode as Argo does: a JSON list, quoted once more."""
    return json.dumps(json.dumps(list(nodes)))


FRAME = (node("loans-1", "", "pipeline"), node("loans-1.onExit", "", "exit"), node("record", "main: Error", "record"))
EXIT_1 = "main: Error (exit code 1)"
CASES: dict[str, tuple[str, str, str, str, str]] = {
    "promoted": ("Succeeded", NONE, outputs(deploy_verdict=said("promoted")), "promoted", "so it is"),
    "promoted though something broke after": (
        "Failed",
        failures(node("deploy", "Error (exit code 1)")),
        outputs(deploy_verdict=said("promoted")),
        "promoted",
        "so it is",
    ),
    "promoted though an earlier attempt crashed": (
        "Succeeded",
        failures(node("train(0)", EXIT_1)),
        outputs(train_verdict=said("crashed"), deploy_verdict=said("promoted")),
        "promoted",
        "so it is",
    ),
    "another step cannot promote": (
        "Succeeded",
        NONE,
        outputs(train_verdict=said("promoted")),
        "unknown",
        "no step said",
    ),
    "success alone does not promote": (
        "Succeeded",
        NONE,
        outputs(decision="deploy", version="v"),
        "unknown",
        "no step",
    ),
    "skipped by claim": (
        "Succeeded",
        NONE,
        outputs(claim_verdict=said("duplicate"), deploy_verdict=""),
        "duplicate",
        "",
    ),
    "superseded in deploy": ("Succeeded", NONE, outputs(deploy_verdict=said("superseded")), "superseded", ""),
    "a skip that then failed": (
        "Error",
        failures(node("claim", "failed to save outputs")),
        outputs(claim_verdict=said("duplicate")),
        "crashed",
        "claim failed: failed to save outputs",
    ),
    "refused by claim": (
        "Failed",
        failures(*FRAME, node("claim", "x"), node("claim(0)", "main: Error (exit code 42)")),
        outputs(claim_verdict=said("incomplete", "a is missing")),
        "incomplete",
        "a is missing",
    ),
    "refused for several files": (
        "Failed",
        NONE,
        outputs(
            validate_verdict_0002=said("contract", "third"),
            validate_verdict_0000=said("contract", "first"),
            validate_verdict_0001=said("contract", "second"),
        ),
        "contract",
        "first (and 2 more files)",
    ),
    "refused in one file, crashed in another": (
        "Failed",
        failures(node("validate(0:x,index:0000)", EXIT_1)),
        outputs(validate_verdict_0000=said("crashed", "boom"), validate_verdict_0001=said("contract", "bad")),
        "contract",
        "bad",
    ),
    "rejected": ("Failed", NONE, outputs(reject_verdict=said("gate", "auc 0.5 is not above 0.8")), "gate", "auc 0.5"),
    "production moved": ("Failed", NONE, outputs(deploy_verdict=said("production-moved")), "production-moved", ""),
    "claim lost": ("Failed", NONE, outputs(deploy_verdict=said("claim-lost")), "claim-lost", ""),
    "rejected, verdict lost": (
        "Failed",
        failures(node("reject", "No more retries left"), node("reject(0)", "main: Error (exit code 42)")),
        ABSENT,
        "gate",
        "lost",
    ),
    "refused by claim, verdict lost": (
        "Failed",
        failures(node("claim", "main: Error (exit code 42)")),
        "{}",
        "incomplete",
        "lost",
    ),
    "refused by validate, verdict lost": (
        "Failed",
        failures(node("validate(0:f,index:0000)", "main: Error (exit code 42)")),
        "{}",
        "contract",
        "lost",
    ),
    "crashed for good": (
        "Failed",
        failures(
            *FRAME,
            node("train", "No more retries left", at="3"),
            node("train(0)", EXIT_1, at="1"),
            node("train(10)", "main: Error (exit code 3)", at="3"),
            node("train(2)", "old", at="2"),
        ),
        outputs(train_verdict=said("crashed", "ValueError: no rows")),
        "crashed",
        "train failed: ValueError: no rows",
    ),
    "crashed without a word": ("Failed", failures(node("train", EXIT_1)), "{}", "crashed", f"train failed: {EXIT_1}"),
    "crashed in the second, the first was retried well": (
        "Failed",
        failures(node("claim(0)", EXIT_1, at="1"), node("evaluate", EXIT_1, at="2")),
        outputs(claim_verdict=said("crashed", "stale"), evaluate_verdict=said("crashed", "fresh")),
        "crashed",
        "fresh",
    ),
    "only one of the files crashed for good": (
        "Failed",
        failures(
            node("validate(0:x,index:0000)(0)", EXIT_1), node("validate(1:y,index:0001)", EXIT_1), node("validate", "")
        ),
        outputs(validate_verdict_0000=said("crashed", "stale"), validate_verdict_0001=said("crashed", "fresh")),
        "crashed",
        "fresh",
    ),
    "store": (
        "Failed",
        failures(node("claim", EXIT_1)),
        outputs(claim_verdict=said("store", "no bucket")),
        "store",
        "no bucket",
    ),
    "out of memory": (
        "Failed",
        failures(node("train", "No more retries left"), node("train(0)", "OOMKilled (exit code 137)")),
        "{}",
        "out-of-memory",
        "train was killed, out of memory",
    ),
    "killed": ("Failed", failures(node("train", "main: Error (exit code 137)")), "{}", "out-of-memory", "train"),
    "step deadline": ("Failed", failures(node("train", "Step exceeded its deadline")), "{}", "deadline", "train"),
    "pod deadline, killed": (
        "Failed",
        failures(node("train", "Pod was active on the node longer than the specified deadline (exit code 137)")),
        "{}",
        "deadline",
        "train",
    ),
    "no GPU": (
        "Failed",
        failures(node("gpu", "timeout")),
        outputs(claim_verdict=""),
        "unschedulable",
        "no node with a GPU was free for train within run.pending",
    ),
    "no node by label": ("Failed", failures(node("node", "timeout")), "{}", "unschedulable", "no node with the labels"),
    "a pod that nobody took": (
        "Failed",
        failures(node("fit", "timeout")),
        "{}",
        "unschedulable",
        "no node took the pod of fit within its timeout",
    ),
    "a step that speaks of a timeout": (
        "Failed",
        failures(node("train", EXIT_1)),
        outputs(train_verdict=said("crashed", "timeout")),
        "crashed",
        "train failed: timeout",
    ),
    "stopped": (
        "Failed",
        failures(node("train", "Stopped with strategy 'Stop'"), node("train(0)", "main: Error (exit code 143)")),
        outputs(train_verdict=said("crashed")),
        "stopped",
        "stopped in train",
    ),
    "shut down before it ran": (
        "Failed",
        failures(node("train", "workflow shutdown with strategy:  Stop")),
        "{}",
        "stopped",
        "",
    ),
    "only retried attempts, yet failed": ("Failed", failures(node("train(0)", EXIT_1)), "{}", "crashed", "train(0)"),
    "only the frame failed": ("Failed", failures(*FRAME), "{}", "unknown", "no step said why"),
    "a crash, and no failures at all": (
        "Error",
        NONE,
        outputs(train_verdict=said("crashed", "boom")),
        "crashed",
        "boom",
    ),
    "nothing at all": ("Failed", NONE, ABSENT, "unknown", "ended 'Failed'"),
}


@pytest.mark.parametrize(("status", "failed", "left", "reason", "says"), CASES.values(), ids=CASES.keys())
def test_a_run_comes_to(status: str, failed: str, left: str, reason: str, says: str) -> None:
    found = conclude(status, failed, left)
    assert found.reason == reason
    assert says in found.message


def test_the_order_of_failures_does_not_matter() -> None:
    nodes = [*FRAME, node("train", "No more retries left"), node("train(0)", EXIT_1), node("train(1)", "OOMKilled")]
    forward, backward = (conclude("Failed", failures(*order), "{}") for order in (nodes, nodes[::-1]))
    assert forward == backward
    assert forward.reason is Reason.OUT_OF_MEMORY


HOSTILE = [
    "",
    "null",
    "{",
    "[]",
    "3",
    '"',
    "{{workflow.failures}}",
    '"[1, null, {}]"',
    "[" * 100_000,
    '{"deploy-verdict": 3}',
    '{"deploy-verdict": "[]"}',
    '{"deploy-verdict": "{\\"reason\\": \\"promoted\\"}"}',
    "\ud800",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_cannot_be_read_counts_as_absent(text: str) -> None:
    assert conclude("Failed", text, text).outcome == "failed"


def test_failures_quoted_as_go_quotes_are_read() -> None:
    text = r'"[{\"displayName\":\"train\",\"templateName\":\"train\",\"message\":\"\x7f \U000e0001 \\\\x41 \\n é\"}]"'
    assert read_failures(text)[0].message == "\x7f \U000e0001 \\x41 \n é"


def test_outputs_that_are_no_text_are_kept_as_json() -> None:
    assert read_outputs('{"a": "1", "b": {"c": 2}}') == {"a": "1", "b": '{"c": 2}'}
    assert read_outputs('"absent"') == {}


def test_a_message_is_bounded() -> None:
    found = conclude("Failed", failures(node("train", "x" * 100_000)), "{}")
    assert len(found.message) == 2000
