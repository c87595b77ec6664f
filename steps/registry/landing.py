"""The ready markers near a day, found in a bounded number of requests. `situation` looks here for what has landed.

A list of S3 goes by key only. Batches that are named by their day are found by their name; of others, those that the
first page of the prefix or of the last weeks holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import islice

from steps.document import Data
from steps.registry.objects import PAGE, Listed, Store

WINDOW = timedelta(days=14)


def landed(store: Store, data: Data, days: Iterable[date], now: datetime) -> tuple[Listed, ...]:
    """Return the markers of the days' batches and the newest ones that a few pages show, by key.

    One request where a page holds all; else one a day and two more. Raises `StoreError`.
    """
    first = list(islice(store.keys(f"{data.prefix}/"), PAGE))
    found = list(first)
    if len(first) == PAGE:
        for day in days:
            found += _named(store, data, day)
        found += islice(store.keys(f"{data.prefix}/", f"{data.prefix}/{now.date() - WINDOW}"), PAGE)
    markers = {one.key: one for one in found if re.fullmatch(data.marker_pattern, one.key)}
    return tuple(markers[key] for key in sorted(markers))


def _named(store: Store, data: Data, day: date) -> Iterator[Listed]:
    """Yield the marker of the batch that is named by the day, and what else a page shows of batches so named."""
    exact = store.head(f"{data.prefix}/{day}/{data.marker}")
    yield from [exact] if exact else []
    yield from islice(store.keys(f"{data.prefix}/{day}"), PAGE)
