"""`deploy` moves production exactly once, from exactly the champion it was judged against, and only as the owner."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from batches import BUCKET, DAY, arguments, keys, read, written
from documents import document
from stores import Watched, losing_proxy

from steps import deploy
from steps.registry import claim as claims
from steps.registry import ledger, pointer, version
from steps.registry.claim import Claim, Owner
from steps.registry.objects import Store, connect
from steps.registry.pointer import Pointer
from steps.verdict import Reason, StoreError, Verdict

HASH = "ab" * 32
UID = "0a1b2c3d-uid"
VERSION = f"{DAY}.1-0a1b2c3d"
NOW = datetime(2026, 2, 23, 6, tzinfo=UTC)
VALUES = {
    "workflow": "loans-1", "uid": UID, "batch": DAY, "as-of": DAY, "revision": "1", "data-hash": HASH, "token": "1",
    "champion": "", "champion-etag": "", "allow-older": "false",
}  # fmt: skip


def own(uid: str = UID, standing: claims.Standing | None = None) -> None:
    """Take the claim for that run."""
    wanted = Claim(HASH, DAY, "m", "e", DAY, 1, f"of {uid}", uid, 1, "t")
    claims.take(connect(BUCKET), "loans", wanted, standing)


def stand(name: str, as_of: str, previous: str = "", revision: int = 1) -> str:
    """Put production at a version by force; return the ETag."""
    store = connect(BUCKET)
    target = Pointer(name, previous, "h", "b", as_of, revision, 1, "w", "u", "t")
    store.put(pointer.key(document()), target.to_json())
    found = pointer.read(store, document())
    assert found is not None
    return found.etag


def call(folder: Path, **values: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    folder.mkdir(exist_ok=True)
    for name in ("model", "report"):
        (folder / name).write_bytes(f"the {name}".encode())
    given = {**VALUES, **{name.replace("_", "-"): value for name, value in values.items()}}
    given |= {name: str(folder / name) for name in ("model", "report")}
    code = deploy.main(arguments(folder, given, deploy.INTERFACE.writes))
    found = written(folder)
    return code, found, json.loads(found["verdict"])


def candidate(champion_etag: str = "", token: int = 1) -> deploy.Candidate:
    target = Pointer(VERSION, "", HASH, DAY, DAY, 1, token, "loans-1", UID, "t")
    return deploy.Candidate(target, champion_etag, False, {})


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
    assert keys(s3, prefix) == [f"{prefix}/{name}" for name in ("model.skops", "report.json", "version.json")]
    about = read(s3, f"{prefix}/version.json")
    assert (about["git_sha"], about["image"], about["model"]["size"]) == ("abc", None, len("the model"))
    assert about["document"]["name"] == "loans"
    assert kinds(connect(BUCKET)) == ["intent"]


def test_an_empty_production_is_no_version_called_none(s3: Any, tmp_path: Path) -> None:
    own()
    code, _, verdict = call(tmp_path, champion="none")
    assert (code, verdict["evidence"]["production"]["before"]) == (0, None)
    standing = pointer.read(connect(BUCKET), document())
    assert standing is not None
    assert standing.pointer.previous == ""


def test_the_champion_is_replaced_and_named(s3: Any, tmp_path: Path) -> None:
    own()
    etag = stand("v1", "2026-02-22")
    code, _, verdict = call(tmp_path, champion="v1", champion_etag=etag)
    assert (code, verdict["evidence"]["production"]) == (0, {"before": "v1", "after": VERSION})
    assert read(s3, "registry/loans/production.json")["previous"] == "v1"


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
    stand("v-next", "2026-02-24", previous=VERSION)
    assert call(tmp_path)[2]["outcome"] == "promoted"


@pytest.mark.parametrize("method", ["create", "put", "get"])
def test_a_crash_anywhere_before_the_swap_leaves_production_and_a_retry_finishes(
    s3: Any, tmp_path: Path, method: str
) -> None:
    def crash() -> None:
        raise StoreError("crash")

    own()
    store = connect(BUCKET)
    before = {method: crash}
    if method == "put":
        assert deployed(Watched(store, before=before), tmp_path) is Reason.PROMOTED
    else:
        with pytest.raises(StoreError):
            deployed(Watched(store, before=before), tmp_path)
        assert pointer.read(store, document()) is None
    assert deployed(store, tmp_path) is Reason.PROMOTED
    assert kinds(store) == ["intent"]


def test_the_intent_is_on_the_ledger_before_the_swap(s3: Any, tmp_path: Path) -> None:
    own()
    watched = Watched(connect(BUCKET))
    deployed(watched, tmp_path)
    created = [key for method, key in watched.asked if method == "create"]
    assert created[-2:] == [ledger.key("loans", 1), "registry/loans/production.json"]
    assert created[2].endswith("/version.json")


def test_production_that_moved_ends_the_run(s3: Any, tmp_path: Path) -> None:
    own()
    etag = stand("v1", "2026-02-21")
    stand("v2", "2026-02-22")
    code, out, verdict = call(tmp_path, champion="v1", champion_etag=etag)
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
    etag = stand("v9", "2026-02-24")
    code, _, verdict = call(tmp_path, champion="v9", champion_etag=etag, allow_older=older)
    assert (code, verdict["outcome"]) == (0, outcome)
    after = read(s3, "registry/loans/production.json")["version"]
    assert after == (VERSION if outcome == "promoted" else "v9")


@pytest.mark.parametrize("when", ["before", "during"])
def test_an_owner_that_lost_its_claim_does_not_promote(s3: Any, tmp_path: Path, when: str) -> None:
    own()
    store = connect(BUCKET)

    def take_over() -> None:
        own("another", claims.read(store, "loans", HASH))

    if when == "before":
        take_over()
    watched = Watched(store, before={} if when == "before" else {"put": take_over})
    with pytest.raises(Verdict, match="held by of another by token 2") as lost:
        deployed(watched, tmp_path)
    assert lost.value.conclusion.reason is Reason.CLAIM_LOST
    assert pointer.read(store, document()) is None


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
                assert pointer.move(store, document(), other, "")
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
        assert pointer.move(store, document(), target, "")
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
