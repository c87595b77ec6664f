"""`deploy` moves production exactly once, from exactly the champion it was judged against, and only as the owner."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from batches import BUCKET, DAY, arguments, keys, read, written
from documents import document
from interruptions import CrashError, Interrupted, at_every_request
from promotions import Run, landed, production, told
from stores import Memory, Watched, losing_proxy

from steps import deploy
from steps.registry import claim as claims
from steps.registry import ledger, pointer, version
from steps.registry.claim import Claim, Finished, Owner
from steps.registry.freeze import freeze, unfreeze
from steps.registry.objects import Store, connect
from steps.registry.pointer import Frozen, Pointer
from steps.verdict import Reason, StoreError, Verdict

HASH = "ab" * 32
UID = "0a1b2c3d-uid"
VERSION = f"{DAY}.1-0a1b2c3d"
NOW = datetime(2026, 2, 23, 6, tzinfo=UTC)
VALUES = {
    "workflow": "loans-1", "uid": UID, "created": "2026-02-23T05:00:00Z", "batch": DAY, "as-of": DAY, "revision": "1",
    "data-hash": HASH, "token": "1", "champion": "none", "allow-older": "false",
}  # fmt: skip


def own(uid: str = UID, standing: claims.Standing | None = None) -> None:
    """Take the claim for that run."""
    wanted = Claim(HASH, DAY, "m", "e", DAY, 1, f"of {uid}", uid, 1, 1, "t")
    claims.take(connect(BUCKET), "loans", wanted, standing)


def stand(name: str, as_of: str, revision: int = 1) -> None:
    """Put production at a version, whatever it is at."""
    store = connect(BUCKET)
    target = Pointer(name, "", "h", "b", as_of, revision, 1, "w", "u", "t")
    assert pointer.move(store, document(), target, pointer.read(store, document()))


def call(folder: Path, **values: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    folder.mkdir(exist_ok=True)
    artifacts = [name for name in deploy.INTERFACE.artifacts if name != "document"]
    for name in artifacts:
        (folder / name).write_bytes(f"the {name}".encode())
    given = {**VALUES, **{name.replace("_", "-"): value for name, value in values.items()}}
    given |= {name: str(folder / name) for name in artifacts}
    code = deploy.main(arguments(folder, given, deploy.INTERFACE.writes))
    found = written(folder)
    return code, found, json.loads(found["verdict"])


def candidate(champion: str = "") -> deploy.Candidate:
    target = Pointer(VERSION, champion, HASH, DAY, DAY, 1, 1, "loans-1", UID, "t")
    return deploy.Candidate(target, False, {}, NOW)


def deployed(store: Store, folder: Path) -> Reason:
    """Deploy the candidate by a store of the test's choice."""
    for name in ("model", "report"):
        (folder / name).write_bytes(b"x")
    files = version.Files(folder / "model", folder / "report")
    return deploy.deploy(store, document(), candidate(), files, NOW).reason


def kinds(store: Store) -> list[str]:
    return [record.kind for record in ledger.records(store, "loans")]


def test_the_first_model_is_promoted(s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETRAIN_GIT_SHA", "abc")
    own()
    code, out, verdict = call(tmp_path)
    assert (code, out["version"], verdict["outcome"]) == (0, VERSION, "promoted")
    assert verdict["evidence"]["production"] == {"before": None, "after": VERSION}
    standing = read(s3, "registry/loans/production.json")
    assert {name: standing[name] for name in ("version", "previous", "data_hash", "token", "uid")} == {
        "version": VERSION, "previous": "", "data_hash": HASH, "token": 1, "uid": UID
    }  # fmt: skip
    prefix = f"registry/loans/versions/{VERSION}"
    names = ("model-card.md", "model.onnx", "model.skops", "report.html", "report.json", "version.json")
    assert keys(s3, prefix) == [f"{prefix}/{name}" for name in names]
    about = read(s3, f"{prefix}/version.json")
    assert {part: about[part]["size"] for part in ("card", "model_card", "onnx")} == {
        "card": 8,
        "model_card": 14,
        "onnx": 8,
    }
    assert (about["git_sha"], about["image"], about["model"]["size"]) == ("abc", None, len("the model"))
    assert about["document"]["name"] == "loans"
    assert kinds(connect(BUCKET)) == ["intent"]


def test_an_empty_production_is_no_version_called_none(s3: Any, tmp_path: Path) -> None:
    own()
    pointer.fence(connect(BUCKET), document())
    code, _, verdict = call(tmp_path, champion="none")
    assert (code, verdict["evidence"]["production"]["before"]) == (0, None)
    (intent,) = ledger.records(connect(BUCKET), "loans")
    assert intent.body["replaces"] == ""
    standing = pointer.read(connect(BUCKET), document())
    assert standing is not None
    assert standing.pointer.previous == ""


def test_the_champion_is_replaced_and_named(s3: Any, tmp_path: Path) -> None:
    own()
    stand("v1", "2026-02-22")
    code, _, verdict = call(tmp_path, champion="v1")
    assert (code, verdict["evidence"]["production"]) == (0, {"before": "v1", "after": VERSION})
    standing = read(s3, "registry/loans/production.json")
    assert (standing["previous"], standing["trail"]) == ("v1", ["v1"])


def test_a_pod_retried_after_the_swap_succeeds_and_adds_nothing(s3: Any, tmp_path: Path) -> None:
    own()
    first = call(tmp_path / "1")
    before = s3.head_object(Bucket=BUCKET, Key="registry/loans/production.json")["ETag"]
    own("another", claims.read(connect(BUCKET), "loans", HASH))
    assert call(tmp_path / "2") == first
    assert s3.head_object(Bucket=BUCKET, Key="registry/loans/production.json")["ETag"] == before
    assert kinds(connect(BUCKET)) == ["intent"]


def test_a_pod_retried_after_another_run_followed_still_says_promoted(s3: Any, tmp_path: Path) -> None:
    own()
    call(tmp_path / "1")
    for number in range(3):
        stand(f"v-next-{number}", "2026-02-24")
    assert call(tmp_path / "2")[2]["outcome"] == "promoted"
    assert kinds(connect(BUCKET)) == ["intent"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_after_a_crash_at_any_request_the_retried_pod_finishes(tmp_path: Path, after: bool) -> None:
    def scene(at: int) -> bool:
        store = Memory()
        run = Run(store, tmp_path, landed(store))
        run.claim()
        run.evaluate()
        dying = Interrupted(store, at, after=after)
        with suppress(CrashError):
            run.deploy(dying)
        if not dying.reached:
            return False
        assert run.deploy().reason is Reason.PROMOTED
        assert production(store).history == (run.version,)
        assert [kind for kind, _ in told(store)] == ["started", "intent"]
        return True

    assert at_every_request(scene) > 6


def test_the_intent_is_on_the_ledger_before_the_swap(s3: Any, tmp_path: Path) -> None:
    own()
    watched = Watched(connect(BUCKET))
    deployed(watched, tmp_path)
    created = [key for method, key in watched.asked if method == "create"]
    assert created[-2:] == [ledger.key("loans", 1), "registry/loans/production.json"]
    assert created[2].endswith("/version.json")
    gets = [key for method, key in watched.asked if method == "get"]
    assert gets[:2] == ["registry/loans/production.json", claims.key("loans", HASH)]


@pytest.mark.parametrize("method", ["create", "get"])
def test_what_moves_no_version_does_not_stop_it(s3: Any, tmp_path: Path, method: str) -> None:
    own()
    store = connect(BUCKET)

    def touched() -> None:
        pointer.fence(store, document())
        freeze(store, document(), Frozen("ana", "", "2026-02-23T06:00:00.000+00:00"))
        unfreeze(store, document(), "ana", "", NOW)

    assert deployed(Watched(store, before={method: touched}), tmp_path) is Reason.PROMOTED
    assert sorted(kinds(store)) == ["frozen", "intent", "unfrozen"]
    assert read(s3, "registry/loans/production.json")["fence"] == 3


def test_a_pointer_that_never_stays_still_is_a_failure_to_retry(s3: Any, tmp_path: Path) -> None:
    own()
    store = connect(BUCKET)

    class Restless(Watched):
        def get(self, key: str, limit: int = 1 << 20) -> tuple[bytes, str] | None:
            found = super().get(key, limit)
            if key == pointer.key(document()):
                pointer.fence(store, document())
            return found

    with pytest.raises(StoreError, match="8 times another writer was faster"):
        deployed(Restless(store), tmp_path)
    assert kinds(store) == ["intent"]


def test_a_version_that_was_rolled_back_is_not_promoted_again(s3: Any, tmp_path: Path) -> None:
    own()
    call(tmp_path / "1")
    stand("v0", "2026-02-21")
    assert call(tmp_path / "2")[2]["outcome"] == "promoted"
    assert read(s3, "registry/loans/production.json")["version"] == "v0"


def test_production_that_moved_ends_the_run(s3: Any, tmp_path: Path) -> None:
    own()
    stand("v1", "2026-02-21")
    stand("v2", "2026-02-22")
    code, out, verdict = call(tmp_path, champion="v1")
    assert (code, verdict["outcome"], verdict["reason"]) == (42, "failed", "production-moved")
    assert "production is v2 by now, but this run's model was judged against v1" in verdict["message"]
    assert "version" not in out
    assert read(s3, "registry/loans/production.json")["version"] == "v2"


def test_production_that_moves_right_before_the_swap_ends_the_run(s3: Any, tmp_path: Path) -> None:
    own()
    store = connect(BUCKET)

    class Late(Watched):
        def create(self, key: str, body: Any) -> str:
            if key == pointer.key(document()):
                stand("v2", "2026-02-22")
            return super().create(key, body)

    with pytest.raises(Verdict) as moved:
        deployed(Late(store), tmp_path)
    assert moved.value.conclusion.reason is Reason.PRODUCTION_MOVED
    assert read(s3, "registry/loans/production.json")["version"] == "v2"


@pytest.mark.parametrize(("older", "outcome"), [("false", "skipped"), ("true", "promoted")])
def test_newer_data_in_production_supersedes_unless_older_is_allowed(
    s3: Any, tmp_path: Path, older: str, outcome: str
) -> None:
    own()
    stand("v9", "2026-02-24")
    code, _, verdict = call(tmp_path, champion="v9", allow_older=older)
    assert (code, verdict["outcome"]) == (0, outcome)
    after = read(s3, "registry/loans/production.json")["version"]
    assert after == (VERSION if outcome == "promoted" else "v9")


def test_an_owner_that_lost_its_claim_does_not_promote(s3: Any, tmp_path: Path) -> None:
    own()
    store = connect(BUCKET)
    own("another", claims.read(store, "loans", HASH))
    with pytest.raises(Verdict, match="held by of another by token 2") as lost:
        deployed(store, tmp_path)
    assert lost.value.conclusion.reason is Reason.CLAIM_LOST
    assert pointer.read(store, document()) is None


@pytest.mark.parametrize(
    ("reason", "answer"),
    [("crashed", "promoted"), ("gate", "claim-lost"), ("frozen", "claim-lost")],
    ids=["open: retried by hand", "final", "given back"],
)
def test_a_claim_that_was_ended_is_good_for_a_promotion_only_if_the_end_is_open(
    s3: Any, tmp_path: Path, reason: str, answer: str
) -> None:
    own()
    claims.close(connect(BUCKET), "loans", HASH, Owner("loans-1", UID), Finished("failed", reason, "", "t"))
    assert call(tmp_path)[2]["reason"] == answer


def test_without_a_claim_nothing_is_promoted(s3: Any, tmp_path: Path) -> None:
    code, _, verdict = call(tmp_path)
    assert (code, verdict["reason"]) == (42, "claim-lost")
    assert keys(s3, "registry/") == []


def test_of_two_runs_at_once_exactly_one_is_promoted(s3: Any, tmp_path: Path) -> None:
    own()
    store = connect(BUCKET)
    other = Pointer("2026-02-22.1-other", "", "h", "b", "2026-02-22", 1, 1, "w", "u", "t")

    class Between(Watched):
        def create(self, key: str, body: Any) -> str:
            if key == pointer.key(document()):
                assert pointer.move(store, document(), other, None)
            return super().create(key, body)

    with pytest.raises(Verdict):
        deployed(Between(store), tmp_path)
    assert read(s3, "registry/loans/production.json")["version"] == other.version


def test_answers_lost_on_the_way_do_not_matter(
    s3: Any, s3_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own()
    with losing_proxy(s3_server, lost=1) as (endpoint, dropped):
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
        store = connect(BUCKET)
        target = candidate().target
        assert pointer.move(store, document(), target, None)
        assert dropped == ["/retrain/registry/loans/production.json 200"]
    assert read(s3, "registry/loans/production.json")["version"] == VERSION


def test_a_version_never_changes(s3: Any, tmp_path: Path) -> None:
    store = connect(BUCKET)
    files = version.Files(tmp_path / "model", tmp_path / "report")
    for body in (b"1", b"2"):
        files.model.write_bytes(body)
        files.report.write_bytes(b"{}")
        if body == b"1":
            version.write(store, "loans", VERSION, files, {})
    with pytest.raises(StoreError, match="a version never changes"):
        version.write(store, "loans", VERSION, files, {})
    assert s3.get_object(Bucket=BUCKET, Key=version.model_key("loans", VERSION))["Body"].read() == b"1"


def test_the_owner_of_another_token_does_not_hold_the_claim(s3: Any) -> None:
    own()
    standing = claims.read(connect(BUCKET), "loans", HASH)
    assert claims.holds(standing, Owner("loans-1", UID), 1)
    assert not claims.holds(standing, Owner("loans-1", UID), 2)
