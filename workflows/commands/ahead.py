"""Several requests at once, in order: what `map` does, for a store that answers many as soon as one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

AT_ONCE = 8
"""Requests under way at a time; the AWS client keeps ten connections."""
AHEAD = 64
"""Answers that may wait to be looked at."""

A = TypeVar("A")
T = TypeVar("T")


def at_once(ask: Callable[[A], T], about: Iterable[A]) -> Iterator[T]:
    """Yield what `ask` returns of each, or raise what it raised; no more is asked ahead than memory should hold."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked: deque[Future[T]] = deque()
        for one in about:
            asked.append(pool.submit(ask, one))
            if len(asked) > AHEAD:
                yield asked.popleft().result()
        while asked:
            yield asked.popleft().result()
