"""The cases come to their ends on this machine: the real sensor, engine and steps, the rendered manifests, an S3."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conftest import served_store, store_environment
from end_to_end.cases import CASES, Case
from end_to_end.local import Local
from end_to_end.play import late, once, play

pytestmark = pytest.mark.whole


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    with served_store() as url, Local(tmp_path_factory.mktemp("place"), store_environment(url)).open() as place:
        yield place


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_batch_comes_to_its_end(place: Local, case: Case) -> None:
    play(place, case)
    once(place)


def test_a_model_that_nothing_came_for_is_told_of_once(place: Local) -> None:
    late(place)
