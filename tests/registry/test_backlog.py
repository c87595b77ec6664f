"""An incomplete batch is waited for until the deadline that it is for, and for a day in any case."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from documents import document
from promotions import landed, marker
from stores import Memory, Watched

from steps.registry import backlog
from steps.registry.decision import Facts, Verb
from steps.verdict import Reason

LANDED = datetime(2026, 2, 20, 5, tzinfo=UTC)  # a Friday
DAY = timedelta(days=1)

UNTIL: dict[str, tuple[dict[str, Any], str, str]] = {
    "its day's deadline is past in a day": ({}, "2026-02-20", "2026-02-21T05:00"),
    "for a day to come": ({}, "2026-02-23", "2026-02-23T06:30"),
    "for Monday, by the lag of weekdays": ({"cadence": "weekdays", "lag": 1}, "2026-02-20", "2026-02-23T06:30"),
    "for next Monday": ({"cadence": "weekly"}, "2026-02-20", "2026-02-23T06:30"),
    "for the first of the month": ({"cadence": "monthly"}, "2026-02-20", "2026-03-01T06:30"),
    "by the clock of another zone": ({"timezone": "Asia/Tokyo", "deadline": "23:00"}, "2026-02-22", "2026-02-22T14:30"),
    "where none is ever due": ({"cadence": "never"}, "2026-02-20", "2026-02-21T05:00"),
    "for a day that no one will live to see": ({}, "9999-12-31", "2026-02-21T05:00"),
    "of long ago": ({}, "0001-01-01", "2026-02-21T05:00"),
}


@pytest.mark.parametrize(("expect", "as_of", "until"), UNTIL.values(), ids=UNTIL)
def test_until_when_a_batch_may_become_complete(expect: dict[str, Any], as_of: str, until: str) -> None:
    found = backlog.incomplete_until(document(expect=expect), marker("b", as_of), LANDED)
    assert found == datetime.fromisoformat(until).replace(tzinfo=UTC)


def test_until_then_it_is_waited_for_and_then_refused() -> None:
    ready, lack = marker("b", "2026-02-20"), backlog.Lack("b/a.csv", "missing", "nothing there", "1 bytes")
    facts = Facts(LANDED + DAY - timedelta(seconds=1), LANDED, ready)
    waits = backlog.incomplete(facts, lack, LANDED + DAY)
    assert (waits.verb, waits.why[:44]) == (Verb.WAIT, "incomplete: the file 'b/a.csv' is missing: n")
    late = backlog.incomplete(Facts(LANDED + DAY, LANDED, ready), lack, LANDED + DAY)
    assert late.verb is Verb.SETTLE
    assert late.conclusion is not None
    assert late.conclusion.reason is Reason.INCOMPLETE
    assert late.conclusion.evidence["files"] == [
        {"file": "b/a.csv", "problem": "missing", "found": "nothing there", "expected": "1 bytes"}
    ]


def test_what_a_batch_lacks_is_told_by_sizes_alone() -> None:
    store, loans = Memory(LANDED), document()
    ready = landed(store, "b")
    watched = Watched(store)
    assert backlog.lacks(watched, loans, ready, None) is None
    assert [method for method, _ in watched.asked] == ["head"]
    for body, problem in ((b"", "short"), (b"longer", "different")):
        store.put("incoming/loans/b/a.csv", body)
        lack = backlog.lacks(store, loans, ready, None)
        assert lack is not None
        assert (lack.problem, lack.found) == (problem, f"{len(body)} bytes")
    store.remove("incoming/loans/b/a.csv")
    lack = backlog.lacks(store, loans, ready, None)
    assert lack is not None
    assert lack.problem == "missing"


def test_what_a_run_found_wrong_is_wrong_until_a_file_is_written() -> None:
    store, loans = Memory(LANDED), document()
    ready = landed(store, "b")
    assert backlog.lacks(store, loans, ready, LANDED - timedelta(seconds=1)) is None
    assert backlog.lacks(store, loans, ready, LANDED) is not None
