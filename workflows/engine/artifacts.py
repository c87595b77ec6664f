"""What a step reads, put in its place before it runs, and what it wrote, saved afterwards.

Used by the executor. The rules of places, archives and optional artifacts are those of Argo v4.1's executor.go, because
a manifest that works here has to work there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from workflows.engine.archives import contents, is_tarball, pack_tar, pack_zip, unpack_tar, unpack_zip
from workflows.engine.buckets import NoSuchKeyError
from workflows.engine.pod import ArtifactRepository
from workflows.engine.scratch import ArtifactError, OutputMissingError, Scratch
from workflows.engine.values import ArchiveStrategy, Artifact, S3Artifact, TarStrategy
from workflows.errors import RetrainError


class Driver(Protocol):
    """Where artifacts are kept; `buckets.ArtifactDriver` is one."""

    def load(self, bucket: str, key: str, path: Path) -> None:
        """Fetch an object to a file, or a prefix to a directory; NoSuchKeyError if there is neither."""

    def save(self, path: Path, bucket: str, key: str) -> None:
        """Store one file."""


@dataclass(frozen=True, slots=True)
class ArtifactStore:
    """The driver, and the repository that completes locations; `repository.s3.key_format` is substituted."""

    driver: Driver
    repository: ArtifactRepository | None = None

    def load(self, artifact: Artifact, scratch: Scratch) -> None:
        """Put one input where the step expects it. Raises ArtifactError."""
        if artifact.from_ or not _located(artifact):
            if artifact.optional and not artifact.from_:
                return  # nothing at `path` at all: Argo does not mount what was not supplied
            raise ArtifactError(f"required artifact '{artifact.name}' not supplied")
        with _explained(f"artifact {artifact.name} failed to load"):
            target = scratch.local(artifact.path or "")
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._fetch(artifact, scratch, target)
            except NoSuchKeyError:
                if not artifact.optional:
                    raise
                target.mkdir(exist_ok=True)  # on a cluster the mount of what was not found is an empty directory
                return
            if artifact.mode is not None:
                target.chmod(artifact.mode)

    def _fetch(self, artifact: Artifact, scratch: Scratch, target: Path) -> None:
        if artifact.raw is not None:
            target.write_text(artifact.raw.data, encoding="utf-8", newline="")
            return
        bucket, key = self._place(artifact.s3)
        staged = scratch.staged(artifact.name)
        self.driver.load(bucket, key, staged)
        archive = artifact.archive or ArchiveStrategy()
        if archive.tar is not None or (archive == ArchiveStrategy() and is_tarball(staged)):
            unpack_tar(staged, target)
        elif archive.zip is not None:
            unpack_zip(staged, target)
        else:
            staged.rename(target)

    def save(self, artifact: Artifact, scratch: Scratch) -> Artifact | None:
        """Store one output; return it with its location, None if it is optional and missing. Raises ArtifactError."""
        with _explained(f"output artifact '{artifact.name}'"):
            try:
                source = scratch.found(artifact.path or "", "it is missing")
            except OutputMissingError:
                if artifact.optional:
                    return None
                raise
            file, name = _stage(artifact, source, scratch)
            return self._keep(artifact, file, name, scratch)

    def save_log(self, log: Path, scratch: Scratch) -> Artifact:
        """Store the main container's log as `main-logs` at `<prefix>/main.log`. Raises ArtifactError."""
        with _explained("artifact main-logs failed to save"):
            return self._keep(Artifact(name="main-logs"), log, "main.log", scratch)

    def _keep(self, artifact: Artifact, source: Path, name: str, scratch: Scratch) -> Artifact:
        location = artifact.s3 if artifact.s3 and artifact.s3.key else S3Artifact(key=self._default_key(name))
        bucket, key = self._place(location)
        if source.is_dir():
            for below, file in contents(source, scratch):
                if file.is_file():
                    self.driver.save(file, bucket, f"{key.rstrip('/')}/{below}")
        else:
            self.driver.save(source, bucket, key)
        return artifact.model_copy(update={"s3": location})

    def _default_key(self, name: str) -> str:
        s3 = self.repository.s3 if self.repository else None
        if s3 is None or not s3.key_format:
            raise ArtifactError("it has no key, and there is no artifact repository to give it one")
        return f"{s3.key_format.rstrip('/')}/{name}"

    def _place(self, location: S3Artifact | None) -> tuple[str, str]:
        repository = self.repository.s3 if self.repository else None
        bucket = (location.bucket if location else None) or (repository.bucket if repository else None)
        key = location.key if location else None
        if not bucket or not key:
            raise ArtifactError("it names no bucket, and there is no artifact repository to take it from")
        if "{{" in key:
            raise ArtifactError(f"its key {key!r} still holds a tag that nothing resolves")
        return bucket, key


def _located(artifact: Artifact) -> bool:
    return artifact.raw is not None or bool(artifact.s3 and artifact.s3.key)


def _stage(artifact: Artifact, source: Path, scratch: Scratch) -> tuple[Path, str]:
    """Return the file or directory to upload and the last part of its default key."""
    # A directory that is a link's target is still called what the template calls it.
    name = PurePosixPath(artifact.path or "").name
    archive = artifact.archive or ArchiveStrategy(tar=TarStrategy())
    if archive.none is not None:
        return source, name
    if archive.zip is not None:
        packed = scratch.staged(f"{artifact.name}.zip")
        pack_zip(source, name, packed, scratch)
    else:
        packed = scratch.staged(f"{artifact.name}.tgz")
        pack_tar(source, name, packed, scratch, archive.tar.compression_level if archive.tar else None)
    return packed, packed.name


@contextmanager
def _explained(what: str) -> Iterator[None]:
    """Say which artifact an error is about, in one line: it becomes a node's message."""
    try:
        yield
    except RetrainError as error:
        raise ArtifactError(f"{what}: {error.message}") from error
    except OSError as error:
        raise ArtifactError(f"{what}: {error.strerror or error}") from error
    except ValueError as error:  # text that cannot be written, such as half of a surrogate pair, or a path with NUL
        raise ArtifactError(f"{what}: {error}") from error


def load_order(artifacts: tuple[Artifact, ...]) -> list[Artifact]:
    """Inputs so that a directory comes before what is mounted inside of it."""
    return sorted(artifacts, key=lambda artifact: len(PurePosixPath(artifact.path or "").parts))
