"""A port of a Service, forwarded by kubectl, and forwarded again whenever that stands still.

A forwarding that lost its pod or its stream says so to nobody: connections are taken and never answered.
"""

from __future__ import annotations

import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from workflows.embedded import free_port

LOOK = 3
"""Seconds between looks, and until an answer."""


@contextmanager
def forwarded(namespace: str, service: str, port: int) -> Iterator[str]:
    """Yield the URL at which the Service's HTTP answers here, until the block ends."""
    here, over = free_port(), threading.Event()
    command = ["kubectl", "port-forward", "-n", namespace, f"service/{service}", f"{here}:{port}"]
    url = f"http://127.0.0.1:{here}"
    first = threading.Event()
    thread = threading.Thread(target=_keep, args=(command, url, first, over), daemon=True)
    thread.start()
    try:
        assert first.wait(60), f"{' '.join(command)} never answered"
        yield url
    finally:
        over.set()
        thread.join()


def _keep(command: list[str], url: str, first: threading.Event, over: threading.Event) -> None:
    while not over.is_set():
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as forward:
            while forward.poll() is None and not over.wait(LOOK if first.is_set() else 0.2):
                if _answers(url):
                    first.set()
                elif first.is_set():
                    break
            forward.kill()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=LOOK):
            return True
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError):
        return False
