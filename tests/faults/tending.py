"""Who looks after a pipeline: reconcile and watch at any moment, two at once, and people who freeze and roll back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from faults.world import World

from steps import page, slack
from steps.registry import freeze, marker, reconciliation, replay, rollback, watching
from steps.registry.notice import Notice, Tell
from steps.registry.pointer import Frozen
from steps.registry.replay import ReplayRefused
from steps.registry.rollback import RollbackRefused
from steps.registry.runs import RunsError
from steps.verdict import StoreError, Verdict


class Tending:
    """Starts the processes that look after the pipeline of a world; each has a name of its own."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._count = 0

    def reconcile(self, *, whole: bool, after: float = 0.0) -> None:
        def look() -> None:
            world = self._world
            now = world.schedule.now()
            report = reconciliation.reconcile(world.store(), world.document, world.runs(), now, whole=whole)
            for line in report.lines:
                world.schedule.note(f"says: {line.verb} {line.about}: {line.text}")

        self._spawn("sweep" if whole else "reconcile", look, after)

    def watch(self, *, after: float = 0.0) -> None:
        by = f"watch-{self._count}"

        def look() -> None:
            world = self._world
            ways = {name: partial(self._say, name) for name in ("slack", "page")}
            seen = watching.watch(world.store(), world.document, world.runs(), Tell(by, ways), world.schedule.now())
            for line in seen.lines:
                world.schedule.note(f"says: {line}")

        self._spawn("watch", look, after)

    def freeze(self, *, after: float = 0.0) -> None:
        def act() -> None:
            world = self._world
            at = world.schedule.now().isoformat(timespec="seconds")
            freeze.freeze(world.store(), world.document, Frozen("ada", "an audit", at))

        self._spawn("ada freezes", act, after)

    def unfreeze(self, *, after: float = 0.0) -> None:
        def act() -> None:
            world = self._world
            freeze.unfreeze(world.store(), world.document, "ada", "the audit is over", world.schedule.now())

        self._spawn("ada unfreezes", act, after)

    def roll_back(self, *, after: float = 0.0) -> None:
        def act() -> None:
            world = self._world
            asked = rollback.Rollback("", "bob", "it approves everybody")
            rollback.rollback(world.store(), world.document, asked, world.schedule.now())

        self._spawn("bob rolls back", act, after)

    def replay(self, batch: str, *, after: float = 0.0) -> None:
        """Replay a batch as the command does: granted first, then started."""

        def act() -> None:
            world, data = self._world, self._world.document.data
            store, runs = world.store(), world.runs()
            ready = marker.read(store, f"{data.prefix}/{batch}/{data.marker}", "", data)
            asked = replay.Replay(ready, "eve", "to see it again", allow_older=world.choices.chance(0.5))
            wanted = replay.replay(store, world.document, asked, runs, world.schedule.now())
            runs.start(world.document.name, wanted.name, wanted.parameters)

        self._spawn(f"eve replays {batch}", act, after)

    def _say(self, channel: str, notice: Notice) -> str | None:
        text = slack.text(notice) if channel == "slack" else f"{page.title(notice)}\n{page.body(notice)}"
        return self._world.tell(channel, text)

    def _spawn(self, name: str, act: Callable[[], None], after: float) -> None:
        """Start a process that may find the store or the cluster out of reach, and says so."""
        self._count += 1

        def code() -> None:
            try:
                act()
            except (StoreError, RunsError, Verdict, RollbackRefused, ReplayRefused) as error:
                self._world.schedule.note(f"gives up: {error}")

        self._world.spawn(f"{name} {self._count}", code, after=after)
