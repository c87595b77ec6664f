"""The object store as the registry needs it: reads with a bound, conditional writes, streamed checksums, paged lists.

The only boto3 of `steps`, imported when a store is first made, for most of what imports this needs no client. Every
decision of the registry rests on two primitives: `create` (`If-None-Match: *`) and `swap` (`If-Match: <etag>`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from steps.verdict import StoreError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

SMALL = 1 << 20
"""The size in bytes up to which an object is read into memory."""
CHUNK = 1 << 20
PAGE = 1000
"""Objects a page of a list: S3's own limit."""
ATTEMPTS = 4
"""Botocore's attempts a request (mode standard: 5xx, throttling, lost connections), and ours for a broken stream."""
PATIENCE = 60
"""Seconds until a request without an answer is tried again; who answers a person has less."""

GONE = ("NoSuchKey", "404", "NotFound")
MISSED = ("PreconditionFailed", "412")
CONFLICT = ("ConditionalRequestConflict", "409")
DENIED = ("AccessDenied", "403", "Forbidden", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken")

NO_S3 = "what answers there is no S3; is AWS_ENDPOINT_URL_S3 right?"

Body = bytes | Path
T = TypeVar("T")


class UnreachableError(StoreError):
    """Nothing answered, or nothing that could be used."""


class DeniedError(StoreError):
    """The credentials are absent, wrong or not enough."""


class ConflictError(StoreError):
    """Another conditional write of the key was under way (S3's 409): to be tried again."""


class NoBucketError(StoreError):
    """The bucket does not exist."""


class TooLargeError(StoreError):
    """The object is larger than the caller is ready to hold in memory."""


class Exists(Exception):  # noqa: N818 - an answer, not an error
    """`create` found another object at the key."""


class Moved(Exception):  # noqa: N818 - an answer, not an error
    """`swap` found another version than the one it was to replace, or none."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One object of a list; `size` in bytes, `etag` without quotes, `modified` in UTC, to the second."""

    key: str
    etag: str
    size: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class Digest:
    """An object's size in bytes and the sha256 of its content (hexadecimal); None where the size alone ruled it out."""

    size: int
    sha256: str | None
    etag: str


class Store(Protocol):
    """One bucket. Keys are whole; ETags have no quotes. Any method raises `StoreError` when it cannot know or do."""

    def get(self, key: str, limit: int = SMALL) -> tuple[bytes, str] | None:
        """Return content and ETag, None if there is no such object; raise `TooLargeError` beyond `limit` bytes."""

    def head(self, key: str) -> Listed | None: ...

    def create(self, key: str, body: Body) -> str:
        """Write if nothing is there and return the ETag, else raise `Exists`; the same content there is success."""

    def swap(self, key: str, body: Body, etag: str) -> str:
        """Replace exactly the version `etag` and return the new ETag; raise `Moved` if another stands there."""

    def put(self, key: str, body: bytes) -> None:
        """Overwrite: only for a hint that nothing trusts."""

    def digest(self, key: str, size: int) -> Digest | None:
        """Return size and sha256 in bounded memory; the content is read only if it has `size` bytes."""

    def keys(self, prefix: str, after: str = "", page: int = PAGE) -> Iterator[Listed]:
        """Yield what is below `prefix` and sorts after the key `after`, by key.

        One request for every `page` objects (at most 1,000), made as they are consumed.
        """


def connect(bucket: str, patience: float = PATIENCE, attempts: int = 0) -> Store:
    """Return the bucket by the ordinary AWS chain (`AWS_ENDPOINT_URL_S3`, credentials, region); connects lazily.

    A request is tried `attempts` times (0: `ATTEMPTS`) and waits `patience` seconds for an answer each time.
    Raises `UnreachableError` when the chain's settings make no client.
    """
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    retries: Any = {"mode": "standard", "max_attempts": attempts or ATTEMPTS}
    config = Config(retries=retries, connect_timeout=min(5, patience), read_timeout=patience)
    try:
        return S3(boto3.session.Session().client("s3", config=config), bucket)
    except (BotoCoreError, ValueError) as error:
        expected = "AWS_ENDPOINT_URL_S3 must be a URL such as http://127.0.0.1:5000, AWS_PROFILE a profile there is"
        raise UnreachableError(f"the AWS settings make no S3 client: {error}; {expected}") from error


@dataclass(frozen=True, slots=True)
class S3:
    """`Store` on S3 or a store that speaks it. Botocore repeats a request whose answer was lost; when the lost one had
    been carried out, the repetition of a conditional write is answered 412, so a miss is read back and compared."""

    client: S3Client
    bucket: str

    def get(self, key: str, limit: int = SMALL) -> tuple[bytes, str] | None:
        def read() -> tuple[bytes, str]:
            answer = self.client.get_object(Bucket=self.bucket, Key=key)
            with closing(answer["Body"]) as body:
                if answer["ContentLength"] > limit:
                    raise TooLargeError(
                        f"{self._at(key)} has {answer['ContentLength']} bytes, expected at most {limit}"
                    )
                return body.read(), _bare(answer["ETag"])

        return self._ask(key, lambda: _again(read))

    def head(self, key: str) -> Listed | None:
        def look() -> Listed:
            answer = self.client.head_object(Bucket=self.bucket, Key=key)
            return Listed(key, _bare(answer["ETag"]), answer["ContentLength"], answer["LastModified"])

        return self._ask(key, look)

    def create(self, key: str, body: Body) -> str:
        return self._write(key, body, {"IfNoneMatch": "*"}, Exists)

    def swap(self, key: str, body: Body, etag: str) -> str:
        return self._write(key, body, {"IfMatch": f'"{etag}"'}, Moved)

    def put(self, key: str, body: bytes) -> None:
        self._ask(key, lambda: self.client.put_object(Bucket=self.bucket, Key=key, Body=body))

    def digest(self, key: str, size: int) -> Digest | None:
        def measure() -> Digest:
            answer = self.client.get_object(Bucket=self.bucket, Key=key)
            with closing(answer["Body"]) as body:
                if answer["ContentLength"] != size:
                    return Digest(answer["ContentLength"], None, _bare(answer["ETag"]))
                content = hashlib.sha256()
                for chunk in body.iter_chunks(CHUNK):
                    content.update(chunk)
                return Digest(size, content.hexdigest(), _bare(answer["ETag"]))

        return self._ask(key, lambda: _again(measure))

    def keys(self, prefix: str, after: str = "", page: int = PAGE) -> Iterator[Listed]:
        more = True
        while more:
            found, more = self._ask(prefix, partial(self._page, prefix, after, page)) or ([], False)
            yield from found
            after = found[-1].key if found else after

    def _page(self, prefix: str, after: str, page: int) -> tuple[list[Listed], bool]:
        answer = self.client.list_objects_v2(Bucket=self.bucket, Prefix=prefix, StartAfter=after, MaxKeys=page)
        found = [
            Listed(one["Key"], _bare(one["ETag"]), one["Size"], one["LastModified"])
            for one in answer.get("Contents", [])
        ]
        return found, answer["IsTruncated"] and bool(found)

    def _write(self, key: str, body: Body, condition: dict[str, str], missed: type[Exception]) -> str:
        try:
            return self._conditional(key, body, condition, missed)
        except (missed, UnreachableError):
            size, sha256 = _measured(body)
            standing = self.digest(key, size)
            if standing is None or standing.sha256 != sha256:
                raise
            return standing.etag

    def _conditional(self, key: str, body: Body, condition: dict[str, str], missed: type[Exception]) -> str:
        for _ in range(ATTEMPTS):
            try:
                answer = self._ask(key, lambda: self._put(key, body, condition), missed)
            except ConflictError:
                continue
            if answer is None:
                raise missed(key)
            return _bare(answer["ETag"])
        raise UnreachableError(f"{self._at(key)}: {ATTEMPTS} times another write of it was under way; try again later")

    def _put(self, key: str, body: Body, condition: dict[str, str]) -> Any:
        if isinstance(body, bytes):
            return self.client.put_object(Bucket=self.bucket, Key=key, Body=body, **condition)  # type: ignore[arg-type]
        with body.open("rb") as stream:
            return self.client.put_object(Bucket=self.bucket, Key=key, Body=stream, **condition)  # type: ignore[arg-type]

    def _ask(self, key: str, request: Callable[[], T], missed: type[Exception] | None = None) -> T | None:
        """Do a request; None if there is no such object. Botocore's errors become `StoreError`s that say what to do."""
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError
        from botocore.parsers import ResponseParserError

        try:
            return request()
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if missed is not None and code in MISSED:
                raise missed(key) from error
            if code == "NoSuchKey" or (code in GONE and error.operation_name == "HeadObject"):
                return None
            raise self._refusal(key, code, str(error)) from error
        except (NoCredentialsError, PartialCredentialsError) as error:
            raise DeniedError(f"{self._at(key)}: {error}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY") from error
        except (BotoCoreError, OSError) as error:
            raise UnreachableError(f"{self._at(key)}: {error}; is AWS_ENDPOINT_URL_S3 right?") from error
        except (KeyError, ResponseParserError) as error:
            raise UnreachableError(f"{self._at(key)}: {NO_S3}") from error

    def _refusal(self, key: str, code: str, text: str) -> StoreError:
        if code in CONFLICT:
            return ConflictError(f"{self._at(key)}: {text}")
        if code == "NoSuchBucket":
            return NoBucketError(f"there is no bucket {self.bucket!r}; the pipeline document names it in data.bucket")
        if code in DENIED:
            return DeniedError(
                f"{self._at(key)}: {text}; look at the credentials and docs/storage.md for what they need"
            )
        if code in ("", *GONE):
            return UnreachableError(f"{self._at(key)}: {NO_S3}")
        if code in ("NotImplemented", "501"):
            return StoreError(f"{self._at(key)}: {text}; the store must support If-Match and If-None-Match")
        return UnreachableError(f"{self._at(key)}: {text}")

    def _at(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"


def _again(read: Callable[[], T]) -> T:
    """Repeat a read whose stream broke off: botocore repeats requests, but not the reading of a body."""
    from botocore.exceptions import IncompleteReadError, ReadTimeoutError, ResponseStreamingError

    for _ in range(ATTEMPTS - 1):
        try:
            return read()
        except (IncompleteReadError, ReadTimeoutError, ResponseStreamingError):
            continue
    return read()


def _measured(body: Body) -> tuple[int, str]:
    if isinstance(body, bytes):
        return len(body), hashlib.sha256(body).hexdigest()
    with body.open("rb") as stream:
        return body.stat().st_size, hashlib.file_digest(stream, "sha256").hexdigest()


def _bare(etag: str) -> str:
    return etag.strip('"')
