"""A marker is read, or refused by key or content; nothing hostile in it passes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from batches import BUCKET, MARKER, PREFIX, entry, marker
from documents import document

from steps.registry import marker as markers
from steps.registry.objects import connect
from steps.verdict import Reason, Verdict

DATA = document().data
GOOD = entry("2026-02-23/a.csv", b"x")


def parse(body: bytes) -> markers.Marker:
    return markers.parse(body, key=MARKER, etag="e", name="2026-02-23")


def of(**changes: Any) -> bytes:
    return json.dumps({"as_of": "2026-02-23", "revision": 1, "files": [GOOD], **changes}).encode()


def files(**changes: Any) -> bytes:
    return of(files=[{**GOOD, **changes}])


def test_a_marker_is_read() -> None:
    read = parse(of())
    assert (read.batch, read.order, read.files[0].key) == ("2026-02-23", ("2026-02-23", 1), "2026-02-23/a.csv")


def test_the_batch_is_what_the_key_names() -> None:
    assert markers.batch(MARKER, DATA) == "2026-02-23"


KEYS = {
    "another prefix": "incoming/other/2026-02-23/_READY.json",
    "prefix as a tail": "x/incoming/loans/2026-02-23/_READY.json",
    "deeper": f"{PREFIX}/a/b/_READY.json",
    "no batch": f"{PREFIX}//_READY.json",
    "upper case": f"{PREFIX}/Monday/_READY.json",
    "too long": f"{PREFIX}/{'a' * 25}/_READY.json",
    "dots": f"{PREFIX}/../_READY.json",
    "a tag": f"{PREFIX}/{{{{workflow.name}}}}/_READY.json",
    "a variable": f"{PREFIX}/$(HOME)/_READY.json",
    "a space": f"{PREFIX}/a b/_READY.json",
    "a newline at the end": f"{MARKER}\n",
    "a dot for any character": f"{PREFIX}/2026-02-23/_READYxjson",
    "encoded": f"{PREFIX}%2F2026-02-23/_READY.json",
    "unicode digits": f"{PREFIX}/２０２６/_READY.json",
    "empty": "",
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS.keys())
def test_an_unacceptable_marker_key_is_refused(key: str) -> None:
    with pytest.raises(Verdict, match="is not acceptable") as refused:
        markers.batch(key, DATA)
    assert refused.value.conclusion.reason is Reason.KEY


FILES = {
    "climbs": "../x",
    "climbs in the middle": "a/../../x",
    "absolute": "/etc/passwd",
    "hidden": ".ssh/key",
    "double slash": "a//b",
    "slash at the end": "a/",
    "a tag": "a{{=sprig.env('HOME')}}",
    "a variable": "$(HOME)",
    "a space": "a b",
    "a quote": "a'b",
    "an option": "--document=x",
    "a newline": "a\n",
    "unicode": "ünicode.csv",
    "a null byte": "a\u0000b",
    "encoded": "a%2Fb",
    "too long": "a" * 201,
}


@pytest.mark.parametrize("name", FILES.values(), ids=FILES.keys())
def test_an_unacceptable_file_name_is_refused_by_key(name: str) -> None:
    with pytest.raises(Verdict, match=r"files\[0\]\.key .* is not acceptable") as refused:
        parse(files(key=name))
    assert refused.value.conclusion.reason is Reason.KEY
    assert len(refused.value.conclusion.message) < 600


CONTENTS = {
    "empty": (b"", "no JSON"),
    "no JSON": (b"{", "no JSON"),
    "not UTF-8": (b'\xff\xfe{"as_of"', "utf-8"),
    "a list": (b"[]", "should be a valid dictionary"),
    "nested without end": (b"[" * 100_000, "no JSON"),
    "a huge number": (b'{"revision": ' + b"9" * 5000 + b"}", "no JSON"),
    "NaN": (of().replace(b'"revision": 1', b'"revision": NaN'), "NaN is no JSON"),
    "a name twice": (of().replace(b'"revision": 1', b'"revision": 1, "revision": 2'), "stands twice"),
    "no as_of": (b'{"revision": 1, "files": []}', "as_of: Field required"),
    "as_of with time": (of(as_of="2026-02-23T00:00"), "as_of"),
    "as_of that is no day": (of(as_of="2026-02-30"), "as_of"),
    "as_of a number": (of(as_of=20260223), "as_of"),
    "revision a text": (of(revision="1"), "revision"),
    "revision a truth": (of(revision=True), "revision"),
    "revision a fraction": (of(revision=1.0), "revision"),
    "revision below zero": (of(revision=-1), "revision"),
    "an unknown key": (of(revison=2), "revison"),
    "no files": (of(files=[]), "files"),
    "files an object": (of(files={}), "files"),
    "too many files": (of(files=[GOOD] * 1001), "files"),
    "a file that is a text": (of(files=["a.csv"]), "0"),
    "a file without a key": (of(files=[{"size": 1, "sha256": "0" * 64}]), "key: Field required"),
    "a key that is a number": (files(key=7), "key"),
    "size a text": (files(size="1"), "size"),
    "size below zero": (files(size=-1), "size"),
    "size over S3's": (files(size=(5 << 40) + 1), "size"),
    "sha256 too short": (files(sha256="ab"), "sha256"),
    "sha256 in upper case": (files(sha256="AB" * 32), "sha256"),
    "sha256 with a newline": (files(sha256="ab" * 32 + "\n"), "sha256"),
    "a file twice": (of(files=[GOOD, GOOD]), "'2026-02-23/a.csv' twice"),
    "an unknown key in a file": (files(path="x"), "path"),
}


@pytest.mark.parametrize(("body", "says"), CONTENTS.values(), ids=CONTENTS.keys())
def test_a_marker_that_is_none_is_refused_and_says_where(body: bytes, says: str) -> None:
    with pytest.raises(Verdict) as refused:
        parse(body)
    conclusion = refused.value.conclusion
    assert conclusion.reason is Reason.MARKER
    assert says in conclusion.message
    assert len(conclusion.message) < 600


def test_the_data_hash_is_of_the_content_alone() -> None:
    one = parse(json.dumps(marker({"a.csv": b"1", "b.csv": b"2"})).encode())
    other = parse(json.dumps(marker({"z/b.csv": b"2", "y.csv": b"1"}, as_of="2030-01-01", revision=9)).encode())
    assert markers.data_hash(one.files) == markers.data_hash(other.files)


def test_the_data_hash_changes_with_any_file() -> None:
    contents = ({"a": b"1"}, {"a": b"2"}, {"a": b"1", "b": b"1"}, {"a": b"1", "b": b"2"})
    hashes = [markers.data_hash(parse(json.dumps(marker(each)).encode()).files) for each in contents]
    assert len(set(hashes)) == len(contents)


def test_a_marker_that_came_in_parts_is_the_one_that_its_event_named(s3: Any) -> None:
    """The ETag of a multipart upload has a hyphen, which the Sensor leaves out."""
    place = {"Bucket": BUCKET, "Key": MARKER}
    upload = {**place, "UploadId": s3.create_multipart_upload(**place)["UploadId"]}
    part = s3.upload_part(**upload, PartNumber=1, Body=of())["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": part}]}
    etag = s3.complete_multipart_upload(**upload, MultipartUpload=parts)["ETag"].strip('"')
    assert "-" in etag
    assert markers.read(connect(BUCKET), MARKER, etag.replace("-", ""), DATA).etag == etag
    with pytest.raises(Verdict, match="written anew"):
        markers.read(connect(BUCKET), MARKER, "0" * 33, DATA)
