"""What a run can come to: five outcomes, a closed list of reasons, and a sentence for each.

Steps raise a `Verdict` to end a run; `record`, `notify` and `retrain why` speak from the same table, so they agree.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

EXIT_VERDICT = 42
"""The exit code of a step that has decided; `retryStrategy.expression` never retries it."""


class Outcome(StrEnum):
    PROMOTED = "promoted"
    SKIPPED = "skipped"
    REJECTED = "rejected"
    REFUSED = "refused"
    FAILED = "failed"


class Reason(StrEnum):
    """Why an outcome is what it is; the values stand in records and Workflow outputs and never change."""

    PROMOTED = "promoted"
    DUPLICATE = "duplicate"
    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"
    FROZEN = "frozen"
    GATE = "gate"
    KEY = "key"
    MARKER = "marker"
    INCOMPLETE = "incomplete"
    CONTRACT = "contract"
    DOCUMENT = "document"
    CRASHED = "crashed"
    OUT_OF_MEMORY = "out-of-memory"
    DEADLINE = "deadline"
    UNSCHEDULABLE = "unschedulable"
    STOPPED = "stopped"
    PRODUCTION_MOVED = "production-moved"
    CLAIM_LOST = "claim-lost"
    STORE = "store"
    UNKNOWN = "unknown"


OUTCOME_OF: Mapping[Reason, Outcome] = {
    Reason.PROMOTED: Outcome.PROMOTED,
    Reason.DUPLICATE: Outcome.SKIPPED,
    Reason.UNCHANGED: Outcome.SKIPPED,
    Reason.SUPERSEDED: Outcome.SKIPPED,
    Reason.FROZEN: Outcome.SKIPPED,
    Reason.GATE: Outcome.REJECTED,
    Reason.KEY: Outcome.REFUSED,
    Reason.MARKER: Outcome.REFUSED,
    Reason.INCOMPLETE: Outcome.REFUSED,
    Reason.CONTRACT: Outcome.REFUSED,
    Reason.DOCUMENT: Outcome.FAILED,
    Reason.CRASHED: Outcome.FAILED,
    Reason.OUT_OF_MEMORY: Outcome.FAILED,
    Reason.DEADLINE: Outcome.FAILED,
    Reason.UNSCHEDULABLE: Outcome.FAILED,
    Reason.STOPPED: Outcome.FAILED,
    Reason.PRODUCTION_MOVED: Outcome.FAILED,
    Reason.CLAIM_LOST: Outcome.FAILED,
    Reason.STORE: Outcome.FAILED,
    Reason.UNKNOWN: Outcome.FAILED,
}

SENTENCES: Mapping[Reason, str] = {
    Reason.PROMOTED: "the model passed every gate and is in production",
    Reason.DUPLICATE: "another run already has this data",
    Reason.UNCHANGED: "this data was already trained on",
    Reason.SUPERSEDED: "production already has a model of newer data",
    Reason.FROZEN: "promotion is frozen",
    Reason.GATE: "the model failed a gate; production is untouched",
    Reason.KEY: "the marker's key is not acceptable",
    Reason.MARKER: "the marker cannot be read as one",
    Reason.INCOMPLETE: "the batch is not what its marker says",
    Reason.CONTRACT: "the data breaks the contract",
    Reason.DOCUMENT: "the pipeline document asks for what cannot be done",
    Reason.CRASHED: "a step crashed",
    Reason.OUT_OF_MEMORY: "a step ran out of memory",
    Reason.DEADLINE: "a step or the run exceeded its deadline",
    Reason.UNSCHEDULABLE: "no node took a step's pod in time",
    Reason.STOPPED: "the run was stopped",
    Reason.PRODUCTION_MOVED: "production moved while this run was deciding",
    Reason.CLAIM_LOST: "another run took this batch over",
    Reason.STORE: "the object store could not be used",
    Reason.UNKNOWN: "the run ended without saying why",
}

GIVEN_BACK = frozenset({Reason.INCOMPLETE, Reason.FROZEN})
"""Ends by which a run gives its claim back: anybody may take it."""
OPEN = GIVEN_BACK | {
    Reason.DUPLICATE,
    Reason.CRASHED,
    Reason.OUT_OF_MEMORY,
    Reason.DEADLINE,
    Reason.UNSCHEDULABLE,
    Reason.PRODUCTION_MOVED,
    Reason.CLAIM_LOST,
    Reason.STORE,
    Reason.UNKNOWN,
}
"""Ends that leave the batch open, for reconcile may have to act. Any other is final: the marker gets its receipt."""


def headline(outcome: str, reason: str) -> str:
    """Return outcome and reason, as in `rejected (gate)`; one word where they are one."""
    return outcome if outcome == reason else f"{outcome} ({reason})"


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a step or a run came to; `evidence` is JSON-able and holds no secret."""

    reason: Reason
    message: str
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def outcome(self) -> Outcome:
        return OUTCOME_OF[self.reason]

    def to_json(self) -> str:
        return json.dumps(
            {"outcome": self.outcome, "reason": self.reason, "message": self.message, "evidence": dict(self.evidence)},
            sort_keys=True,
        )


def conclusion(text: str) -> Conclusion:
    """Read back what `Conclusion.to_json` wrote; raises `ValueError` for anything else."""
    try:
        value = json.loads(text)
        reason, message, evidence = Reason(value["reason"]), value["message"], value["evidence"]
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a verdict: {text[:80]!r}") from error
    if not isinstance(message, str) or not isinstance(evidence, dict):
        raise ValueError(f"not a verdict: {text[:80]!r}")
    return Conclusion(reason, message, evidence)


class Verdict(Exception):  # noqa: N818 - a decision, not an error
    """Raised by a step that has decided against going on: exit code 42, no retry, the conclusion on record."""

    def __init__(self, reason: Reason, message: str, **evidence: Any) -> None:
        super().__init__(message)
        self.conclusion = Conclusion(reason, message, evidence)


class StoreError(Exception):
    """The object store could not be used: what was asked of it, what it answered, what to look at.

    It is no `Verdict`: another attempt may find the store well, so the step ends with exit code 1 and reason `store`.
    """
