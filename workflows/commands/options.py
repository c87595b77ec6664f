"""Options and arguments that several commands share, and where they look unless told. Used by `cli` and `oversight`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Pipelines = Annotated[
    Path, typer.Option("--pipelines", envvar="RETRAIN_PIPELINES", help="The folder of the pipeline documents.")
]
Manifests = Annotated[
    Path, typer.Option("--manifests", envvar="RETRAIN_MANIFESTS", help="The folder of the rendered manifests.")
]
Home = Annotated[Path, typer.Option("--home", envvar="RETRAIN_HOME", help="Where local runs are kept.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print data, for programs.")]
Endpoint = Annotated[str, typer.Option("--endpoint", help="Use this S3 (and SQS) instead of the embedded one.")]
Context = Annotated[
    str,
    typer.Option(
        "--context", envvar="RETRAIN_CONTEXT", help="The kubeconfig's context whose Workflows are meant; none: here."
    ),
]
Namespace = Annotated[str, typer.Option("--namespace", help="The cluster's namespace; none: the context's.")]
Why = Annotated[str, typer.Option("--reason", help="Why, for the record.")]
Pipeline = Annotated[str, typer.Argument(metavar="PIPELINE")]
AnyPipeline = Annotated[str, typer.Argument(metavar="[PIPELINE]")]
RunName = Annotated[str, typer.Argument(metavar="RUN")]

PIPELINES = Path("workflows/pipelines")
MANIFESTS = Path("manifests")
HOME = Path(".retrain")
