"""The Workflow's mutexes on one machine: a locked file each, below `$RETRAIN_HOME/mutexes`.

Taken by the driver before a Workflow starts. The operating system lets go of the lock of a process that died, so
nothing is left to clean up, and a file is never removed: removing one would let two Workflows hold the same lock.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

from workflows.engine.model import Mutex


class Held:
    """Locks that are held; `release` lets all go."""

    def __init__(self) -> None:
        self._files = ExitStack()

    def release(self) -> None:
        self._files.close()

    def take(self, path: Path) -> bool:
        """Take one more; False if another has it."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._files.callback(os.close, descriptor)
        return True


def acquire(home: Path, mutexes: Sequence[Mutex], namespace: str) -> Held | str:
    """Take all or none; the name of a lock that another Workflow has, as Argo writes it, if that is so."""
    folder = home / "mutexes"
    folder.mkdir(parents=True, exist_ok=True)
    held = Held()
    for place, name in sorted({(mutex.namespace or namespace, mutex.name) for mutex in mutexes}):
        if not held.take(folder / f"{quote(place, safe='')}.{quote(name, safe='')}.lock"):
            held.release()
            return f"{place}/Mutex/{name}"
    return held


def waiting_message(lock: str) -> str:
    """The message of a Workflow that waits (workflow/sync/semaphore.go)."""
    return f"Waiting for {lock} lock. Lock status: 0/1"
