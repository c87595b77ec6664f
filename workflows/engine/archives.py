"""Tarballs and zip archives of artifacts, packed and unpacked.

Used by `artifacts.py`. Archives are read as hostile input: only plain files and directories come out of one, and none
outside the target. The names inside, and what becomes of a single entry, are Argo v4.1's (executor.go, archive.go).
"""

from __future__ import annotations

import gzip
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from workflows.engine.scratch import ArtifactError, Scratch

DEFAULT_LEVEL = 6  # Go's gzip.DefaultCompression


def contents(source: Path, scratch: Scratch) -> Iterator[tuple[str, Path]]:
    """Yield (path below `source`, real path) of each file and directory in it, sorted, parents first.

    A link to a file of the same pod counts as that file. Raises ArtifactError for any other link, a socket or a pipe.
    """
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source).as_posix()
        if not path.is_symlink():
            yield name, scratch.inside(path, name)
            continue
        try:
            real = scratch.inside(path.resolve(strict=True), name)
        except (OSError, RuntimeError) as error:
            raise ArtifactError(f"{name} is a link to nothing") from error
        if real.is_dir():
            raise ArtifactError(f"{name} is a link to a directory; an artifact holds files and directories")
        yield name, real


def pack_tar(source: Path, name: str, target: Path, scratch: Scratch, level: int | None = None) -> None:
    """Write `source` to a gzipped tarball in which it is called `name`."""
    level = DEFAULT_LEVEL if level is None or not 0 <= level <= 9 else level
    with tarfile.open(target, "w:gz", compresslevel=level) as archive:
        archive.add(source, name, recursive=False)
        if source.is_dir():
            for path, real in contents(source, scratch):
                archive.add(real, f"{name}/{path}", recursive=False)


def pack_zip(source: Path, name: str, target: Path, scratch: Scratch) -> None:
    """Write `source` to a zip archive in which it is called `name`; empty directories are left out, as Argo does."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        if source.is_file():
            archive.write(source, name)
            return
        for path, real in contents(source, scratch):
            if real.is_file():
                archive.write(real, f"{name}/{path}")


def is_tarball(path: Path) -> bool:
    """Say whether a file is a gzipped tarball with at least one entry, by Argo's test: the first header can be read."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        if file.read(2) != b"\x1f\x8b":
            return False
    try:
        with tarfile.open(path, "r:gz") as archive:
            return archive.next() is not None
    except (tarfile.TarError, OSError, EOFError, zlib.error):
        return False


def unpack_tar(source: Path, target: Path) -> None:
    """Unpack a gzipped tarball to `target`. Raises ArtifactError for a broken or unacceptable archive."""
    unpacked = _empty(target)
    try:
        with tarfile.open(source, "r:gz") as archive:
            for member in archive:
                _extract_member(archive, member, unpacked)
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ArtifactError(f"is not a gzipped tarball: {error}") from error
    _settle(unpacked, target)


def _extract_member(archive: tarfile.TarFile, member: tarfile.TarInfo, directory: Path) -> None:
    path = _member_path(directory, member.name)
    if member.isdir():
        path.mkdir(parents=True, exist_ok=True)
        return
    file = archive.extractfile(member) if member.isfile() else None
    if file is None:
        raise ArtifactError(f"holds {member.name!r}, which is neither a file nor a directory")
    path.parent.mkdir(parents=True, exist_ok=True)
    with file, path.open("wb") as out:
        shutil.copyfileobj(file, out)
    path.chmod(0o600 | (member.mode & 0o777))


def unpack_zip(source: Path, target: Path) -> None:
    """Unpack a zip archive to `target`. Raises ArtifactError for a broken or unacceptable archive."""
    unpacked = _empty(target)
    try:
        with zipfile.ZipFile(source) as archive:
            for member in archive.infolist():
                path = _member_path(unpacked, member.filename)
                if member.is_dir():
                    path.mkdir(parents=True, exist_ok=True)
                    continue
                path.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as file, path.open("wb") as out:
                    shutil.copyfileobj(file, out)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError) as error:
        raise ArtifactError(f"is not a zip archive that can be read: {error}") from error
    _settle(unpacked, target)


def _empty(target: Path) -> Path:
    directory = target.with_name(f"{target.name}.unpacked")
    directory.mkdir()
    return directory


def _member_path(directory: Path, name: str) -> Path:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name:
        raise ArtifactError(f"holds {name!r}, which would be written outside of the artifact")
    return directory.joinpath(*path.parts)


def _settle(unpacked: Path, target: Path) -> None:
    """A single entry becomes the artifact itself, several become a directory of that name."""
    entries = list(unpacked.iterdir())
    if len(entries) == 1:
        entries[0].rename(target)
        unpacked.rmdir()
    else:
        unpacked.rename(target)
