"""Who asked for a run, and what set it off, by what its Workflow shows. `account` puts it on record.

A run may be created by anything that may create Workflows. What its creator says of itself stands first; else Argo's
own labels tell: its server's name the person it authenticated, its cron controller's the CronWorkflow.
Source: server/workflow/workflow_server.go and workflow/creator/creator.go (creator), workflow/common/convert.go (cron).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

CREATORS = tuple(f"workflows.argoproj.io/creator{part}" for part in ("-email", "-preferred-username", ""))
"""The most telling first: an identity provider's bare subject may be a number."""
CRON = "workflows.argoproj.io/cron-workflow"
MANUAL, SCHEDULE, REPLAY = "manual", "schedule", "replay"
"""Triggers: a person or a program of one's own, a CronWorkflow of one's own, and a batch that somebody ran again."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a replay was asked for with: by whom and why; `allow_older` lets it win over newer data in production.

    The claim that is granted to it holds this, so that whoever starts the run starts the one that was asked for.
    """

    by: str
    reason: str
    allow_older: bool = False

    @property
    def parameters(self) -> Mapping[str, str]:
        """Return it as the Workflow's parameters say it."""
        older = "true" if self.allow_older else "false"
        return {"trigger": REPLAY, "requested-by": self.by, "why": self.reason, "allow-older": older}


@dataclass(frozen=True, slots=True)
class Requester:
    """`trigger`: event, reconcile, replay, manual or schedule. `by` is "" where nobody is known."""

    trigger: str
    by: str


def requester(trigger: str, given: str, labels: Mapping[str, str]) -> Requester:
    """Return who asked: `trigger` and `given` are the run's parameters, `labels` the Workflow's."""
    cron = labels.get(CRON, "")
    kind = SCHEDULE if cron and trigger in ("", MANUAL) else trigger
    creator = next((labels[name] for name in CREATORS if labels.get(name)), "")
    return Requester(kind, given or creator or (f"CronWorkflow {cron}" if cron else ""))
