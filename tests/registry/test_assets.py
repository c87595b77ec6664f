"""What a pipeline has made, by what lies in its bucket."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from documents import document
from situations import DAWN, EXPECT, Scene
from stores import Blind

from steps.registry import freeze
from steps.registry.assets import Asset, assets
from steps.registry.marker import Marker
from steps.registry.objects import DeniedError
from steps.registry.pointer import Frozen
from steps.verdict import Reason

NAMES = ["raw batch", "clean data", "model", "report", "production"]


def made(scene: Scene) -> dict[str, Asset]:
    found = assets(scene.memory, scene.pipeline, scene.now)
    assert [asset.name for asset in found.assets] == NAMES
    assert found.unread == ()
    return {asset.name: asset for asset in found.assets}


def leave(scene: Scene, marker: Marker, *files: str) -> None:
    """Let the run of a batch leave artifacts, as Argo saves them."""
    look = scene.runs.looks[scene.name(marker)]
    for file in files or ("manifest.json", "clean/0000.parquet", "clean/0001.parquet", "model.skops", "report.json"):
        scene.memory.put(f"artifacts/{look.name}/{look.uid}/{file}", file.encode())


def test_of_a_pipeline_that_never_ran_there_is_nothing() -> None:
    assert all((one.made, one.fresh, one.run) == (None, None, "") for one in made(Scene()).values())


def test_each_is_told_with_its_run_and_its_data() -> None:
    scene = Scene()
    marker = scene.land(a=b"12", b=b"345")
    scene.begin(marker)
    scene.later(5)
    leave(scene, marker)
    scene.later(5)
    version = scene.promote(marker)
    found = made(scene)
    name = scene.name(marker)
    assert [found[one].made for one in NAMES] == [DAWN + timedelta(minutes=late) for late in (0, 5, 5, 5, 10)]
    assert [found[one].run for one in NAMES] == ["", name, name, name, name]
    assert {(one.batch, one.as_of) for one in found.values()} == {("2026-02-23", "2026-02-23")}
    assert len({one.data_hash for one in found.values()}) == 1
    assert found["raw batch"].detail == "revision 1, 2 files, 5 bytes"
    assert found["clean data"].detail == "2 files, 36 bytes, run promoted"
    assert found["production"].detail == f"version {version}"


def test_a_newer_model_that_was_rejected_is_told_beside_production() -> None:
    scene = Scene()
    for batch in ("2026-02-20", "2026-02-23"):
        marker = scene.land(batch)
        scene.begin(marker)
        leave(scene, marker)
        if batch == "2026-02-20":
            scene.promote(marker)
        else:
            scene.end(marker, scene.failed(Reason.GATE, "unfair"))
        scene.later(1)
    found = made(scene)
    assert (found["model"].batch, found["production"].batch) == ("2026-02-23", "2026-02-20")
    assert found["model"].detail == "11 bytes, run rejected (gate)"


def test_what_the_newest_run_did_not_reach_is_the_run_s_before() -> None:
    scene = Scene()
    for batch, files in (("2026-02-20", ()), ("2026-02-23", ("clean/0000.parquet",))):
        marker = scene.land(batch)
        scene.begin(marker)
        leave(scene, marker, *files)
        scene.later(1)
    found = made(scene)
    assert (found["clean data"].batch, found["model"].batch) == ("2026-02-23", "2026-02-20")
    assert found["clean data"].detail == "1 files, 18 bytes, no outcome on record"


def test_when_artifacts_have_expired_production_s_own_copy_is_told() -> None:
    scene = Scene()
    marker = scene.land()
    scene.begin(marker)
    version = scene.promote(marker)
    for name in ("model.skops", "report.json"):
        scene.memory.put(f"registry/loans/versions/{version}/{name}", b"kept")
    found = made(scene)
    assert found["clean data"].made is None
    for name in ("model", "report"):
        assert (found[name].detail, found[name].batch) == ("4 bytes, as promoted", "2026-02-23")


FRESH: dict[str, tuple[dict[str, object], datetime, bool | None]] = {
    "nothing newer was due": ({}, DAWN, True),
    "its own day has passed": ({}, DAWN + timedelta(hours=3), True),
    "a newer one was due": ({}, DAWN + timedelta(days=1, hours=3), False),
    "the data may be a day old": ({"lag": 1}, DAWN + timedelta(days=1, hours=3), True),
    "nothing is due ever": ({"cadence": "never"}, DAWN + timedelta(days=900), None),
}


@pytest.mark.parametrize(("expect", "now", "fresh"), FRESH.values(), ids=FRESH)
def test_fresh_is_what_the_last_due_model_needs(expect: dict[str, object], now: datetime, fresh: bool | None) -> None:
    scene = Scene(document(expect={**EXPECT, **expect}))
    marker = scene.land()
    scene.begin(marker)
    leave(scene, marker)
    scene.promote(marker)
    scene.memory.now = now
    assert {one.fresh for one in made(scene).values()} == {fresh}


def test_a_freeze_is_told_with_production() -> None:
    scene = Scene()
    marker = scene.land()
    scene.begin(marker)
    scene.promote(marker)
    freeze.freeze(scene.memory, scene.pipeline, Frozen("ana", "audit", DAWN.isoformat()))
    assert made(scene)["production"].detail.endswith(", frozen by ana")


def test_a_marker_that_cannot_be_used_is_told_as_it_is() -> None:
    scene = Scene()
    scene.memory.put(scene.key("2026-02-23"), b"{")
    raw = made(scene)["raw batch"]
    assert (raw.made, raw.as_of, raw.fresh) == (DAWN, "", None)
    assert raw.detail.startswith("the marker cannot be used")


def test_what_cannot_be_read_is_named_and_the_rest_is_told() -> None:
    scene = Scene()
    marker = scene.land()
    scene.begin(marker)
    leave(scene, marker)
    scene.promote(marker)
    found = assets(
        Blind(scene.memory, error=DeniedError("denied"), prefixes=("artifacts/",)), scene.pipeline, scene.now
    )
    assert found.unread == ("the artifacts: denied",)
    assert [asset.made is not None for asset in found.assets] == [True, False, False, False, True]


def test_the_requests_do_not_grow_with_the_runs() -> None:
    scene = Scene()
    for number in range(40):
        marker = scene.land(str(date(2026, 1, 1) + timedelta(days=number)))
        scene.begin(marker)
        scene.end(marker, scene.failed(Reason.GATE, "unfair"))
    store = Blind(scene.memory)
    assets(store, scene.pipeline, scene.now)
    assert len(store.asked) <= 25
