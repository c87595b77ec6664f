"""The markers near a day, whatever else lies below the prefix."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from situations import DAWN, DAY, Scene
from stores import Watched

from steps.registry.landing import landed

FEBRUARY = date(2026, 2, 1)


def crowded() -> Scene:
    """Return a pipeline of three years of daily batches, ten files each."""
    scene = Scene()
    for back in range(1000):
        day = DAY - timedelta(days=back)
        scene.memory.put(scene.key(str(day)), b"")
        for number in range(10):
            scene.memory.put(f"incoming/loans/{day}/{number}.csv", b"")
    return scene


def found(scene: Scene, *days: date, now: datetime = DAWN) -> list[str]:
    return [one.key.split("/")[2] for one in landed(scene.memory, scene.pipeline.data, days, now)]


def test_a_small_bucket_is_one_request() -> None:
    scene = Scene()
    for batch in ("2026-02-23", "later", "0001"):
        scene.land(batch, as_of="2026-02-23")
    store = Watched(scene.memory)
    assert [one.key for one in landed(store, scene.pipeline.data, [DAY], DAWN)] == [
        scene.key(batch) for batch in ("0001", "2026-02-23", "later")
    ]
    assert len(store.asked) == 1


def test_what_is_no_marker_is_none() -> None:
    scene = Scene()
    for key in ("_READY.json", "a/b/_READY.json", "A/_READY.json", "a/_READY.json.old", "a/data.csv"):
        scene.memory.put(f"incoming/loans/{key}", b"")
    assert found(scene) == []


NAMED = {
    "the newest": (DAY, "2026-02-23"),
    "in the midst of it": (date(2024, 12, 24), "2024-12-24"),
    "of a second delivery": (FEBRUARY, "2026-02-01-b"),
}


@pytest.mark.parametrize(("day", "batch"), NAMED.values(), ids=NAMED)
def test_in_a_crowded_bucket_a_day_s_batch_is_found_by_its_name(day: date, batch: str) -> None:
    scene = crowded()
    scene.memory.put(scene.key("2026-02-01-b"), b"")
    assert batch in found(scene, day)


def test_a_batch_of_more_files_than_a_page_is_found() -> None:
    scene = crowded()
    for number in range(1100):
        scene.memory.put(f"incoming/loans/2024-12-24/{number:04}.csv", b"")
    assert "2024-12-24" in found(scene, date(2024, 12, 24))


def test_in_a_crowded_bucket_the_last_weeks_are_seen_in_few_requests() -> None:
    scene = crowded()
    store = Watched(scene.memory)
    keys = {one.key for one in landed(store, scene.pipeline.data, [FEBRUARY], DAWN)}
    assert {scene.key(str(DAY - timedelta(days=back))) for back in range(14)} <= keys
    assert len(store.asked) == 4
