"""One pipeline's batches on their way to production, by the real steps on any store: claimed, deployed, recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from batches import DAY, PREFIX, entry
from documents import document

from steps import claim as claiming
from steps import deploy, record
from steps.document import Document
from steps.registry import claim as claims
from steps.registry import ledger, pointer, version
from steps.registry import marker as markers
from steps.registry.account import Ended
from steps.registry.claim import Claim, Owner
from steps.registry.marker import File, Marker
from steps.registry.objects import Store
from steps.registry.pointer import Pointer
from steps.registry.runs import name_of
from steps.verdict import Conclusion, Reason, Verdict

NOW = datetime(2026, 2, 23, 6, tzinfo=UTC)


def marker(batch: str = DAY, as_of: str = "", revision: int = 1, content: str = "") -> Marker:
    """Return the marker of a batch of one file; its content is the batch's name unless another one is given."""
    file = File.model_validate(entry(f"{batch}/a.csv", (content or batch).encode()))
    return Marker(f"{PREFIX}/{batch}/_READY.json", f"etag-{batch}", batch, as_of or batch, revision, (file,))


def landed(store: Store, batch: str = DAY, content: str = "", **changes: Any) -> Marker:
    """Put the batch's file and return its marker."""
    store.put(f"{PREFIX}/{batch}/a.csv", (content or batch).encode())
    return marker(batch, content=content, **changes)


@dataclass
class Run:
    """One Workflow of the batch: its steps in order, each as often as its pod is retried."""

    store: Store
    folder: Path
    ready: Marker
    workflow: str = ""
    uid: str = "1111aaaa-1"
    of: Document = field(default_factory=document)
    champion: str = ""
    outputs: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.workflow = self.workflow or name_of("loans", self.ready.batch, self.ready.etag)
        for name in ("model", "report"):
            (self.folder / name).write_bytes(b"x")

    @property
    def owner(self) -> Owner:
        return Owner(self.workflow, self.uid)

    @property
    def version(self) -> str:
        return version.name(self.ready.as_of, self.ready.revision, self.uid)

    def claim(self, store: Store | None = None, **request: Any) -> Claim | Conclusion:
        """Do the step; what it exports is kept for `record`."""
        data_hash = markers.data_hash(self.ready.files)
        self.outputs |= {"batch": self.ready.batch, "as-of": self.ready.as_of, "revision": str(self.ready.revision)}
        self.outputs["data-hash"] = data_hash
        try:
            asked = claiming.Request(self.owner, NOW, **request)
            found = claiming.claim(store or self.store, self.of, self.ready, asked, NOW)
        except Verdict as verdict:
            self.outputs["claim-verdict"] = verdict.conclusion.to_json()
            raise
        if isinstance(found, Conclusion):
            self.outputs["claim-verdict"] = found.to_json()
        else:
            self.outputs["token"] = str(found.token)
        return found

    def evaluate(self) -> None:
        """See the champion, and say deploy."""
        self.champion = pointer.current(pointer.read(self.store, self.of)).version
        self.outputs["decision"] = "deploy"

    def deploy(self, store: Store | None = None, *, allow_older: bool = False) -> Conclusion:
        ready = self.ready
        target = Pointer(
            self.version, self.champion, self.outputs["data-hash"], ready.batch, ready.as_of, ready.revision,
            int(self.outputs["token"]), self.workflow, self.uid, NOW.isoformat(timespec="seconds"),
        )  # fmt: skip
        names = ("data_hash", "batch", "as_of", "revision", "token", "workflow", "uid")
        made_of = {**{name: getattr(target, name) for name in names}, "previous": target.previous or None}
        candidate = deploy.Candidate(target, allow_older, made_of, NOW)
        files = version.Files(self.folder / "model", self.folder / "report")
        try:
            found = deploy.deploy(store or self.store, self.of, candidate, files, NOW)
        except Verdict as verdict:
            self.outputs["deploy-verdict"] = verdict.conclusion.to_json()
            raise
        self.outputs["deploy-verdict"] = found.to_json()
        return found

    def ended(self, conclusion: Conclusion) -> Ended:
        values = {"workflow": self.workflow, "uid": self.uid, "marker": self.ready.key, "etag": self.ready.etag}
        values |= {"created": NOW.isoformat(timespec="seconds"), "status": "Failed", "trigger": "s3"}
        return Ended(values, dict(self.outputs), conclusion)

    def record(self, conclusion: Conclusion, store: Store | None = None) -> record.Recorded:
        return record.record(store or self.store, self.of, self.ended(conclusion), NOW)

    def promoted(self) -> Run:
        """Go the whole way to production."""
        assert isinstance(self.claim(), Claim)
        self.evaluate()
        found = self.deploy()
        assert found.reason is Reason.PROMOTED
        assert not self.record(found).trouble
        return self

    def broken(self) -> Run:
        """Crash before deploy, on record."""
        assert isinstance(self.claim(), Claim)
        self.evaluate()
        assert not self.record(Conclusion(Reason.CRASHED, "train failed")).trouble
        return self


def standing(store: Store, ready: Marker) -> claims.Standing:
    found = claims.read(store, "loans", markers.data_hash(ready.files))
    assert found is not None
    return found


def production(store: Store) -> Pointer:
    return pointer.current(pointer.read(store, document()))


def granted(ready: Marker, attempt: int = 2) -> Claim:
    """Return the claim as reconcile wants it for the next attempt."""
    owner = Owner(name_of("loans", ready.batch, ready.etag, attempt), "")
    return claims.of_marker(ready, owner, attempt, NOW.isoformat(timespec="seconds"))


def told(store: Store) -> list[tuple[str, str]]:
    """Return the ledger from its first record: kind, and the reason or the version it is about."""
    found = [(record.kind, str(record.body.get("reason") or record.body.get("version") or record.uid))
             for record in ledger.records(store, "loans")]  # fmt: skip
    return found[::-1]
