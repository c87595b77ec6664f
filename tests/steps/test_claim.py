"""`claim` takes complete batches, skips what needs no run, and refuses the rest on record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from batches import BUCKET, DAY, MARKER, PREFIX, arguments, entry, keys, land, mark, marker, read, written
from documents import document
from stores import Watched

from steps import claim
from steps.registry import claim as claims
from steps.registry import marker as markers
from steps.registry import pointer
from steps.registry.claim import Finished, Owner
from steps.registry.objects import connect
from steps.verdict import Conclusion

FILES = {f"{DAY}/a.csv": b"income\n1\n", f"{DAY}/b.csv": b"income\n2\n"}
OUTPUTS = (*claim.INTERFACE.writes, *claim.INTERFACE.saves)
VALUES = {
    "marker": MARKER,
    "etag": "",
    "workflow": "loans-1",
    "uid": "uid-1",
    "replay": "false",
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
    claims.close(connect(BUCKET), "loans", data_hash, Owner("loans-1", "uid-1"), Finished("failed", "crashed", "t"))
    moved = {f"other/{number}": body for number, body in enumerate(FILES.values())}
    land(s3, moved, batch="tuesday", as_of="2026-02-24")
    code, out, verdict = call(tmp_path / "2", uid="uid-2", workflow="x", marker=f"{PREFIX}/tuesday/_READY.json")
    assert (code, out["files"], verdict["reason"]) == (0, "[]", "unchanged")
    assert "loans-1 (batch 2026-02-23), which ended failed (crashed)" in verdict["message"]
    assert "retrain replay loans 2026-02-23" in verdict["message"]


def test_a_replay_takes_the_claim_over_with_a_higher_token(s3: Any, tmp_path: Path) -> None:
    land(s3, FILES)
    call(tmp_path / "1")
    code, out, verdict = call(tmp_path / "2", uid="uid-2", workflow="loans-2", replay="true")
    assert (code, out["token"], verdict) == (0, "2", {})
    again = call(tmp_path / "3", uid="uid-2", workflow="loans-2", replay="true")
    assert again[1]["token"] == "2"
    assert read(s3, f"registry/loans/claims/{out['data-hash']}.json")["uid"] == "uid-2"


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
def test_a_file_that_is_not_as_listed_refuses_the_batch_and_leaves_no_claim(
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
    assert keys(s3, "registry/") == []


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
    assert call(tmp_path / "2", uid="uid-2")[0] == 0


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


def test_the_loser_of_a_race_is_a_duplicate(s3: Any) -> None:
    land(s3, FILES)
    store, pipeline = connect(BUCKET), document()
    batch = markers.read(store, MARKER, "", pipeline.data)
    fast, slow = (claim.Request(Owner(f"loans-{name}", name)) for name in ("fast", "slow"))
    watched = Watched(store, before={"create": lambda: claim.claim(store, pipeline, batch, fast, "t")})
    answer = claim.claim(watched, pipeline, batch, slow, "t")
    assert isinstance(answer, Conclusion)
    assert (answer.reason, "loans-fast" in answer.message) == ("duplicate", True)
    standing = claims.read(store, "loans", markers.data_hash(batch.files))
    assert standing is not None
    assert standing.claim.uid == "fast"


def test_an_absent_bucket_is_no_verdict_but_a_failure_to_retry(s3: Any, tmp_path: Path) -> None:
    argv = arguments(tmp_path, VALUES, OUTPUTS, data__bucket="elsewhere")
    assert claim.main(argv) == 1
    assert json.loads(written(tmp_path)["verdict"])["reason"] == "store"
