"""What a reconcile says: a line for each thing done, awaited or gone wrong. Its passes yield them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from steps.registry.runs import RunsError
from steps.verdict import StoreError


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was done, is awaited, or went wrong (`trouble`): a verb, a batch or run, and a sentence's part."""

    verb: str
    about: str
    text: str

    @property
    def trouble(self) -> bool:
        return self.verb == "trouble"


@dataclass(frozen=True, slots=True)
class Report:
    """What a reconcile did; `at_rest` when there was nothing to do."""

    lines: tuple[Line, ...]

    @property
    def troubles(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.trouble)

    @property
    def at_rest(self) -> bool:
        return not any(line.verb not in ("wait", "ignore") for line in self.lines)


def guarded(about: str, lines: Callable[[], Iterator[Line]]) -> Iterator[Line]:
    """Yield the lines; what keeps them from going on is one more line, and keeps nothing else from its turn."""
    try:
        yield from lines()
    except (StoreError, RunsError) as error:
        yield Line("trouble", about, str(error))
