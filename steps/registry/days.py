"""The index of the ledger's records by the day of their data: empty objects, written before the record they name.

The ledger writes it with every record that has an `as_of` and looks there first. An entry may lead nowhere, when its
writer died or another was faster, so what is found is read and compared; none is ever missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from steps.registry.objects import Store

TOP = 9_999_999_999
"""Record n stands at the key of this number minus n, in ten digits: the newest first."""


def prefix(pipeline: str, day: str) -> str:
    return f"registry/{pipeline}/days/{day}/"


def descending(n: int) -> str:
    """Return the part of a key that stands for record n."""
    return f"{TOP - n:010}"


def number(key: str) -> int:
    """Return which record a key of the ledger or of the index may name, 0 if none; whoever asks compares the key."""
    name = key.rpartition("/")[2].removesuffix(".json")
    return TOP - int(name) if len(name) == 10 and name.isdecimal() else 0


def day(value: Any) -> str:
    """Return the value if it is a day as it stands in keys, else an empty text: such a record is in no index."""
    try:
        return value if isinstance(value, str) and date.fromisoformat(value).isoformat() == value else ""
    except ValueError:
        return ""


def note(store: Store, pipeline: str, day: str, n: int) -> None:
    """Note that record n, which is about to be written, is about data of this day."""
    store.put(f"{prefix(pipeline, day)}{descending(n)}", b"")


def noted(store: Store, pipeline: str, day: str) -> Iterator[int]:
    """Yield the numbers noted for a day, newest first."""
    below = prefix(pipeline, day)
    for listed in store.keys(below):
        n = number(listed.key)
        if n > 0 and listed.key == f"{below}{descending(n)}":
            yield n
