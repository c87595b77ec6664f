"""What boto3's client does, over a bucket in memory: the real `objects.S3` runs above it, lost answers included.

Each request first asks the schedule for its fate, which is where actors take turns and faults strike. As botocore does,
a request that got no answer, or one that says "later", is repeated, whether or not it had been carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, IncompleteReadError
from faults.bucket import Bucket, Held, Refused

ATTEMPTS = 4
"""Botocore's attempts a request, as `objects.connect` sets them."""
ENDPOINT = "http://s3.example"
UNREACHED, LOST, BROKEN, CONFLICT = "unreached", "lost", "broken", "ConditionalRequestConflict"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the schedule sees it: its verb, the key or prefix, and the condition it carries."""

    verb: str
    key: str
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Fate:
    """What happens to a request: `trouble` strikes the first `times` attempts.

    UNREACHED never arrives, LOST is carried out but not answered, BROKEN is answered but the body breaks off; any other
    word is an error code of S3. `dies` ends the process before the request or after its effect.
    """

    trouble: str = ""
    times: int = 0
    dies: str = ""


CALM = Fate()


class Line(Protocol):
    """What stands between a process and its bucket."""

    def fate(self, request: Request) -> Fate:
        """Say what will happen to the request; this is where another actor may come in between."""

    def again(self, request: Request) -> None:
        """Let others come in between two attempts of a request."""

    def die(self, request: Request) -> None:
        """End the process that asks; does not return."""

    def answered(self, request: Request, answer: str) -> None:
        """Put the answer on record."""

    def now(self) -> datetime:
        """Return the bucket's own time."""

    def name(self) -> str:
        """Return who asks."""


class Calm:
    """A line on which nothing happens."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def fate(self, _: Request) -> Fate:
        return CALM

    def again(self, _: Request) -> None:
        pass

    def die(self, _: Request) -> None:
        raise AssertionError("nobody dies on a calm line")

    def answered(self, _: Request, __: str) -> None:
        pass

    def now(self) -> datetime:
        return self._now

    def name(self) -> str:
        return "test"


class Body:
    """The body of an answer; it breaks off before its end if it is `broken`."""

    def __init__(self, content: bytes, *, broken: bool) -> None:
        self._content = content
        self._broken = broken

    def read(self) -> bytes:
        if self._broken:
            raise IncompleteReadError(actual_bytes=0, expected_bytes=len(self._content))
        return self._content

    def iter_chunks(self, size: int) -> Iterator[bytes]:
        content = self.read()
        for start in range(0, len(content), size):
            yield content[start : start + size]

    def close(self) -> None:
        pass


class Client:
    """The four methods of boto3's S3 client that `objects.S3` calls, with their answers' fields that it reads."""

    def __init__(self, bucket: Bucket, line: Line) -> None:
        self._bucket = bucket
        self._line = line

    def get_object(self, **asked: Any) -> dict[str, Any]:
        key = asked["Key"]
        held, broken = self._send("GetObject", Request("get", key), lambda: self._bucket.get(key))
        return {**_facts(held), "ContentLength": len(held.body), "Body": Body(held.body, broken=broken)}

    def head_object(self, **asked: Any) -> dict[str, Any]:
        key = asked["Key"]
        held, _ = self._send("HeadObject", Request("head", key), lambda: self._bucket.get(key))
        return {**_facts(held), "ContentLength": len(held.body)}

    def put_object(self, **asked: Any) -> dict[str, Any]:
        key, content = asked["Key"], asked["Body"]
        body = content if isinstance(content, bytes) else content.read()
        match, absent = asked.get("IfMatch", "").strip('"') or None, asked.get("IfNoneMatch") == "*"
        condition = f"if it is {match[:8]}" if match else ("if absent" if absent else "whatever is there")

        def write() -> Held:
            line = self._line
            return self._bucket.put(key, body, line.now(), by=line.name(), match=match, absent=absent)

        held, _ = self._send("PutObject", Request("put", key, condition), write)
        return _facts(held)

    def list_objects_v2(self, **asked: Any) -> dict[str, Any]:
        prefix, after, limit = asked["Prefix"], asked.get("StartAfter", ""), min(asked.get("MaxKeys", 1000), 1000)
        request = Request("list", prefix, f"after {after}" if after else "")
        (found, more), _ = self._send("ListObjectsV2", request, lambda: self._bucket.page(prefix, after, limit))
        contents = [{**_facts(held), "Key": held.key, "Size": len(held.body)} for held in found]
        return {"IsTruncated": more, "KeyCount": len(found)} | ({"Contents": contents} if contents else {})

    def _send(self, operation: str, request: Request, effect: Callable[[], T]) -> tuple[T, bool]:
        """Carry a request out by its fate; return the answer and whether its body is broken."""
        fate = self._line.fate(request)
        if fate.dies == "before":
            self._line.die(request)
        for attempt in range(ATTEMPTS):
            if attempt:
                self._line.again(request)
            trouble = fate.trouble if attempt < fate.times else ""
            if trouble not in ("", LOST, BROKEN):
                self._line.answered(request, trouble)
                if trouble == CONFLICT:
                    break
                continue
            answer, code = _tried(effect)
            if fate.dies == "after":
                self._line.answered(request, f"{code or 'done'}, and dies")
                self._line.die(request)
            if trouble == LOST:
                self._line.answered(request, f"{code or 'done'}, but the answer is lost")
                continue
            self._line.answered(request, code or (trouble if trouble else ""))
            if answer is None:
                raise _error(code, operation)
            return answer, trouble == BROKEN
        raise _error(fate.trouble, operation)


def _tried(effect: Callable[[], T]) -> tuple[T | None, str]:
    try:
        return effect(), ""
    except Refused as refused:
        return None, refused.code


def _error(code: str, operation: str) -> Exception:
    if code == UNREACHED:
        return EndpointConnectionError(endpoint_url=ENDPOINT)
    if code == LOST:
        return ConnectionClosedError(endpoint_url=ENDPOINT)
    shown = "404" if (operation, code) == ("HeadObject", "NoSuchKey") else code
    return ClientError({"Error": {"Code": shown, "Message": f"simulated {shown}"}}, operation)


def _facts(held: Held) -> dict[str, Any]:
    return {"ETag": f'"{held.etag}"', "LastModified": held.modified.replace(microsecond=0)}
