"""The producers: what they land in the bucket, well or badly, and what is true of it afterwards.

They write with plain puts, as anybody may, and never fail: a batch that did not land is no promise of ours.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

from faults.bucket import Held
from faults.hazards import HOUR, MINUTE
from faults.world import World

PREFIX = "incoming/loans"
BAD_KEYS = ("Bad Name", "too/deep", "UPPER", "a-name-of-more-than-24-characters")
BAD_MARKERS = (b"", b"[]", b'{"as_of": "2026-03-02", "revision": 1, "files": [{"key": "../x", "size": 1}]}', b"\xff{")


KINDS = ("good", "copied", "older", "corrected", "nothing", "late file", "no file", "rewritten")
"""What may land for a day."""
WHOLE = ("good", "nothing")
"""What needs nobody but its own run."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One batch as it will land: `files` are the contents; `missing` of them come `late` seconds after the marker.

    With `late` None they never come.
    """

    name: str
    as_of: str
    revision: int
    files: tuple[bytes, ...]
    missing: int = 0
    late: float | None = None


@dataclass(frozen=True, slots=True)
class Landed:
    """A version of a marker that was written; `content` names its files' content, "" if it is no acceptable marker."""

    key: str
    etag: str
    at: float
    batch: str = ""
    as_of: str = ""
    revision: int = 0
    content: str = ""

    @property
    def order(self) -> tuple[str, int]:
        return (self.as_of, self.revision)


class Producers:
    """Lands batches; `announce` is the event path. `landed` is every version of a marker in its order."""

    def __init__(self, world: World, announce: Callable[[Held], None]) -> None:
        self._world = world
        self._announce = announce
        self.landed: list[Landed] = []

    def land(self, plan: Plan) -> None:
        """Write files, then the marker, then what was missing; called as an actor."""
        files = [(f"{plan.name}/{number}.csv", body) for number, body in enumerate(plan.files)]
        whole = len(files) - plan.missing
        for key, body in files[:whole]:
            self._put(f"{PREFIX}/{key}", body)
        self._mark(plan, files)
        for key, body in files[whole:] if plan.late is not None else ():
            self._world.schedule.sleep(plan.late or 0)
            self._put(f"{PREFIX}/{key}", body)

    def land_badly(self, number: int) -> None:
        """Write a marker at a key that is not acceptable, or one at a good key that is no marker."""
        if number < len(BAD_KEYS):
            self._ready(f"{PREFIX}/{BAD_KEYS[number]}/_READY.json", b"{}")
        else:
            junk = BAD_MARKERS[number - len(BAD_KEYS)]
            self._ready(f"{PREFIX}/junk-{number}/_READY.json", junk)

    def again(self, plan: Plan) -> None:
        """Write the same marker once more, which is another event of the same version."""
        held = self._world.bucket.find(f"{PREFIX}/{plan.name}/_READY.json")
        if held is not None:
            self._ready(held.key, held.body)

    def _mark(self, plan: Plan, files: list[tuple[str, bytes]]) -> None:
        entries = [{"key": key, "size": len(body), "sha256": hashlib.sha256(body).hexdigest()} for key, body in files]
        body = json.dumps({"as_of": plan.as_of, "revision": plan.revision, "files": entries}).encode()
        content = hashlib.sha256(b"\n".join(sorted(body for _, body in files))).hexdigest()
        held = self._ready(f"{PREFIX}/{plan.name}/_READY.json", body, announce=False)
        at = self._world.schedule.clock
        self.landed.append(Landed(held.key, held.etag, at, plan.name, plan.as_of, plan.revision, content))
        self._announce(held)

    def _ready(self, key: str, body: bytes, *, announce: bool = True) -> Held:
        held = self._put(key, body)
        if announce:
            if all(landed.etag != held.etag or landed.key != key for landed in self.landed):
                self.landed.append(Landed(key, held.etag, self._world.schedule.clock))
            self._announce(held)
        return held

    def _put(self, key: str, body: bytes) -> Held:
        world = self._world
        world.schedule.turn()
        held = world.bucket.put(key, body, world.schedule.moment(), by="producer")
        world.schedule.note(f"lands {key}", held.etag[:12])
        return held


def plans(world: World, day: int, *, whole: bool) -> list[tuple[float, Plan]]:
    """Draw what lands for a day of the schedule: seconds after its midnight, and the plan."""
    choices = world.choices
    as_of = f"2026-03-{day:02}"
    first = Plan(as_of, as_of, 1, _bodies(as_of, 1 + choices.below(2)))
    at = choices.of((3 * HOUR, 5 * HOUR, 8 * HOUR))
    kind = choices.of(WHOLE if whole else KINDS)
    if kind == "nothing":
        return []
    if kind == "late file":
        return [(at, Plan(*_facts(first), missing=1, late=choices.of((2 * MINUTE, 40 * MINUTE, 5 * HOUR, 30 * HOUR))))]
    if kind == "no file":
        return [(at, Plan(*_facts(first), missing=1))]
    found: list[tuple[float, Plan]] = [(at, first)]
    later = at + choices.of((30, 10 * MINUTE, 2 * HOUR))
    if kind == "rewritten":
        found.append((later, Plan(as_of, as_of, 2, _bodies(f"{as_of} anew", 2))))
    if kind == "copied":
        found.append((later, Plan(f"copy-{as_of}", as_of, 1, first.files)))
    if kind == "older":
        older = f"2026-03-{max(day - 1, 1):02}"
        found.append((later, Plan(f"older-{older}-{day}", older, 5, _bodies(f"older {day}", 1))))
    if kind == "corrected":
        found.append((later, Plan(f"corrected-{as_of}", as_of, 3, _bodies(f"{as_of} corrected", 2))))
    return found


def _bodies(text: str, count: int) -> tuple[bytes, ...]:
    return tuple(f"{text} {number}".encode() for number in range(count))


def _facts(plan: Plan) -> tuple[str, str, int, tuple[bytes, ...]]:
    return plan.name, plan.as_of, plan.revision, plan.files
