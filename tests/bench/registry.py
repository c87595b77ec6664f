"""What the registry costs: a ledger of 100,000 records over HTTP, and reconcile over a bucket of a million old objects.

Called by `__main__`. The ledger's figures are ratios to one GET of the same server, `bench.server`, since moto lists a
bucket of that size in seconds; reconcile's are ratios to a plain list of the same keys, in memory.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import count, islice
from tempfile import TemporaryDirectory

from bench.nowhere import NoRuns
from bench.server import serving
from stores import Memory, Watched

from steps.registry import chain, ledger, receipt, version
from steps.registry.history import history
from steps.registry.ledger import Entry
from steps.registry.objects import Store, connect
from steps.registry.receipt import Receipt
from steps.registry.reconciliation import reconcile
from steps.registry.situation import situation
from workflows import producer
from workflows.commands.ahead import at_once
from workflows.config import SHIPPED, load
from workflows.embedded import environment

RECORDS = 100_000
VERIFIED = 3_000
OLD = 1_000_000
DAYS = 3_650
NEW = 10
ROUNDS = 7
ROW = "{:<36} {:>9} {:>9} {:>6}  {}"
NOW = datetime(2026, 2, 23, 6, tzinfo=UTC)
DOCUMENT = load(SHIPPED / "loans.yaml")
Write = Callable[[str], None]


def main(write: Write) -> None:
    store = Memory(now=NOW)
    fill(store, "loans", RECORDS)
    fill(store, "mortgage", VERIFIED)
    land(store, [NOW.date() - timedelta(days=number) for number in range(1, 21)], settled=True)
    for number in range(0, RECORDS // 2, 100):
        store.put(
            f"{version.prefix('loans', version.name(day_of(at(number, RECORDS // 2)), 1, f'{number:08x}'))}/x", b""
        )
    write(f"\nA ledger of {RECORDS:,} records, over HTTP to a server that keeps it in memory")
    write(ROW.format("", "requests", "ms", "GETs", ""))
    with serving(store) as endpoint, TemporaryDirectory() as home:
        os.environ.update(environment(endpoint))
        of_the_ledger(connect(DOCUMENT.data.bucket), write)
        of_commands(home, write)
    del store
    write(f"\nReconcile, {OLD:,} old objects of {DAYS:,} batches and {NEW} new markers, in memory")
    write(ROW.format("", "requests", "s", "lists", "of the requests"))
    of_the_bucket(write)


def of_the_ledger(store: Store, write: Write) -> None:
    """Count and time what people and runs ask of the long ledger, as ratios to one GET of a record."""
    floor = median(lambda: ledger.read(store, "loans", RECORDS), 100)
    fresh = count()
    old = NOW.date() - timedelta(days=5 * 365)
    acts: dict[str, Callable[[Store], object]] = {
        "append a run's two records": lambda store: append(store, "loans", NOW, next(fresh)),
        "runs: the 20 newest": lambda store: list(islice(ledger.outcomes(store, "loans"), 20)),
        "why: the newest": lambda store: situation(store, DOCUMENT, None, None, NOW),
        "why: a day five years ago": lambda store: situation(store, DOCUMENT, None, old, NOW),
        "history: the 20 newest versions": lambda store: history(store, DOCUMENT, 20, at_once),
        f"audit --verify of {VERIFIED:,} records": lambda store: chain.verify(store, "mortgage", None, at_once),
    }
    write(ROW.format("the floor: one GET of a record", 1, f"{1000 * floor:.1f}", "1.0", ""))
    for name, act in acts.items():
        watched = Watched(store)
        act(watched)
        took = median(lambda act=act: act(store), 1 if "audit" in name else ROUNDS)  # type: ignore[misc]
        write(ROW.format(name, len(watched.asked), f"{1000 * took:.1f}", f"{took / floor:.1f}", ""))


def of_commands(home: str, write: Write) -> None:
    """Time the commands as a person starts them, beside one that asks nobody: seconds, and those of processors."""
    write("")
    for words in ("--help", "why loans", "runs loans"):
        line = [sys.executable, "-m", "workflows", *words.split(), *([] if words == "--help" else ["--home", home])]
        used = processor_seconds()
        took = median(lambda line=line: subprocess.run(line, check=True, capture_output=True), 3)  # type: ignore[misc]
        write(f"retrain {words:<11} {took:.2f} s, {(processor_seconds() - used) / 3:.2f} s of processors")


def processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def of_the_bucket(write: Write) -> None:
    """Count and time a window and a sweep, as ratios to nothing but the list of all keys below the prefix."""
    store = Memory(now=NOW - timedelta(days=1))
    for number in range(DAYS):
        settled_long_ago(store, f"{NOW.date() - timedelta(days=DAYS - number)}", OLD // DAYS)
    floor = median(lambda: sum(1 for _ in store.keys(f"{DOCUMENT.data.prefix}/")), 1)
    for name, first in (("the window", NEW), ("the daily sweep", 0)):
        land(store, [NOW.date() - timedelta(days=number - first // 2) for number in range(NEW)], batch=f"-{first}")
        watched, runs = Watched(store), NoRuns()
        began = time.perf_counter()
        report = reconcile(watched, DOCUMENT, runs, NOW, whole=not first)
        took = time.perf_counter() - began
        assert not report.troubles, report.troubles
        assert len(runs.started) == 1, report
        kinds = Counter("list pages" if method == "keys" else method for method, _ in watched.asked)
        told = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
        write(ROW.format(name, len(watched.asked), f"{took:.2f}", f"{took / floor:.2f}", told))


def fill(store: Store, pipeline: str, records: int) -> None:
    """Let runs over ten years leave that many records, each run two."""
    runs = records // 2
    for number in range(runs):
        append(store, pipeline, at(number, runs), number)


def at(number: int, runs: int) -> datetime:
    return NOW - timedelta(days=DAYS) * ((runs - number) / runs)


def day_of(now: datetime) -> str:
    """Return the day of the data of a run."""
    return (now - timedelta(days=1)).date().isoformat()


def append(store: Store, pipeline: str, now: datetime, number: int) -> None:
    day = day_of(now)
    about = {"batch": day, "as_of": day, "revision": 1, "data_hash": f"{number:064x}", "token": 1}
    uid = f"{number:08x}-{now.timestamp()}"
    gate = {"name": "accuracy", "metric": "accuracy", "comparison": "above", "threshold": 0.8, "value": 0.79}
    ended = {
        **about,
        "outcome": "rejected",
        "reason": "gate",
        "message": "accuracy: 0.79 is not above 0.8",
        "pipeline": pipeline,
        "workflow": {"name": f"{pipeline}-{day}-{number:012x}", "uid": uid, "status": "Failed"},
        "event": {"marker": f"incoming/{pipeline}/{day}/_READY.json", "etag": "0" * 32, "trigger": "event"},
        "gates": [{**gate, "name": f"{gate['name']}-{index}", "passed": False} for index in range(6)],
    }
    for entry in (Entry("started", uid, about), Entry("outcome", uid, ended)):
        ledger.append(store, pipeline, entry, now=now, since=now)


def settled_long_ago(store: Memory, name: str, files: int) -> None:
    """Put what a pass over the keys sees of a batch: its files, its marker, and the receipt of that."""
    data = DOCUMENT.data
    for index in range(files):
        store.put(f"{data.prefix}/{name}/{index:04}.csv", b"x")
    marker = f"{data.prefix}/{name}/{data.marker}"
    end = Receipt(name, store.create(marker, b"{}"), marker, "promoted", "promoted", "", NOW.isoformat())
    receipt.write(store, "loans", end)


def land(store: Memory, days: list[date], *, settled: bool = False, batch: str = "") -> None:
    """Put whole batches of two files, named after their days, each marker with its receipt if `settled`."""
    data = DOCUMENT.data
    for day in sorted(days):
        name = f"{day}{batch}"
        held = {f"{name}/{index:04}.csv": f"{name}{index}".encode() for index in range(2)}
        for key, body in held.items():
            store.put(f"{data.prefix}/{key}", body)
        marker = f"{data.prefix}/{name}/{data.marker}"
        etag = store.create(marker, producer.batch(held, day))
        if settled:
            end = Receipt(name, etag, marker, "promoted", "promoted", f"loans-{name}", NOW.isoformat())
            receipt.write(store, "loans", end)


def median(act: Callable[[], object], rounds: int) -> float:
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        act()
        took.append(time.perf_counter() - began)
    return statistics.median(took)
