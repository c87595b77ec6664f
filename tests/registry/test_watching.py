"""A late model is told of once, to Slack and to who is on call, and once that it came; on record, with the reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from documents import document
from stores import Died, Memory, Mortal, Watched

from steps.document import Document
from steps.registry import ledger, message, pointer, watching
from steps.registry.ledger import Record
from steps.registry.message import UnsureError
from steps.registry.notice import Notice, Tell
from steps.registry.pointer import Frozen, Pointer
from steps.registry.watching import Seen
from steps.verdict import StoreError

LOANS = document()
START = datetime(2026, 2, 20, 12, tzinfo=UTC)
"""When the pipeline's first record was written: the 20th's model was due before it."""


@dataclass
class Way:
    """A channel: what people were told by it; with `problem` nothing, with `unsure` nobody knows."""

    told: list[Notice] = field(default_factory=list)
    problem: str | None = None
    unsure: bool = False

    def say(self, notice: Notice) -> str | None:
        if self.problem is None:
            self.told.append(notice)
        if self.unsure:
            raise UnsureError("no answer came")
        return self.problem

    @property
    def headings(self) -> list[str]:
        return [f"{notice.heading}{' (repeated)' if notice.repeated else ''}" for notice in self.told]


@dataclass
class Place:
    """A pipeline's bucket, and people."""

    store: Memory = field(default_factory=Memory)
    slack: Way = field(default_factory=Way)
    page: Way = field(default_factory=Way)
    watches: int = 0

    def watch(self, now: str | datetime, pipeline: Document = LOANS, *, inner: Any = None, only: str = "") -> Seen:
        self.watches += 1
        ways = {name: way.say for name, way in (("slack", self.slack), ("page", self.page)) if only in ("", name)}
        moment = now if isinstance(now, datetime) else at(now)
        return watching.watch(inner or self.store, pipeline, None, Tell(f"w{self.watches}", ways), moment)

    def promote(self, as_of: str, when: str, frozen: Frozen | None = None, *, on_record: bool = True) -> None:
        found = Pointer(f"{as_of}.1-0a", "", "h", as_of, as_of, 1, 1, "loans-1", f"u{as_of}", at(when).isoformat())
        self.store.put(pointer.key(LOANS), replace(found, frozen=frozen).to_json())
        if on_record:
            body = {"outcome": "promoted", "reason": "promoted", "message": "it is", "as_of": as_of, "batch": as_of}
            ledger.append(self.store, "loans", ledger.Entry("outcome", f"u{as_of}", body), now=at(when))

    def records(self, kind: str) -> list[Record]:
        return [record for record in ledger.records(self.store, "loans") if record.kind == kind][::-1]

    def freeze(self, *, frozen: bool) -> None:
        standing = pointer.read(self.store, LOANS)
        assert standing is not None
        why = Frozen("ann", "looking into it", START.isoformat()) if frozen else None
        self.store.put(pointer.key(LOANS), replace(standing.pointer, frozen=why).to_json())


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def place() -> Place:
    """A pipeline whose production has the data of the 23rd."""
    made = Place()
    made.promote("2026-02-19", START.isoformat()[:19])
    made.promote("2026-02-23", "2026-02-23T05:00")
    return made


def test_production_on_time_is_told_to_nobody(place: Place) -> None:
    seen = place.watch("2026-02-24T06:29")
    assert (seen.state, seen.lines) == ("on time", ("loans: on time: production has the data of 2026-02-23",))
    assert place.slack.told == place.page.told == place.records("late") == []


def test_on_time_costs_three_requests(place: Place) -> None:
    store = Watched(place.store)
    place.watch("2026-02-24T06:29", inner=store)
    assert [method for method, _ in store.asked] == ["get", "keys", "keys"]


def test_a_late_model_is_told_once_with_the_reason(place: Place) -> None:
    for minute in range(30, 60, 5):
        seen = place.watch(f"2026-02-24T06:{minute}")
    assert (seen.state, seen.reason, seen.untold) == ("late", "not-landed", ())
    assert (
        place.slack.headings
        == place.page.headings
        == ["is late: the model of 2026-02-24 was due at 2026-02-24T06:30+00:00"]
    )
    (notice,) = place.page.told
    assert "no ready marker" in notice.sentence or "landed" in notice.sentence
    assert "look: retrain why loans --date 2026-02-24" in notice.lines
    assert "production: 2026-02-23.1-0a, from data as of 2026-02-23" in notice.lines
    assert seen.lines[0].startswith("loans: late since 2026-02-24T06:30+00:00: ")


def test_it_stands_on_the_ledger_once_with_who_was_told(place: Place) -> None:
    place.page.problem = "the service did not take it"
    seen = place.watch("2026-02-24T06:30")
    place.watch("2026-02-24T07:00")
    (record,) = place.records("late")
    expected = {
        "day": "2026-02-24",
        "as_of": "2026-02-24",
        "since": "2026-02-24",
        "due": "2026-02-24T06:30:00+00:00",
        "reason": "not-landed",
        "told": {"slack": "sent", "page": "failed"},
        "production": "2026-02-23.1-0a",
        "frozen": False,
        "by": "retrain watch",
    }
    assert {name: record.body[name] for name in expected} == expected
    assert record.body["message"] == place.slack.told[0].sentence
    assert seen.untold == ("page: the service did not take it",)


def test_a_channel_that_failed_is_tried_until_it_works(place: Place) -> None:
    place.page.problem = "the service did not take it"
    assert [place.watch(f"2026-02-24T0{hour}:30").untold for hour in (6, 7)] == [
        ("page: the service did not take it",)
    ] * 2
    place.page.problem = None
    assert place.watch("2026-02-24T08:30").untold == ()
    assert (len(place.slack.told), len(place.page.told)) == (1, 1)


def test_who_may_have_been_told_is_told_once_more(place: Place) -> None:
    place.page.unsure = True
    unsure = "page: no answer came; whether they know cannot be known"
    assert place.watch("2026-02-24T06:30").untold == (unsure,)
    place.watch("2026-02-24T06:35")
    place.watch("2026-02-24T06:45")
    assert place.watch("2026-02-24T07:00").untold == (unsure,)
    assert [notice.repeated for notice in place.page.told] == [False, True]


def test_another_late_day_is_told_anew_and_says_since_when(place: Place) -> None:
    place.watch("2026-02-24T06:30")
    place.watch("2026-02-25T06:29")
    seen = place.watch("2026-02-25T06:30")
    assert [heading[:38] for heading in place.page.headings] == [
        "is late: the model of 2026-02-24 was d",
        "is late: the model of 2026-02-25 was d",
    ]
    assert "late since 2026-02-24" in place.page.told[1].lines
    assert "late since 2026-02-24T06:30" in seen.lines[0]
    assert [record.body["since"] for record in place.records("late")] == ["2026-02-24"] * 2


def test_a_recovery_is_told_once_with_how_late(place: Place) -> None:
    place.watch("2026-02-24T06:30")
    place.promote("2026-02-24", "2026-02-24T09:42")
    seen = place.watch("2026-02-24T09:45")
    again = place.watch("2026-02-24T10:00")
    assert (seen.state, [day.isoformat() for day in seen.recovered]) == ("on time", ["2026-02-24"])
    sentence = "the model of 2026-02-24 came 3 h 12 min late, at 2026-02-24T09:42+00:00"
    assert seen.lines == (
        f"loans: recovered: {sentence}",
        "loans: on time: production has the data of 2026-02-24",
    )
    assert (again.recovered, len(again.lines)) == ((), 1)
    assert [notice.sentence for notice in place.page.told[1:]] == [sentence]
    assert [notice.kind for notice in place.slack.told] == ["late", "recovered"]
    (record,) = place.records("recovered")
    assert (record.body["day"], record.body["late_seconds"]) == ("2026-02-24", 3 * 3600 + 12 * 60)
    assert record.body["told"] == {"slack": "sent", "page": "sent"}


def test_days_that_recover_together_are_told_together(place: Place) -> None:
    place.watch("2026-02-24T06:30")
    place.watch("2026-02-25T06:30")
    place.promote("2026-02-25", "2026-02-26T06:00")
    seen = place.watch("2026-02-26T06:05")
    assert [day.isoformat() for day in seen.recovered] == ["2026-02-24", "2026-02-25"]
    assert place.page.told[-1].sentence.startswith("the models of 2026-02-24 to 2026-02-25 came 1 d 23 h late")
    assert place.watch("2026-02-26T06:10").recovered == ()


def test_a_day_that_was_caught_up_is_told_though_the_next_is_late(place: Place) -> None:
    place.watch("2026-02-24T06:30")
    place.promote("2026-02-24", "2026-02-24T12:00")
    seen = place.watch("2026-02-25T06:30")
    assert (seen.state, len(seen.recovered), len(seen.lines)) == ("late", 1, 2)
    assert [notice.kind for notice in place.page.told] == ["late", "recovered", "late"]
    assert "late since 2026-02-24" not in place.page.told[-1].lines


def test_a_recovery_that_did_not_reach_people_is_told_later(place: Place) -> None:
    place.watch("2026-02-24T06:30")
    place.promote("2026-02-24", "2026-02-24T07:30")
    place.page.problem = "it answered 500"
    assert place.watch("2026-02-24T07:45").untold == ("page: it answered 500",)
    place.page.problem = None
    assert place.watch("2026-02-24T08:00").untold == ()
    place.watch("2026-02-24T08:15")
    assert [notice.kind for notice in place.page.told] == ["late", "recovered"]
    assert [notice.kind for notice in place.slack.told] == ["late", "recovered"]
    assert len(place.records("recovered")) == 1


def test_a_recovery_reached_by_a_later_batch_knows_when_from_the_ledger(place: Place) -> None:
    place.watch("2026-02-24T06:30")
    place.promote("2026-02-24", "2026-02-24T07:30")
    place.promote("2026-02-25", "2026-02-25T05:00")
    place.watch("2026-02-25T06:45")
    assert "came 1 h 0 min late" in place.slack.told[-1].sentence


def test_only_who_was_told_of_the_lateness_is_told_of_its_end(place: Place) -> None:
    place.watch("2026-02-24T06:30", only="slack")
    place.promote("2026-02-24", "2026-02-24T09:42")
    place.watch("2026-02-24T09:45")
    assert (len(place.slack.told), place.page.told) == (2, [])


def test_a_rollback_after_the_recovery_tells_nobody_again(place: Place) -> None:
    place.watch("2026-02-24T06:30")
    place.promote("2026-02-24", "2026-02-24T07:30")
    place.watch("2026-02-24T07:45")
    place.promote("2026-02-23", "2026-02-24T08:00", on_record=False)
    assert place.watch("2026-02-24T08:15").state == "late"
    assert (len(place.slack.told), len(place.page.told)) == (2, 2)


def test_while_promotion_is_frozen_slack_is_told_and_nobody_is_paged(place: Place) -> None:
    place.freeze(frozen=True)
    place.watch("2026-02-24T06:30")
    assert (len(place.slack.told), place.page.told) == (1, [])
    assert "promotion is frozen by ann: looking into it; nobody is paged" in place.slack.told[0].lines
    place.freeze(frozen=False)
    place.watch("2026-02-24T07:00")
    assert (len(place.slack.told), len(place.page.told)) == (1, 1)


def test_without_any_channel_it_stands_on_the_ledger_and_recovers(place: Place) -> None:
    place.watch("2026-02-24T06:30", only="none")
    place.watch("2026-02-24T06:45", only="none")
    place.promote("2026-02-24", "2026-02-24T09:42")
    assert len(place.watch("2026-02-24T09:45", only="none").recovered) == 1
    assert (len(place.records("late")), len(place.records("recovered"))) == (1, 1)


def test_no_page_for_a_day_before_the_first_record(place: Place) -> None:
    empty = Place()
    empty.store.bodies, empty.store.order = dict(place.store.bodies), list(place.store.order)
    empty.store.remove(pointer.key(LOANS))
    assert empty.watch("2026-02-20T23:00").state == "on time"
    assert empty.watch("2026-02-21T06:30").state == "late"


def test_the_first_watch_installs_a_pipeline_that_nothing_is_on_record_of() -> None:
    place = Place()
    assert place.watch("2026-02-24T07:00").lines == ("loans: nothing was due since it is here",)
    assert place.watch("2026-02-25T06:29").state == "on time"
    seen = place.watch("2026-02-25T06:30")
    assert seen.state == "late"
    assert json.loads(place.store.bodies["registry/loans/watched.json"][0]) == {"since": "2026-02-24T07:00:00+00:00"}
    assert "production: empty" in place.page.told[0].lines


def test_no_page_before_data_since() -> None:
    place, pipeline = Place(), document(data__since="2026-02-26")
    states = [place.watch(f"2026-02-{day}T07:00", pipeline).state for day in (24, 25, 26)]
    assert states == ["on time", "on time", "late"]


def test_a_pipeline_without_cadence_costs_nothing(place: Place) -> None:
    store = Watched(place.store)
    seen = place.watch("2026-02-24T07:00", document(expect__cadence="never"), inner=store)
    assert (seen.state, seen.lines) == ("nothing due", ("loans: no model is expected (cadence never)",))
    assert store.asked == []


def test_no_page_on_a_weekend(place: Place) -> None:
    weekdays = document(expect__cadence="weekdays", expect__timezone="Asia/Kathmandu")
    place.promote("2026-02-27", "2026-02-27T00:00")
    moment = at("2026-02-27T01:00")
    while moment < at("2026-03-02T00:45"):
        assert place.watch(moment, weekdays).state == "on time"
        moment += timedelta(hours=3)
    assert place.watch("2026-03-02T00:45", weekdays).state == "late"


@pytest.mark.parametrize("method", ["get", "keys", "create", "swap", "head"])
def test_two_watchers_at_once_tell_once(place: Place, method: str) -> None:
    store = Watched(place.store, {method: lambda: place.watch("2026-02-24T06:30")})
    place.watch("2026-02-24T06:30", inner=store)
    assert (len(place.slack.told), len(place.page.told), len(place.records("late"))) == (1, 1, 1)
    assert place.records("late")[0].body["told"] == {"slack": "sent", "page": "sent"}


LAST = 40
"""More requests than any of these watches makes."""


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("recovery", [False, True], ids=["late", "recovered"])
def test_a_death_at_any_request_leaves_nobody_untold_and_one_record(recovery: bool, after: bool) -> None:
    kind, moments = ("recovered", ("08", "09", "10")) if recovery else ("late", ("06", "07", "08"))
    died = 0
    for request in range(1, LAST):
        place = Place()
        place.promote("2026-02-23", "2026-02-23T05:00")
        if recovery:
            place.watch("2026-02-24T06:30")
            place.promote("2026-02-24", "2026-02-24T07:30")
        try:
            place.watch(f"2026-02-24T{moments[0]}:30", inner=Mortal(place.store, request, after))
        except Died:
            died += 1
        for hour in moments[1:]:
            assert place.watch(f"2026-02-24T{hour}:30").untold == ()
        for way in (place.slack, place.page):
            told = [notice.repeated for notice in way.told if notice.kind == kind]
            assert told in ([False], [True], [False, True]), request
        assert len(place.records(kind)) == 1, request
    assert 8 < died < LAST - 1


@pytest.mark.parametrize("trouble", [StoreError("it is gone"), TypeError("it is gone")], ids=["store", "bug"])
def test_what_keeps_the_reason_from_being_told_keeps_nobody_from_being_told(
    place: Place, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    def broken(*_: Any) -> Any:
        raise trouble

    monkeypatch.setattr(watching, "situation", broken)
    assert place.watch("2026-02-24T06:30").reason == "unreadable"
    assert f"could not be read: {type(trouble).__name__}: it is gone" in place.page.told[0].lines


def test_a_store_that_cannot_be_read_is_no_answer(place: Place) -> None:
    place.store.put(pointer.key(LOANS), b"x")
    with pytest.raises(StoreError):
        place.watch("2026-02-24T06:30")


def test_what_is_written_bears_the_time_it_really_is(place: Place) -> None:
    ways = {"slack": place.slack.say}
    really = at("2026-02-23T10:00")
    tell = Tell("w", ways, really)
    assert watching.watch(place.store, LOANS, None, tell, at("2026-03-01T07:00")).state == "late"
    (record,) = place.records("late")
    assert (record.at, record.body["day"]) == (really, "2026-03-01")
    told: Mapping[str, Any] = message.read(place.store, message.key("loans", "late-2026-03-01")).message.channels
    assert told["slack"].at == really
