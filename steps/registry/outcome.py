"""What a run came to, from what its Workflow left behind. `record` and `notify` both conclude here, so they agree.

Pure. Precedence: (1) `deploy` says promoted: production has moved, whatever happened after. (2) A Workflow that
Succeeded came to the skip that a step wrote. (3) One that did not came to a decision against it: rejected, refused,
production moved, claim lost. (4) It was stopped. (5) The step that failed for good, by its own last words, else by the
node's message and exit code. A verdict may be missing (the pod was killed) or stale (an attempt crashed, the next one
did not), so (2) to (5) ask the Workflow's status and failures too. Only (1) ever gives `promoted`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from steps.verdict import EXIT_VERDICT, Conclusion, Outcome, Reason, conclusion

KILLED = 137
DEADLINE_TEXTS = (
    "exceeded its deadline",
    "longer than the specified deadline",
    "exceeded workflow deadline",
    "max duration limit",
    "deadlineexceeded",
)
NEVER_STARTED = "timeout"
"""All that Argo says of a pod that was still pending when its time was over (ErrTimeout, workflow/controller)."""
WAITED_FOR: Mapping[str, str] = {
    "gpu": "no node with a GPU was free for train within run.pending",
    "node": "no node with the labels that train asks for was free within run.pending",
}
"""By the template that waits for it; the words are `definitions.waiting`'s."""
STOP_TEXTS = ("Stopped with strategy", "shutdown with strategy")
FRAMES = ("pipeline", "exit", "record", "notify")
"""Templates whose failure says nothing of its own: the graphs, and what runs after the end."""
STEP_REFUSALS: Mapping[str, tuple[Reason, str]] = {
    "reject": (Reason.GATE, "the model failed a gate"),
    "claim": (Reason.INCOMPLETE, "claim refused the batch"),
    "validate": (Reason.CONTRACT, "validate refused the data"),
    "deploy": (Reason.PRODUCTION_MOVED, "deploy did not move production"),
}
"""What the verdict's exit code means where the verdict itself was lost, by template."""
AGAINST = (Outcome.REJECTED, Outcome.REFUSED)
DECIDED_FAILURES = (Reason.PRODUCTION_MOVED, Reason.CLAIM_LOST, Reason.DOCUMENT)
MESSAGE_LENGTH = 2000
GO_ESCAPE = r"\\\\|\\x([0-9a-f]{2})|\\U(00(?:0[0-9a-f]|10)[0-9a-f]{4})"
"""What Go's `strconv.Quote`, which Argo quotes `workflow.failures` with, writes and JSON does not know: `\\x7f`."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A node that Failed or ended in Error, as `workflow.failures` has it; times are RFC 3339."""

    name: str
    template: str
    message: str
    pod: str
    finished_at: str

    @property
    def exit_code(self) -> int | None:
        found = re.search(r"exit code (\d{1,3})\b", self.message)
        return int(found.group(1)) if found else None

    @property
    def attempt_of(self) -> str | None:
        """Return the name of the Retry node that this is an attempt of: `train(0)` is one of `train`."""
        found = re.fullmatch(r"(.+)\(\d+\)", self.name, re.DOTALL)
        return found.group(1) if found else None


@dataclass(frozen=True, slots=True)
class Said:
    """A verdict and who left it: the step, and the index of the file where there is one process a file."""

    step: str
    index: str
    verdict: Conclusion

    def by(self, node: Failure) -> bool:
        return self.step == node.template and (not self.index or f"index:{self.index}" in node.name)


def conclude(status: str, failures: str, outputs: str) -> Conclusion:
    """Return what the run came to.

    `status` is `workflow.status`; `failures` is `workflow.failures`, a JSON list encoded as a JSON string, "null" when
    empty; `outputs` is the JSON map of the Workflow's output parameters, or absent. Text that cannot be read counts as
    absent: this never raises, for a run must come to something.
    """
    found = _verdicts(read_outputs(outputs))
    failed = read_failures(failures)
    result = _decided(status, found) or _broken(status, found, failed)
    return Conclusion(result.reason, result.message[:MESSAGE_LENGTH], result.evidence)


def read_outputs(text: str) -> dict[str, str]:
    """Return the Workflow's output parameters by name; empty if the text holds none."""
    value = decoded(text)
    if not isinstance(value, dict):
        return {}
    return {name: item if isinstance(item, str) else json.dumps(item) for name, item in value.items()}


def read_failures(text: str) -> list[Failure]:
    """Return the failed nodes in the order in which they ended, the run's own frame and exit handler left out."""
    value = decoded(text)
    nodes = [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
    found = [_failed(node) for node in nodes]
    return sorted((one for one in found if one.template not in FRAMES), key=lambda one: (one.finished_at, one.name))


def _failed(node: Mapping[str, Any]) -> Failure:
    def text(name: str) -> str:
        return str(node.get(name) or "")

    return Failure(text("displayName"), text("templateName"), text("message"), text("podName"), text("finishedAt"))


def decoded(text: str) -> Any:
    """Decode JSON that may have been quoted a second time; None for what is none."""
    value: Any = text
    for _ in range(2):
        if isinstance(value, str):
            try:
                value = json.loads(re.sub(GO_ESCAPE, _as_json, value), strict=False)
            except (ValueError, RecursionError):
                return None
    return value


def _as_json(escape: re.Match[str]) -> str:
    """Turn an escape that only Go knows into JSON's; an escaped backslash, matched too, stays what it is."""
    digits = escape.group(1) or escape.group(2)
    return json.dumps(chr(int(digits, 16)))[1:-1] if digits else escape.group()


def _verdicts(outputs: Mapping[str, str]) -> list[Said]:
    """Return the verdicts by name, so that the files of a batch come in their order."""
    found = []
    for name in sorted(outputs):
        matched = re.fullmatch(r"([a-z]+)-verdict(?:-(\d+))?", name)
        if matched and outputs[name].strip():
            try:
                found.append(Said(matched.group(1), matched.group(2) or "", conclusion(outputs[name])))
            except (ValueError, RecursionError):
                continue
    return found


def _decided(status: str, found: list[Said]) -> Conclusion | None:
    for said in found:
        if said.step == "deploy" and said.verdict.reason is Reason.PROMOTED:
            return said.verdict
    if status == "Succeeded":
        return next((said.verdict for said in found if said.verdict.outcome is Outcome.SKIPPED), None)
    against = [said.verdict for said in found if said.verdict.outcome in AGAINST]
    if against:
        return _counted(against)
    return next((said.verdict for said in found if said.verdict.reason in DECIDED_FAILURES), None)


def _counted(verdicts: list[Conclusion]) -> Conclusion:
    """Return the first one; when several files were refused, it says how many more."""
    first, more = verdicts[0], len(verdicts) - 1
    if not more:
        return first
    counted = f"{first.message} (and {more} more file{'s' if more > 1 else ''})"
    return Conclusion(first.reason, counted, {**first.evidence, "more": more})


def _broken(status: str, found: list[Said], failed: list[Failure]) -> Conclusion:
    stopped = next((one for one in failed if any(text in one.message for text in STOP_TEXTS)), None)
    if stopped is not None:
        return Conclusion(Reason.STOPPED, f"the run was stopped in {stopped.name}", _evidence(stopped, None))
    if not failed:
        return _unexplained(status, found)
    culprit = _culprit(failed)
    last = _last_attempt(culprit, failed)
    code = last.exit_code if last.exit_code is not None else culprit.exit_code
    evidence = _evidence(last, code)
    if code == EXIT_VERDICT and culprit.template in STEP_REFUSALS:
        reason, text = STEP_REFUSALS[culprit.template]
        return Conclusion(
            reason, f"{text} (exit code {EXIT_VERDICT}), but what it said was lost; see its log", evidence
        )
    return _failure(culprit, last, found, evidence)


def _unexplained(status: str, found: list[Said]) -> Conclusion:
    """Conclude without any failed node: from the words of a step that broke, if the Workflow did not succeed."""
    broken = [said for said in found if said.verdict.outcome is Outcome.FAILED]
    if status != "Succeeded" and broken:
        last = broken[-1]
        return Conclusion(last.verdict.reason, f"{last.step} failed: {last.verdict.message}", last.verdict.evidence)
    return Conclusion(Reason.UNKNOWN, f"the Workflow ended {status!r} and no step said why", {"status": status})


def _culprit(failed: list[Failure]) -> Failure:
    """Return the node that failed for good first; an attempt whose Retry node is not failed was made up for later."""
    final = [one for one in failed if one.attempt_of is None]
    return next((one for one in final if one.message), (final or failed)[0])


def _last_attempt(culprit: Failure, failed: Iterable[Failure]) -> Failure:
    """Return the last attempt of a Retry node, which knows more than "No more retries left"; else the node itself."""
    attempts = [one for one in failed if one.attempt_of == culprit.name]
    return max(attempts, key=lambda one: int(one.name[len(culprit.name) + 1 : -1]), default=culprit)


def _failure(culprit: Failure, last: Failure, found: list[Said], evidence: dict[str, Any]) -> Conclusion:
    texts = f"{culprit.message}\n{last.message}"
    if last.message == NEVER_STARTED:
        text = WAITED_FOR.get(last.template, f"no node took the pod of {culprit.name} within its timeout")
        return Conclusion(Reason.UNSCHEDULABLE, text, evidence)
    if any(text in texts.lower() for text in DEADLINE_TEXTS):
        return Conclusion(Reason.DEADLINE, f"{culprit.name} exceeded its deadline: {last.message}", evidence)
    if "OOMKilled" in texts or evidence["exit_code"] == KILLED:
        how = "killed, out of memory" if "OOMKilled" in texts else "killed, most likely out of memory"
        return Conclusion(Reason.OUT_OF_MEMORY, f"{culprit.name} was {how}: {last.message}", evidence)
    said = [one.verdict for one in found if one.by(culprit) and one.verdict.outcome is Outcome.FAILED]
    if said:
        text = f"{culprit.name} failed: {said[0].message}"
        return Conclusion(said[0].reason, text, {**evidence, **said[0].evidence})
    return Conclusion(Reason.CRASHED, f"{culprit.name} failed: {last.message or 'no message'}", evidence)


def _evidence(node: Failure, code: int | None) -> dict[str, Any]:
    return {"step": node.template, "node": node.name, "pod": node.pod, "exit_code": code, "node_message": node.message}
