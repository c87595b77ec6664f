"""What an overlay comes to: built by kubectl or kustomize, whichever is there, as `kubectl apply -k` would."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from workflows.engine.loader import read
from workflows.errors import DocumentError, RetrainError

BUILDERS = (("kubectl", "kustomize"), ("kustomize", "build"))
TIMEOUT = 120


def built(folder: Path) -> tuple[dict[str, Any], ...]:
    """Return every object of the overlay in the folder; raises `RetrainError` when it cannot be built."""
    return tuple(one.body for one in read(text(folder), str(folder)))


def text(folder: Path) -> str:
    """Return the same as YAML."""
    if not folder.is_dir():
        raise DocumentError("there is no such folder", where=str(folder))
    words = next((words for words in BUILDERS if shutil.which(words[0])), None)
    if words is None:
        hint = "install one of them, or leave --overlay out: then manifests/generated is looked at"
        raise RetrainError("an overlay takes kubectl or kustomize to build, and neither is there", hint=hint)
    try:
        done = subprocess.run([*words, str(folder)], capture_output=True, text=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        raise RetrainError(f"`{' '.join(words)}` took longer than {TIMEOUT} s", where=str(folder)) from None
    if done.returncode:
        raise DocumentError(f"cannot be built: {' '.join(done.stderr.split())}", where=str(folder))
    return done.stdout
