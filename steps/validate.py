"""`validate`: hold one file of the batch against the contract and leave it clean, or refuse it with all that is wrong.

Runs once a file and reads it in chunks, so its size does not matter. The file must first be, byte for byte, the one
that `claim` took: what lies at its key may have been changed since. Rules across files are for `train` (`batch`).
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from steps import document as documents
from steps import interface, schema, table
from steps.contract import Contract
from steps.interface import Call, Interface
from steps.source import Unreadable
from steps.tally import Tally, repeats
from steps.verdict import Reason, Verdict
from steps.violation import Violation, evidence, merged, summary

INTERFACE = Interface(
    parameters=("index", "file"),
    artifacts=("document", "manifest", "raw"),
    writes=("verdict",),
    saves=("clean",),
)


def validate(raw: Path, file: str, contract: Contract, clean: Path) -> int:
    """Leave the file's typed rows at `clean` and return how many; raises `Verdict` (contract) with every violation.

    `file` is the name to speak of, which also tells the format.
    """
    part = clean.with_name(f"{clean.name}.part")
    tally, found = Tally(contract), list[Violation]()
    try:
        read = table.read(raw, file, contract)
        found += read.violations
        with table.writing(part, contract) as append:
            for chunk in read.chunks:
                tally.add(chunk)
                found = merged([*found, *chunk.violations, *schema.check(chunk, contract)])
                if not (found or chunk.frame.empty):
                    append(chunk.frame)
        _refuse(file, tally.rows, _whole(tally, found, raw, file, contract), contract)
        part.replace(clean)
    except Unreadable as error:
        raise Verdict(Reason.CONTRACT, f"{file}: {error}", file=file, **(evidence(found) if found else {})) from error
    finally:
        part.unlink(missing_ok=True)
    return tally.rows


def _whole(tally: Tally, found: list[Violation], raw: Path, file: str, contract: Contract) -> list[Violation]:
    """Return all violations of the file, with those that only the whole of it shows."""
    repeated = tally.repeated()
    again = table.read(raw, file, contract.narrowed(repeated)).chunks if repeated else ()
    return [*tally.judge(found), *repeats(repeated, again, contract)]


def _refuse(file: str, rows: int, found: list[Violation], contract: Contract) -> None:
    """Raise `Verdict` if there is anything to refuse the file for."""
    if found:
        order = {name: place for place, name in enumerate(contract.columns)}
        found.sort(key=lambda violation: order.get(violation.column, -1))
        raise Verdict(Reason.CONTRACT, summary(file, found), file=file, rows=rows, **evidence(found))
    if not rows:
        raise Verdict(Reason.CONTRACT, f"{file}: has a header but no rows", file=file, rows=0)


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
    rows = validate(raw, file, document.contract, call.save("clean"))
    print(f"{file}: {rows} rows keep the contract")  # noqa: T201 - the step's log


def main(argv: list[str] | None = None) -> int:
    return interface.run(INTERFACE, run, argv)


if __name__ == "__main__":
    sys.exit(main())
