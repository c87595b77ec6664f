"""Workflows on disk: `$RETRAIN_HOME/workflows/<name>/workflow.json`, their logs and their pods' scratch directories.

It stands in for the API server: any process of this machine may create a Workflow, unstarted, and the engine that
takes its lock runs it. Read by `get`, `logs`, `runs` and `why`, often while the run goes on in another process. A
Workflow appears whole and changes whole, because it is written beside its place and renamed: a reader needs no lock.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from workflows.engine.lock import Held, is_held, take
from workflows.engine.model import Workflow
from workflows.engine.orphan import goes_on, orphaned
from workflows.errors import RetrainError

DOCUMENT = "workflow.json"
LOCK = "engine.lock"
"""Held by the engine that runs the Workflow, for as long as it does."""
# A Kubernetes object name (RFC 1123 subdomain); Argo allows a Workflow 63 characters.
NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
NAME_LENGTH = 63
# A pod's name is built from a Workflow's and a template's, which may have capitals.
POD_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?")
POD_NAME_LENGTH = 253
EPOCH = datetime.fromtimestamp(0, UTC)


class JournalError(RetrainError):
    """A Workflow's directory cannot be used; `where` is its path."""


class AlreadyExistsError(JournalError):
    """A Workflow of that name has been submitted before. The deterministic name makes a second delivery end here."""


class WorkflowNotFoundError(JournalError):
    """No Workflow of that name."""


@dataclass(frozen=True, slots=True)
class Listing:
    """All Workflows, oldest first, and an error for each entry that is none (torn, or somebody else's)."""

    workflows: tuple[Workflow, ...]
    damaged: tuple[JournalError, ...]


class Journal:
    """The Workflows below one home directory. Holds no state but the path; any number may look at one home."""

    def __init__(self, home: Path) -> None:
        self.root = home / "workflows"

    def directory(self, name: str) -> Path:
        """Where the Workflow's files are. Raises JournalError for a name that could be no Workflow's."""
        if len(name) > NAME_LENGTH or not NAME.fullmatch(name):
            raise JournalError(
                f"{name[:80]!r} cannot name a Workflow",
                hint=f"at most {NAME_LENGTH} lower-case letters, digits, '-' and '.', a letter or digit at both ends",
            )
        return self.root / name

    def log_path(self, name: str, pod: str) -> Path:
        """Where the output of one pod is or will be."""
        return self.directory(name) / "logs" / f"{_pod_name(pod)}.log"

    def logs(self, name: str) -> tuple[Path, ...]:
        """The logs there are of a Workflow's pods, the oldest first."""
        found = (self.directory(name) / "logs").glob("*.log")
        return tuple(sorted(found, key=lambda file: (file.stat().st_mtime_ns, file.name)))

    def pod_directory(self, name: str, pod: str) -> Path:
        """The scratch directory of one pod."""
        return self.directory(name) / "pods" / _pod_name(pod)

    def create(self, workflow: Workflow) -> None:
        """Add a Workflow for an engine to find; of several at once exactly one succeeds. Raises AlreadyExistsError."""
        self.create_owned(workflow).release()

    def create_owned(self, workflow: Workflow) -> Held:
        """Add a Workflow that the caller runs, which it does until it lets go; see `create`."""
        name = workflow.metadata.name or ""
        directory = self.directory(name)
        self.root.mkdir(parents=True, exist_ok=True)
        # Made whole under another name, then renamed: a rename onto a directory that holds anything fails, as a
        # second mkdir would, but there is no moment at which the name exists without its document and lock.
        with tempfile.TemporaryDirectory(prefix=".new-", dir=self.root) as parent:
            whole = Path(parent) / name
            (whole / "logs").mkdir(parents=True)
            (whole / DOCUMENT).write_text(workflow.to_json(indent=1), encoding="utf-8")
            held = Held()
            held.take(whole / LOCK)
            try:
                whole.rename(directory)
            except OSError as error:
                held.release()
                if not directory.exists():
                    raise JournalError(f"cannot add the Workflow: {error.strerror}", where=str(directory)) from error
                raise AlreadyExistsError(
                    f"Workflow {name!r} already exists",
                    where=str(directory),
                    hint="a name is used once; choose another",
                ) from None
        return held

    def own(self, name: str) -> Held | None:
        """Take the Workflow to run it; None if an engine has it, or it is gone. What its phase is, is to be read then.

        Nobody who merely looks is in the way: `read` looks at the lock only of a Workflow that an engine began with.
        """
        try:
            return take(self.directory(name) / LOCK)
        except FileNotFoundError:
            return None

    def write(self, workflow: Workflow) -> None:
        """Replace the document of a Workflow that was created; readers see the old or the new one. One writer a name.

        Not synced to the device: after a power cut the bucket, not this file, says what happened.
        """
        directory = self.directory(workflow.metadata.name or "")
        beside = directory / f".{DOCUMENT}.{os.getpid()}"
        try:
            beside.write_text(workflow.to_json(indent=1), encoding="utf-8")
            beside.replace(directory / DOCUMENT)
        except FileNotFoundError:
            raise WorkflowNotFoundError(
                f"there is no Workflow {directory.name!r} to write", where=str(directory)
            ) from None

    def read(self, name: str) -> Workflow:
        """Return a Workflow as it is: as last written, or ended in Error if the engine that ran it died.

        Raises WorkflowNotFoundError; JournalError if what is there is none.
        """
        workflow, _ = self._load(name)
        if goes_on(workflow) and not is_held(self.directory(name) / LOCK):
            # It may have ended between the two looks: the engine writes its end before it lets go.
            workflow, written = self._load(name)
            if goes_on(workflow):
                return orphaned(workflow, written)
        return workflow

    def _load(self, name: str) -> tuple[Workflow, datetime]:
        """Return a Workflow as last written, and when that was."""
        directory = self.directory(name)
        path = directory / DOCUMENT
        try:
            with path.open("rb") as file:
                written = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
                workflow = Workflow.model_validate_json(file.read())
        except (FileNotFoundError, NotADirectoryError):
            if directory.exists():
                raise JournalError(f"holds no {DOCUMENT}", where=str(directory), hint="remove it") from None
            raise WorkflowNotFoundError(f"there is no Workflow {name!r}", where=str(self.root)) from None
        except (OSError, ValidationError) as error:
            raise JournalError(f"is no Workflow: {_first_line(error)}", where=str(path), hint="remove it") from error
        if workflow.metadata.name != name:
            raise JournalError(f"holds the Workflow {workflow.metadata.name!r}", where=str(path), hint="remove it")
        return workflow, written

    def names(self) -> tuple[str, ...]:
        """Return the names there are, in order; what is behind them is to be read."""
        if not self.root.is_dir():
            return ()
        # A dot: one being created or removed, or the desktop's own files.
        return tuple(sorted(entry.name for entry in self.root.iterdir() if not entry.name.startswith(".")))

    def remove(self, name: str) -> None:
        """Forget a Workflow that has ended, with its logs: the name is gone at once, the files soon after."""
        grave = Path(tempfile.mkdtemp(prefix=".old-", dir=self.root))
        with contextlib.suppress(FileNotFoundError):
            self.directory(name).rename(grave / name)
        shutil.rmtree(grave, ignore_errors=True)

    def list(self) -> Listing:
        """Return every Workflow, oldest first, then by name; what cannot be read is named and hides no other."""
        workflows: list[Workflow] = []
        damaged: list[JournalError] = []
        for name in self.names():
            try:
                workflows.append(self.read(name))
            except WorkflowNotFoundError:  # removed since we looked
                continue
            except JournalError as error:
                damaged.append(error)
        workflows.sort(key=lambda workflow: workflow.metadata.creation_timestamp or EPOCH)
        return Listing(tuple(workflows), tuple(damaged))

    def discard_scratch(self, name: str) -> None:
        """Remove the scratch directories of a Workflow's pods, which only a failed run's reader wants to see."""
        pods = self.directory(name) / "pods"
        shutil.rmtree(pods, ignore_errors=True)
        if pods.exists():
            raise JournalError(
                "cannot remove the scratch of the finished pods", where=str(pods), hint="remove it by hand"
            )


def _pod_name(pod: str) -> str:
    if len(pod) > POD_NAME_LENGTH or not POD_NAME.fullmatch(pod):
        raise JournalError(f"{pod[:80]!r} cannot name a pod", hint="letters, digits, '-' and '.'")
    return pod


def _first_line(error: OSError | ValidationError) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]
