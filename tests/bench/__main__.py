"""`make bench`: what the engine adds to the processes it starts, as ratios to a floor measured in the same run.

Each figure is the median of several runs of the same thing done by a shell (or in one process) and by the engine, one
after the other, so that a busy machine slows both.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from workflows.engine.driver import Settings, run
from workflows.engine.loader import parse
from workflows.engine.model import Workflow
from workflows.engine.objects import Objects

ROUNDS = 5
WIDE = 200
AT_ONCE = 8

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


def engine(text: str) -> float:
    """Return the seconds that the engine takes for a Workflow."""
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
        started = time.perf_counter()
        done = run(workflow, Objects(), settings)
        took = time.perf_counter() - started
    assert done.status.phase == "Succeeded", done.status.message
    return took


def shell(program: str) -> float:
    started = time.perf_counter()
    subprocess.run(["sh", "-c", program], check=True, capture_output=True)
    return time.perf_counter() - started


def compare(name: str, floor: Callable[[], float], ours: Callable[[], float], rounds: int = ROUNDS) -> None:
    pairs = [(floor(), ours()) for _ in range(rounds)]
    below, above = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"{name:<44} floor {below:8.3f} s   engine {above:8.3f} s   ratio {above / below:6.2f}", flush=True)  # noqa: T201


def main() -> int:
    compare("5 trivial steps, one after the other", lambda: shell("sh -c 'exit 0';" * 5), lambda: engine(CHAIN))
    fan = f"seq {WIDE} | xargs -P {AT_ONCE} -n 1 sh -c 'exit 0'"
    compare(f"{WIDE} trivial steps, {AT_ONCE} at once", lambda: shell(fan), lambda: engine(FAN))
    from mortgage import in_one_process, on_the_engine

    compare("the mortgage pipeline", in_one_process, on_the_engine, rounds=3)
    return 0


if __name__ == "__main__":
    sys.exit(main())
