"""`make faults`: plays any number of schedules in parallel, or one of them again, step by step.

make faults SEEDS=10000     the seeds 0 to 9999
make faults SEEDS=500-999   those seeds
make faults SEED=17         one seed, its schedule printed line by line, and shrunk if it fails
"""

from __future__ import annotations

import argparse
import os
import sys

from faults.choices import Choices
from faults.many import many
from faults.play import play
from faults.show import printed
from faults.shrink import smaller


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="faults", description="Play schedules of the fault suite.")
    parser.add_argument("--seeds", default="1000", help="how many, or a range such as 500-999")
    parser.add_argument("--seed", type=int, help="one seed, printed step by step")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args(argv)
    if asked.seed is not None:
        return one(asked.seed)
    first, _, last = asked.seeds.rpartition("-")
    failed = many(range(int(first or 0), int(last) + bool(first)), asked.jobs, say)
    if failed:
        say("to see one step by step: make faults SEED=<seed>")
    return 1 if failed else 0


def one(seed: int) -> int:
    """Play a seed and print its schedule; if it fails, print a smaller one too."""
    found = play(Choices(seed))
    say(printed(found.lines))
    if not found.findings:
        say(f"seed {seed}: nothing is wrong")
        return 0
    say(
        "\n".join(
            [f"seed {seed}, {len(found.lines)} lines:", *found.findings, "", "a smaller schedule that fails too:"]
        )
    )
    less = smaller(seed, found)
    say("\n".join([printed(less.lines), *less.findings]))
    return 1


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - what the command is for


if __name__ == "__main__":
    sys.exit(main())
