"""The logs of a run's pods on a cluster, line by line as they are written. `retrain submit --logs` prints them.

A thread a pod: each waits at the API for the next line, however long a step is silent. A log that cannot be read is
said once and stops nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from workflows.cluster.connection import TIMEOUT, Connection, said
from workflows.engine.graph import Graph
from workflows.engine.model import Workflow
from workflows.engine.nodes import NodePhase, NodeStatus, NodeType

CONTAINER = "main"
NOT_YET = 400
"""What the API answers while the container waits to be started."""
TRIES = 30
WAIT = 1.0
"""Seconds between tries."""
LAST = 10.0
"""Seconds that logs may still come once the Workflow has ended."""
SILENT = 24 * 3600
"""Seconds that a step may write nothing."""
LONGEST = 1 << 16
"""Bytes of one line; a longer one is broken up."""
STARTED = (NodePhase.RUNNING, NodePhase.SUCCEEDED, NodePhase.FAILED, NodePhase.ERROR)

Say = Callable[[NodeStatus, str], None]


class PodLogs:
    """Follows each pod of the Workflows that it is shown; `say` is given the pod's node and a line, by many threads."""

    def __init__(self, connection: Connection, say: Say) -> None:
        self._connection, self._say = connection, say
        self._threads: dict[str, threading.Thread] = {}

    def show(self, workflow: Workflow) -> None:
        """Begin to follow the pods that have started since."""
        graph = Graph(workflow.metadata.name or "")
        for node in workflow.status.nodes.values():
            if node.type is NodeType.POD and node.phase in STARTED and node.id not in self._threads:
                pod = graph.pod_name(node.name, node.template_name or "")
                thread = threading.Thread(target=self._follow, args=(node, pod), daemon=True)
                self._threads[node.id] = thread
                thread.start()

    def close(self) -> None:
        """Wait for what is still to come, not for ever."""
        end = time.monotonic() + LAST
        for thread in self._threads.values():
            thread.join(max(end - time.monotonic(), 0))

    def _follow(self, node: NodeStatus, pod: str) -> None:
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        trouble = "its container never started"
        for _ in range(TRIES):
            try:
                for line in lines(self._open(pod)):
                    self._say(node, line)
                return
            except ApiException as error:
                trouble = f"the API answered {error.status}: {said(error.body)}"
                if error.status == 403:
                    trouble = "not allowed (403); it takes get of pods/log"
                if error.status != NOT_YET or node.phase is not NodePhase.RUNNING:
                    break
                time.sleep(WAIT)
            except (HTTPError, OSError) as error:
                trouble = str(error)
                break
        self._say(node, f"(its log cannot be read: {trouble})")

    def _open(self, pod: str) -> Iterable[bytes]:
        from kubernetes import client
        from kubernetes.client.exceptions import ApiException

        api: Any = client.CoreV1Api(self._connection.client)
        where = {"name": pod, "namespace": self._connection.namespace, "container": CONTAINER}
        answer = api.read_namespaced_pod_log(
            **where, follow=True, _preload_content=False, _request_timeout=(TIMEOUT[0], SILENT)
        )
        if answer.status >= 300:
            refused = ApiException(status=answer.status, reason=answer.reason)
            refused.body = answer.read()
            raise refused
        chunks: Iterable[bytes] = answer.stream(amt=None, decode_content=False)
        return chunks


def lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Yield the lines of what comes in pieces, as soon as each is whole; the last one may lack its end."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line.decode(errors="replace") for line in whole)
        if len(rest) > LONGEST:
            yield rest.decode(errors="replace")
            rest = b""
    if rest:
        yield rest.decode(errors="replace")
