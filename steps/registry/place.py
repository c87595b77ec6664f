"""One pipeline at one moment, as reconcile looks at it; what `closing`, `acts` and `reconciliation` hand each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from steps.document import Document
from steps.registry.decision import PATIENCE
from steps.registry.ending import Decided
from steps.registry.objects import Store
from steps.registry.runs import Runs

Tell = Callable[[Decided], None]
"""Told of each end of a run that reconcile put on record; must not raise."""


@dataclass(frozen=True, slots=True)
class Place:
    """One pipeline at one moment: its bucket and its Workflows. `dry`: say what would be done, and do nothing.

    `patience` is how long after a marker its event may still come.
    """

    store: Store
    document: Document
    runs: Runs
    now: datetime
    dry: bool = False
    tell: Tell | None = None
    patience: timedelta = PATIENCE

    @property
    def pipeline(self) -> str:
        return self.document.name

    @property
    def at(self) -> str:
        return self.now.isoformat(timespec="seconds")
