"""`make demo`: the main job told as a story on real data; each line is read back from the bucket, none is assumed.

It does what a person would: starts `retrain up` in a process of its own, puts files and markers, replays a batch, asks
why. The end-to-end test runs this very story and then reads records and pointer for itself.
"""

from __future__ import annotations

import tempfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from time import monotonic
from zoneinfo import ZoneInfo

import typer

from workflows import producer
from workflows.commands import audit, history, reconcile, replay, rollback, watch, why
from workflows.commands.localruns import LocalRuns
from workflows.commands.whereabouts import Whereabouts
from workflows.config import load
from workflows.demo.pager import Desk, desk
from workflows.demo.scene import (
    again,
    came_to,
    events_lost,
    lands,
    mitigate,
    progress,
    put,
    runs,
    says,
    standing,
    title,
    watched,
)
from workflows.demo.stage import PIPELINE, Stage, patched, stage, waited_for
from workflows.errors import RunFailedError

NEXT = """\
  .venv/bin/retrain up                        the same, for as long as you like; it prints how to put data
  .venv/bin/retrain graph mortgage            the graph that Argo will run
  less manifests/generated/mortgage-workflowtemplate.yaml
  cp workflows/pipelines/loans.yaml workflows/pipelines/yours.yaml   your own pipeline is one document"""


def run(manifests: Path, keep: Path | None = None) -> int:
    """Tell the story; `keep` keeps its folder there. Raises `RunFailedError` when a line would not be true."""
    started = monotonic()
    with tempfile.TemporaryDirectory(prefix="retrain-demo-") as temporary:
        folder = keep or Path(temporary)
        with stage(folder, manifests) as scene:
            tell(scene)
        typer.echo(f"\nAll of it true, in {monotonic() - started:.0f} s. What to try next:\n{NEXT}")
    return 0


def tell(scene: Stage) -> None:
    """Tell the story, each line held against the bucket."""
    rows = producer.mortgage_table()
    place = Whereabouts(scene.manifests, scene.home)
    monday, tuesday, wednesday, _ = scene.days
    typer.echo(f"{len(rows):,} real mortgage applications (Boston, HMDA), an S3 and a queue here, no cluster.")

    title(1, "A complete batch lands. The event starts one Workflow: a plain random forest.")
    good = producer.mortgage_files(rows)
    first = lands(scene, monday, good)
    came_to(scene, first, "rejected")
    says(f"production is {standing(scene) or 'empty'}")

    title(2, "Its document asks for a fair model instead; the batch is replayed on purpose.")
    mitigate(scene)
    request = replay.Request(PIPELINE, monday, "forest was unfair; mitigated estimator", allow_older=False)
    here = LocalRuns(scene.manifests, scene.home)
    second = replay.start(request, scene.pipelines, here)
    replay.see_through(here, second, progress())
    came_to(scene, second, "promoted")
    says(f"production is {standing(scene)}")

    title(3, "The same marker is delivered again.")
    before = runs(scene)
    again(scene, monday)
    says(waited_for(scene.log, "delivered again").strip())
    says(f"Workflows before and after: {len(before)} and {len(runs(scene))}")

    title(4, "A batch whose marker lists a file that is not there.")
    later = producer.mortgage_files(rows.iloc[:-1])
    third = lands(scene, tuesday, later, missing=list(later)[-1:])
    came_to(scene, third, "refused")

    title(5, "A batch with a negative ratio.")
    fourth = lands(scene, wednesday, producer.mortgage_files(producer.with_negative_ratio(rows)))
    came_to(scene, fourth, "refused")
    says(f"production is still {standing(scene)}")

    title(6, "Why? (`retrain why mortgage --date …`)")
    for day in (monday, tuesday, wednesday):
        why.run(PIPELINE, day, scene.pipelines, place, as_json=False)
    with desk() as people, patched(people.environment):
        tell_of_time(scene, place, people)


def tell_of_time(scene: Stage, place: Whereabouts, people: Desk) -> None:
    """Tell what only a clock can tell: data that never came, an event that was lost, a model taken back."""
    last = scene.days[3]
    title(7, "A week later, Monday 7:00. The next model was due by 6:00, and no batch has landed.")
    looks(scene, place, time(7))
    heard("the pager", people.pages)
    heard("Slack", people.slack)
    says("and 15 minutes later, the watch looks again:")
    looks(scene, place, time(7, 15))
    says(f"pages so far: {len(people.pages)}")

    title(8, "The batch lands at last, but its event is lost. Reconcile finds it in the bucket.")
    with events_lost(scene):
        name = put(scene, last, producer.mortgage_files(producer.mortgage_table().iloc[:-2]))
    asked = reconcile.Asked(PIPELINE, (), scene.pipelines, patience=timedelta(0))
    reconcile.run(asked, place, as_json=False)
    watched(scene, name)
    came_to(scene, name, "promoted")
    looks(scene, place, time(9))
    heard("the pager", people.pages[1:])

    title(9, "Somebody does not like that model.")
    rollback.run(PIPELINE, "", "complaints since this morning", scene.pipelines, as_json=False)
    says(f"production is {standing(scene)}")
    history.run(PIPELINE, scene.pipelines, limit=20, as_json=False)
    audit.run(PIPELINE, scene.pipelines, None, whole=True, as_json=False)


def looks(scene: Stage, place: Whereabouts, at: time) -> None:
    """Have the watch look at the pipeline as a CronWorkflow would on the last day, at that time where it lives."""
    zone = ZoneInfo(load(scene.pipelines / f"{PIPELINE}.yaml").expect.timezone)
    moment = datetime.combine(date.fromisoformat(scene.days[3]), at, zone)
    watch.run(watch.Watched(PIPELINE, None, scene.pipelines), place, moment.isoformat(), as_json=False)


def heard(who: str, messages: list[str]) -> None:
    """Print the only message that somebody got; raises `RunFailedError` if there is none or more than one."""
    if len(messages) != 1:
        raise RunFailedError(f"{who} got {len(messages)} messages, expected one: {messages}")
    first, *more = messages[0].splitlines()
    says(f"{who} got: {first}")
    for line in more:
        says(f"  {line}")
