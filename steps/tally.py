"""What only a whole file shows: how many rows and gaps it has, and which values stand in it twice. For `validate`.

It is fed chunk by chunk and keeps numbers only, so a file may be larger than the memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from steps.contract import Contract
from steps.schema import NULLS, plain
from steps.table import Chunk
from steps.unique import Seen
from steps.violation import EXAMPLES, Violation, shown

UNIQUE, NULL_FRACTION, EMPTY = "field_uniqueness", "max_null_fraction", "empty"
Rows = Mapping[str, NDArray[np.int64]]
"""Rows, counted from 0, by column."""


class Tally:
    """The chunks of a file so far."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._missing: dict[str, int] = {}
        self._refused: dict[str, int] = {}
        self._seen = {name: Seen(column.dtype) for name, column in contract.columns.items() if column.unique}
        self.rows = 0

    def add(self, chunk: Chunk) -> None:
        """Count the next rows."""
        self.rows += len(chunk.frame)
        for name in chunk.frame.columns:
            values, refused = chunk.frame[name], int(chunk.refused[name].sum())
            self._refused[name] = self._refused.get(name, 0) + refused
            self._missing[name] = self._missing.get(name, 0) + int(values.isna().sum()) - refused
            if name in self._seen:
                self._seen[name].add(values)

    def repeated(self) -> Rows:
        """Return by unique column the rows whose value stands in an earlier row, where there are any."""
        found = {name: seen.repeated() for name, seen in self._seen.items()}
        return {name: rows for name, rows in found.items() if len(rows)}

    def judge(self, violations: Sequence[Violation]) -> list[Violation]:
        """Return the violations of the chunks with those of the whole; a column of gaps alone is one, not one a row."""
        empty = {
            name
            for name, missing in self._missing.items()
            if self.rows and missing == self.rows and not self._contract.columns[name].nullable
        }
        return [
            *(one for one in violations if not (one.column in empty and one.rule == NULLS)),
            *(Violation(name, EMPTY, "has no value in any row", self.rows) for name in self._missing if name in empty),
            *(found for name, missing in self._missing.items() if (found := self._gaps(name, missing))),
        ]

    def _gaps(self, name: str, missing: int) -> Violation | None:
        most = self._contract.columns[name].max_null_fraction
        if missing <= most * self.rows or not self._contract.columns[name].nullable:
            return None
        says = f"is missing in more than {most} of the rows: {missing / self.rows:.3g} of the rows"
        return Violation(name, NULL_FRACTION, says, missing)


def repeats(repeated: Rows, chunks: Iterable[Chunk], contract: Contract) -> list[Violation]:
    """Return the violations of uniqueness; the `chunks` are read once more for the values that are shown."""
    examples: dict[str, list[tuple[int, str]]] = {name: [] for name in repeated}
    last = max((int(rows[:EXAMPLES][-1]) for rows in repeated.values()), default=-1)
    for chunk in chunks:
        if chunk.first > last:
            break
        for name, rows in repeated.items():
            inside = rows[:EXAMPLES] - chunk.first
            for row in inside[(inside >= 0) & (inside < len(chunk.frame))]:
                value = shown(plain(chunk.frame[name].iloc[row]), contract.columns[name])
                examples[name].append((chunk.first + int(row) + 1, value))
    return [
        Violation(name, UNIQUE, "stands there more than once", len(rows), tuple(examples[name]))
        for name, rows in repeated.items()
    ]
