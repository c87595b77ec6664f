"""`validate`: hold one file of the batch against the contract and leave it clean, or refuse it with all that is wrong.

Runs once a file. The file must first be, byte for byte, the one that `claim` took: what lies at its key may have been
changed since.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from steps import document as documents
from steps import interface, schema, table
from steps.contract import Contract
from steps.interface import Call, Interface
from steps.verdict import Reason, Verdict
from steps.violation import evidence, summary

INTERFACE = Interface(
    parameters=("index", "file"),
    artifacts=("document", "manifest", "raw"),
    writes=("verdict",),
    saves=("clean",),
)


def validate(raw: Path, file: str, contract: Contract) -> pd.DataFrame:
    """Return the file's typed rows; raises `Verdict` (contract) with every violation as evidence.

    `file` is the name to speak of, which also tells the format.
    """
    try:
        read = table.read(raw, file, contract)
    except table.Unreadable as error:
        raise Verdict(Reason.CONTRACT, f"{file}: {error}", file=file) from error
    violations = list(read.violations)
    whole = {name: column for name, column in contract.columns.items() if name in read.frame.columns}
    if whole:
        unread = {violation.column for violation in violations if violation.rule == "dtype"}
        violations += schema.check(read.frame, contract.model_copy(update={"columns": whole}), unread)
    if violations:
        raise Verdict(
            Reason.CONTRACT, summary(file, violations), file=file, rows=len(read.frame), **evidence(violations)
        )
    if read.frame.empty:
        raise Verdict(Reason.CONTRACT, f"{file}: has a header but no rows", file=file, rows=0)
    return read.frame


def verify(raw: Path, listed: dict[str, Any]) -> None:
    """Hold the file against its line of the manifest; raises `Verdict` (incomplete)."""
    file = listed["file"]
    if raw.is_symlink() or not raw.is_file():
        raise Verdict(Reason.INCOMPLETE, f"{file}: is not a regular file", file=file)
    size = raw.stat().st_size
    if size != listed["size"]:
        message = f"{file}: has {size} bytes now; {listed['size']} were claimed"
        raise Verdict(Reason.INCOMPLETE, message, file=file, found=size, expected=listed["size"])
    with raw.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    if sha256 != listed["sha256"]:
        message = f"{file}: has another content now than was claimed (sha256 {sha256[:12]}…)"
        raise Verdict(Reason.INCOMPLETE, message, file=file, found=sha256, expected=listed["sha256"])


def listed(manifest: dict[str, Any], index: str, file: str) -> dict[str, Any]:
    """Return the file's line of the manifest that `claim` saved; raises `Verdict` (incomplete) if there is none."""
    for line in manifest["files"]:
        if line["index"] == index and line["file"] == file:
            return dict(line)
    raise Verdict(Reason.INCOMPLETE, f"{file}: is not number {index} of the claimed batch", file=file, index=index)


def run(call: Call) -> None:
    document = documents.read(call.artifacts["document"].read_bytes())
    manifest = json.loads(call.artifacts["manifest"].read_bytes())
    raw, file = call.artifacts["raw"], call.parameters["file"]
    verify(raw, listed(manifest, call.parameters["index"], file))
    rows = validate(raw, file, document.contract)
    table.write(rows, call.save("clean"), document.contract)
    print(f"{file}: {len(rows)} rows keep the contract")  # noqa: T201 - the step's log


def main(argv: list[str] | None = None) -> int:
    return interface.run(INTERFACE, run, argv)


if __name__ == "__main__":
    sys.exit(main())
