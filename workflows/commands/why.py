"""`retrain why`: one sentence about a pipeline and a day, then the evidence, from the bucket and the Workflows."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import typer

from steps.registry.explanation import Explanation
from steps.registry.runs import Runs, RunsError
from steps.registry.situation import situation
from steps.registry.state import MEANINGS, State
from workflows.commands.store import bucket_of
from workflows.commands.whereabouts import Unknown, Whereabouts, runs_at
from workflows.config import find
from workflows.errors import RetrainError


def run(pipeline: str, day: str, pipelines: Path, place: Whereabouts, *, as_json: bool) -> int:
    """Print the explanation of a day, or of the newest there is; exit code 1 if nothing of it can be known."""
    document, about = find(pipeline, pipelines), _day(day)
    runs = _runs(place)
    with bucket_of(document, quick=True) as store:
        found = situation(store, document, runs, about, datetime.now(UTC))
    typer.echo(_json(found) if as_json else _text(found))
    return 1 if found.code is State.UNREADABLE else 0


def _runs(place: Whereabouts) -> Runs:
    """Return the Workflows; a context that a person named has to be one, a pod without a token is told as unread."""
    try:
        return runs_at(place)
    except RunsError as error:
        if place.context:
            raise RetrainError(str(error)) from None
        return Unknown(str(error))


def _text(found: Explanation) -> str:
    return "\n".join([found.sentence, *(f"  {line}" for line in found.evidence)])


def _json(found: Explanation) -> str:
    value = {
        "sentence": found.sentence,
        "code": str(found.code),
        "meaning": MEANINGS[found.code],
        "outcome": found.outcome or None,
        "evidence": list(found.evidence),
        "unread": list(found.unread),
    }
    return json.dumps(value, indent=2, ensure_ascii=False)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise RetrainError(f"--date is {text!r}", hint="a day as YYYY-MM-DD, such as 2026-02-23") from None
