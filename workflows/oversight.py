"""The commands that oversee a pipeline: what it did, what it owes, who changes that. `workflows.cli` has the others.

Each imports its work only when called.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from workflows.commands.options import (
    HOME,
    MANIFESTS,
    PIPELINES,
    AnyPipeline,
    AsJson,
    Context,
    Home,
    Manifests,
    Namespace,
    Pipeline,
    Pipelines,
    Why,
)


def why(
    pipeline: Pipeline,
    date: Annotated[str, typer.Option("--date", help="A day (YYYY-MM-DD); none: the newest.")] = "",
    pipelines: Pipelines = PIPELINES,
    manifests: Manifests = MANIFESTS,
    home: Home = HOME,
    context: Context = "",
    namespace: Namespace = "",
    as_json: AsJson = False,
) -> int:
    """Say in one sentence what happened, or why nothing did, then the evidence; exit 1 if nothing can be read."""
    from workflows.commands.whereabouts import Whereabouts
    from workflows.commands.why import run

    return run(pipeline, date, pipelines, Whereabouts(manifests, home, context, namespace), as_json=as_json)


def assets(
    pipeline: AnyPipeline = "",
    pipelines: Pipelines = PIPELINES,
    as_json: AsJson = False,
) -> int:
    """List what a pipeline has made: when, by which run, from what, and whether it is fresh."""
    from workflows.commands.assets import run

    return run(pipeline, pipelines, as_json=as_json)


def history(
    pipeline: Pipeline,
    pipelines: Pipelines = PIPELINES,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, newest first.")] = 20,
    as_json: AsJson = False,
) -> int:
    """List a pipeline's versions: when each was promoted, by which run, and what became of it."""
    from workflows.commands.history import run

    return run(pipeline, pipelines, limit=limit, as_json=as_json)


def audit(
    pipeline: Pipeline,
    pipelines: Pipelines = PIPELINES,
    verify: Annotated[bool, typer.Option("--verify", help="Read every record and hold every link.")] = False,
    anchor: Annotated[
        Path | None, typer.Option("--anchor", help="Verify, also against this file; then it holds the newest record.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Say how long the ledger is and whether it is whole; exit 1 when a link of it is broken, which is named."""
    from workflows.commands.audit import run

    return run(pipeline, pipelines, anchor, whole=verify, as_json=as_json)


def reconcile(
    pipeline: AnyPipeline = "",
    whole: Annotated[bool, typer.Option("--all", help="Every batch there is, not only the recent ones.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    patience: Annotated[
        int, typer.Option("--patience", min=0, help="So many minutes after its marker an event may still come.")
    ] = 5,
    document: Annotated[
        list[Path] | None, typer.Option("--document", help="The document that a Workflow carries.")
    ] = None,
    pipelines: Pipelines = PIPELINES,
    manifests: Manifests = MANIFESTS,
    home: Home = HOME,
    context: Context = "",
    namespace: Namespace = "",
    as_json: AsJson = False,
) -> int:
    """Start what no event started, end what could not end itself; exit 1 if something could not be looked at."""
    from datetime import timedelta

    from workflows.commands.reconcile import Asked, run
    from workflows.commands.whereabouts import Whereabouts

    asked = Asked(pipeline, tuple(document or ()), pipelines, whole, dry_run, timedelta(minutes=patience))
    return run(asked, Whereabouts(manifests, home, context, namespace), as_json=as_json)


def watch(
    pipeline: AnyPipeline = "",
    document: Annotated[Path | None, typer.Option("--document", help="The document that a Workflow carries.")] = None,
    at: Annotated[str, typer.Option("--at", help="Look at another moment, such as 2026-02-24T07:00+01:00.")] = "",
    context: Annotated[str, typer.Option("--context", help="The cluster of a kubeconfig's context.")] = "",
    pipelines: Pipelines = PIPELINES,
    manifests: Manifests = MANIFESTS,
    home: Home = HOME,
    as_json: AsJson = False,
) -> int:
    """Tell people once what model is late, and once that it came; exit 1 if it could not look, or tell them."""
    from workflows.commands.watch import Watched, run
    from workflows.commands.whereabouts import Whereabouts

    return run(Watched(pipeline, document, pipelines), Whereabouts(manifests, home, context), at, as_json=as_json)


def submit(
    pipeline: Pipeline,
    marker: Annotated[str, typer.Option("--marker", metavar="KEY", help="The key of the batch's ready marker.")],
    etag: Annotated[str, typer.Option("--etag", help="The marker's ETag; none: it is looked up.")] = "",
    reason: Why = "",
    wait: Annotated[bool, typer.Option("--wait", help="Wait for its end; exit 1 unless it Succeeded.")] = False,
    logs: Annotated[bool, typer.Option("--logs", help="Print what its steps write until then.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the Workflow for kubectl; start none.")] = False,
    document: Annotated[Path | None, typer.Option("--document", help="The document that a Workflow carries.")] = None,
    pipelines: Pipelines = PIPELINES,
    manifests: Manifests = MANIFESTS,
    home: Home = HOME,
    context: Context = "",
    namespace: Namespace = "",
    as_json: AsJson = False,
) -> int:
    """Start the run of a marker as its event would; if it is there already, say so and start nothing."""
    from workflows.commands.submit import Manner, Request, run
    from workflows.commands.whereabouts import Whereabouts

    request = Request(pipeline, marker, etag, reason, document)
    return run(
        request, pipelines, Whereabouts(manifests, home, context, namespace), Manner(wait, logs, dry_run, as_json)
    )


def replay(
    pipeline: Pipeline,
    batch: Annotated[str, typer.Argument(metavar="BATCH")],
    reason: Annotated[str, typer.Option("--reason", help="Why, for the record.")],
    allow_older: Annotated[bool, typer.Option("--allow-older", help="Even if production has newer data.")] = False,
    pipelines: Pipelines = PIPELINES,
    manifests: Manifests = MANIFESTS,
    home: Home = HOME,
    context: Context = "",
    as_json: AsJson = False,
) -> int:
    """Run a batch again on purpose, on record with who asked and why."""
    from workflows.commands.replay import Request, run
    from workflows.commands.whereabouts import Whereabouts

    place = Whereabouts(manifests, home, context)
    return run(Request(pipeline, batch, reason, allow_older), pipelines, place, as_json=as_json)


def freeze(pipeline: Pipeline, reason: Why = "", pipelines: Pipelines = PIPELINES, as_json: AsJson = False) -> int:
    """Stop promotion: runs go on, but none of their models reaches production until `unfreeze`."""
    from workflows.commands.freeze import run

    return run(pipeline, reason, pipelines, as_json=as_json)


def unfreeze(pipeline: Pipeline, reason: Why = "", pipelines: Pipelines = PIPELINES, as_json: AsJson = False) -> int:
    """Allow promotion again; the batches that landed meanwhile are due then."""
    from workflows.commands.unfreeze import run

    return run(pipeline, reason, pipelines, as_json=as_json)


def rollback(
    pipeline: Pipeline,
    to: Annotated[str, typer.Option("--to", help="A version production had; none: the one before.")] = "",
    reason: Why = "",
    pipelines: Pipelines = PIPELINES,
    as_json: AsJson = False,
) -> int:
    """Take production back to an earlier version and freeze it there."""
    from workflows.commands.rollback import run

    return run(pipeline, to, reason, pipelines, as_json=as_json)


COMMANDS: tuple[Callable[..., int], ...] = (
    why,
    assets,
    history,
    audit,
    reconcile,
    watch,
    submit,
    replay,
    freeze,
    unfreeze,
    rollback,
)
