"""The Workflows of a pipeline, wherever they run: a cluster, this machine's journal, a test's memory.

Reconcile, watch and `why` look at runs through this and start them by it; the registry never asks Kubernetes itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from steps.registry.marker import compact
from steps.registry.outcome import STOP_TEXTS, conclude, decoded
from steps.verdict import Conclusion, Reason

ENDED = ("Succeeded", "Failed", "Error")
"""The phases after which a Workflow does nothing more; its exit handler has run by then."""

ETAG_LENGTH = 12
"""Characters of a marker's ETag in the name of its run."""


class RunsError(Exception):
    """The Workflows could not be asked or told: what was asked, what was answered, what to look at."""


@dataclass(frozen=True, slots=True)
class Look:
    """One Workflow as it was seen; times are aware, in UTC.

    `phase` is the Workflow's, "" before a controller has seen it. `status`, `failures` and `outputs` are what its exit
    handler is given, so `outcome.conclude` says the same of both. `parameters` are its arguments, `labels` its own and
    those that Argo put on it. `at` are the steps that go on, with their nodes' messages, for a person. `recorded` says
    that its `record` step ended well: a hint, for the ledger alone knows.
    """

    name: str
    uid: str
    phase: str = ""
    message: str = ""
    created: datetime | None = None
    finished: datetime | None = None
    status: str = ""
    failures: str = "null"
    outputs: str = "{}"
    parameters: Mapping[str, str] = field(default_factory=dict)
    at: tuple[str, ...] = ()
    recorded: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        return self.phase in ENDED

    @property
    def conclusion(self) -> Conclusion:
        """What it came to, once it has ended: as its exit handler would say, or by its message where no step said.

        A person may stop a run between a failure and its retry: then no step says so, and no exit handler runs.
        """
        status = self.status or self.phase
        said = conclude(status, self.failures, self.outputs)
        stopped = any(text in self.message for text in STOP_TEXTS)
        if not self.message or not (stopped or said.reason is Reason.UNKNOWN):
            return said
        whole = {"displayName": self.name, "templateName": "", "message": self.message, "podName": "", "finishedAt": ""}
        failed = decoded(self.failures)
        return conclude(status, json.dumps([*(failed if isinstance(failed, list) else []), whole]), self.outputs)


class Runs(Protocol):
    """The Workflows of one place. Any method raises `RunsError` when it cannot know or do."""

    def look(self, name: str) -> Look | None:
        """Return the Workflow of that name, None if there is none (any more)."""

    def all(self, pipeline: str) -> Iterable[Look]:
        """Return the pipeline's Workflows in any order."""

    def start(self, pipeline: str, name: str, parameters: Mapping[str, str]) -> bool:
        """Create the Workflow; False if the name exists, which is then for the caller to look at."""


def name_of(pipeline: str, batch: str, etag: str, attempt: int = 1) -> str:
    """Return the name of the run of a marker, the one that its event makes, or of a later attempt."""
    return f"{pipeline}-{batch}-{compact(etag)[:ETAG_LENGTH]}" + (f"-{attempt}" if attempt > 1 else "")
