"""The anchor of a ledger: its newest record, in a file kept elsewhere. `retrain audit --anchor` moves it forward."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from pathlib import Path

from steps.registry.chain import Anchor
from workflows.errors import RetrainError, RunFailedError

SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
LARGEST = 1 << 16


def read(file: Path, pipeline: str) -> Anchor | None:
    """Return the anchor, None if there is no file yet; raises `RetrainError` for what is no anchor of this pipeline."""
    try:
        with file.open("rb") as stream:
            value = json.loads(stream.read(LARGEST))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise _none(file, str(error)) from None
    parts = [value.get(name) for name in ("pipeline", "n", "sha256")] if isinstance(value, dict) else []
    match parts:
        case [str(of), int(n), str(sha256)] if n >= 0 and n is not True and SHA256.fullmatch(sha256):
            if of != pipeline:
                raise RunFailedError(f"the anchor is of the pipeline {of!r}, not of {pipeline!r}", where=str(file))
            return Anchor(n, sha256)
    raise _none(file, "expected an object with pipeline, n and sha256")


def write(file: Path, pipeline: str, anchor: Anchor) -> None:
    """Replace the file at once, or leave it as it is; raises `RetrainError`."""
    text = json.dumps({"pipeline": pipeline, "n": anchor.n, "sha256": anchor.sha256}, indent=2) + "\n"
    new = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with new.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(file)
    except OSError as error:
        raise RetrainError(f"the anchor cannot be written: {error}", where=str(file)) from None
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)


def _none(file: Path, why: str) -> RetrainError:
    hint = "it is left as it is; name another file to begin a new anchor"
    return RetrainError(f"that is no anchor: {why}", where=str(file), hint=hint)
