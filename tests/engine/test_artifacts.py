"""Artifacts arrive where the template says and leave as Argo would store them; what is hostile stays inside."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from workflows.engine.artifacts import ArtifactStore, load_order
from workflows.engine.buckets import ArtifactDriver
from workflows.engine.model import Template
from workflows.engine.pod import ArtifactRepository
from workflows.engine.scratch import ArtifactError, Scratch
from workflows.engine.values import Artifact

PREFIX = "artifacts/wf/uid/wf-step-1"
NONE = {"archive": {"none": {}}}
ZIP = {"archive": {"zip": {}}}


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    made = Scratch(tmp_path / "pod")
    made.prepare(Template(name="step"))
    return made


@pytest.fixture
def store(s3: Any) -> ArtifactStore:
    repository = ArtifactRepository.model_validate({"s3": {"bucket": "retrain", "keyFormat": PREFIX}})
    return ArtifactStore(ArtifactDriver(), repository)


def artifact(name: str = "a", path: str = "/retrain/a", **fields: Any) -> Artifact:
    return Artifact.model_validate({"name": name, "path": path, **fields})


def keyed(key: str = "k", **fields: Any) -> Artifact:
    return artifact(s3={"key": key}, **fields)


def write(scratch: Scratch, files: dict[str, str], path: str = "/retrain/a") -> Path:
    """Write files below a declared path; the name "" is the path itself."""
    root = scratch.local(path)
    for name, text in files.items():
        target = root / name if name else root
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return root


def tree(path: Path) -> dict[str, str]:
    return {file.relative_to(path).as_posix(): file.read_text() for file in sorted(path.rglob("*")) if file.is_file()}


def keys(s3: Any, prefix: str = "") -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket="retrain", Prefix=prefix).get("Contents", ())]


def body(s3: Any, key: str) -> bytes:
    content: bytes = s3.get_object(Bucket="retrain", Key=key)["Body"].read()
    return content


def put_tar(s3: Any, *members: tuple[str, bytes | str | None], key: str = "k") -> None:
    """Store a tarball: bytes are a file, None a directory, text a link to it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if content is None:
                info.type = tarfile.DIRTYPE
            elif isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
            else:
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
    s3.put_object(Bucket="retrain", Key=key, Body=buffer.getvalue())


@pytest.mark.parametrize("archive", [{}, NONE, ZIP, {"archive": {"tar": {"compressionLevel": 0}}}], ids=str)
@pytest.mark.parametrize(
    "files", [{"": "one"}, {"x": "1", "deep/er/grün 数据": "2", ".hidden": "3"}], ids=["file", "directory"]
)
def test_what_one_step_writes_the_next_one_reads(
    store: ArtifactStore, scratch: Scratch, tmp_path: Path, archive: dict[str, Any], files: dict[str, str]
) -> None:
    write(scratch, files)
    saved = store.save(artifact(**archive), scratch)
    assert saved is not None
    other = Scratch(tmp_path / "other")
    other.prepare(Template(name="step"))
    store.load(saved.model_copy(update={"path": "/in/b"}), other)
    arrived = other.local("/in/b")
    assert ({"": arrived.read_text()} if arrived.is_file() else tree(arrived)) == files


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({}, [f"{PREFIX}/model.tgz"], id="tgz is the default"),
        pytest.param(ZIP, [f"{PREFIX}/model.zip"], id="zip"),
        pytest.param(NONE, [f"{PREFIX}/a.skops"], id="none: the file's own name"),
        pytest.param({**NONE, "s3": {"key": "m/1"}}, ["m/1"], id="own key"),
        pytest.param({**NONE, "s3": {"key": "m", "bucket": "other"}}, [], id="own bucket"),
    ],
)
def test_keys_are_argos(
    store: ArtifactStore, scratch: Scratch, s3: Any, fields: dict[str, Any], expected: list[str]
) -> None:
    s3.create_bucket(Bucket="other")
    write(scratch, {"": "x"}, "/out/a.skops")
    saved = store.save(artifact("model", "/out/a.skops", **fields), scratch)
    assert keys(s3) == expected
    assert saved is not None
    assert saved.s3 is not None
    assert (saved.path, [saved.s3.key]) == ("/out/a.skops", expected or ["m"])
    assert saved.s3.bucket == (None if expected else "other")


def test_a_directory_is_stored_below_its_key(store: ArtifactStore, scratch: Scratch, s3: Any) -> None:
    write(scratch, {"0": "zero", "deep/1": "one"})
    store.save(keyed("clean", **NONE), scratch)
    assert keys(s3) == ["clean/0", "clean/deep/1"]


def test_an_archive_holds_the_base_name(store: ArtifactStore, scratch: Scratch, s3: Any) -> None:
    write(scratch, {"x": "1"})
    store.save(keyed("k.tgz"), scratch)
    store.save(keyed("k.zip", **ZIP), scratch)
    with tarfile.open(fileobj=io.BytesIO(body(s3, "k.tgz"))) as tar:
        assert tar.getnames() == ["a", "a/x"]
    with zipfile.ZipFile(io.BytesIO(body(s3, "k.zip"))) as packed:
        assert packed.namelist() == ["a/x"]


def test_raw_data_is_the_file(store: ArtifactStore, scratch: Scratch) -> None:
    store.load(artifact(raw={"data": "größe\r\n"}), scratch)
    assert scratch.local("/retrain/a").read_bytes() == "größe\r\n".encode()


def test_a_mode_is_set(store: ArtifactStore, scratch: Scratch) -> None:
    store.load(artifact(raw={"data": "#!/bin/sh"}, mode=0o755), scratch)
    assert scratch.local("/retrain/a").stat().st_mode & 0o777 == 0o755


def test_an_optional_input_that_was_not_found_is_an_empty_directory(store: ArtifactStore, scratch: Scratch) -> None:
    store.load(keyed("nope", optional=True), scratch)
    assert list(scratch.local("/retrain/a").iterdir()) == []


def test_an_optional_input_that_was_not_supplied_is_nothing(store: ArtifactStore, scratch: Scratch) -> None:
    store.load(artifact(optional=True), scratch)
    assert not scratch.local("/retrain/a").exists()


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (artifact(), "required artifact 'a' not supplied"),
        (artifact(**{"from": "{{tasks.x.outputs.artifacts.y}}"}, optional=True), "required artifact 'a' not supplied"),
        (keyed("nope"), "artifact a failed to load: s3://retrain/nope does not exist"),
        (keyed("{{tasks.x.outputs.result}}/k"), "still holds a tag"),
        (artifact(s3={"key": "k", "bucket": "absent"}, optional=True), "bucket 'absent' does not exist"),
        (keyed(path="/a/../../b"), "without '..'"),
        (keyed(path="relative"), "not an absolute path"),
        (keyed(path="/"), "not an absolute path"),
    ],
    ids=["not supplied", "unresolved", "missing", "tag", "bucket", "climbs", "relative", "root"],
)
def test_an_input_that_cannot_be_loaded_says_why(
    store: ArtifactStore, scratch: Scratch, wanted: Artifact, says: str
) -> None:
    with pytest.raises(ArtifactError) as refused:
        store.load(wanted, scratch)
    assert says in refused.value.message


def test_without_a_repository_a_bare_key_is_nowhere(s3: Any, scratch: Scratch) -> None:
    write(scratch, {"": "x"})
    alone = ArtifactStore(ArtifactDriver())
    with pytest.raises(ArtifactError, match="no artifact repository"):
        alone.load(keyed(path="/retrain/b"), scratch)
    with pytest.raises(ArtifactError, match="no artifact repository"):
        alone.save(artifact(), scratch)
    saved = alone.save(artifact(s3={"key": "k", "bucket": "retrain"}, **NONE), scratch)
    assert saved is not None
    assert body(s3, "k") == b"x"


def test_a_tarball_is_recognised_by_its_content(store: ArtifactStore, scratch: Scratch, s3: Any) -> None:
    put_tar(s3, ("b/x", b"1"), ("c", b"2"))
    store.load(keyed(), scratch)
    assert tree(scratch.local("/retrain/a")) == {"b/x": "1", "c": "2"}


def test_a_single_entry_becomes_the_artifact(store: ArtifactStore, scratch: Scratch, s3: Any) -> None:
    put_tar(s3, ("some-name", b"1"))
    store.load(keyed(), scratch)
    assert scratch.local("/retrain/a").read_text() == "1"


def test_archive_none_leaves_a_tarball_as_it_is(store: ArtifactStore, scratch: Scratch, s3: Any) -> None:
    put_tar(s3, ("x", b"1"))
    store.load(keyed(**NONE), scratch)
    assert tarfile.is_tarfile(scratch.local("/retrain/a"))


@pytest.mark.parametrize("content", [b"\x1f\x8b", b"\x1f\x8bgarbage", b"", b"plain", b"PK\x03\x04"], ids=repr)
def test_what_is_no_tarball_arrives_as_it_is(store: ArtifactStore, scratch: Scratch, s3: Any, content: bytes) -> None:
    s3.put_object(Bucket="retrain", Key="k", Body=content)
    store.load(keyed(), scratch)
    assert scratch.local("/retrain/a").read_bytes() == content


@pytest.mark.parametrize("archive", [ZIP, {"archive": {"tar": {}}}], ids=["zip", "tar"])
@pytest.mark.parametrize("content", [b"", b"plain", b"\x1f\x8bx", b"PK\x03\x04x"], ids=repr)
def test_a_broken_archive_is_refused(
    store: ArtifactStore, scratch: Scratch, s3: Any, archive: dict[str, Any], content: bytes
) -> None:
    s3.put_object(Bucket="retrain", Key="k", Body=content)
    with pytest.raises(ArtifactError, match="artifact a failed to load: is not a"):
        store.load(keyed(**archive), scratch)


@pytest.mark.parametrize(
    "member",
    [("../escaped", b"x"), ("/escaped", b"x"), ("a/../../escaped", b"x"), ("link", "/etc"), ("link", "../..")],
    ids=lambda member: f"{member[0]}-{member[1]!r}",
)
def test_an_archive_cannot_write_outside(
    store: ArtifactStore, scratch: Scratch, s3: Any, tmp_path: Path, member: tuple[str, bytes | str]
) -> None:
    put_tar(s3, ("fine", b"1"), member)
    with pytest.raises(ArtifactError, match="artifact a failed to load: holds"):
        store.load(keyed(), scratch)
    assert not list(tmp_path.rglob("escaped"))


def test_a_zip_cannot_write_outside(store: ArtifactStore, scratch: Scratch, s3: Any, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("../escaped", "x")
    s3.put_object(Bucket="retrain", Key="k", Body=buffer.getvalue())
    with pytest.raises(ArtifactError, match="would be written outside"):
        store.load(keyed(**ZIP), scratch)
    assert not list(tmp_path.rglob("escaped"))


def test_a_missing_output_is_an_error_unless_it_is_optional(store: ArtifactStore, scratch: Scratch) -> None:
    with pytest.raises(ArtifactError, match=r"output artifact 'a': .*open /retrain/a: no such file or directory"):
        store.save(artifact(), scratch)
    assert store.save(artifact(optional=True), scratch) is None


@pytest.mark.parametrize("archive", [{}, NONE, ZIP], ids=["tar", "none", "zip"])
@pytest.mark.parametrize("link", ["/etc", "/etc/passwd", "../../..", "nowhere", "loop"])
@pytest.mark.parametrize("below", [False, True], ids=["itself", "inside"])
def test_a_link_is_not_followed_out_of_the_pod(
    store: ArtifactStore, scratch: Scratch, s3: Any, archive: dict[str, Any], link: str, below: bool
) -> None:
    path = scratch.local("/retrain/a/loop" if below else "/retrain/loop")
    path.parent.mkdir(parents=True)
    path.symlink_to(link)
    with pytest.raises(ArtifactError):
        store.save(artifact(path="/retrain/a" if below else "/retrain/loop", **archive), scratch)
    assert not any(b"root:" in body(s3, key) for key in keys(s3))


@pytest.mark.parametrize("archive", [{}, NONE, ZIP], ids=["tar", "none", "zip"])
def test_a_link_to_a_file_of_the_pod_is_saved_as_that_file(
    store: ArtifactStore, scratch: Scratch, archive: dict[str, Any]
) -> None:
    root = write(scratch, {"real": "1"})
    (root / "link").symlink_to("real")
    saved = store.save(keyed(**archive), scratch)
    assert saved is not None
    store.load(saved.model_copy(update={"path": "/retrain/b"}), scratch)
    assert tree(scratch.local("/retrain/b")) == {"real": "1", "link": "1"}
    assert not (scratch.local("/retrain/b") / "link").is_symlink()


@pytest.mark.parametrize("archive", [{}, NONE, ZIP], ids=["tar", "none", "zip"])
def test_a_pipe_in_an_output_is_refused_and_not_waited_for(
    store: ArtifactStore, scratch: Scratch, archive: dict[str, Any]
) -> None:
    root = write(scratch, {"real": "1"})
    os.mkfifo(root / "pipe")
    with pytest.raises(ArtifactError, match="pipe is not a regular file or directory"):
        store.save(keyed(**archive), scratch)


def test_a_file_that_cannot_be_read_is_an_error(store: ArtifactStore, scratch: Scratch) -> None:
    write(scratch, {"": "x"})
    (scratch.root / "staging").write_text("")  # stands for any trouble with the disk; permissions do not stop root
    with pytest.raises(ArtifactError, match="output artifact 'a': File exists"):
        store.save(artifact(), scratch)


def test_directories_are_loaded_before_what_lies_in_them(store: ArtifactStore, scratch: Scratch, s3: Any) -> None:
    for key in ("p/x", "p/y"):
        s3.put_object(Bucket="retrain", Key=key, Body=key.encode())
    inner = artifact("inner", "/data/all/inner", raw={"data": "i"})
    outer = artifact("outer", "/data/all", s3={"key": "p"})
    for one in load_order((inner, outer)):
        store.load(one, scratch)
    assert tree(scratch.local("/data/all")) == {"x": "p/x", "y": "p/y", "inner": "i"}


def test_logs_have_argos_name_and_key(store: ArtifactStore, scratch: Scratch, s3: Any, tmp_path: Path) -> None:
    log = tmp_path / "some.log"
    log.write_text("said")
    saved = store.save_log(log, scratch)
    assert (saved.name, saved.s3.key if saved.s3 else None) == ("main-logs", f"{PREFIX}/main.log")
    assert body(s3, f"{PREFIX}/main.log") == b"said"


def test_declared_paths_are_below_the_pods_directory(scratch: Scratch) -> None:
    template = Template.model_validate(
        {
            "name": "t",
            "inputs": {"artifacts": [{"name": "a", "path": "/retrain/in"}, {"name": "none"}]},
            "outputs": {
                "parameters": [{"name": "p", "valueFrom": {"path": "/retrain/out/p"}}],
                "artifacts": [{"name": "o", "path": "/retrain/out/o"}],
            },
        }
    )
    scratch.prepare(template)
    assert scratch.paths(template) == {
        "inputs.artifacts.a.path": str(scratch.root / "files/retrain/in"),
        "outputs.artifacts.o.path": str(scratch.root / "files/retrain/out/o"),
        "outputs.parameters.p.path": str(scratch.root / "files/retrain/out/p"),
    }
    assert (scratch.root / "files/retrain/out").is_dir()
