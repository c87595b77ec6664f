"""Runs in memory: Workflows by name, whose phases a test sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from steps.registry.runs import Look, RunsError

CREATED = datetime(2026, 2, 23, 5, 0, tzinfo=UTC)


@dataclass
class MemoryRuns:
    """`Runs` in memory; `started` are the names that were created by `start`, `broken` makes every request fail."""

    looks: dict[str, Look] = field(default_factory=dict)
    pipelines: dict[str, str] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)
    broken: str = ""
    clock: Callable[[], datetime] = lambda: CREATED

    def look(self, name: str) -> Look | None:
        self._works()
        return self.looks.get(name)

    def all(self, pipeline: str) -> list[Look]:
        self._works()
        return [look for name, look in sorted(self.looks.items()) if self.pipelines[name] == pipeline]

    def start(self, pipeline: str, name: str, parameters: Mapping[str, str]) -> bool:
        self._works()
        if name in self.looks:
            return False
        self.put(name, pipeline=pipeline, parameters=dict(parameters))
        self.started.append(name)
        return True

    def put(self, name: str, *, pipeline: str = "loans", **changes: Any) -> Look:
        """Put a Workflow, or change some fields of one that is there; its uid is `uid-<name>` unless one is given.

        `status` follows `phase` unless it is given.
        """
        known = self.looks.get(name) or Look(name, f"uid-{name}", created=self.clock())
        if "phase" in changes:
            changes.setdefault("status", changes["phase"])
        self.looks[name] = replace(known, **changes)
        self.pipelines[name] = pipeline
        return self.looks[name]

    def remove(self, name: str) -> None:
        del self.looks[name], self.pipelines[name]

    def _works(self) -> None:
        if self.broken:
            raise RunsError(self.broken)
