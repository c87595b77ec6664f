"""`make faults`: plays any number of schedules in parallel, or one of them again, step by step.

make faults SEEDS=10000     the seeds 0 to 9999
make faults SEEDS=500-999   those seeds
make faults SEED=17         one seed, its schedule printed line by line, and shrunk if it fails
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import sys
import time
from collections.abc import Iterable

from faults.choices import Choices
from faults.play import Played, play
from faults.show import printed, shrunk

CHUNK = 20
SHOWN = 10
TRIALS = 400


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="faults", description="Play schedules of the fault suite.")
    parser.add_argument("--seeds", default="1000", help="how many, or a range such as 500-999")
    parser.add_argument("--seed", type=int, help="one seed, printed step by step")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args(argv)
    if asked.seed is not None:
        return one(asked.seed)
    first, _, last = asked.seeds.rpartition("-")
    return many(range(int(first or 0), int(last) + bool(first)), asked.jobs)


def one(seed: int) -> int:
    """Play a seed and print its schedule; if it fails, shrink it first."""
    found = play(Choices(seed))
    say(printed(found.lines))
    if not found.findings:
        say(f"seed {seed}: nothing is wrong")
        return 0
    say(f"seed {seed}, {len(found.lines)} lines:", *found.findings, "", "a smaller schedule that fails too:", "")
    less = smaller(seed, found)
    say(printed(less.lines), *less.findings)
    return 1


def smaller(seed: int, found: Played) -> Played:
    """Return a schedule with few decisions that are not tame, that fails by the same check."""
    kinds = {kind(finding) for finding in found.findings}

    def fails(made: Iterable[int]) -> bool:
        return any(kind(finding) in kinds for finding in play(Choices(seed, list(made))).findings)

    return play(Choices(seed, shrunk(found.made, fails, TRIALS)))


def kind(finding: str) -> str:
    """Return the finding without the names and numbers in it."""
    return re.sub(r"\S*\d\S*", "#", finding)


def many(seeds: range, jobs: int) -> int:
    """Play the seeds in parallel and say which failed, the first ones with what was wrong."""
    begin, turns, failed = time.perf_counter(), 0, 0
    chunks = [seeds[start : start + CHUNK] for start in range(0, len(seeds), CHUNK)]
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        for results in pool.imap_unordered(chunk, chunks):
            for seed, asked, findings in results:
                turns += asked
                failed += bool(findings)
                if findings and failed <= SHOWN:
                    say(f"seed {seed} fails:", *(f"  {finding}" for finding in findings))
    seconds = time.perf_counter() - begin
    say(f"{len(seeds)} schedules, {turns} requests and other turns, {failed} failed, {seconds:.0f} s, {jobs} processes")
    if failed:
        say("to see one step by step: make faults SEED=<seed>")
    return 1 if failed else 0


def chunk(seeds: range) -> list[tuple[int, int, tuple[str, ...]]]:
    """Play some seeds; return each with its turns and what was wrong."""
    results = []
    for seed in seeds:
        found = play(Choices(seed))
        results.append((seed, found.turns, found.findings))
    return results


def say(*lines: str) -> None:
    print(*lines, sep="\n", flush=True)  # noqa: T201 - what the command is for


if __name__ == "__main__":
    sys.exit(main())
