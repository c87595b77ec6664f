"""`make demo`: the main job told as a story on real data; each line is read back from the bucket, none is assumed.

It does what a person would: starts `retrain up` in a process of its own, puts files and markers, replays a batch, asks
why. The end-to-end test runs this very story and then reads records and pointer for itself.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import typer

from workflows import producer
from workflows.commands import replay, why
from workflows.commands.localruns import LocalRuns
from workflows.demo.scene import again, came_to, lands, mitigate, progress, says, standing, title, workflows
from workflows.demo.stage import PIPELINE, Stage, stage, waited_for

NEXT = """\
  .venv/bin/retrain up                        the same, for as long as you like; it prints how to put data
  .venv/bin/retrain graph mortgage            the graph that Argo will run
  less manifests/generated/mortgage-workflowtemplate.yaml
  cp workflows/pipelines/loans.yaml workflows/pipelines/yours.yaml   your own pipeline is one document"""


def run(manifests: Path, keep: Path | None = None) -> int:
    """Tell the story; `keep` keeps its folder there. Raises `RunFailedError` when a line would not be true."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="retrain-demo-") as temporary:
        folder = keep or Path(temporary)
        with stage(folder, manifests) as scene:
            tell(scene)
        typer.echo(f"\nAll of it true, in {time.monotonic() - started:.0f} s. What to try next:\n{NEXT}")
    return 0


def tell(scene: Stage) -> None:
    """Tell the six lines, each held against the bucket."""
    rows = producer.mortgage_table()
    typer.echo(f"{len(rows):,} real mortgage applications (Boston, HMDA), an S3 and a queue here, no cluster.")

    title(1, "A complete batch lands. The event starts one Workflow: a plain random forest.")
    good = producer.mortgage_files(rows)
    first = lands(scene, "2026-02-23", "2026-02-23", good)
    came_to(scene, first, "rejected")
    says(f"production is {standing(scene) or 'empty'}")

    title(2, "Its document asks for a fair model instead; the batch is replayed on purpose.")
    mitigate(scene)
    request = replay.Request(PIPELINE, "2026-02-23", "forest was unfair; mitigated estimator", allow_older=False)
    runs = LocalRuns(scene.manifests, scene.home)
    second = replay.start(request, scene.pipelines, runs)
    replay.see_through(runs, second, progress())
    came_to(scene, second, "promoted")
    says(f"production is {standing(scene)}")

    title(3, "The same marker is delivered again.")
    before = workflows(scene)
    again(scene, "2026-02-23")
    says(waited_for(scene.log, "again").strip())
    says(f"Workflows before and after: {before} and {workflows(scene)}")

    title(4, "A batch whose marker lists a file that is not there.")
    later = producer.mortgage_files(rows.iloc[:-1])
    third = lands(scene, "2026-02-24", "2026-02-24", later, missing=list(later)[-1:])
    came_to(scene, third, "refused")

    title(5, "A batch with a negative ratio.")
    fourth = lands(scene, "2026-02-25", "2026-02-25", producer.mortgage_files(producer.with_negative_ratio(rows)))
    came_to(scene, fourth, "refused")
    says(f"production is still {standing(scene)}")

    title(6, "Why? (`retrain why mortgage --date …`)")
    for day in ("2026-02-23", "2026-02-24", "2026-02-25"):
        why.run(PIPELINE, day, scene.pipelines, as_json=False)
