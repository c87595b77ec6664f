"""Bounds how long people are waited for: a channel that never answers must not keep a watch from its other work.

`slack` and `page` send through it; their libraries bound a request, but not the waits and retries around it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeVar

T = TypeVar("T")


def bounded(call: Callable[[], T], seconds: float) -> T:
    """Return what the call returns, or raise what it raises; raise `TimeoutError` after so many seconds.

    The call is then left to itself, in a thread that does not outlive the process.
    """
    answers: SimpleQueue[tuple[T | None, Exception | None]] = SimpleQueue()

    def work() -> None:
        try:
            answers.put((call(), None))
        except Exception as error:  # noqa: BLE001 - raised again where it was asked for
            answers.put((None, error))

    threading.Thread(target=work, daemon=True).start()
    try:
        value, error = answers.get(timeout=seconds)
    except Empty:
        raise TimeoutError(f"no answer within {seconds:g} s") from None
    if error is not None:
        raise error
    return value  # type: ignore[return-value]
