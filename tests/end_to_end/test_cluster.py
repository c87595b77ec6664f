"""The same cases on the cluster of KUBECONFIG, and some that only a cluster has parts for. `make e2e` runs them.

It wants Argo Workflows there, and plays what events are about only with Argo Events.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest
from end_to_end.cases import CASES, ON_A_CLUSTER, Case
from end_to_end.cluster import Cluster
from end_to_end.play import late, levels, once, play

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif("KUBECONFIG" not in os.environ, reason="KUBECONFIG names no cluster to run on"),
]
ALL = {**CASES, **ON_A_CLUSTER}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("place")).open() as place:
        yield place


@pytest.mark.parametrize("case", ALL.values(), ids=ALL)
def test_a_batch_comes_to_its_end(place: Cluster, case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    if case.by_event and not place.events:
        pytest.skip("left out: there is no Argo Events on this cluster")
    if case.restarted and not place.restartable:
        pytest.skip("left out: no pod of the workflow controller is to be seen, so it cannot be restarted")
    came = play(place, case)
    once(place)
    with capsys.disabled():
        for one in came:
            sys.stdout.write(f"\n{one.record['batch']} {one.record['outcome']} ({one.record['reason']})\n")
            sys.stdout.writelines(f"  {line}\n" for line in (levels(one.workflow) if one.workflow else ()))


def test_a_model_that_nothing_came_for_is_told_of_once(place: Cluster) -> None:
    late(place)
