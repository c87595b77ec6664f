"""Watch a pipeline: tell people once when its model is late, and once when it came after all. `retrain watch` calls it.

It looks at production and the calendar only, so it needs no run to have started; the reason comes from
`steps.registry.situation`, as it does for `why`. What was told is in the messages and on the ledger.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, Literal
from zoneinfo import ZoneInfo

from steps.document import Document
from steps.registry import calendar, days, ledger, message, pointer
from steps.registry.explanation import Explanation
from steps.registry.lateness import Late, behind, lateness
from steps.registry.message import Message, Send
from steps.registry.notice import Notice, Say, Tell
from steps.registry.objects import Exists, Store
from steps.registry.pointer import Pointer
from steps.registry.runs import Runs
from steps.registry.situation import situation
from steps.registry.state import State
from steps.verdict import StoreError

BY = "retrain watch"
PAGE = "page"
HORIZON = timedelta(days=400)
"""How far back a late day can be for its recovery to be told."""
LOOKED_AT = 300
"""Records at most that are looked at for when production reached a late day."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a watch found: `lines` for a person; `untold`, by channel, why people were not told, or cannot be known."""

    pipeline: str
    state: Literal["on time", "late", "nothing due", "blind"]
    lines: tuple[str, ...]
    reason: str = ""
    recovered: tuple[date, ...] = ()
    untold: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Post:
    """One pipeline's watch at one moment: where it looks and by whom it tells."""

    store: Store
    document: Document
    tell: Tell
    now: datetime
    production: Pointer | None

    @property
    def as_of(self) -> date | None:
        if self.production is None or self.production.empty:
            return None
        try:
            return date.fromisoformat(self.production.as_of)
        except ValueError as error:
            raise StoreError(f"{pointer.key(self.document)} is no pointer: {error}") from error

    @property
    def frozen(self) -> bool:
        return self.production is not None and self.production.frozen is not None

    @property
    def really(self) -> datetime:
        return self.tell.really or self.now

    def ways(self) -> Mapping[str, Say]:
        """Return the channels to use now: nobody is woken for what somebody froze on purpose."""
        return {name: say for name, say in self.tell.ways.items() if not (self.frozen and name == PAGE)}

    def local(self, moment: datetime) -> str:
        return moment.astimezone(ZoneInfo(self.document.expect.timezone)).isoformat(timespec="minutes")


def watch(store: Store, document: Document, runs: Runs | None, tell: Tell, now: datetime) -> Seen:
    """Look once, tell what has to be told, and return what there was; at any time, by any number of watchers.

    Raises `StoreError` when it cannot look, or cannot keep who was told.
    """
    name = document.name
    if calendar.last_due(document.expect, now) is None:
        return Seen(name, "nothing due", (f"{name}: no model is expected (cadence {document.expect.cadence})",))
    standing = pointer.read(store, document)
    post = Post(store, document, tell, now, standing.pointer if standing else None)
    recovered, lines, untold = _recoveries(post)
    late = None
    if post.as_of is None or behind(document, post.as_of, now):
        late = lateness(document, post.as_of, _installed(post), now)
    if late:
        found = _late(post, runs, late)
        return replace(found, lines=(*lines, *found.lines), recovered=recovered, untold=(*untold, *found.untold))
    return Seen(name, "on time", (*lines, f"{name}: {_on_time(post)}"), "", recovered, untold)


def _late(post: Post, runs: Runs | None, late: Late) -> Seen:
    """Tell of a late day, once, and put it on record."""
    name = post.document.name
    found = _situation(post, runs, late.day)
    sentence = found.sentence.removeprefix(f"{name}: ")
    heading = f"is late: the model of {late.day} was due at {post.local(late.due)}"
    unread = [f"could not be read: {one}" for one in found.unread]
    facts = [*_since(late), _production(post), *_frozen(post), *unread, f"look: retrain why {name} --date {late.day}"]
    notice = Notice("late", name, heading, sentence, tuple(facts))
    where = message.key(name, f"late-{late.day}")
    told = message.once(post.store, where, _sends(post.ways(), notice), post.tell.by, post.really)
    body = {
        "day": late.day.isoformat(),
        "as_of": late.needed.isoformat(),
        "due": late.due.isoformat(),
        "since": late.since.isoformat(),
        "reason": str(found.code),
        "message": sentence,
        "frozen": post.frozen,
    }
    _recorded(post, where, told, ledger.Entry("late", f"watch-late-{late.day}", body))
    line = f"{name}: late since {post.local(calendar.due(post.document.expect, late.since) or late.due)}: {sentence}"
    return Seen(name, "late", (line,), str(found.code), untold=_untold(told, post))


def _situation(post: Post, runs: Runs | None, day: date) -> Explanation:
    """Explain the day; what keeps that from being told must not keep its lateness from being told."""
    try:
        return situation(post.store, post.document, runs, day, post.now)
    except Exception as error:  # noqa: BLE001 - the alarm must not depend on what explains it: its bugs are told, too
        return Explanation("why cannot be said", code=State.UNREADABLE, unread=(f"{type(error).__name__}: {error}",))


def _recoveries(post: Post) -> tuple[tuple[date, ...], tuple[str, ...], tuple[str, ...]]:
    """Tell of the late days that production has reached; return the days, a line each group, and who was not told."""
    late, before = (_days(post, kind) for kind in ("late", "recovered"))
    groups: list[list[date]] = []
    if late and before:
        last = message.read(post.store, message.key(post.document.name, f"recovered-{before[-1]}")).message
        earlier = before[-2] if len(before) > 1 else date.min
        if not last.record or _untold(last, post):
            groups.append([day for day in late if earlier < day <= before[-1]])
    as_of, newest = post.as_of, before[-1] if before else date.min
    if as_of is not None:
        expect = post.document.expect
        groups.append([day for day in late if day > newest and calendar.needed_as_of(expect, day) <= as_of])
    found = [(group, *_recovered(post, group)) for group in groups if group]
    reached = tuple(day for group, _, _ in found for day in group)
    return reached, tuple(line for _, line, _ in found), tuple(one for _, _, untold in found for one in untold)


def _recovered(post: Post, group: list[date]) -> tuple[str, tuple[str, ...]]:
    """Tell that production has reached these late days, to whom their lateness was told; put it on record."""
    name, first, last = post.document.name, group[0], group[-1]
    due = calendar.due(post.document.expect, first) or post.now
    reached = _reached(post, first, due)
    what = f"the model of {first}" if first == last else f"the models of {first} to {last}"
    sentence = f"{what} came {_span(reached - due)} late, at {post.local(reached)}"
    notice = Notice("recovered", name, "has recovered", sentence, (_production(post),))
    channels = {channel for day in group for channel in _told_of(post, day)}
    ways = {channel: say for channel, say in post.ways().items() if channel in channels}
    where = message.key(name, f"recovered-{last}")
    told = message.once(post.store, where, _sends(ways, notice), post.tell.by, post.really)
    body = {
        "day": last.isoformat(),
        "as_of": calendar.needed_as_of(post.document.expect, last).isoformat(),
        "days": [day.isoformat() for day in group],
        "late_seconds": round((reached - due).total_seconds()),
        "message": sentence,
    }
    _recorded(post, where, told, ledger.Entry("recovered", f"watch-recovered-{last}", body))
    return f"{name}: recovered: {sentence}", _untold(told, post)


def _recorded(post: Post, where: str, told: Message, entry: ledger.Entry) -> None:
    """Put it on record with who was told, unless it is, or another watcher is at it."""
    others = [one for one in told.channels.values() if message.under_way(one, post.tell.by, post.really)]
    if told.record or others:
        return
    production = post.production.version if post.production else ""
    states = {channel: str(one.state) for channel, one in told.channels.items()}
    body = {**entry.body, "production": production or None, "told": states, "by": BY}
    record = ledger.append(post.store, post.document.name, replace(entry, body=body), now=post.really)
    message.recorded(post.store, where, record.n)


def _sends(ways: Mapping[str, Say], notice: Notice) -> dict[str, Send]:
    def send(say: Say, repeated: bool) -> str | None:
        return say(replace(notice, repeated=repeated))

    return {channel: partial(send, say) for channel, say in ways.items()}


def _untold(told: Message, post: Post) -> tuple[str, ...]:
    """Say of each channel why people were not told by it, as far as it is this watch's business to tell."""
    return tuple(
        f"{name}: {one.said if one.state is message.State.FAILED else _unsure(one)}"
        for name, one in told.channels.items()
        if one.state is not message.State.SENT and not message.under_way(one, post.tell.by, post.really)
    )


def _unsure(one: message.Delivery) -> str:
    return f"{one.said or 'who told them died over it'}; whether they know cannot be known"


def _told_of(post: Post, day: date) -> Iterable[str]:
    return message.read(post.store, message.key(post.document.name, f"late-{day}")).message.channels


def _days(post: Post, kind: str) -> list[date]:
    """Return the days that there is a message of this kind about, oldest first."""
    prefix = f"{message.prefix(post.document.name)}{kind}-"
    after = (post.now - HORIZON).date().isoformat()
    names = (one.key.removeprefix(prefix).removesuffix(".json") for one in post.store.keys(prefix, f"{prefix}{after}"))
    return [date.fromisoformat(name) for name in names if days.day(name)]


def _reached(post: Post, day: date, due: datetime) -> datetime:
    """Return when production first had data that the model of that late day needed, now if no record tells.

    It came after it was due, for people were told so: what says otherwise is a clock.
    """
    needed, found = calendar.needed_as_of(post.document.expect, day).isoformat(), post.now
    for record in islice(ledger.records(post.store, post.document.name), LOOKED_AT):
        if record.at < due:
            break
        if record.body.get("outcome") == "promoted" and str(record.body.get("as_of")) >= needed:
            found = min(found, record.at)
    return found


def _installed(post: Post) -> datetime:
    """Return when the pipeline was first there: its first record, else the first watch, which remembers it."""
    name = post.document.name
    first = ledger.read(post.store, name, 1)
    if first is not None:
        return first.at
    where = f"registry/{name}/watched.json"
    found = post.store.get(where)
    try:
        if found is None:
            since = post.really.astimezone(UTC).isoformat(timespec="seconds")
            post.store.create(where, json.dumps({"since": since}).encode())
            return post.really
        return datetime.fromisoformat(json.loads(found[0])["since"]).astimezone(UTC)
    except Exists:
        return post.really
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(f"{where} does not say since when: {error!r}") from error


def _since(late: Late) -> list[str]:
    return [f"late since {late.since}"] if late.since != late.day else []


def _production(post: Post) -> str:
    found = post.production
    return (
        f"production: {found.version}, from data as of {found.as_of}" if post.as_of and found else "production: empty"
    )


def _frozen(post: Post) -> list[str]:
    frozen: Any = post.production.frozen if post.production else None
    return [f"promotion is frozen by {frozen.by}: {frozen.reason}; nobody is paged"] if frozen else []


def _on_time(post: Post) -> str:
    if post.as_of is None:
        return "nothing was due since it is here"
    return f"on time: production has the data of {post.as_of}"


def _span(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    hours, days = minutes // 60, minutes // (24 * 60)
    return f"{days} d {hours % 24} h" if days else f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
