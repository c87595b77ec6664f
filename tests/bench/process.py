"""A process of the benchmark, and what it used: seconds by the clock, seconds of processors, memory at most."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

ROW = "{:<40} {:>8} {:>8} {:>7} {:>7} {:>9}"
HEADS = ("", "s", "CPU s", "ratio", "CPU", "peak MiB")
"""The ratios are to the floor above."""
LAUNCH = """
import json, os, sys, time
began = time.perf_counter()
nowhere = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=nowhere)
_, status, used = os.wait4(pid, 0)
wall, code = time.perf_counter() - began, os.waitstatus_to_exitcode(status)
print(json.dumps([wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, code]))
"""
"""A process counts the memory of the one that started it as its own, so a small one starts it."""


@dataclass(frozen=True, slots=True)
class Used:
    """What one process used: wall seconds, processor seconds, resident bytes at most."""

    wall: float
    processor: float
    memory: int


def run(*words: object, code: int = 0) -> Used:
    """Run Python with these words and return what it used; its output goes nowhere."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", LAUNCH, sys.executable, *map(str, words)], check=True, capture_output=True
    )
    wall, processor, memory, ended = json.loads(done.stdout)
    assert ended == code, (words, ended)
    return Used(wall, processor, memory)


def total(processes: Sequence[Used]) -> Used:
    """Return what several processes in turn used: the sum of the seconds, the largest memory."""
    wall, processor = (sum(getattr(one, what) for one in processes) for what in ("wall", "processor"))
    return Used(wall, processor, max(one.memory for one in processes))


def median(rounds: Sequence[Used]) -> Used:
    """Return the median seconds of the same thing done several times, and the largest memory."""
    wall, processor = (statistics.median(getattr(one, what) for one in rounds) for what in ("wall", "processor"))
    return Used(wall, processor, max(one.memory for one in rounds))


def show(write: Callable[[str], None], name: str, used: Used, floor: Used | None = None) -> None:
    """Write a row, with the ratios to the floor if there is one."""
    ratios = (f"{used.wall / floor.wall:.2f}", f"{used.processor / floor.processor:.2f}") if floor else ("", "")
    write(ROW.format(name, f"{used.wall:.1f}", f"{used.processor:.1f}", *ratios, f"{used.memory / 2**20:.0f}"))
