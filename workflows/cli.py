"""The command line: one function a command, which imports its work only when called, so that help costs nothing.

The texts here are the manual; what a command does is in `workflows.commands`, a verb a file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workflows.commands.options import (
    HOME,
    MANIFESTS,
    PIPELINES,
    AsJson,
    Context,
    Endpoint,
    Home,
    Manifests,
    Namespace,
    Pipeline,
    Pipelines,
    RunName,
    Why,
)

app = typer.Typer(
    name="retrain",
    help="Event-driven model retraining on Kubernetes with Argo: one complete batch, one run, and an answer to why.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.command()
def render(
    pipelines: Pipelines = PIPELINES,
    out: Annotated[Path, typer.Option("--out", help="Where to write.")] = MANIFESTS / "generated",
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail if a file is not current.")] = False,
) -> int:
    """Render the pipelines into Argo manifests."""
    from workflows.commands.render import check_current, write

    return check_current(pipelines, out) if check else write(pipelines, out)


@app.command()
def lint(
    paths: Annotated[list[Path] | None, typer.Argument(help="Manifest files or folders; none: all manifests.")] = None,
    manifests: Manifests = MANIFESTS,
    pipelines: Pipelines = PIPELINES,
    as_json: AsJson = False,
) -> int:
    """Find what Argo would refuse, or silently get wrong, before it does."""
    from workflows.commands.lint import run

    return run(paths or [manifests], None if paths else pipelines, as_json=as_json)


@app.command()
def graph(
    pipeline: Pipeline,
    manifests: Manifests = MANIFESTS,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="As a Mermaid flowchart.")] = False,
    as_json: AsJson = False,
) -> int:
    """Draw the graph of a pipeline's Workflow."""
    from workflows.commands.graph import run

    return run(pipeline, manifests, "json" if as_json else "mermaid" if mermaid else "text")


@app.command()
def up(
    pipelines: Pipelines = PIPELINES,
    manifests: Manifests = MANIFESTS,
    home: Home = HOME,
    endpoint: Endpoint = "",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="The embedded S3's port; 0 picks a free one.")
    ] = 0,
) -> int:
    """Run it all here: an embedded S3 and queue, the Sensors and the Workflows, until Ctrl-C; exit 0."""
    from workflows.commands.up import run

    return run(pipelines, manifests, home, endpoint=endpoint, port=port)


@app.command()
def put(
    pipeline: Pipeline,
    batch: Annotated[str, typer.Argument(metavar="BATCH")],
    files: Annotated[list[Path] | None, typer.Argument(help="The batch's files; none: the pipeline's sample.")] = None,
    as_of: Annotated[str, typer.Option("--as-of", help="The data's day; none: the batch's name.")] = "",
    revision: Annotated[int, typer.Option("--revision", min=0, help="Of batches of a day the highest counts.")] = 1,
    pipelines: Pipelines = PIPELINES,
) -> int:
    """Put a batch into S3: its files, then the ready marker that starts a run."""
    from workflows.commands.put import run

    return run(pipeline, batch, files or [], pipelines, as_of=as_of, revision=revision)


@app.command(name="run")
def run_document(
    document: Annotated[str, typer.Argument(metavar="FILE_OR_PIPELINE")],
    parameters: Annotated[list[str] | None, typer.Option("-p", "--parameter", help="name=value", metavar="N=V")] = None,
    manifests: Manifests = MANIFESTS,
    home: Home = HOME,
    as_json: AsJson = False,
) -> int:
    """Run a Workflow or WorkflowTemplate here, as processes; exit 0 when it Succeeded, 1 when not, 130 after Ctrl-C."""
    from workflows.commands.run import run

    return run(document, parameters or [], manifests, home, as_json=as_json)


@app.command()
def runs(
    pipeline: Annotated[str, typer.Argument(metavar="[PIPELINE]")] = "",
    pipelines: Pipelines = PIPELINES,
    home: Home = HOME,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, newest first.")] = 20,
    as_json: AsJson = False,
) -> int:
    """List runs, newest first: those on record, and those of this home that are not (yet)."""
    from workflows.commands.runs import run

    return run(pipeline, pipelines, home, limit=limit, as_json=as_json)


@app.command()
def get(name: RunName, pipelines: Pipelines = PIPELINES, home: Home = HOME, as_json: AsJson = False) -> int:
    """Show a run's nodes, phases and durations."""
    from workflows.commands.get import run

    return run(name, pipelines, home, as_json=as_json)


@app.command()
def logs(
    name: RunName,
    step: Annotated[str, typer.Argument(metavar="[STEP]")] = "",
    pipelines: Pipelines = PIPELINES,
    home: Home = HOME,
) -> int:
    """Print what a run's steps wrote."""
    from workflows.commands.logs import run

    return run(name, step, pipelines, home)


@app.command()
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


@app.command()
def assets(
    pipeline: Annotated[str, typer.Argument(metavar="[PIPELINE]")] = "",
    pipelines: Pipelines = PIPELINES,
    as_json: AsJson = False,
) -> int:
    """List what a pipeline has made: when, by which run, from what, and whether it is fresh."""
    from workflows.commands.assets import run

    return run(pipeline, pipelines, as_json=as_json)


@app.command()
def history(
    pipeline: Pipeline,
    pipelines: Pipelines = PIPELINES,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, newest first.")] = 20,
    as_json: AsJson = False,
) -> int:
    """List a pipeline's versions: when each was promoted, by which run, and what became of it."""
    from workflows.commands.history import run

    return run(pipeline, pipelines, limit=limit, as_json=as_json)


@app.command()
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


@app.command()
def reconcile(
    pipeline: Annotated[str, typer.Argument(metavar="[PIPELINE]")] = "",
    whole: Annotated[bool, typer.Option("--all", help="Every batch there is, not only the recent ones.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
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
    from workflows.commands.reconcile import Asked, run
    from workflows.commands.whereabouts import Whereabouts

    asked = Asked(pipeline, tuple(document or ()), pipelines, whole, dry_run)
    return run(asked, Whereabouts(manifests, home, context, namespace), as_json=as_json)


@app.command()
def watch(
    pipeline: Annotated[str, typer.Argument(metavar="[PIPELINE]")] = "",
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


@app.command()
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


@app.command()
def freeze(pipeline: Pipeline, reason: Why = "", pipelines: Pipelines = PIPELINES, as_json: AsJson = False) -> int:
    """Stop promotion: runs go on, but none of their models reaches production until `unfreeze`."""
    from workflows.commands.freeze import run

    return run(pipeline, reason, pipelines, as_json=as_json)


@app.command()
def unfreeze(pipeline: Pipeline, reason: Why = "", pipelines: Pipelines = PIPELINES, as_json: AsJson = False) -> int:
    """Allow promotion again; the batches that landed meanwhile are due then."""
    from workflows.commands.unfreeze import run

    return run(pipeline, reason, pipelines, as_json=as_json)


@app.command()
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


@app.command(hidden=True)
def demo(
    manifests: Manifests = MANIFESTS,
    keep: Annotated[Path | None, typer.Option("--keep", help="Keep the story's folder there.")] = None,
) -> int:
    """Tell the main job as a story, on real data (`make demo`)."""
    from workflows.demo.story import run

    return run(manifests, keep)
