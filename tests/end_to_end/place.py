"""Where the cases play: what a cluster and this machine have in common, as `play.py` uses it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest
import yaml

from steps.document import Document
from steps.registry.objects import Store
from workflows.config import SHIPPED

PIPELINE = "loans"
SLACK, PAGE = "retrain-slack", "retrain-page"
"""The Secrets, key `url`, that say where people are told."""
FIRST = datetime.now(UTC).date() - timedelta(days=13)

Workflow = dict[str, Any]
T = TypeVar("T")


class Place(Protocol):
    """A place that runs the pipeline. `events` says whether a marker's event comes there at all; `patience` is how
    many seconds a run may take there, `pause` how many are between looks at it."""

    store: Store
    document: Document
    events: bool
    patience: float
    pause: float

    def workflows(self) -> list[Workflow]:
        """Return the pipeline's Workflows as Argo's JSON has them; the CronWorkflows' are none of them."""

    def kill(self, workflow: str, step: str) -> bool:
        """Kill the step's pod as soon as it runs, and wait for another in its place; False if it ended before that."""

    def restart(self) -> None:
        """End the controller without a word and start it again."""

    def away(self, part: str) -> AbstractContextManager[None]:
        """Take a part of the event path away until the block ends; it has lost what it held in memory."""

    def reconcile(self) -> None:
        """Reconcile once, without patience for events, and wait for it."""

    def watch(self, at: datetime) -> None:
        """Watch once as if it were `at`, and wait for it."""

    def told(self) -> Mapping[str, list[str]]:
        """Return what people were told so far, by `slack` and `page`."""


def pipelines_in(folder: Path) -> Path:
    """Write the shipped pipeline with people to tell into a new folder below, and return that."""
    place = folder / "pipelines"
    place.mkdir()
    text = (SHIPPED / f"{PIPELINE}.yaml").read_text(encoding="utf-8")
    notify = {"notify": {"slack": {"secret": SLACK}, "page": {"secret": PAGE}}}
    (place / f"{PIPELINE}.yaml").write_text(f"{text}\n{yaml.safe_dump(notify)}", encoding="utf-8")
    return place


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for the time of a block."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        yield


def day(number: int) -> date:
    """Return the day that cases count as `number`."""
    return FIRST + timedelta(days=number)


def nodes(workflow: Workflow) -> Iterator[Mapping[str, Any]]:
    yield from ((workflow.get("status") or {}).get("nodes") or {}).values()


def over(workflow: Workflow, step: str) -> bool:
    """Whether the step has succeeded, by whatever attempt."""
    found = [node for node in nodes(workflow) if node["type"] == "Retry" and node.get("templateName") == step]
    return bool(found) and all(node.get("phase") == "Succeeded" for node in found)


def phase(workflow: Workflow) -> str:
    return str((workflow.get("status") or {}).get("phase") or "")


def ended(workflow: Workflow) -> bool:
    return phase(workflow) in ("Succeeded", "Failed", "Error")


def until(found: Callable[[], T], what: str, seconds: float, pause: float = 0.1) -> T:
    """Return what is found once it is not empty, looking again and again; fail with `what` after that many seconds."""
    end = time.monotonic() + seconds
    while not (it := found()):
        if time.monotonic() > end:
            raise AssertionError(f"never happened within {seconds:.0f} s: {what}")
        time.sleep(pause)
    return it
