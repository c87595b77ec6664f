"""`retrain check`: whether what is committed is what the pipelines render to, and a cluster holds what is wanted.

Three things can drift apart: documents, committed manifests, live objects. The first two are compared without a
cluster. Whatever is not as wanted is told with a diff, from what is to what should be.
"""

from __future__ import annotations

import difflib
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from workflows.commands.ahead import at_once
from workflows.commands.documents import files_in
from workflows.commands.kustomize import built
from workflows.commands.render import SCHEMA
from workflows.commands.terminal import canvas
from workflows.commands.whereabouts import IN_POD
from workflows.config import pipelines_in
from workflows.engine.loader import read
from workflows.errors import RetrainError
from workflows.manifests import differences, dump, render, schema

if TYPE_CHECKING:
    from workflows.cluster.connection import Connection
    from workflows.cluster.survey import Standing

Manifest = Mapping[str, Any]

ARGO = tuple(
    ("argoproj.io/v1alpha1", kind) for kind in ("CronWorkflow", "EventBus", "EventSource", "Sensor", "WorkflowTemplate")
)
"""The kinds of what is rendered."""
BESIDE = (
    *(("v1", kind) for kind in ("ConfigMap", "LimitRange", "ResourceQuota", "Secret", "Service", "ServiceAccount")),
    ("apps/v1", "Deployment"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("policy/v1", "PodDisruptionBudget"),
    ("rbac.authorization.k8s.io/v1", "Role"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
)
"""The kinds of what an overlay adds to that, or once did."""
SENTENCES = {
    "differs": "differs",
    "missing": "is missing",
    "extra": "is ours by its labels, and nothing wants it",
    "refused": "would be refused",
    "unknown": "cannot be there",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A file or an object, how it stands (`current` or a name of `SENTENCES`), and a diff or what the cluster said."""

    what: str
    state: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Cluster:
    """The cluster that is meant: a kubeconfig's context, "" for the current one, or in a pod for the pod's own.

    `overlay` is the folder of what it should hold; None: what is rendered, as it is.
    """

    context: str = ""
    namespace: str = ""
    overlay: Path | None = None


def run(pipelines: Path, generated: Path, cluster: Cluster | None, *, as_json: bool) -> int:
    """Print what is not as it should be; exit code 0 if all is, else 1. Raises `RetrainError` when it cannot know."""
    files = tuple(committed(pipelines, generated))
    if not as_json:
        _say(files)
        typer.echo(
            "hint: run `make manifests` and commit the result" if files else f"{generated} is current", err=bool(files)
        )
    objects = tuple(live(generated, cluster)) if cluster else ()
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in (*files, *objects)], indent=2, ensure_ascii=False))
    elif cluster:
        _say(objects)
        _sum_up(objects, cluster, generated)
    return 1 if any(one.state != "current" for one in (*files, *objects)) else 0


def committed(pipelines: Path, generated: Path) -> Iterator[Finding]:
    """Yield the files that are not what the pipelines render to."""
    files = render(pipelines_in(pipelines))
    for one in differences(files, generated):
        state = "extra" if one.kind == "stray" else one.kind
        yield Finding(str(one.file), state, _file_diff(one.file, files[one.file.name]) if state == "differs" else "")
    file = pipelines / SCHEMA
    if not file.is_file():
        yield Finding(str(file), "missing")
    elif file.read_text(encoding="utf-8") != schema():
        yield Finding(str(file), "differs", _file_diff(file, schema()))


def live(generated: Path, cluster: Cluster) -> Iterator[Finding]:
    """Yield each object that is wanted, as the cluster has it, then those that nothing wants."""
    from workflows.cluster.connection import ClusterError
    from workflows.cluster.objects import ClusterObjects
    from workflows.cluster.survey import extra, standing

    wanted = built(cluster.overlay) if cluster.overlay else _rendered(generated)
    own = [(one["apiVersion"], one["kind"]) for one in wanted]
    try:
        objects = ClusterObjects(_connection(cluster))
        for api_version, kind in own:
            objects.kind(api_version, kind)  # asked for once, before many ask at once
        yield from map(_finding, at_once(partial(standing, objects), wanted))
        yield from map(_finding, extra(objects, wanted, (*own, *ARGO, *(BESIDE if cluster.overlay else ()))))
    except ClusterError as error:
        raise RetrainError(str(error), where="the cluster") from None


def _connection(cluster: Cluster) -> Connection:
    from workflows.cluster.connection import in_context, in_pod

    if not cluster.context and os.environ.get(IN_POD):
        return in_pod(cluster.namespace)
    return in_context(cluster.context, cluster.namespace)


def _rendered(generated: Path) -> tuple[Manifest, ...]:
    return tuple(one.body for file in files_in(generated) for one in read(file.read_text("utf-8"), str(file)))


def _finding(found: Standing) -> Finding:
    text = found.said
    if found.state == "differs":
        text = _diff(dump(found.live), dump(found.wanted), ("live", "wanted"))
    return Finding(found.what, found.state, text)


def _file_diff(file: Path, text: str) -> str:
    return _diff(file.read_text(encoding="utf-8"), text, ("committed", "rendered"))


def _diff(before: str, after: str, names: tuple[str, str]) -> str:
    return "\n".join(difflib.unified_diff(before.splitlines(), after.splitlines(), *names, lineterm=""))


def _say(findings: tuple[Finding, ...]) -> None:
    shown = canvas()
    for one in findings:
        if one.state != "current":
            colon = ":" if one.text else ""
            typer.echo(f"{shown.clean(one.what)} {SENTENCES[one.state]}{colon}")
            for line in one.text.splitlines():
                typer.echo(f"  {shown.printable(line)}")


def _sum_up(objects: tuple[Finding, ...], cluster: Cluster, generated: Path) -> None:
    counted = Counter(one.state for one in objects)
    states = ", ".join(f"{counted[state]} {state}" for state in ("current", *SENTENCES) if counted[state])
    typer.echo(f"{cluster.overlay or generated} on the cluster: {states}")
    if not cluster.overlay and counted["differs"]:
        hint = "an overlay patches what is rendered; compare it by --overlay manifests/overlays/<environment>"
        typer.echo(f"hint: {hint}", err=True)
