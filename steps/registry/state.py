"""What a day, a batch or a run can be in that is no outcome: a closed list, and a sentence for each.

Beside `steps.verdict`, whose reasons are how things ended; `MEANINGS` holds both, so that `why`, the page and Slack
have one word and one sentence for whatever there is to explain.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from steps.verdict import SENTENCES, Reason


class State(StrEnum):
    """Why there is no outcome (yet), or what came after it; the values stand in pages and in `--json`, for good."""

    NOT_LANDED = "not-landed"
    NOT_EXPECTED = "not-expected"
    NOT_DUE = "not-due-yet"
    BEFORE_INSTALLATION = "before-installation"
    INCOMPLETE_YET = "incomplete-yet"
    NOT_STARTED = "not-started"
    RUNNING = "running"
    WAITING = "waiting"
    PENDING = "pending"
    UNRECORDED = "unrecorded"
    ROLLED_BACK = "rolled-back"
    UNREADABLE = "unreadable"


Code = Reason | State
"""The closed list of what an explanation can be about; no value stands in both."""

STATES: Mapping[State, str] = {
    State.NOT_LANDED: "no ready marker of the expected batch is there",
    State.NOT_EXPECTED: "no model is due on that day",
    State.NOT_DUE: "the model of that day is not due yet",
    State.BEFORE_INSTALLATION: "the day is before the pipeline's data.since, and such batches are left alone",
    State.INCOMPLETE_YET: "the batch has landed, but is not yet what its marker says",
    State.NOT_STARTED: "the batch has landed, and its run has not started: its event is on its way, or lost",
    State.RUNNING: "the run goes on",
    State.WAITING: "the run waits for another run of the pipeline to end",
    State.PENDING: "a pod of the run waits for a place on the cluster",
    State.UNRECORDED: "the run has ended, but how is not on record yet",
    State.ROLLED_BACK: "production was put back to an earlier version",
    State.UNREADABLE: "what would tell could not be read",
}

MEANINGS: Mapping[Code, str] = dict([*SENTENCES.items(), *STATES.items()])


def code(text: object) -> Code:
    """Return the reason or the state that a text names, `Reason.UNKNOWN` for any other text."""
    return next((known for known in MEANINGS if known.value == text), Reason.UNKNOWN)
