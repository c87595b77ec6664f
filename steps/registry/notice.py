"""What `watch` tells people: a model is late, or came after all. Pure; each channel gives it a form of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

TEXT_LENGTH = 600
"""Characters that people are told of one text."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice: `heading` in a few words, `sentence` the reason, `lines` what supports it, all without secrets.

    Texts are as hostile as the data they come from. `repeated` says that people may have been told before.
    """

    kind: Literal["late", "recovered", "blind"]
    pipeline: str
    heading: str
    sentence: str
    lines: tuple[str, ...] = ()
    repeated: bool = False


def one_line(text: str) -> str:
    """Return the text on one short line of printable characters, as every channel begins with it."""
    return re.sub(r"\s+", " ", "".join(char if char.isprintable() else " " for char in text))[:TEXT_LENGTH]


Say = Callable[[Notice], str | None]
"""One channel: it tells people and returns None, or why it certainly did not; raises `message.UnsureError`."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Who tells (a name that no other process has) and the channels there are, of `slack` and `page`.

    `really` is the time to write down, where the moment that is looked at is another; None: that moment.
    """

    by: str
    ways: Mapping[str, Say]
    really: datetime | None = None
