"""Text from outside made fit for a terminal, a page and a line: markers, data and messages are hostile.

Pure; used on every line of an explanation, last of all, so that no path to the screen goes around it.
"""

from __future__ import annotations

import re


def plain(text: str, length: int) -> str:
    """Return the text on one line, of at most `length` characters, what cannot be printed as its escape.

    Control characters could move a terminal's cursor or colour it, and Unicode's direction marks reorder what is read.
    """
    flat = re.sub(r"\s+", " ", text[: 8 * length]).strip()
    safe = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in flat)
    return safe if len(safe) <= length else f"{safe[: length - 1]}…"
