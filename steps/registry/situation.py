"""The situation of a pipeline on a day: one sentence, then the evidence. `why`, the page and Slack all ask here.

Reads what a bounded number of requests can tell (the ledger's index, the marker, its claim, production, the Workflows)
and leaves the explaining to `steps.registry.explanation`, which is pure. What cannot be read is named in `unread`.
"""

from __future__ import annotations

from datetime import date, datetime

from steps.document import Document
from steps.registry import ledger
from steps.registry.explanation import Explanation, explain, moment_after
from steps.registry.objects import Store
from steps.registry.runs import Runs


def situation(store: Store, document: Document, runs: Runs | None, day: date | None, now: datetime) -> Explanation:
    """Explain the day (the data's, or the one a model was due on), or with None the newest there is to explain.

    `runs` are the pipeline's Workflows, None where they cannot be asked for. Never raises for what cannot be read.
    """
    name = document.name
    known = ledger.near(store, name, moment_after(day, document)) if day else ledger.records(store, name)
    return explain(known, document, day)
