"""The durable queue between the event sources and the triggers: `$RETRAIN_HOME/sensor.sqlite`.

It stands in for the EventBus. The listener stores an event here before it deletes the message, and settles a delivery
once it is dealt with; so an event survives the death of the process at any moment, and may be dealt with twice, but
never not at all.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from workflows.engine.gotext import decode, encode
from workflows.engine.lock import Held, is_held, take
from workflows.engine.sensor import Event
from workflows.errors import StoreError

FILE = "sensor.sqlite"
# A message may come again for as long as a queue can keep it (SQS: at most 14 days).
REMEMBERED = timedelta(days=14)
ATTEMPTS, PAUSE = 10, 0.01  # at the home's lock, and the seconds between them
_SETTINGS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL, source TEXT NOT NULL, subject TEXT NOT NULL, message TEXT NOT NULL,
  time TEXT NOT NULL, data TEXT NOT NULL,
  UNIQUE (source, subject, message)
);
CREATE TABLE IF NOT EXISTS deliveries (
  event INTEGER NOT NULL REFERENCES events (number) ON DELETE CASCADE,
  sensor TEXT NOT NULL, trigger TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'pending', attempts INTEGER NOT NULL DEFAULT 0, detail TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (event, sensor, trigger)
);
CREATE INDEX IF NOT EXISTS waiting ON deliveries (sensor, trigger, event) WHERE state = 'pending';
"""

_INSERT = "INSERT OR IGNORE INTO events (id, source, subject, message, time, data) VALUES (?, ?, ?, ?, ?, ?)"

Target = tuple[str, str]
"""A Sensor's name and a trigger's."""

State = Literal["created", "exists", "filtered", "discarded", "dead", "lost"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one trigger; `attempts` counts those that failed, or were begun by a trigger that tries once."""

    number: int
    target: Target
    event: Event
    attempts: int


class Inbox:
    """The queue of one home directory. One process at a time holds it; any of its threads may call."""

    def __init__(self, path: Path) -> None:
        """Open or make the file. Raises StoreError if another process holds it, or it cannot be used."""
        self._place = str(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._home = _lock(path.with_suffix(".lock"))
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._connection.executescript(_SETTINGS + _SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"the sensor's inbox cannot be used: {error}", where=str(path)) from None
        self._lock = threading.RLock()
        self._news = threading.Condition(self._lock)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()
            self._home.release()

    def store(self, event: Event, targets: Sequence[Target]) -> bool:
        """Keep the event, on disk when this returns. False if its message was stored before: it is a redelivery."""
        with self._lock, self._transaction() as database:
            message, time = event.data["messageId"], event.time.astimezone(UTC).isoformat()
            cursor = database.execute(
                _INSERT,
                (event.id, event.source, event.subject, message, time, encode(event.data)),
            )
            if cursor.rowcount == 0:
                return False
            database.executemany(
                "INSERT INTO deliveries (event, sensor, trigger) VALUES (?, ?, ?)",
                [(cursor.lastrowid, *target) for target in targets],
            )
            self._news.notify_all()
        return True

    def next(self, target: Target) -> Delivery | None:
        """The oldest pending delivery of a trigger."""
        with self._lock:
            row = self._connection.execute(
                "SELECT number, id, source, subject, time, data, attempts "
                "FROM deliveries JOIN events ON event = number WHERE state = 'pending' "
                "AND sensor = ? AND trigger = ? ORDER BY number LIMIT 1",
                target,
            ).fetchone()
        if row is None:
            return None
        number, identity, source, subject, time, data, attempts = row
        event = Event(identity, source, subject, datetime.fromisoformat(time), decode(data))
        return Delivery(number, target, event, attempts)

    def attempted(self, delivery: Delivery, detail: str) -> None:
        """Count an attempt."""
        self._update("attempts = attempts + 1, detail = ?", delivery, detail)

    def settle(self, delivery: Delivery, state: State, detail: str = "") -> None:
        """Take the delivery out of the queue; it stays on record."""
        self._update(f"detail = ?, state = '{state}'", delivery, detail)

    def _update(self, change: str, delivery: Delivery, detail: str) -> None:
        where = "event = ? AND sensor = ? AND trigger = ?"
        with self._lock, self._transaction() as database:
            database.execute(
                f"UPDATE deliveries SET {change} WHERE {where}",  # noqa: S608 - our own words, no input
                (detail, delivery.number, *delivery.target),
            )

    def targets(self) -> tuple[Target, ...]:
        """Every trigger that has pending deliveries."""
        query = "SELECT DISTINCT sensor, trigger FROM deliveries WHERE state = 'pending' ORDER BY sensor, trigger"
        with self._lock:
            return tuple(self._connection.execute(query).fetchall())

    def wait_for(self, target: Target, seconds: float) -> Delivery | None:
        """`next`, after waiting until an event was stored, `wake` was called, or the time is over."""
        with self._news:
            found = self.next(target)
            if found is None:
                self._news.wait(seconds)
                found = self.next(target)
            return found

    def wake(self) -> None:
        """End everybody's `wait_for`."""
        with self._news:
            self._news.notify_all()

    def prune(self, now: datetime) -> int:
        """Forget events that are dealt with and too old to come again; return how many."""
        with self._lock:
            return self._connection.execute(
                "DELETE FROM events WHERE time < ? AND NOT EXISTS "
                "(SELECT 1 FROM deliveries WHERE event = number AND state = 'pending')",
                ((now.astimezone(UTC) - REMEMBERED).isoformat(),),
            ).rowcount

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            with self._connection:
                yield self._connection
        except sqlite3.Error as error:
            raise StoreError(f"the sensor's inbox cannot be used: {error}", where=self._place) from None


def _lock(path: Path) -> Held:
    """Take the home. Whoever asks `is_held` has it for a moment, hence more than one attempt."""
    held = take(path)
    for _ in range(ATTEMPTS):
        if held is not None:
            return held
        time.sleep(PAUSE)
        held = take(path)
    raise StoreError(
        "another sensor is running on this home directory", where=str(path), hint="end it, or choose another --home"
    )


def erase(path: Path) -> None:
    """Remove an inbox with all that SQLite keeps beside it: for a store that starts empty, old events mean nothing.

    Raises StoreError if another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _lock(path.with_suffix(".lock")):
        for suffix in ("", "-wal", "-shm", "-journal"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def is_served(home: Path) -> bool:
    """Whether a process holds the inbox of this home: `retrain up` does, for as long as it runs."""
    return is_held((home / FILE).with_suffix(".lock"))
