"""Whether the ledger is whole: every link held from the newest record to the first. `retrain audit` asks.

The records come in the order of their keys, so memory does not grow with them. The chain alone cannot tell when its
newest records were cut off, or all of it rewritten: an anchor, kept where nobody who can do that writes, can.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from steps.registry import ledger
from steps.registry.ledger import GENESIS, NoRecordError, Record
from steps.registry.objects import Store

Read = tuple[int, Record | NoRecordError]
Reading = Callable[[Callable[[int], Read], Iterable[int]], Iterable[Read]]


@dataclass(frozen=True, slots=True)
class Anchor:
    """A record that was the newest once; 0 and `GENESIS` if there was none."""

    n: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Chain:
    """What was found: how many records hold, counted from the first, and the last of these's sha256.

    `broken` names what is wrong right after it, "" if the whole chain holds.
    """

    records: int
    sha256: str
    broken: str = ""


def verify(store: Store, pipeline: str, anchor: Anchor | None = None, reading: Reading = map) -> Chain:
    """Read every record; of several breaks the first in the chain's order is named. Raises `StoreError`.

    `reading` does what `map` does, as with some reads at once.
    """
    (chain,) = deque(_found(store, pipeline, reading), maxlen=1)
    if chain.broken or anchor is None or anchor.n == 0:
        return chain
    if chain.records < anchor.n:
        cut = f"the ledger ends at record {chain.records}, but record {anchor.n} was there: its end was cut off"
        return replace(chain, broken=cut)
    if ledger.must(store, pipeline, anchor.n).sha256 != anchor.sha256:
        other = f"record {anchor.n} ({ledger.key(pipeline, anchor.n)}) is not the one that was there"
        return replace(chain, broken=f"{other}: the ledger was rewritten, or it is not the one the anchor is of")
    return chain


def _found(store: Store, pipeline: str, reading: Reading) -> Iterator[Chain]:
    """Yield what holds as far as the newest record, then below each break, going down: the last one yielded is it."""
    above: Record | None = None
    wrong, expected = "", -1
    keys = (ledger.number(pipeline, listed.key) for listed in store.keys(ledger.prefix(pipeline)))
    for n, record in reading(partial(_read, store, pipeline), filter(None, keys)):
        if 0 <= expected != n:
            wrong, above = _missing(pipeline, n + 1, expected), None
        if isinstance(record, NoRecordError):
            wrong, above, expected = str(record), None, n - 1
            continue
        if above is not None and above.previous != record.sha256:
            wrong = _unlinked(pipeline, n)
        if wrong or expected < 0:
            yield Chain(n, record.sha256, wrong)
        wrong, above, expected = "", record, n - 1
    if expected > 0:
        wrong = _missing(pipeline, 1, expected)
    elif above is not None and above.previous != GENESIS:
        wrong = f"record 1 ({ledger.key(pipeline, 1)}) is not the first: it names one before it"
    if wrong or expected < 0:
        yield Chain(0, GENESIS, wrong)


def _read(store: Store, pipeline: str, n: int) -> Read:
    try:
        return n, ledger.must(store, pipeline, n)
    except NoRecordError as error:
        return n, error


def _missing(pipeline: str, first: int, last: int) -> str:
    if first == last:
        return f"record {first} is missing ({ledger.key(pipeline, first)})"
    return f"records {first} to {last} are missing (from {ledger.key(pipeline, first)})"


def _unlinked(pipeline: str, n: int) -> str:
    below, above = ledger.key(pipeline, n), ledger.key(pipeline, n + 1)
    return f"record {n + 1} ({above}) does not follow record {n} ({below}): one of the two was changed"
