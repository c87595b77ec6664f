"""Every version has a line that says what became of it, by its own records and in requests that do not grow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from commandline import PIPELINES
from stores import Memory, Watched

from steps.document import Document
from steps.registry import ledger, pointer, version
from steps.registry.history import Version, history
from steps.registry.ledger import Entry
from steps.registry.pointer import Pointer
from steps.registry.rollback import Rollback, rollback
from workflows.config import find

DOCUMENT: Document = find("loans", PIPELINES)
START = datetime(2026, 2, 23, 6, tzinfo=UTC)


@pytest.fixture
def files(tmp_path: Path) -> version.Files:
    made = version.Files(tmp_path / "model", tmp_path / "report")
    for file in (made.model, made.report):
        file.write_bytes(b"x")
    return made


def as_of(number: int) -> str:
    return (START + timedelta(days=number)).date().isoformat()


def deployed(store: Memory, number: int, files: version.Files, *, until: str = "recorded", uid: str = "") -> str:
    """Let a run of the day deploy its version, as far as `written`, `intended`, `moved` or `recorded`."""
    uid = uid or f"{number:08d}-0000"
    day, now = as_of(number), START + timedelta(days=number)
    name = version.name(day, 1, uid)
    standing = pointer.read(store, DOCUMENT)
    before = pointer.current(standing).version
    about = {"version": name, "batch": day, "as_of": day, "revision": 1, "workflow": f"loans-{number}"}
    version.write(store, "loans", name, files, {**about, "previous": before})
    target = Pointer(name, "", "h", day, day, 1, 1, f"loans-{number}", uid, now.isoformat())
    if until != "written":
        ledger.append(store, "loans", Entry("intent", uid, {**about, "replaces": before}), now=now, since=now)
    if until in ("moved", "recorded"):
        assert pointer.move(store, DOCUMENT, target, standing)
    if until == "recorded":
        body = {**about, "outcome": "promoted", "reason": "promoted", "workflow": {"name": f"loans-{number}"}}
        ledger.append(store, "loans", Entry("outcome", uid, body), now=now, since=now)
    return name


def states(found: list[Version]) -> list[tuple[str, str]]:
    return [(one.as_of, one.state) for one in found]


def test_a_pipeline_without_versions_has_no_history() -> None:
    assert history(Memory(), DOCUMENT, 20) == []


def test_versions_come_newest_first_with_what_became_of_them(files: version.Files) -> None:
    store = Memory()
    for number in range(3):
        deployed(store, number, files)
    deployed(store, 3, files, until="intended")
    deployed(store, 4, files, until="written")
    found = history(store, DOCUMENT, 20)
    assert states(found) == [
        (as_of(4), "never in production"),
        (as_of(3), "never in production"),
        (as_of(2), "in production"),
        (as_of(1), "was in production"),
        (as_of(0), "was in production"),
    ]
    assert [one.workflow for one in found] == ["", "loans-3", "loans-2", "loans-1", "loans-0"]
    assert found[2].promoted == START + timedelta(days=2)
    assert (found[1].promoted, found[1].batch) == (None, as_of(3))
    assert states(history(store, DOCUMENT, 2)) == states(found[:2])


def test_a_promotion_that_is_not_on_record_yet_is_in_production_all_the_same(files: version.Files) -> None:
    store = Memory()
    deployed(store, 0, files, until="moved")
    deployed(store, 1, files, until="moved")
    assert [state for _, state in states(history(store, DOCUMENT, 20))] == ["in production", "was in production"]


def test_a_version_that_was_taken_back_says_by_whom_and_why(files: version.Files) -> None:
    store = Memory()
    first, second = (deployed(store, number, files) for number in range(2))
    rollback(store, DOCUMENT, Rollback("", "ann", "it lends to nobody"), START + timedelta(days=2))
    after, before = history(store, DOCUMENT, 20)
    assert (before.name, before.state, before.workflow) == (first, "in production", "loans-0")
    assert before.promoted == START
    assert (after.name, after.state) == (second, "rolled back")
    assert after.back is not None
    assert (after.back.body["by"], after.back.body["reason"], after.back.body["version"]) == (
        "ann", "it lends to nobody", first
    )  # fmt: skip


def test_two_versions_of_a_day_keep_apart(files: version.Files) -> None:
    store = Memory()
    for uid in ("aaaaaaaa-1", "bbbbbbbb-1"):
        deployed(store, 0, files, uid=uid)
    rollback(store, DOCUMENT, Rollback("", "ann", "why"), START)
    assert {one.name[-8:]: one.state for one in history(store, DOCUMENT, 20)} == {
        "aaaaaaaa": "in production", "bbbbbbbb": "rolled back"
    }  # fmt: skip


def test_revisions_order_as_numbers() -> None:
    store = Memory()
    for revision in (9, 10, 2):
        store.put(f"registry/loans/versions/2026-02-23.{revision}-aaaaaaaa/version.json", b"{}")
    assert [one.name for one in history(store, DOCUMENT, 2)] == ["2026-02-23.10-aaaaaaaa", "2026-02-23.9-aaaaaaaa"]


def test_what_is_no_version_s_name_is_none() -> None:
    store = Memory()
    for name in ("x", "2026-02-23.1-\x1b[2J/a", "2026-02-23/a", "2026-02-23.1-aaaaaaaabbbb/a", "٢٠٢٦-02-23.1-a/a"):
        store.put(f"registry/loans/versions/{name}", b"")
    store.put("registry/loans/versions/2026-02-30.1-aaaaaaaa/version.json", b"{}")
    assert states(history(store, DOCUMENT, 20)) == [("2026-02-30", "never in production")]


def test_the_length_of_the_ledger_costs_no_request(files: version.Files) -> None:
    asked = []
    for length in (50, 2_000):
        store = Memory()
        for number in range(5):
            deployed(store, number, files)
        for number in range(length):
            now = START + timedelta(days=6, hours=number)
            ledger.append(store, "loans", Entry("late", f"w{number}", {"as_of": now.date().isoformat()}), now=now)
        watched = Watched(store)
        assert len(history(watched, DOCUMENT, 3)) == 3
        asked.append(len(watched.asked))
    assert asked[0] == asked[1] == 1 + 1 + 3 * (1 + 1)
