"""Objects in S3, for artifacts and for the question whether a store can be trusted; the engine's only boto3.

Called by `artifacts.py` for every input and output of a step, and by whoever starts a run to probe the store. Endpoint,
region and credentials come from the ordinary AWS chain, so that a step process, which inherits it, sees the same store.
boto3 is imported on first use: it costs more than starting a process, and many runs never touch a bucket.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from workflows.errors import StoreError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# One PUT up to here, parts beyond it: small files are the rule, and a transfer pool costs more than they do.
SINGLE_PUT = 64 * 1024 * 1024
CHUNK = 1024 * 1024
REFUSED = ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "Forbidden")


class NoSuchKeyError(StoreError):
    """Neither an object nor a directory prefix of that key exists."""


class NoSuchBucketError(StoreError):
    """The bucket does not exist."""


def connect() -> S3Client:
    """Return a client from the ordinary AWS chain; a custom endpoint gets path style (botocore's own rule).

    Raises StoreError if the chain's settings cannot make a client.
    """
    from boto3.session import Session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    # Few attempts and a short connect: the template has its own retries, and a store that is down should say so soon.
    config = Config(
        connect_timeout=5, read_timeout=60, retries={"mode": "standard", "max_attempts": 3}, max_pool_connections=32
    )
    try:
        return Session().client("s3", config=config)
    except (BotoCoreError, ValueError) as error:
        raise StoreError(
            f"the AWS settings make no S3 client: {error}",
            hint="check AWS_ENDPOINT_URL_S3 (a URL such as http://127.0.0.1:5000), AWS_REGION and AWS_PROFILE",
        ) from error


@contextmanager
def explained(client: S3Client, bucket: str, key: str) -> Iterator[None]:
    """Turn botocore's errors into StoreError (NoSuchKeyError, NoSuchBucketError); never quotes credentials."""
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        HTTPClientError,
        NoCredentialsError,
        PartialCredentialsError,
    )
    from botocore.exceptions import ConnectionError as BotoConnectionError

    endpoint = client.meta.endpoint_url
    try:
        yield
    except ClientError as error:
        raise _refusal(error.response["Error"].get("Code", "?"), f"s3://{bucket}/{key}", endpoint) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise StoreError(
            f"there are no complete credentials for the object store at {endpoint}",
            hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
        ) from error
    except (HTTPClientError, BotoConnectionError) as error:
        raise StoreError(
            f"cannot reach the object store at {endpoint} ({type(error).__name__})",
            hint="is it running? AWS_ENDPOINT_URL_S3 says where it is",
        ) from error
    except BotoCoreError as error:
        raise StoreError(f"s3://{bucket}/{key}: {error}") from error


def _refusal(code: str, where: str, endpoint: str) -> StoreError:
    bucket = PurePosixPath(where.removeprefix("s3://")).parts[:1]
    if code == "NoSuchKey":
        return NoSuchKeyError(f"{where} does not exist")
    if code == "NoSuchBucket":
        return NoSuchBucketError(
            f"bucket {''.join(bucket)!r} does not exist at {endpoint}", hint="create it, or correct its name"
        )
    if code in REFUSED or code == "403":
        return StoreError(
            f"the object store at {endpoint} refuses {where} ({code})",
            hint="check the credentials (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_PROFILE) and what they may do",
        )
    return StoreError(f"the object store at {endpoint} answers {code[:80]!r} for {where}")


class ArtifactDriver:
    """Loads and saves artifacts; safe to share between threads. No retries beyond botocore's: the template has its own.

    The client is made on first use, under a lock; one client serves all threads and keeps connections open.
    """

    def __init__(self, make_client: Callable[[], S3Client] = connect) -> None:
        self._make_client = make_client
        self._client: S3Client | None = None
        self._lock = threading.Lock()

    @property
    def client(self) -> S3Client:
        """The client, made if need be; raises StoreError."""
        with self._lock:
            if self._client is None:
                self._client = self._make_client()
            return self._client

    def load(self, bucket: str, key: str, path: Path) -> None:
        """Write the object to the file `path`; if there is none of that key, all below `key/` to the directory `path`.

        As Argo's S3 driver: the exact key wins over the prefix. Raises NoSuchKeyError if there is neither.
        """
        try:
            self._load_object(bucket, key, path)
        except NoSuchKeyError:
            if not self._load_prefix(bucket, key.rstrip("/") + "/", path):
                raise

    def _load_object(self, bucket: str, key: str, path: Path) -> None:
        with explained(self.client, bucket, key):
            body = self.client.get_object(Bucket=bucket, Key=key)["Body"]
            with path.open("wb") as file:
                for chunk in body.iter_chunks(CHUNK):
                    file.write(chunk)

    def _load_prefix(self, bucket: str, prefix: str, path: Path) -> bool:
        found = False
        for key in self.list(bucket, prefix):
            found = True
            path.mkdir(parents=True, exist_ok=True)
            if key.endswith("/"):  # a folder marker of some consoles, not a file
                continue
            target = _beneath(path, key, key.removeprefix(prefix))
            self._load_object(bucket, key, target)
        return found

    def save(self, path: Path, bucket: str, key: str) -> None:
        """Upload one regular file; streams, and in parts when it is large. Raises StoreError."""
        with explained(self.client, bucket, key):
            if path.stat().st_size > SINGLE_PUT:
                self._save_in_parts(path, bucket, key)
                return
            with path.open("rb") as file:
                self.client.put_object(Bucket=bucket, Key=key, Body=file)

    def _save_in_parts(self, path: Path, bucket: str, key: str) -> None:
        from boto3.exceptions import S3UploadFailedError

        try:
            self.client.upload_file(str(path), bucket, key)
        except S3UploadFailedError as error:
            raise error.__context__ or error from None

    def list(self, bucket: str, prefix: str) -> Iterator[str]:
        """Yield every key that starts with `prefix`, in the store's (byte) order. Raises StoreError."""
        with explained(self.client, bucket, prefix):
            for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                yield from (entry["Key"] for entry in page.get("Contents", ()))

    def exists(self, bucket: str, key: str) -> bool:
        """Say whether an object of exactly that key exists; a missing bucket is an error, not a no.

        Asked by listing: a HEAD cannot tell a missing bucket from a missing key, and a key sorts before its extensions.
        """
        return next(iter(self.list(bucket, key)), None) == key


def _beneath(directory: Path, key: str, relative: str) -> Path:
    """Return the file for `relative` below `directory`, its parents made; keys are hostile input.

    Raises StoreError for a key that would leave the directory or lie below a file.
    """
    parts = relative.split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise StoreError(f"key {key!r} cannot be a file below {directory.name!r}: it has an empty, '.' or '..' segment")
    target = directory.joinpath(*parts)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir():
            raise IsADirectoryError
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise StoreError(f"key {key!r} is a file and a directory at once; a file system cannot hold both") from None
    return target


def probe_conditional_writes(client: S3Client, bucket: str, key_prefix: str) -> None:
    """Prove that the store refuses a second create and a stale replace, and leave nothing behind.

    Production moves by compare-and-swap; a store that takes the condition and ignores it loses updates without a word.
    Writes one object below `key_prefix`. Raises StoreError naming what the store lacks.
    """
    probe = _Probe(client, bucket, f"{key_prefix.rstrip('/')}/probe-{uuid.uuid4()}".lstrip("/"))
    with explained(client, bucket, probe.key):
        try:
            first = probe.write(b"1", {"IfNoneMatch": "*"})
            if not first or probe.write(b"2", {"IfNoneMatch": "*"}):
                raise probe.unfit("If-None-Match: *, so that two runs could both create one object")
            if not probe.write(b"3", {"IfMatch": first}) or probe.write(b"4", {"IfMatch": first}):
                raise probe.unfit("If-Match, so that a run could overwrite what another has just written")
        finally:
            probe.clean()


class _Probe:
    """One object that is written under conditions; remembers the versions it made."""

    def __init__(self, client: S3Client, bucket: str, key: str) -> None:
        self.client, self.bucket, self.key = client, bucket, key
        self.versions: list[str | None] = []

    def write(self, body: bytes, condition: Mapping[str, str]) -> str | None:
        """Return the ETag written, or None if the store refused the condition."""
        from botocore.exceptions import ClientError

        try:
            answer = self.client.put_object(Bucket=self.bucket, Key=self.key, Body=body, **condition)  # type: ignore[arg-type]
        except ClientError as error:
            if error.response["Error"].get("Code") in ("PreconditionFailed", "412"):
                return None
            if error.response["Error"].get("Code") in ("NotImplemented", "501"):
                raise self.unfit(f"{next(iter(condition))}: it says so") from error
            raise
        self.versions.append(answer.get("VersionId"))
        return answer["ETag"]

    def clean(self) -> None:
        """Delete what was written, each version by name: a bucket with versions keeps them all on a plain delete."""
        for version in dict.fromkeys(self.versions):
            if version is None:
                self.client.delete_object(Bucket=self.bucket, Key=self.key)
            else:
                self.client.delete_object(Bucket=self.bucket, Key=self.key, VersionId=version)

    def unfit(self, what: str) -> StoreError:
        """The refusal of a store that lacks a condition."""
        return StoreError(
            f"the object store at {self.client.meta.endpoint_url} does not honour {what}",
            where=f"bucket {self.bucket!r}",
            hint="use a store with conditional writes: AWS S3, versitygw 1.8 or later, moto 5.2 or later",
        )
