"""A schedule in words: when, who, asked what, was answered what."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from faults.schedule import Line

DIGEST = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{24,56}\b")


def printed(lines: Sequence[Line]) -> str:
    """Return the lines as text; long hashes are cut to eight digits, and reads of one folder in a row to the first."""
    width = max((len(line.actor) for line in lines), default=0)
    return "\n".join(_line(alike, width) for alike in _grouped(lines))


def _grouped(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Yield lines, those together that are successful reads of one folder by one actor without another in between."""
    for _, group in groupby(enumerate(lines), key=lambda item: _folder(*item)):
        yield [line for _, line in group]


def _folder(number: int, line: Line) -> tuple[str, str, int]:
    read = line.what.startswith("get ") and not line.answer
    return (line.actor, line.what.rpartition("/")[0], -1) if read else ("", "", number)


def _line(alike: list[Line], width: int) -> str:
    line = alike[0]
    seconds = round(line.at)
    clock = f"{seconds // 86400 + 2:02}T{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    answer = f" -> {line.answer}" if line.answer else ""
    more = f" and {len(alike) - 1} more there" if len(alike) > 1 else ""
    return DIGEST.sub(r"\1…", f"{clock}  {line.actor:<{width}}  {line.what}{answer}{more}")
