"""`claim` takes complete batches, skips what needs no run, and refuses the rest on record."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from batches import BUCKET, DAY, MARKER, PREFIX, arguments, entry, keys, land, mark, marker, read, written
from documents import document
from interruptions import CrashError, Interrupted, at_every_request
from promotions import Run, landed, told
from promotions import standing as claimed
from stores import Memory

from steps import claim
from steps.registry import claim as claims
from steps.registry import ledger, pointer
from steps.registry.claim import Claim, Finished, Owner
from steps.registry.freeze import freeze, unfreeze
from steps.registry.grant import grant
from steps.registry.objects import connect
from steps.registry.pointer import Frozen
from steps.verdict import Conclusion, Reason, Verdict

FILES = {f"{DAY}/a.csv": b"income\n1\n", f"{DAY}/b.csv": b"income\n2\n"}
OUTPUTS = (*claim.INTERFACE.writes, *claim.INTERFACE.saves)
VALUES = {
    "marker": MARKER,
    "etag": "",
    "workflow": "loans-1",
    "uid": "uid-1",
    "created": "2026-02-23T05:00:00Z",
    "allow-older": "false",
}


def call(folder: Path, **values: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Run the step and return exit code, what it wrote, and the verdict ({} if there is none)."""
    given = {**VALUES, **{name.replace("_", "-"): value for name, value in values.items()}}
    code = claim.main(arguments(folder, given, OUTPUTS))
    found = written(folder)
    return code, found, json.loads(found.get("verdict") or "{}")


def produce(s3: Any, version: str, as_of: str, revision: int = 1) -> None:
    """Put a production pointer of data of that day."""
    target = pointer.Pointer(version, "", "h", "b", as_of, revision, 1, "w", "u", "t")
    connect(BUCKET).create(pointer.key(document()), target.to_json())


def test_a_complete_batch_is_claimed(s3: Any, tmp_path: Path) -> None:
    etag = land(s3, FILES)
    code, out, verdict = call(tmp_path, etag=etag)
    assert (code, verdict) == (0, {})
    assert json.loads(out["files"]) == [
        {"index": "0000", "file": f"{DAY}/a.csv"},
        {"index": "0001", "file": f"{DAY}/b.csv"},
    ]
    assert (out["batch"], out["as-of"], out["revision"], out["token"]) == (DAY, DAY, "1", "1")
    manifest = json.loads(out["manifest"])
    assert manifest["files"][1] == {
        "index": "0001", "file": f"{DAY}/b.csv", "size": 9, "sha256": entry("", FILES[f"{DAY}/b.csv"])["sha256"]
    }  # fmt: skip
    assert {name: manifest[name] for name in ("batch", "as_of", "revision", "data_hash")} == {
        "batch": DAY, "as_of": DAY, "revision": 1, "data_hash": out["data-hash"]
    }  # fmt: skip
    held = read(s3, f"registry/loans/claims/{out['data-hash']}.json")
    assert (held["uid"], held["workflow"], held["token"], held["etag"], held["finished"]) == (
        "uid-1", "loans-1", 1, etag, None
    )  # fmt: skip


def test_a_retried_pod_gets_its_own_claim_back(s3: Any, tmp_path: Path) -> None:
    land(s3, FILES)
    first, second = call(tmp_path / "1"), call(tmp_path / "2")
    assert second == first
    assert first[0] == 0


def test_the_same_data_in_another_run_is_a_duplicate_while_the_owner_runs(s3: Any, tmp_path: Path) -> None:
    land(s3, FILES)
    call(tmp_path / "1")
    code, out, verdict = call(tmp_path / "2", uid="uid-2", workflow="loans-2")
    assert (code, out["files"], verdict["outcome"], verdict["reason"]) == (0, "[]", "skipped", "duplicate")
    assert "loans-1" in verdict["message"]
    assert json.loads(out["manifest"])["files"]


def test_the_same_data_under_another_name_is_unchanged_once_the_owner_has_ended(s3: Any, tmp_path: Path) -> None:
    land(s3, FILES)
    data_hash = call(tmp_path / "1")[1]["data-hash"]
    claims.close(connect(BUCKET), "loans", data_hash, Owner("loans-1", "uid-1"), Finished("rejected", "gate", "", "t"))
    moved = {f"other/{number}": body for number, body in enumerate(FILES.values())}
    land(s3, moved, batch="tuesday", as_of="2026-02-24")
    code, out, verdict = call(tmp_path / "2", uid="uid-2", workflow="x", marker=f"{PREFIX}/tuesday/_READY.json")
    assert (code, out["files"], verdict["reason"]) == (0, "[]", "unchanged")
    assert "loans-1 (batch 2026-02-23), which ended rejected (gate)" in verdict["message"]
    assert "retrain replay loans 2026-02-23" in verdict["message"]


def test_data_whose_owner_crashed_is_a_duplicate_that_reconcile_has_to_see_to(s3: Any, tmp_path: Path) -> None:
    land(s3, FILES)
    data_hash = call(tmp_path / "1")[1]["data-hash"]
    claims.close(connect(BUCKET), "loans", data_hash, Owner("loans-1", "uid-1"), Finished("failed", "crashed", "", "t"))
    _, out, verdict = call(tmp_path / "2", uid="uid-2", workflow="loans-2")
    assert (out["files"], verdict["reason"]) == ("[]", "duplicate")
    assert "loans-1, which ended failed (crashed) and is due again" in verdict["message"]


def test_the_run_that_a_claim_was_granted_to_adopts_it(s3: Any, tmp_path: Path) -> None:
    land(s3, FILES)
    data_hash = call(tmp_path / "1")[1]["data-hash"]
    store = connect(BUCKET)
    standing = claims.read(store, "loans", data_hash)
    assert standing is not None
    grant(store, document(), standing, replace(standing.claim, workflow="loans-2", attempt=2))
    code, out, verdict = call(tmp_path / "2", uid="uid-2", workflow="loans-2")
    assert (code, out["token"], verdict) == (0, "2", {})
    assert call(tmp_path / "3", uid="uid-2", workflow="loans-2") == (code, out, verdict)
    held = read(s3, f"registry/loans/claims/{data_hash}.json")
    assert (held["uid"], held["attempt"], held["former"]["uid"]) == ("uid-2", 2, "uid-1")


def test_that_a_run_has_begun_is_on_record_once(s3: Any, tmp_path: Path) -> None:
    etag = land(s3, FILES)
    for attempt in ("1", "2"):
        call(tmp_path / attempt)
    (found,) = ledger.records(connect(BUCKET), "loans")
    assert (found.kind, found.uid, found.body["workflow"], found.body["token"], found.body["attempt"]) == (
        "started", "uid-1", "loans-1", 1, 1
    )  # fmt: skip
    assert (found.body["batch"], found.body["as_of"], found.body["etag"]) == (DAY, DAY, etag)


def test_while_production_is_frozen_no_run_begins(s3: Any, tmp_path: Path) -> None:
    land(s3, FILES)
    store = connect(BUCKET)
    freeze(store, document(), Frozen("ana", "audit", "2026-02-23T06:00:00.000+00:00"))
    code, out, verdict = call(tmp_path / "1")
    assert (code, out["files"], verdict["outcome"], verdict["reason"]) == (0, "[]", "skipped", "frozen")
    assert "frozen by ana since 2026-02-23T06:00:00.000+00:00: audit" in verdict["message"]
    assert keys(s3, "registry/loans/claims/") == []
    unfreeze(store, document(), "ana", "", datetime(2026, 2, 23, 7, tzinfo=UTC))
    assert call(tmp_path / "2")[1]["token"] == "1"


def test_a_run_that_is_frozen_or_superseded_after_it_was_granted_the_claim_ends_it(s3: Any, tmp_path: Path) -> None:
    land(s3, FILES)
    store = connect(BUCKET)
    data_hash = call(tmp_path / "1")[1]["data-hash"]
    freeze(store, document(), Frozen("ana", "", "2026-02-23T06:00:00.000+00:00"))
    assert call(tmp_path / "2")[2]["reason"] == "frozen"
    assert read(s3, claims.key("loans", data_hash))["finished"]["reason"] == "frozen"
    unfreeze(store, document(), "ana", "", datetime(2026, 2, 23, 7, tzinfo=UTC))
    assert call(tmp_path / "3", uid="uid-2", workflow="loans-2")[1]["token"] == "2"
    standing = pointer.read(store, document())
    newer = pointer.Pointer("v9", "", "h", "b", "2026-02-24", 1, 1, "w", "u", "t")
    assert pointer.move(store, document(), newer, standing)
    for attempt in ("4", "5"):
        assert call(tmp_path / attempt, uid="uid-2", workflow="loans-2")[2]["reason"] == "superseded"
    assert read(s3, claims.key("loans", data_hash))["finished"]["reason"] == "superseded"


@pytest.mark.parametrize(
    ("production", "changes", "skipped"),
    [
        (("2026-02-24", 1), {}, True),
        ((DAY, 2), {}, True),
        ((DAY, 1), {}, False),
        (("2026-02-22", 9), {}, False),
        (("2026-02-24", 1), {"allow_older": "true"}, False),
    ],
    ids=["newer day", "newer revision", "same", "older day, higher revision", "newer, but older allowed"],
)
def test_a_batch_older_than_production_is_superseded(
    s3: Any, tmp_path: Path, production: tuple[str, int], changes: dict[str, str], skipped: bool
) -> None:
    land(s3, FILES)
    produce(s3, "v9", *production)
    code, out, verdict = call(tmp_path, **changes)
    assert code == 0
    assert (verdict.get("reason") == "superseded") == skipped
    assert (out["files"] == "[]") == skipped
    assert bool(keys(s3, "registry/loans/claims/")) == (not skipped)


@pytest.mark.parametrize(
    ("body", "problem", "says"),
    [
        (None, "missing", "is missing: nothing there, expected 9 bytes"),
        (b"inc", "short", "is short: 3 bytes, expected 9 bytes"),
        (b"income\n100\n", "different", "is different: 11 bytes, expected 9 bytes"),
        (b"income\n9\n", "different", "is different: sha256 "),
    ],
    ids=["missing", "short", "longer", "same size"],
)
def test_a_file_that_is_not_as_listed_refuses_the_batch_and_gives_the_claim_back(
    s3: Any, tmp_path: Path, body: bytes | None, problem: str, says: str
) -> None:
    land(s3, FILES)
    if body is None:
        s3.delete_object(Bucket=BUCKET, Key=f"{PREFIX}/{DAY}/b.csv")
    else:
        s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/{DAY}/b.csv", Body=body)
    code, out, verdict = call(tmp_path)
    assert (code, verdict["outcome"], verdict["reason"]) == (42, "refused", "incomplete")
    assert f"'{DAY}/b.csv' {says}" in verdict["message"]
    assert [file["problem"] for file in verdict["evidence"]["files"]] == [problem]
    assert (out["batch"], out["as-of"], out["files"]) == (DAY, DAY, "[]")
    finished = read(s3, claims.key("loans", out["data-hash"]))["finished"]
    assert (finished["outcome"], finished["reason"], finished["message"]) == (
        "refused", "incomplete", verdict["message"]
    )  # fmt: skip
    assert "token" not in out


def test_of_many_broken_files_the_first_is_named_and_ten_are_listed(s3: Any, tmp_path: Path) -> None:
    mark(s3, marker({f"f{number:02}": b"x" for number in range(12)}))
    verdict = call(tmp_path)[2]
    assert "'f00' is missing" in verdict["message"]
    assert "(and 11 more of 12 files)" in verdict["message"]
    assert (len(verdict["evidence"]["files"]), verdict["evidence"]["broken"]) == (10, 12)


def test_a_batch_becomes_claimable_when_it_is_complete(s3: Any, tmp_path: Path) -> None:
    land(s3, FILES)
    s3.delete_object(Bucket=BUCKET, Key=f"{PREFIX}/{DAY}/a.csv")
    assert call(tmp_path / "1")[0] == 42
    land(s3, FILES)
    code, out, _ = call(tmp_path / "2", uid="uid-2")
    assert (code, out["token"]) == (0, "2")


def test_a_pod_retried_after_it_gave_the_claim_back_takes_it_again(s3: Any, tmp_path: Path) -> None:
    land(s3, FILES)
    s3.delete_object(Bucket=BUCKET, Key=f"{PREFIX}/{DAY}/a.csv")
    for attempt in ("1", "2"):
        code, out, verdict = call(tmp_path / attempt)
        assert (code, verdict["reason"]) == (42, "incomplete")
    assert read(s3, claims.key("loans", out["data-hash"]))["token"] == 2


REFUSED: dict[str, tuple[Any, dict[str, str], str, str]] = {
    "no JSON": (b"<xml>", {}, "marker", "no JSON"),
    "too large": (b" " * ((1 << 20) + 1), {}, "marker", "too large"),
    "a file that climbs": (marker({"../x": b"1"}), {}, "key", "'../x'"),
    "a key with a tag": (
        marker({"a": b"1"}),
        {"marker": f"{PREFIX}/{{{{=1}}}}/_READY.json"},
        "key",
        "is not acceptable",
    ),
    "rewritten since": (marker({"a": b"1"}), {"etag": "0" * 32}, "marker", "written anew"),
    "absent": (marker({"a": b"1"}), {"marker": f"{PREFIX}/nothing/_READY.json"}, "marker", "there is no marker"),
}


@pytest.mark.parametrize(("content", "values", "reason", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_a_marker_that_is_not_acceptable_is_refused_on_record(
    s3: Any, tmp_path: Path, content: Any, values: dict[str, str], reason: str, says: str
) -> None:
    mark(s3, content)
    code, out, verdict = call(tmp_path, **values)
    assert (code, verdict["outcome"], verdict["reason"]) == (42, "refused", reason)
    assert says in verdict["message"]
    assert "{{" not in out["verdict"]
    assert keys(s3, "registry/") == []


def test_of_two_runs_at_any_two_moments_one_has_the_claim_and_the_other_is_its_duplicate(tmp_path: Path) -> None:
    def scene(at: int) -> bool:
        store = Memory()
        one, two = (Run(store, tmp_path, landed(store), f"loans-{uid}", uid) for uid in ("1111aaaa", "2222bbbb"))
        answers: list[Claim | Conclusion] = []
        between = Interrupted(store, at, lambda: answers.append(two.claim()))
        answers.append(one.claim(between))
        if not between.reached:
            return False
        (held,) = (answer for answer in answers if isinstance(answer, Claim))
        (other,) = (answer for answer in answers if isinstance(answer, Conclusion))
        assert (other.reason, held.workflow in other.message) == (Reason.DUPLICATE, True)
        assert claimed(store, one.ready).claim == held
        assert told(store) == [("started", held.uid)]
        return True

    assert at_every_request(scene) > 6


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("whole", [True, False], ids=["complete", "incomplete"])
def test_after_a_crash_at_any_request_the_retried_pod_finishes(tmp_path: Path, whole: bool, after: bool) -> None:
    def scene(at: int) -> bool:
        store = Memory()
        run = Run(store, tmp_path, landed(store))
        if not whole:
            store.remove(f"{PREFIX}/{DAY}/a.csv")
        dying = Interrupted(store, at, after=after)
        with suppress(CrashError, Verdict):
            run.claim(dying)
        if not dying.reached:
            return False
        if whole:
            assert isinstance(run.claim(), Claim)
            assert told(store) == [("started", run.uid)]
        else:
            with pytest.raises(Verdict):
                run.claim()
            assert claims.given_back(claimed(store, run.ready).claim)
        return True

    assert at_every_request(scene) > 6


def test_a_given_back_claim_is_taken_by_one_of_two(tmp_path: Path) -> None:
    def scene(at: int) -> bool:
        store = Memory()
        first = Run(store, tmp_path, landed(store))
        store.remove(f"{PREFIX}/{DAY}/a.csv")
        with pytest.raises(Verdict):
            first.claim()
        landed(store)
        one, two = (Run(store, tmp_path, first.ready, f"loans-{uid}", uid) for uid in ("2222bbbb", "3333cccc"))
        answers: list[Claim | Conclusion] = []
        between = Interrupted(store, at, lambda: answers.append(two.claim()))
        answers.append(one.claim(between))
        if not between.reached:
            return False
        (held,) = (answer for answer in answers if isinstance(answer, Claim))
        assert (held.token, claimed(store, first.ready).claim) == (2, held)
        return True

    assert at_every_request(scene) > 6


def test_an_absent_bucket_is_no_verdict_but_a_failure_to_retry(s3: Any, tmp_path: Path) -> None:
    argv = arguments(tmp_path, VALUES, OUTPUTS, data__bucket="elsewhere")
    assert claim.main(argv) == 1
    assert json.loads(written(tmp_path)["verdict"])["reason"] == "store"
