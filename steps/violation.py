"""A broken rule of the data contract: column, rule, how often, and examples. Found by `table`, `schema`, `tally` and
`batch`, told by `validate` and `train`.

Violations are values, never exceptions, so that all of them are collected before anything is said.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from steps.contract import Column

EXAMPLES = 10
"""Example rows kept of one violation."""
SHOWN = 40
"""Characters of a value that are shown."""
MASK = "(masked)"
LIMIT = 6000
"""Bytes of all violations as JSON; a verdict with message and frame then stays below 8 kB."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule broken in one column: `count` times, `examples` of (1-based data row, value as text), by row.

    `says` completes a sentence that starts with the value, or with the column where no row is named.
    """

    column: str
    rule: str
    says: str
    count: int = 1
    examples: tuple[tuple[int, str], ...] = ()

    @property
    def place(self) -> int:
        """Return the first row, 0 if the whole column or file is meant."""
        return self.examples[0][0] if self.examples else 0

    @property
    def sentence(self) -> str:
        if not self.examples:
            return f"column {self.column!r} {self.says}" if self.column else self.says
        row, value = self.examples[0]
        return f"row {row}, column {self.column!r}: {f'{value} {self.says}'.strip()}"

    def moved(self, rows: int) -> Violation:
        """Return the violation of a part of a file that begins after so many rows."""
        return replace(self, examples=tuple((row + rows, value) for row, value in self.examples))


def merged(violations: Iterable[Violation]) -> list[Violation]:
    """Return one violation for each column and rule: counts add up, the first examples stay."""
    found: dict[tuple[str, str], Violation] = {}
    for violation in violations:
        key = (violation.column, violation.rule)
        before = found.get(key)
        if before is None:
            found[key] = violation
        else:
            examples = (*before.examples, *violation.examples)[:EXAMPLES]
            found[key] = replace(before, count=before.count + violation.count, examples=examples)
    return list(found.values())


def shown(value: object, column: Column | None) -> str:
    """Return a value as text that is fit for a record: masked if the column is personal, cut if it is long."""
    if column is not None and column.personal:
        return MASK
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def summary(file: str, violations: Sequence[Violation]) -> str:
    """Return one sentence that names file, row and column of the first violation and how many more there are."""
    first = min(violations, key=lambda violation: violation.place)
    more = sum(violation.count for violation in violations) - (1 if first.examples else first.count)
    rest = f" (and {more} more violation{'s' if more > 1 else ''})" if more else ""
    return f"{file}: {first.sentence}{rest}"


def evidence(violations: Sequence[Violation], limit: int = LIMIT) -> dict[str, Any]:
    """Return the violations JSON-able, `limit` bytes at most: first examples go, then the last violations."""
    for examples in (EXAMPLES, 5, 2, 1):
        listed = [_listed(violation, examples) for violation in violations]
        if _size(listed) <= limit:
            break
    while _size(listed) > limit:
        listed.pop()
    left = len(violations) - len(listed)
    return {"violations": listed, **({"left_out": left} if left else {})}


def _listed(violation: Violation, examples: int) -> dict[str, Any]:
    rows = [{"row": row, "value": value} for row, value in violation.examples[:examples]]
    return {"column": violation.column, "rule": violation.rule, "count": violation.count, "examples": rows}


def _size(value: object) -> int:
    return len(json.dumps(value).encode())
