"""A message is told once a channel, whoever dies or wakes between any two requests; a doubtful repetition says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from stores import Died, Memory, Mortal, Watched

from steps.registry import message
from steps.registry.message import Delivery, Message, State, UnsureError
from steps.registry.objects import Store
from steps.verdict import StoreError

NOW = datetime(2026, 2, 24, 6, 30, tzinfo=UTC)
LATER = NOW + message.PATIENCE
WHERE = message.key("loans", "late-2026-02-24")


@dataclass
class Channel:
    """Slack, say: `told` is what people got, whether it called itself a repetition."""

    told: list[bool] = field(default_factory=list)
    problem: str | None = None
    before: Callable[[], object] = lambda: None
    after: Callable[[], object] = lambda: None

    def send(self, repeated: bool) -> str | None:
        self.before()
        if self.problem is None:
            self.told.append(repeated)
        self.after()
        return self.problem


def once(store: Any, *channels: Channel, by: str = "a", now: datetime = NOW) -> Message:
    return message.once(store, WHERE, {f"c{n}": channel.send for n, channel in enumerate(channels)}, by, now)


def die() -> None:
    raise Died


def test_it_is_told_once_by_each_channel() -> None:
    store, slack, page = Memory(), Channel(), Channel()
    for now in (NOW, NOW, LATER, LATER + timedelta(days=3)):
        told = once(store, slack, page, now=now)
    assert (slack.told, page.told) == ([False], [False])
    assert told.told("c0")
    assert told == message.read(store, WHERE).message


def test_a_known_failure_is_tried_again_by_that_channel_alone_and_is_no_repetition() -> None:
    store, slack, page = Memory(), Channel(problem="it answered 500"), Channel()
    assert once(store, slack, page).channels["c0"].said == "it answered 500"
    slack.problem = None
    told = once(store, slack, page, by="b")
    assert (slack.told, page.told) == ([False], [False])
    assert told.channels["c0"].said == ""


def test_a_channel_that_comes_later_is_told_then() -> None:
    store, slack, page = Memory(), Channel(), Channel()
    once(store, slack)
    once(store, slack, page, by="b")
    assert (slack.told, page.told) == ([False], [False])


def test_who_cannot_know_tells_once_more_and_says_so_but_never_a_third_time() -> None:
    store, slack = Memory(), Channel()

    def no_answer() -> None:
        raise UnsureError("no answer came")

    slack.after = no_answer
    assert once(store, slack).channels["c0"].said == "no answer came"
    for hours in range(3):
        once(store, slack, by=f"b{hours}", now=LATER + timedelta(hours=hours))
    assert slack.told == [False, True]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, 7))
def test_a_death_at_any_request_leaves_nobody_untold_and_repeats_once_at_most(at: int, after: bool) -> None:
    store, slack, page = Memory(), Channel(), Channel()
    try:
        once(Mortal(store, at, after), slack, page)
    except Died:
        pass
    else:
        assert at > 5  # read, claim, settle, claim, settle: there is no sixth
    for minute in (1, 11, 30):
        once(store, slack, page, by=f"b{minute}", now=NOW + timedelta(minutes=minute))
    for told in (slack.told, page.told):
        assert told in ([False], [True], [False, True])
    told = message.read(store, WHERE).message
    assert (told.told("c0"), told.told("c1")) == (True, True)


@pytest.mark.parametrize(("when", "told"), [("before", [True]), ("after", [False, True])])
def test_a_death_over_the_telling_leaves_it_open(when: str, told: list[bool]) -> None:
    store, slack = Memory(), Channel()
    setattr(slack, when, die)
    with pytest.raises(Died):
        once(store, slack)
    setattr(slack, when, lambda: None)
    once(store, slack, by="b", now=LATER - timedelta(seconds=1))
    assert len(slack.told) == len(told) - 1, "somebody else may still be at it"
    once(store, slack, by="b", now=LATER)
    once(store, slack, by="c", now=LATER + message.PATIENCE)
    assert slack.told == told


def test_who_left_it_half_done_itself_need_not_wait() -> None:
    store, slack = Memory(), Channel(before=die)
    with pytest.raises(Died):
        once(store, slack)
    slack.before = lambda: None
    once(store, slack)
    assert slack.told == [True]


@pytest.mark.parametrize("method", ["get", "create", "swap"])
def test_two_at_once_tell_once(method: str) -> None:
    inner, slack, page = Memory(), Channel(), Channel()
    store = Watched(inner, {method: lambda: once(inner, slack, page, by="b")})
    once(store, slack, page)
    assert (slack.told, page.told) == ([False], [False])


def test_one_that_slept_over_the_telling_and_wakes_settles_nothing_of_the_other_s() -> None:
    store, slack = Memory(), Channel()
    sleeper = Channel(before=lambda: once(store, slack, by="b", now=LATER))
    told = once(store, sleeper)
    assert (sleeper.told, slack.told) == ([False], [True])
    assert told.channels["c0"].by == "b"
    once(store, slack, by="c", now=LATER + message.PATIENCE)
    assert slack.told == [True]


def test_a_repetition_that_nobody_saw_end_is_not_repeated_again() -> None:
    store, slack = Memory(), Channel(after=die)
    for minutes in (0, 10, 20, 30):
        with pytest.raises(Died) if minutes < 20 else pytest.MonkeyPatch.context():
            once(store, slack, by=f"b{minutes}", now=NOW + timedelta(minutes=minutes))
    assert slack.told == [False, True]


def test_an_end_that_cannot_be_written_tells_nothing_twice_here() -> None:
    inner, slack = Memory(), Channel()

    def fail() -> None:
        raise StoreError("it is gone")

    store = Watched(inner, {"swap": fail})
    assert once(store, slack).told("c0")
    assert message.read(inner, WHERE).message.channels["c0"].state is State.SENDING
    once(inner, slack, by="b", now=LATER)
    assert slack.told == [False, True]


def test_a_store_that_fails_before_the_telling_tells_nobody() -> None:
    inner, slack = Memory(), Channel()

    def fail() -> None:
        raise StoreError("it is gone")

    with pytest.raises(StoreError):
        once(Watched(inner, {"create": fail}), slack)
    assert slack.told == []


def test_who_loses_the_race_and_cannot_read_who_won_knows_that_somebody_tells() -> None:
    store, slack = Memory(), Channel()
    watched = Watched(store)
    watched.before["create"] = lambda: (once(store, slack, by="b"), watched.before.update(get=broken))

    def broken() -> None:
        raise StoreError("it is out of reach")

    with pytest.raises(message.TakenError, match="another teller was faster"):
        once(watched, slack)
    assert slack.told == [False]


def test_the_record_s_number_is_kept_once() -> None:
    store = Memory()
    message.recorded(store, WHERE, 7)
    message.recorded(store, WHERE, 8)
    once(store, Channel())
    assert message.read(store, WHERE).message.record == 7


def test_the_record_s_number_is_kept_beside_a_telling(s3: Any) -> None:
    from steps.registry.objects import connect

    inner: Store = connect("retrain")
    store, slack = Watched(inner), Channel()
    once(inner, Channel(problem="no"))
    store.before["swap"] = lambda: once(inner, slack, by="b")
    message.recorded(store, WHERE, 7)
    found = message.read(inner, WHERE).message
    assert (found.record, found.told("c0"), slack.told) == (7, True, [False])


ONE = '{"record": 0, "channels": {"c0": {"state": "sent", "by": "a", "at": "2026-02-24T06:30Z"}}}'
DAMAGED = {
    "no JSON": "x",
    "no object": "[]",
    "no channels": '{"record": 0}',
    "a state there is not": ONE.replace("sent", "told"),
    "a time without zone": ONE.replace("Z", ""),
    "an unknown name": ONE.replace('"by"', '"x": 1, "by"'),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_what_is_no_message_is_said_to_be_none(content: str) -> None:
    store, slack = Memory(), Channel()
    store.put(WHERE, content.encode())
    with pytest.raises(StoreError, match="is no message"):
        once(store, slack)
    assert slack.told == []


def test_a_message_survives_its_way() -> None:
    store = Memory()
    delivery = Delivery(State.FAILED, "a", NOW, tries=3, repeated=True, said="it answered 500")
    before = Message({"slack": delivery, "page": replace(delivery, state=State.SENT)}, record=4)
    store.create(WHERE, before.to_json())
    assert message.read(store, WHERE).message == before
