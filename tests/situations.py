"""A pipeline in memory whose objects are made by the real functions: batches land, runs begin and end, time goes on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from documents import document
from runs import MemoryRuns
from stores import Memory

from steps.claim import Request, claim
from steps.document import Document
from steps.record import record
from steps.registry import claim as claims
from steps.registry import marker as markers
from steps.registry import pointer
from steps.registry import version as versions
from steps.registry.account import Ended
from steps.registry.claim import Claim, Owner
from steps.registry.explanation import Explanation
from steps.registry.grant import grant
from steps.registry.marker import Marker
from steps.registry.objects import Store
from steps.registry.pointer import Pointer
from steps.registry.runs import name_of
from steps.registry.situation import situation
from steps.verdict import Conclusion, Reason, Verdict

DAY = date(2026, 2, 23)
DAWN = datetime(2026, 2, 23, 4, 0, tzinfo=UTC)
"""When every scene begins: two hours before the deadline of `DAY`, a Monday."""
EXPECT = {"cadence": "weekdays", "deadline": "06:00", "timezone": "UTC", "grace": "30m"}


@dataclass
class Scene:
    """One pipeline, its bucket and its Workflows; `store` may be replaced by one that fails."""

    pipeline: Document = field(default_factory=lambda: document(expect=EXPECT))
    memory: Memory = field(default_factory=lambda: Memory(DAWN))
    runs: MemoryRuns = field(default_factory=MemoryRuns)

    @property
    def now(self) -> datetime:
        return self.memory.now

    def later(self, minutes: float) -> None:
        self.memory.now += timedelta(minutes=minutes)

    def why(self, day: date | None = DAY, store: Store | None = None, runs: Any = ...) -> Explanation:
        return situation(store or self.memory, self.pipeline, self.runs if runs is ... else runs, day, self.now)

    def land(self, batch: str = "2026-02-23", *, as_of: str = "", revision: int = 1, **files: bytes | None) -> Marker:
        """Let a batch land; a file of content None is listed in its marker, and not there."""
        content = files or {"a": f"data of {batch}".encode()}
        listed = []
        for name, body in content.items():
            key = f"{batch}/{name}.csv"
            told = body or b"what should be there"
            listed.append({"key": key, "size": len(told), "sha256": hashlib.sha256(told).hexdigest()})
            if body is not None:
                self.memory.put(f"{self.pipeline.data.prefix}/{key}", body)
        marker = {"as_of": as_of or batch[:10], "revision": revision, "files": listed}
        self.memory.put(self.key(batch), json.dumps(marker).encode())
        return markers.read(self.memory, self.key(batch), "", self.pipeline.data)

    def key(self, batch: str) -> str:
        return f"{self.pipeline.data.prefix}/{batch}/{self.pipeline.data.marker}"

    def name(self, marker: Marker, attempt: int = 1) -> str:
        """Return the Workflow's name as the Sensor and reconcile make it."""
        base = name_of(self.pipeline.name, marker.batch, marker.etag)
        return base if attempt == 1 else f"{base}-{attempt}"

    def start(self, marker: Marker, trigger: str = "s3", attempt: int = 1, **changes: Any) -> str:
        """Create the Workflow of a batch; return its name."""
        name = self.name(marker, attempt)
        parameters = {"marker": marker.key, "etag": marker.etag, "trigger": trigger}
        uid = hashlib.sha256(name.encode()).hexdigest()[:32]
        self.runs.put(
            name, **{"uid": uid, "created": self.now, "phase": "Running", "parameters": parameters, **changes}
        )
        return name

    def begin(self, marker: Marker, **changes: Any) -> Claim | Conclusion:
        """Create the Workflow and let its step `claim` do its work."""
        look = self.runs.looks[self.start(marker, **changes)]
        owner = Owner(look.name, look.uid)
        try:
            return claim(self.memory, self.pipeline, marker, Request(owner, self.now), self.now)
        except Verdict as verdict:
            return verdict.conclusion

    def end(self, marker: Marker, conclusion: Conclusion | Claim, attempt: int = 1, **evaluation: Any) -> None:
        """End the run as its exit handler does."""
        assert isinstance(conclusion, Conclusion)
        name = self.name(marker, attempt)
        look = self.runs.looks[name]
        data_hash = markers.data_hash(marker.files)
        standing = claims.read(self.memory, self.pipeline.name, data_hash)
        outputs = {"batch": marker.batch, "as-of": marker.as_of, "revision": str(marker.revision)}
        outputs |= {"data-hash": data_hash}
        if standing is not None and standing.claim.uid == look.uid:
            outputs["token"] = str(standing.claim.token)
        if evaluation:
            outputs["evaluation"] = json.dumps(evaluation)
        values = {**look.parameters, "workflow": name, "uid": look.uid, "status": "Failed", "requested-by": ""}
        values |= {"created": look.created.isoformat() if look.created else "", "failures": "null"}
        record(self.memory, self.pipeline, Ended(values, outputs, conclusion), self.now)
        self.runs.put(name, phase="Failed", finished=self.now, recorded=True)

    def retry(self, marker: Marker, attempt: int) -> None:
        """Give the batch to another attempt and begin it, as reconcile does."""
        self.give(marker, attempt)
        self.begin(marker, trigger="reconcile", attempt=attempt)

    def give(self, marker: Marker, attempt: int) -> None:
        """Grant the claim to an attempt that is not there yet."""
        standing = claims.read(self.memory, self.pipeline.name, markers.data_hash(marker.files))
        assert standing is not None
        wanted = replace(standing.claim, workflow=self.name(marker, attempt), attempt=attempt, finished=None)
        assert grant(self.memory, self.pipeline, standing, wanted).claim is not None

    def promote(self, marker: Marker, attempt: int = 1) -> str:
        """Move production to the run's model, and end the run; return the version."""
        standing = claims.read(self.memory, self.pipeline.name, markers.data_hash(marker.files))
        assert standing is not None
        made = standing.claim
        name = versions.name(made.as_of, made.revision, made.uid)
        before = pointer.read(self.memory, self.pipeline)
        was = pointer.current(before).version
        facts = {
            field: getattr(made, field) for field in ("data_hash", "batch", "as_of", "revision", "workflow", "uid")
        }
        about = {**facts, "version": name, "previous": was or None, "token": made.token}
        self.memory.put(f"{versions.prefix(self.pipeline.name, name)}/version.json", json.dumps(about).encode())
        target = Pointer(name, was, token=made.token, promoted_at=self.now.isoformat(), **facts)
        assert pointer.move(self.memory, self.pipeline, target, before)
        text = f"version {name} of batch {marker.batch} is in production"
        change = {"before": was or None, "after": name}
        self.end(marker, Conclusion(Reason.PROMOTED, text, {"version": name, "production": change}), attempt)
        return name

    def failed(self, reason: Reason, message: str, **evidence: Any) -> Conclusion:
        return Conclusion(reason, message, evidence)


def told(found: Explanation, code: object, *words: str) -> None:
    """Hold an explanation to its code, and to the words in its sentence, in their order."""
    assert found.code is code, found
    place = 0
    for word in words:
        assert word in found.sentence[place:], (word, found.sentence)
        place = found.sentence.index(word, place) + len(word)


def lines(found: Explanation, what: str) -> list[str]:
    """Return the evidence of one kind."""
    return [line for line in found.evidence if line.startswith(f"{what}: ")]
