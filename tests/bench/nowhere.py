"""A place without Workflows: what a benchmark gives the registry that asks for those of a pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from steps.registry.runs import Look


@dataclass
class NoRuns:
    """None is there; the names of those that are started are kept."""

    started: list[str] = field(default_factory=list)

    def look(self, name: str) -> Look | None:  # noqa: ARG002 - the Protocol's
        return None

    def all(self, pipeline: str) -> Iterable[Look]:  # noqa: ARG002 - the Protocol's
        return ()

    def start(self, pipeline: str, name: str, parameters: Mapping[str, str]) -> bool:  # noqa: ARG002
        self.started.append(name)
        return True
