"""The Workflow's mutexes on one machine: a locked file each, below `$RETRAIN_HOME/mutexes`, and a line before it.

Taken by the driver before a Workflow starts; as on a cluster, who was created first comes first. A lock's file is never
removed: removing one would let two Workflows hold the same lock.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from workflows.engine.lock import Held, is_held
from workflows.engine.model import Mutex


def acquire(home: Path, mutexes: Sequence[Mutex], namespace: str) -> Held | str:
    """Take all or none; the name of a lock that another Workflow has, as Argo writes it, if that is so."""
    (home / "mutexes").mkdir(parents=True, exist_ok=True)
    held = Held()
    for place, name in _names(mutexes, namespace):
        if not held.take(_lock(home, place, name)):
            held.release()
            return f"{place}/Mutex/{name}"
    return held


class Line:
    """A Workflow's places in the lines for its mutexes: a locked file in each, named so that the files are in order.

    A place whose owner died is nobody's, as its lock shows, and is cleared by whoever comes to it.
    """

    def __init__(self, home: Path, mutexes: Sequence[Mutex], namespace: str) -> None:
        self._home, self._mutexes, self._namespace = home, mutexes, namespace
        self._places = ExitStack()
        self._names: dict[Path, str] = {}

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self._places.close()

    def queue(self, created: datetime, workflow: str) -> None:
        """Take the places."""
        name = f"{int(created.timestamp()):012}-{workflow}"
        for place, mutex in _names(self._mutexes, self._namespace):
            folder = _lock(self._home, place, mutex).with_suffix(".line")
            folder.mkdir(parents=True, exist_ok=True)
            # Locked before it bears its name, so that nobody takes it for one whose owner died.
            held, beside = Held(), folder / f".{name}.{os.getpid()}"
            held.take(beside)
            self._places.callback(held.release)
            self._places.callback((folder / name).unlink, missing_ok=True)
            beside.rename(folder / name)
            self._names[folder] = name

    def acquire(self) -> Held | str:
        """Take all or none, if nobody who still waits came before; see the function."""
        for place, mutex in _names(self._mutexes, self._namespace):
            folder = _lock(self._home, place, mutex).with_suffix(".line")
            if folder in self._names and self._is_behind(folder):
                return f"{place}/Mutex/{mutex}"
        return acquire(self._home, self._mutexes, self._namespace)

    def _is_behind(self, folder: Path) -> bool:
        for other in sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")):
            if other >= self._names[folder]:
                return False
            if is_held(folder / other):
                return True
            with contextlib.suppress(FileNotFoundError):
                (folder / other).unlink()
        return False


def waiting_message(lock: str) -> str:
    """The message of a Workflow that waits (workflow/sync/semaphore.go)."""
    return f"Waiting for {lock} lock. Lock status: 0/1"


def _names(mutexes: Sequence[Mutex], namespace: str) -> list[tuple[str, str]]:
    """Namespaces and names, in one order for everybody."""
    return sorted({(mutex.namespace or namespace, mutex.name) for mutex in mutexes})


def _lock(home: Path, place: str, name: str) -> Path:
    return home / "mutexes" / f"{quote(place, safe='')}.{quote(name, safe='')}.lock"
