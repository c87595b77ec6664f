"""The Workflow's mutexes on one machine: a locked file each, below `$RETRAIN_HOME/mutexes`.

Taken by the driver before a Workflow starts. A file is never removed: removing one would let two Workflows hold the
same lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from workflows.engine.lock import Held
from workflows.engine.model import Mutex


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
