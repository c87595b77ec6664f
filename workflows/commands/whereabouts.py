"""Where a pipeline's Workflows run: on this machine, or on a cluster. `why`, `reconcile` and `watch` choose here.

One rule for all of them, so that what `why` says of a run is what `reconcile` acts on.
"""

from __future__ import annotations

import contextlib
import getpass
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from steps.registry.runs import Look, RunsError

if TYPE_CHECKING:
    from workflows.cluster.runs import ClusterRuns
    from workflows.commands.localruns import LocalRuns

IN_POD = "KUBERNETES_SERVICE_HOST"
"""Set by the kubelet in every pod."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What a person or a manifest said: a context of the kubeconfig, else the home of this machine's runs.

    `namespace` is the cluster's; "" is the context's own, or the pod's.
    """

    manifests: Path
    home: Path
    context: str = ""
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """`Runs` that cannot be asked, and why: for who can answer the rest without them."""

    why: str

    def look(self, name: str) -> Look | None:
        raise RunsError(f"{self.why} (asked for {name})")

    def all(self, pipeline: str) -> tuple[Look, ...]:
        raise RunsError(f"{self.why} (asked for those of {pipeline})")

    def start(self, pipeline: str, name: str, parameters: Mapping[str, str]) -> bool:
        raise RunsError(f"{self.why} (asked to start {name} of {pipeline} with {len(parameters)} parameters)")


def runs_at(place: Whereabouts) -> LocalRuns | ClusterRuns:
    """Return the Workflows of the context if one is named, of the cluster in whose pod this is, else of this machine.

    Raises `RunsError` when the context or the pod's token cannot be used.
    """
    if place.context or os.environ.get(IN_POD):
        from workflows.cluster.connection import in_context, in_pod
        from workflows.cluster.runs import ClusterRuns

        return ClusterRuns(in_context(place.context, place.namespace) if place.context else in_pod(place.namespace))
    from workflows.commands.localruns import LocalRuns

    return LocalRuns(place.manifests, place.home)


def asker(runs: LocalRuns | ClusterRuns) -> str:
    """Return who asks, for the record: as the cluster has authenticated it, else by name on this machine."""
    from workflows.commands.localruns import LocalRuns

    if not isinstance(runs, LocalRuns):
        with contextlib.suppress(RunsError):
            return runs.connection.user()
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container, whose uid has no name
        return f"uid {os.getuid()}"
