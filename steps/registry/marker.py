"""The ready marker: what the producer says a batch is. `claim` and the listing of batches read it here.

Everything in it is hostile until read: its own key, the file keys, the numbers, the size. What is not acceptable ends
in a `Verdict` with reason `key` or `marker`, so that it is on record and never reaches a later step.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, NoReturn

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, field_validator

from steps.document import FILE_KEY, Data
from steps.registry.objects import Store, TooLargeError
from steps.verdict import Reason, Verdict

LIMIT = 1 << 20
"""Bytes of a marker at most."""
FILES = 1000
KEY_LENGTH = 200
"""Characters of a file key at most: with `FILES` keys the list still fits in one Argo parameter (256 KiB)."""
FILE_SIZE = 5 << 40
"""Bytes of a file at most: S3's own limit."""
SHOWN = 120
"""Characters of hostile text shown in a message."""

Order = tuple[str, int]
"""(`as_of` as an ISO date, `revision`): what orders batches."""


class File(BaseModel):
    """One file to train on; `key` is below the pipeline's prefix, `size` in bytes, `sha256` lower-case hexadecimal."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    key: Annotated[str, StringConstraints(min_length=1)]
    size: Annotated[int, Field(ge=0, le=FILE_SIZE)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Content(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    as_of: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    revision: Annotated[int, Field(ge=0, lt=10**9)]
    files: Annotated[list[Any], Field(min_length=1, max_length=FILES)]

    @field_validator("as_of")
    @classmethod
    def _a_date(cls, text: str) -> str:
        date.fromisoformat(text)
        return text


@dataclass(frozen=True, slots=True)
class Marker:
    """A marker that is acceptable; `as_of` is an ISO date, `etag` that of the object it was read from."""

    key: str
    etag: str
    batch: str
    as_of: str
    revision: int
    files: tuple[File, ...]

    @property
    def order(self) -> Order:
        return (self.as_of, self.revision)


def compact(etag: str) -> str:
    """Return what an event's run knows of an ETag: small letters and digits, no hyphen of an upload in parts."""
    return re.sub("[^a-z0-9]", "", etag.lower())


def batch(key: str, data: Data) -> str:
    """Return the batch that a marker key names; raises `Verdict` (key) unless it is `<prefix>/<batch>/<marker>`."""
    found = re.fullmatch(data.marker_pattern, key)
    if found is None:
        expected = f"{data.prefix}/<batch>/{data.marker}, with a batch of at most 24 characters a-z, 0-9 and -"
        raise Verdict(
            Reason.KEY, f"the marker's key {_shown(key)} is not acceptable; expected {expected}", key=key[:1024]
        )
    return found.group(1)


def read(store: Store, key: str, etag: str, data: Data) -> Marker:
    """Return the marker at the key, which must be the very version that started the run.

    `etag` may be empty (a run by hand). A marker that was written anew since has an event, and so a run, of its own:
    this run would train on what another is for, so it ends with reason `marker`. Raises `Verdict` (key, marker) and
    `StoreError`.
    """
    name = batch(key, data)
    try:
        found = store.get(key, LIMIT)
    except TooLargeError as error:
        raise Verdict(Reason.MARKER, f"the marker is too large: {error}", key=key) from error
    if found is None:
        raise Verdict(Reason.MARKER, f"there is no marker at {key!r}", key=key)
    body, live = found
    if compact(etag) not in ("", compact(live)):
        message = "the marker was written anew since it started this run; the newer one has a run of its own"
        raise Verdict(Reason.MARKER, message, key=key, etag=etag[:SHOWN], live_etag=live)
    return parse(body, key=key, etag=live, name=name)


def parse(body: bytes, *, key: str, etag: str, name: str) -> Marker:
    """Return the marker that these bytes hold; `name` is its batch. Raises `Verdict` (key, marker)."""
    try:
        content = _Content.model_validate(_json(body))
        unchecked = content.files
        for index, file in enumerate(unchecked):
            if isinstance(file, dict) and isinstance(file.get("key"), str):
                _acceptable(file["key"], index, key)
        files = TypeAdapter(tuple[File, ...]).validate_python(tuple(unchecked))
    except ValidationError as error:
        _refuse(_first(error), key)
    except (ValueError, RecursionError) as error:
        _refuse(f"it is no JSON object of the expected form: {error}", key)
    twice = _twice([file.key for file in files])
    if twice is not None:
        _refuse(f"it lists the file {twice!r} twice", key)
    return Marker(key, etag, name, content.as_of, content.revision, files)


def data_hash(files: tuple[File, ...]) -> str:
    """Return the sha256 over the sorted lines `<sha256> <size>` of the files, each ended by a newline.

    It is the content alone: whatever the batch, the files or their order are called, the same data has the same hash.
    """
    lines = sorted(f"{file.sha256} {file.size}\n" for file in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _json(body: bytes) -> Any:
    return json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    twice = _twice([name for name, _ in pairs])
    if twice is not None:
        raise ValueError(f"the name {_shown(twice)} stands twice in one object")
    return dict(pairs)


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def _acceptable(file: str, index: int, key: str) -> None:
    if len(file) > KEY_LENGTH or re.fullmatch(FILE_KEY, file) is None:
        expected = (
            f"at most {KEY_LENGTH} characters; each part between slashes starts with a letter or digit and holds "
            "letters, digits and . _ = - only"
        )
        message = f"files[{index}].key {_shown(file)} in the marker is not acceptable; expected {expected}"
        raise Verdict(Reason.KEY, message, key=key, file=file[:SHOWN])


def _first(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in problem["loc"]) or "the whole"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{_shown(where)[1:-1]}: {problem['msg']}, got {_shown(problem['input'])}{more}"


def _refuse(problem: str, key: str) -> NoReturn:
    raise Verdict(Reason.MARKER, f"the marker cannot be used: {problem}", key=key)


def _twice(names: list[str]) -> str | None:
    seen: set[str] = set()
    return next((name for name in names if name in seen or seen.add(name)), None)  # type: ignore[func-returns-value]


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
