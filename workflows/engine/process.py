"""One process: started in a group of its own, its output written to a log, stopped with growing force.

Used by the executor, one thread a process. Waiting is reading: the thread sleeps on the process's standard output and
wakes for its end, so that a short step costs little more than starting it.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

RESULT_BYTES = 256 * 1024
TICK = 0.05  # seconds between looks at the clock and the cancel event
READ = 64 * 1024
DRAIN = 1.0  # seconds of reading on after the end


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds a process group has after INT, and then after TERM, before the next signal; KILL is not waited for."""

    interrupt: float = 5.0
    terminate: float = 10.0


@dataclass(frozen=True, slots=True)
class Command:
    """What to start; `arguments[0]` is the full path of the program, `log` gets both outputs."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    directory: Path
    log: Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a process ended: the exit code as a shell says it (128 + signal), and the last of its standard output."""

    exit_code: int
    stdout: bytes
    timed_out: bool = False
    cancelled: bool = False


def run(command: Command, cancel: threading.Event, seconds: float | None, patience: Patience = Patience()) -> Outcome:
    """Run to the end, to the cancel event, or for so many seconds; nothing of its process group is left afterwards.

    Raises OSError or ValueError if it cannot be started.
    """
    # Appending, because the process writes its errors to the log itself, at the same time as we write its output.
    log = os.open(command.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o644)
    try:
        # Without a preexec_fn and the like, CPython starts it by vfork.
        process = subprocess.Popen(
            command.arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=command.directory,
            env=command.environment,
            bufsize=0,
            process_group=0,
        )
        with process:
            return _Watch(process, log, patience).until_end(cancel, seconds)
    finally:
        os.close(log)


class _Watch:
    """A running process, what it has said, and how far we are in stopping it."""

    def __init__(self, process: subprocess.Popen[bytes], log: int, patience: Patience) -> None:
        self.process = process
        self.log = log
        self.output = cast(IO[bytes], process.stdout).fileno()
        self.tail = bytearray()
        self.open = True
        self.force = [(signal.SIGINT, patience.interrupt), (signal.SIGTERM, patience.terminate), (signal.SIGKILL, TICK)]
        self.next_signal = 0.0

    def until_end(self, cancel: threading.Event, seconds: float | None) -> Outcome:
        until = None if seconds is None else time.monotonic() + seconds
        timed_out = cancelled = False
        try:
            while self._running():
                timed_out = timed_out or (until is not None and time.monotonic() >= until)
                cancelled = cancelled or cancel.is_set()
                if timed_out or cancelled:
                    self._push()
        finally:
            # What it started dies with it, as a container's processes do with the first; also if we are interrupted.
            self._signal(signal.SIGKILL)
        code = self.process.wait()
        self._drain()
        return Outcome(128 - code if code < 0 else code, bytes(self.tail), timed_out, cancelled and not timed_out)

    def _running(self) -> bool:
        """Wait a tick for output or the end; say whether it still runs."""
        if self.open and self._readable(TICK):
            self._read()
            if self.open:
                return self.process.poll() is None
        # Its output has ended or is silent: has it, too? The end of output usually comes a moment before the end.
        try:
            self.process.wait(0 if self.open else TICK)
        except subprocess.TimeoutExpired:
            return True
        return False

    def _readable(self, seconds: float) -> bool:
        poll = select.poll()
        poll.register(self.output, select.POLLIN | select.POLLHUP)
        return bool(poll.poll(seconds * 1000))

    def _read(self) -> None:
        chunk = os.read(self.output, READ)
        if not chunk:
            self.open = False
            return
        self.tail += chunk
        if len(self.tail) > 4 * RESULT_BYTES:
            del self.tail[: -RESULT_BYTES - 1]
        written = memoryview(chunk)
        while written:
            written = written[os.write(self.log, written) :]

    def _drain(self) -> None:
        """Read what is still in the pipe. A process that left the group may hold it open, and write, for ever."""
        until = time.monotonic() + DRAIN
        while self.open and time.monotonic() < until and self._readable(TICK):
            self._read()

    def _push(self) -> None:
        """Send the next signal once the patience with the last one is over."""
        now = time.monotonic()
        if now < self.next_signal:
            return
        number, patience = self.force[0]
        if len(self.force) > 1:
            self.force.pop(0)
        self.next_signal = now + patience
        self._signal(number)

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.process.pid, number)
        except (ProcessLookupError, PermissionError):  # all gone; macOS refuses where only zombies are left
            return
