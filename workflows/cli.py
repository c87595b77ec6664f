"""The command line: one function a command, which imports its work only when called, so that help costs nothing.

The texts here and in `workflows.oversight` are the manual; what a command does is in `workflows.commands`, a verb a
file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workflows import oversight
from workflows.commands.options import (
    HOME,
    MANIFESTS,
    PIPELINES,
    AnyPipeline,
    AsJson,
    Endpoint,
    Home,
    Manifests,
    Namespace,
    Pipeline,
    Pipelines,
    RunName,
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
def new(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    data: Annotated[Path, typer.Option("--data", help="A sample of the data: CSV or Parquet.")],
    target: Annotated[str, typer.Option("--target", help="The column to predict.")],
    sensitive: Annotated[str, typer.Option("--sensitive", help="The column whose groups are compared.")] = "",
    positive: Annotated[str, typer.Option("--positive", help="The target's value to predict; none: chosen.")] = "",
    bucket: Annotated[str, typer.Option("--bucket", help="Where batches will land.")] = "retrain",
    owner: Annotated[str, typer.Option("--owner", help="Whom to ask.")] = "owner@example.com",
    pipelines: Pipelines = PIPELINES,
) -> int:
    """Draft a pipeline document from a sample: contract, estimator and gates, each line with its reason."""
    from workflows.commands.new import Wanted, run

    return run(Wanted(name, data, target, sensitive, positive, bucket, owner), pipelines)


@app.command()
def render(
    pipelines: Pipelines = PIPELINES,
    out: Annotated[Path, typer.Option("--out", help="Where to write.")] = MANIFESTS / "generated",
) -> int:
    """Render the pipelines into Argo manifests."""
    from workflows.commands.render import write

    return write(pipelines, out)


@app.command(name="check")
def check_drift(
    cluster: Annotated[bool, typer.Option("--cluster", help="Compare the live objects of a cluster, too.")] = False,
    overlay: Annotated[
        Path | None, typer.Option("--overlay", help="The overlay that the cluster should hold; none: what is rendered.")
    ] = None,
    context: Annotated[
        str,
        typer.Option("--context", envvar="RETRAIN_CONTEXT", help="The kubeconfig's context; none: the current one."),
    ] = "",
    namespace: Namespace = "",
    pipelines: Pipelines = PIPELINES,
    manifests: Manifests = MANIFESTS,
    as_json: AsJson = False,
) -> int:
    """Compare what is committed, what the pipelines render to and what is live; exit 1 and print diffs if they differ.

    Changes nothing. With --cluster it takes get and list of what is compared, and create for dry runs.
    """
    from workflows.commands.check import Cluster, run

    if overlay and not cluster:
        raise typer.BadParameter("--overlay says what a cluster should hold: add --cluster")
    wanted = Cluster(context, namespace, overlay) if cluster else None
    return run(pipelines, manifests / "generated", wanted, as_json=as_json)


@app.command()
def lint(
    paths: Annotated[list[Path] | None, typer.Argument(help="Manifest files or folders; none: all manifests.")] = None,
    manifests: Manifests = MANIFESTS,
    pipelines: Pipelines = PIPELINES,
    overlay: Annotated[
        Path | None,
        typer.Option(help="A kustomize overlay: look at what it builds to, patches applied."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Find what Argo would refuse, or silently get wrong, before it does."""
    from workflows.commands.lint import run, run_overlay

    if overlay is not None and paths:
        raise typer.BadParameter("name paths or --overlay, not both")
    if overlay is not None:
        return run_overlay(overlay, as_json=as_json)
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
    data: Annotated[
        list[Path] | None, typer.Option("--data", help="Try the pipeline out on this CSV or Parquet file; repeatable.")
    ] = None,
    pipelines: Pipelines = PIPELINES,
    manifests: Manifests = MANIFESTS,
    home: Home = HOME,
    as_json: AsJson = False,
) -> int:
    """Run a Workflow or WorkflowTemplate here, as processes; exit 0 when it Succeeded, 1 when not, 130 after Ctrl-C.

    With --data a pipeline is trained and gated on files, without any S3; exit 0 if its model could be deployed.
    """
    if data:
        from workflows.commands import trial

        if parameters:
            raise typer.BadParameter("a pipeline tried out with --data takes no -p: its batch is made of the files")
        return trial.run(document, data, pipelines, home, as_json=as_json)
    from workflows.commands.run import run

    return run(document, parameters or [], manifests, home, as_json=as_json)


@app.command()
def runs(
    pipeline: AnyPipeline = "",
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


for oversee in oversight.COMMANDS:
    app.command()(oversee)


@app.command(hidden=True)
def demo(
    manifests: Manifests = MANIFESTS,
    keep: Annotated[Path | None, typer.Option("--keep", help="Keep the story's folder there.")] = None,
) -> int:
    """Tell the main job as a story, on real data (`make demo`)."""
    from workflows.demo.story import run

    return run(manifests, keep)
