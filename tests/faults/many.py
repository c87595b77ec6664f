"""Plays many seeds in as many processes, and says which of them failed."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from faults.choices import Choices
from faults.play import play

CHUNK = 20
"""Seeds a process is given at a time."""
SHOWN = 20
"""Failures that are told of in full."""


def many(seeds: range, jobs: int, say: Callable[[str], None]) -> int:
    """Play the seeds and return how many failed."""
    begin, turns, failed = time.perf_counter(), 0, 0
    chunks = [seeds[start : start + CHUNK] for start in range(0, len(seeds), CHUNK)]
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        for results in pool.map(played, chunks):
            for seed, taken, findings in results:
                turns += taken
                failed += bool(findings)
                if findings and failed <= SHOWN:
                    say("\n".join([f"seed {seed} fails:", *(f"  {finding}" for finding in findings)]))
    seconds = time.perf_counter() - begin
    say(f"{len(seeds)} schedules, {turns} turns, {failed} failed; {seconds:.0f} s in {jobs} processes")
    return failed


def played(seeds: range) -> list[tuple[int, int, tuple[str, ...]]]:
    """Play some seeds in this process; return each with its turns and what was wrong."""
    results = []
    for seed in seeds:
        found = play(Choices(seed))
        results.append((seed, found.turns, found.findings))
    return results
