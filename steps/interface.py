"""How a step meets Argo: `--name=value` arguments in, small values written to the paths Argo gave, one error boundary.

Every verb declares an `Interface`; the step catalog of the definitions must say the same (a test compares them), so a
manifest can never call a step by arguments that it does not know.
"""

from __future__ import annotations

import argparse
import re
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from steps.verdict import EXIT_VERDICT, Conclusion, Reason, StoreError, Verdict

VERDICT = "verdict"
LAST_LINES = 5
CREATED_FORMATS = ("%Y-%m-%d %H:%M:%S %z %Z", "%Y-%m-%dT%H:%M:%S%z")
"""How Argo prints `workflow.creationTimestamp`, plain and as RFC 3339."""


@dataclass(frozen=True, slots=True)
class Interface:
    """The arguments of one verb: values and files it reads, values and files it writes (each a path for it to fill).

    `optional` names the files among them that only some documents ask for.
    """

    parameters: tuple[str, ...] = ()
    artifacts: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    saves: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One parsed call of a step. `parameters` are texts, the other three map names to paths."""

    parameters: Mapping[str, str]
    artifacts: Mapping[str, Path]
    writes: Mapping[str, Path]
    saves: Mapping[str, Path]

    def write(self, name: str, value: str) -> None:
        """Write an output parameter; what Argo or Kubernetes would expand in it is broken up first."""
        path = self.writes[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(harmless(value).encode("utf-8", "replace"))

    def save(self, name: str) -> Path:
        """Return the path at which to put an output artifact; its folder exists."""
        path = self.saves[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def harmless(text: str) -> str:
    """Break up `{{` and `$(`: Argo expands tags inside values, Kubernetes `$(VAR)` inside args (seen on a cluster).

    Control characters become spaces: with one in a value, Argo's substitution makes invalid JSON and the node fails.
    """
    plain = re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", " ", text)
    return re.sub(r"\{(?=\{)|\$(?=\()", r"\g<0> ", plain)


def created(text: str) -> datetime | None:
    """Return when the Workflow was created, in UTC, as Argo prints it; None for what is no such text."""
    for form in CREATED_FORMATS:
        try:
            return datetime.strptime(text, form).astimezone(UTC)
        except ValueError:
            continue
    return None


def parse(interface: Interface, argv: list[str]) -> Call:
    """Parse `--name=value` arguments; a missing or unknown one ends with exit code 2, as argparse does."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    groups = (interface.parameters, interface.artifacts, interface.writes, interface.saves)
    for name in [name for group in groups for name in group]:
        parser.add_argument(f"--{name}", dest=name, required=name not in interface.optional)
    values = vars(parser.parse_args(argv))
    given = ([name for name in group if values[name] is not None] for group in groups)
    texts, *paths = ({name: values[name] for name in group} for group in given)
    artifacts, writes, saves = ({name: Path(value) for name, value in group.items()} for group in paths)
    return Call(texts, artifacts, writes, saves)


def run(interface: Interface, verb: Callable[[Call], None], argv: list[str] | None = None) -> int:
    """Call a verb and return the exit code: 0 done, 42 a verdict, 1 a crash; the latter two leave a verdict behind."""
    call = parse(interface, sys.argv[1:] if argv is None else argv)
    try:
        verb(call)
    except Verdict as verdict:
        _leave(call, verdict.conclusion)
        print(f"{verdict.conclusion.outcome}: {verdict.conclusion.message}", file=sys.stderr)  # noqa: T201 - the step's log
        return EXIT_VERDICT
    except StoreError as error:
        _leave(call, Conclusion(Reason.STORE, str(error)))
        print(f"failed: {error}", file=sys.stderr)  # noqa: T201 - the step's log
        return 1
    except Exception as error:  # noqa: BLE001 - the one boundary: what crashes must leave its last lines on record
        traceback.print_exc()
        lines = traceback.format_exception(error)[-1].strip().splitlines()[-LAST_LINES:]
        _leave(call, Conclusion(Reason.CRASHED, " / ".join(lines)[:500] or type(error).__name__))
        return 1
    return 0


def advise(interface: Interface, verb: Callable[[Call], None], argv: list[str] | None = None) -> int:
    """Call a verb that never fails its run (`record`, `notify`): whatever breaks is in its log, the exit code is 0."""
    code = run(interface, verb, argv)
    if code:
        print(f"this step broke (would be exit code {code}); the run's outcome stands", file=sys.stderr)  # noqa: T201 - the step's log
    return 0


def _leave(call: Call, conclusion: Conclusion) -> None:
    if VERDICT in call.writes:
        call.write(VERDICT, conclusion.to_json())
