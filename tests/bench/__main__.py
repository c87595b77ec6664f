"""`make bench`: what the engine and the registry cost, as ratios to a floor measured in the same run.

Each figure is the median of several rounds of the same thing done without the engine (the floor) and with it, one after
the other, so that a busy machine slows both. The ratio of processor seconds stands beside that of wall seconds, for
the first hardly feels what else runs.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

from bench import fairness, mortgage, registry, scale

from workflows.engine.driver import Settings, run
from workflows.engine.loader import parse
from workflows.engine.model import Workflow
from workflows.engine.objects import Objects

ROUNDS = 5
SLOW_ROUNDS = 3
WIDE = 200
AT_ONCE = 8
ROW = "{:<36} {:>9} {:>9} {:>6} {:>6}  {}"

CHAIN = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: NAME}
spec:
  entrypoint: main
  templates:
  - name: main
    dag:
      tasks:
      - {name: a, template: step}
      - {name: b, template: step, depends: a}
      - {name: c, template: step, depends: b}
      - {name: d, template: step, depends: c}
      - {name: e, template: step, depends: d}
  - name: step
    container: {image: any, command: [sh, -c, "exit 0"]}
"""

FAN = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: NAME}
spec:
  entrypoint: main
  templates:
  - name: main
    dag:
      tasks:
      - {name: a, template: step, withSequence: {count: "WIDE"}}
  - name: step
    container: {image: any, command: [sh, -c, "exit 0"]}
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds that something took: by the clock, and of processors (this process and all that it started and ended)."""

    wall: float
    processor: float


def main() -> int:
    write(f"{os.cpu_count()} processors, load average {' '.join(f'{load:.1f}' for load in os.getloadavg())}\n")
    write(ROW.format("", "floor s", "ours s", "ratio", "CPU", "what the floor is"))
    help_text = [sys.executable, "-m", "workflows", "--help"]
    compare(
        "retrain --help", "python -c pass", lambda: command(sys.executable, "-c", "pass"), lambda: command(*help_text)
    )
    chain = "sh -c 'exit 0';" * 5
    compare(
        "5 trivial steps, in turn", "a shell starts them", lambda: command("sh", "-c", chain), lambda: engine(CHAIN)
    )
    fan = f"seq {WIDE} | xargs -P {AT_ONCE} -n 1 sh -c 'exit 0'"
    name = f"{WIDE} trivial steps, {AT_ONCE} at once"
    compare(name, "xargs starts them", lambda: command("sh", "-c", fan), lambda: engine(FAN))
    with mortgage.landed() as batch:
        pipelines(batch)
    scale.main(write)
    registry.main(write)
    write("\nThe mortgage pipeline's variants over five seeds (docs/fairness.md):\n")
    fairness.main(write)
    return 0


def pipelines(batch: mortgage.Batch) -> None:
    """Compare the mortgage pipeline with both of its floors, and say what of it is interpreters and imports."""

    ways = (mortgage.as_processes, mortgage.in_one_process, mortgage.on_the_engine)
    rounds = [[measured(partial(way, batch)) for way in ways] for _ in range(SLOW_ROUNDS)]
    processes, one, engines = (median(list(costs)) for costs in zip(*rounds, strict=True))
    ours = Cost(engines.wall - mortgage.WAIT, engines.processor)
    show("the mortgage pipeline", "a script starts the steps", processes, ours)
    show("the mortgage pipeline", "one process calls the steps", one, ours)
    starts = measured(mortgage.imports)
    write(
        f"\nIts {len(mortgage.ORDER)} interpreters and their imports alone, in turn: {starts.wall:.1f} s, "
        f"{starts.processor:.1f} s of processors.\nThe engine's time is without the {mortgage.WAIT} s that the "
        "template waits after a rejection, as on a cluster."
    )


def compare(name: str, floor: str, below: Callable[[], None], above: Callable[[], None]) -> None:
    pairs = [(measured(below), measured(above)) for _ in range(ROUNDS)]
    show(name, floor, *(median(list(costs)) for costs in zip(*pairs, strict=True)))


def show(name: str, floor: str, below: Cost, above: Cost) -> None:
    ratios = (f"{above.wall / below.wall:.2f}", f"{above.processor / below.processor:.2f}")
    write(ROW.format(name, f"{below.wall:.3f}", f"{above.wall:.3f}", *ratios, floor))


def measured(act: Callable[[], None]) -> Cost:
    wall, processor = time.perf_counter(), processor_seconds()
    act()
    return Cost(time.perf_counter() - wall, processor_seconds() - processor)


def processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def median(costs: list[Cost]) -> Cost:
    return Cost(statistics.median(one.wall for one in costs), statistics.median(one.processor for one in costs))


def command(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


def engine(text: str) -> None:
    """Run a Workflow to its end."""
    name = f"bench-{uuid4().hex[:8]}"
    (workflow,) = parse(text.replace("NAME", name).replace("WIDE", str(WIDE)), "bench")
    assert isinstance(workflow, Workflow)
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(
            home=Path(home),
            clock=lambda: datetime.now(UTC),
            new_uid=lambda: str(uuid4()),
            parallelism=AT_ONCE,
            cancel=threading.Event(),
        )
        done = run(workflow, Objects(), settings)
    assert done.status.phase == "Succeeded", done.status.message


def write(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the figures are what this is for


if __name__ == "__main__":
    sys.exit(main())
