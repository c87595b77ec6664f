"""Starts the console script and holds its one error boundary: what a person can act on, what is our bug, Ctrl-C."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import traceback
from pathlib import Path

from workflows.errors import RetrainError

USAGE = 2
BUG = 3
INTERRUPTED = 130
UNUSABLE = ("EACCES", "EEXIST", "EISDIR", "ENOENT", "ENOSPC", "ENOTDIR", "EPERM", "EROFS")
"""What a file system says of a place that a person named or a disk that is full: theirs to mend, not our bug."""


def main() -> int:
    """Run the command line; returns the exit code: 0 ok, 1 no, 2 usage or document, 3 our bug, 130 interrupted."""
    try:
        from workflows.cli import app

        code: int = app(standalone_mode=False) or 0
        return _interrupted() if code == INTERRUPTED else code  # the library turns Ctrl-C into this code, silently
    except RetrainError as error:
        return _say(f"retrain: {error}", error.exit_code)
    except (KeyboardInterrupt, EOFError):
        return _interrupted()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the boundary: a bug gets a log that can be sent, not a wall of text
        return _usage(error) or _unusable(error) or _bug(error)


def _usage(error: Exception) -> int:
    """Return 2 for what the command-line library refuses, 130 for what it calls an abort (Ctrl-C), else 0."""
    show = getattr(error, "show", None)
    if not callable(show):
        return _interrupted() if type(error).__name__ == "Abort" else 0
    show()
    return USAGE


def _interrupted() -> int:
    return _say("retrain: interrupted", INTERRUPTED)


def _unusable(error: Exception) -> int:
    """Return 2 for a file or folder that cannot be used, else 0."""
    if not isinstance(error, OSError) or errno.errorcode.get(error.errno or 0) not in UNUSABLE or not error.filename:
        return 0
    hint = "name a place that can be written, by --home or --out"
    return _say(f"retrain: {error.filename}\n  cannot be used: {error.strerror}\n  hint: {hint}", USAGE)


def _bug(error: Exception) -> int:
    with tempfile.NamedTemporaryFile("w", prefix="retrain-", suffix=".log", delete=False, encoding="utf-8") as log:
        log.write(f"retrain {' '.join(sys.argv[1:])}\n\n{traceback.format_exc()}")
    return _say(
        f"retrain: a bug of ours: {type(error).__name__}: {error}\n  hint: please report it with {Path(log.name)}", BUG
    )


def _say(text: str, code: int) -> int:
    print(text, file=sys.stderr)  # noqa: T201 - the boundary speaks to a person
    return code


if __name__ == "__main__":
    sys.exit(main())
