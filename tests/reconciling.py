"""A pipeline to reconcile: markers and Workflows in memory, and a controller that plays their runs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from batches import PREFIX, marker
from documents import document
from promotions import NOW, Run, told
from runs import MemoryRuns
from stores import Memory

from steps.document import Document
from steps.registry import ledger, pointer, receipt
from steps.registry import marker as markers
from steps.registry.claim import Claim
from steps.registry.marker import Marker
from steps.registry.objects import Store
from steps.registry.reconciliation import Report, reconcile
from steps.registry.runs import Look, name_of
from steps.verdict import Conclusion, Reason, Verdict

LANDED = NOW - timedelta(minutes=12)


@dataclass
class World:
    """One pipeline; `count` makes every Workflow's uid begin with another number, as versions are named after that."""

    folder: Path
    store: Memory = field(default_factory=lambda: Memory(LANDED))
    runs: MemoryRuns = field(default_factory=MemoryRuns)
    of: Document = field(default_factory=document)
    now: datetime = NOW
    count: int = 0

    def land(self, batch: str, *, as_of: str = "", content: str = "", files: bool = True, revision: int = 1) -> Marker:
        """Put a batch of one file and its marker; `files` false leaves the file out."""
        body = (content or batch).encode()
        if files:
            self.store.put(f"{PREFIX}/{batch}/a.csv", body)
        value = marker({f"{batch}/a.csv": body}, as_of=as_of or batch, revision=revision)
        self.store.put(f"{PREFIX}/{batch}/_READY.json", json.dumps(value).encode())
        return self.marker(batch)

    def marker(self, batch: str) -> Marker:
        return markers.read(self.store, f"{PREFIX}/{batch}/_READY.json", "", self.of.data)

    def name(self, ready: Marker, attempt: int = 1) -> str:
        return name_of("loans", ready.batch, ready.etag, attempt)

    def reconcile(self, store: Store | None = None, *, whole: bool = False) -> Report:
        return reconcile(store or self.store, self.of, self.runs, self.now, whole=whole)

    def event(self, ready: Marker) -> str:
        """Let the marker's event create its Workflow, if it is not there; return the name."""
        name = self.name(ready)
        self.runs.start("loans", name, {"marker": ready.key, "etag": ready.etag, "trigger": "event"})
        return name

    def run(self, look: Look) -> Run:
        """Return the run that a Workflow makes."""
        ready = markers.read(self.store, look.parameters["marker"], look.parameters["etag"], self.of.data)
        self.count += 1
        uid = f"{self.count:08}-{look.name}"
        self.runs.put(look.name, uid=uid, phase="Running", created=NOW)
        return Run(self.store, self.folder, ready, look.name, uid, self.of)

    def play(self, *, crashes: bool = False) -> list[str]:
        """Run every Workflow that nobody has begun to its end by the real steps; return what each came to."""
        return [self.played(look, crashes=crashes) for look in self.runs.all("loans") if not look.phase]

    def played(self, look: Look, *, crashes: bool = False) -> str:
        run = self.run(look)
        end = self.steps(run, crashes=crashes)
        return str(run.record(self.ended(run, end)).conclusion.reason)

    def steps(self, run: Run, *, crashes: bool = False) -> Conclusion:
        """Do the steps up to the exit handler."""
        try:
            found = run.claim()
            if isinstance(found, Claim):
                run.evaluate()
                found = Conclusion(Reason.CRASHED, "train failed: Error (exit code 1)") if crashes else run.deploy()
        except Verdict as verdict:
            found = verdict.conclusion
        return found

    def ended(self, run: Run, end: Conclusion, *, recorded: bool = True) -> Conclusion:
        """Let the Workflow end as its steps did; return what its exit handler says."""
        good = end.outcome in ("promoted", "skipped")
        node = {"displayName": "train", "templateName": "train", "message": "Error (exit code 1)", "finishedAt": "t"}
        failures = "null" if good else json.dumps([node])
        status = "Succeeded" if good else "Failed"
        outputs = json.dumps({**run.outputs, **({"message": end.message} if recorded else {})})
        look = self.runs.put(
            run.workflow, phase=status, failures=failures, outputs=outputs, recorded=recorded, finished=NOW
        )
        return look.conclusion

    def rest(self) -> list[str]:
        """Reconcile and run until there is nothing left to do; return what the runs came to."""
        came_to: list[str] = []
        for _ in range(12):
            report = self.reconcile(whole=True)
            assert not report.troubles, report.troubles
            played = self.play()
            came_to += played
            if report.at_rest and not played:
                return came_to
            self.now += timedelta(minutes=15)
        raise AssertionError(f"it never came to rest: {report.lines}")

    @property
    def verbs(self) -> list[tuple[str, str]]:
        return told(self.store)

    def outcomes(self) -> dict[str, list[str]]:
        """Return what is on record, by uid: the reasons of its outcomes, oldest first."""
        found: dict[str, list[str]] = {}
        for record in ledger.records(self.store, "loans"):
            if record.kind == "outcome":
                found.setdefault(record.uid, []).insert(0, str(record.body["reason"]))
        return found

    def receipt(self, ready: Marker) -> str:
        found = receipt.read(self.store, "loans", ready.batch, ready.etag)
        return found.reason if found else "none"

    def history(self) -> tuple[str, ...]:
        return pointer.current(pointer.read(self.store, self.of)).history

    def copy(self) -> World:
        """Return the same world to go another way from here."""
        store = replace(self.store, bodies=dict(self.store.bodies), order=list(self.store.order))
        runs = replace(
            self.runs,
            looks=dict(self.runs.looks),
            pipelines=dict(self.runs.pipelines),
            started=list(self.runs.started),
        )
        return replace(self, store=store, runs=runs)


def lines(report: Report) -> list[tuple[str, str]]:
    return [(str(line.verb), line.about) for line in report.lines]


def text(report: Report) -> str:
    return "\n".join(line.text for line in report.lines)


def utc(*parts: Any) -> datetime:
    return datetime(*parts, tzinfo=UTC)
