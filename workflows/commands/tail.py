"""The logs of a run of this machine, line by line as its steps write them. `retrain submit --logs` prints them.

Files are read as they grow, by a thread: whoever drives the run tells of its nodes only.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from workflows.commands.logs import by_node
from workflows.engine.journal import Journal

LOOK = 0.1  # seconds between looks

Say = Callable[[str, str], None]


class Tail:
    """Says what is new in the logs of the run, while the block goes on; `say` is given a pod's label and a line."""

    def __init__(self, home: Path, name: str, say: Say) -> None:
        self._home, self._name, self._say = home, name, say
        self._read: dict[Path, int] = {}
        self._labels: dict[str, str] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True)

    def __enter__(self) -> Tail:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._thread.join()
        self._look(whole=True)

    def _go_on(self) -> None:
        while not self._closing.wait(LOOK):
            self._look(whole=False)

    def _look(self, *, whole: bool) -> None:
        """Say the lines that are new; the last one, which may grow yet, only when it is the `whole` of it."""
        for file in Journal(self._home).logs(self._name):
            begin = self._read.get(file, 0)
            with file.open("rb") as log:
                log.seek(begin)
                new = log.read()
            end = len(new) if whole else new.rfind(b"\n") + 1
            self._read[file] = begin + end
            for line in new[:end].decode(errors="replace").splitlines():
                self._say(self._label(file.stem), line)

    def _label(self, pod: str) -> str:
        if pod not in self._labels:
            self._labels = by_node(self._name, self._home)
        return self._labels.get(pod, pod)
