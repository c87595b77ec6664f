"""`retrain watch`: tells people once when a model is late, and once when it came after all; a CronWorkflow runs it.

A pipeline that cannot be looked at hides no other, and Slack is told of it, without a store to remember that.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import typer

from steps import page, slack
from steps.document import Document
from steps.registry import watching
from steps.registry.message import UnsureError
from steps.registry.notice import Notice, Say, Tell
from steps.registry.objects import connect
from steps.registry.runs import Runs, RunsError
from steps.registry.watching import Seen
from steps.verdict import StoreError
from workflows.commands.whereabouts import Whereabouts, runs_at
from workflows.config import carried, find, pipelines_in
from workflows.errors import RetrainError


@dataclass(frozen=True, slots=True)
class Watched:
    """What is watched: the document of a file, else the pipeline of that name, else ("") all of the folder's."""

    pipeline: str
    document: Path | None
    pipelines: Path

    def documents(self) -> tuple[Document, ...]:
        if self.document is not None:
            return (carried(self.document),)
        return (find(self.pipeline, self.pipelines),) if self.pipeline else pipelines_in(self.pipelines)


@dataclass(frozen=True, slots=True)
class Moment:
    """The moment that is looked at, and when it really is: what is written bears the latter."""

    at: datetime
    really: datetime


def run(watched: Watched, place: Whereabouts, at: str, *, as_json: bool) -> int:
    """Print a line or more a pipeline; exit code 0 when it could look and people know, 1 when not.

    `at` is another moment than now to look at, "" for now. That a model is late is no error of the watch.
    """
    now = datetime.now(UTC)
    moment = Moment(_moment(at) if at else now, now)
    runs = _runs(place)
    found = [look(document, runs, moment) for document in watched.documents()]
    if as_json:
        typer.echo(json.dumps([_value(seen) for seen in found], indent=2, ensure_ascii=False))
    else:
        typer.echo("\n".join(line for seen in found for line in _lines(seen)))
    return 1 if any(seen.untold or seen.state == "blind" for seen in found) else 0


def look(document: Document, runs: Runs | None, moment: Moment) -> Seen:
    """Watch one pipeline; if its store cannot be used, tell Slack so, each time, for nothing remembers it."""
    ways = channels(document, os.environ)
    tell = Tell(f"watch-{uuid4().hex[:12]}", ways, moment.really)
    try:
        return watching.watch(connect(document.data.bucket), document, runs, tell, moment.at)
    except StoreError as error:
        sentence = f"whether its model is late cannot be known: {error}"
        notice = Notice("blind", document.name, "cannot be watched (may be repeated)", sentence)
        told = _told(ways["slack"], notice) if "slack" in ways else None
        lines = (f"{document.name}: cannot be watched: {error}",)
        return Seen(document.name, "blind", lines, untold=(f"slack: {told}",) if told else ())


def channels(document: Document, environment: Mapping[str, str]) -> dict[str, Say]:
    """Return the channels that the environment has a URL for; one that only the document asks for always fails."""
    known = (
        ("slack", slack.WEBHOOK, slack.say, document.notify.slack),
        ("page", page.URL, page.say, document.notify.page),
    )
    ways: dict[str, Say] = {}
    for name, variable, say, wanted in known:
        url = environment.get(variable, "").strip()
        if url:
            ways[name] = partial(say, url)
        elif wanted:
            ways[name] = partial(_unset, variable)
    return ways


def _unset(variable: str, _notice: Notice) -> str:
    return f"{variable} is not set"


def _told(say: Say, notice: Notice) -> str | None:
    try:
        return say(notice)
    except UnsureError as error:
        return str(error)


def _runs(place: Whereabouts) -> Runs | None:
    """Return the Workflows to look at; without them a watch still tells what is late, if not all of why."""
    try:
        return runs_at(place)
    except RunsError as error:
        typer.echo(f"retrain: runs cannot be looked at: {error}", err=True)
        return None


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise RetrainError(f"--at is {text!r}", hint="a time with its offset, such as 2026-02-24T07:00+01:00")
    return moment.astimezone(UTC)


def _lines(seen: Seen) -> list[str]:
    return [*seen.lines, *(f"  people were not told: {one}" for one in seen.untold)]


def _value(seen: Seen) -> dict[str, Any]:
    return {
        "pipeline": seen.pipeline,
        "state": seen.state,
        "reason": seen.reason or None,
        "recovered": [day.isoformat() for day in seen.recovered],
        "lines": list(seen.lines),
        "untold": list(seen.untold),
    }
