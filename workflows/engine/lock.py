"""Locked files: who of several processes or threads has something, until it lets go or dies.

Used by the journal (who runs a Workflow), the mutexes and the inbox. The operating system lets go of the lock of a
process that died, so nothing is left to clean up, and no lock can be forged by a file that merely exists.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import ExitStack
from pathlib import Path


class Held:
    """Locks that are held; `release`, or the end of a `with`, lets all go."""

    def __init__(self) -> None:
        self._files = ExitStack()

    def __enter__(self) -> Held:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        self._files.close()

    def take(self, path: Path) -> bool:
        """Take one more; False if another has it. Raises OSError."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._files.callback(os.close, descriptor)
        return True


def take(path: Path) -> Held | None:
    """Take the lock; None if another has it. Raises OSError."""
    held = Held()
    return held if held.take(path) else None


def is_held(path: Path) -> bool:
    """Whether somebody has the lock; a file that is not there nobody has.

    To look is to hold it shared for a moment, so whoever wants it then must be one who tries again.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
