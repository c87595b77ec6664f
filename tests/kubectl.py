"""kubectl as a person uses it: against the cluster of KUBECONFIG, in a process of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

SERVER_SIDE = ("--server-side", "--force-conflicts")
PATIENCE = 120


def kubectl(*words: str, given: str | None = None, patience: float = PATIENCE) -> subprocess.CompletedProcess[str]:
    """Run it to its end, whatever that is."""
    return subprocess.run(
        ["kubectl", *words], input=given, capture_output=True, text=True, timeout=patience, check=False
    )


def done(*words: str, given: str | None = None, patience: float = PATIENCE) -> str:
    """Run it and return what it said; fails with what it said against it."""
    ran = kubectl(*words, given=given, patience=patience)
    assert ran.returncode == 0, f"kubectl {' '.join(words)}: {ran.stderr}"
    return ran.stdout


def items(*words: str) -> list[dict[str, Any]]:
    """Return the objects that `kubectl get` lists."""
    found: list[dict[str, Any]] = json.loads(done("get", *words, "-o", "json"))["items"]
    return found


def listed(objects: Sequence[Mapping[str, Any]]) -> str:
    """Return the objects as one text for `-f -`."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})


def served() -> set[tuple[str, str]]:
    """Return what kinds the server knows, by API version and kind."""
    lines = done("api-resources", "--no-headers").splitlines()
    return {(parts[-3], parts[-1]) for line in lines if (parts := line.split())}
