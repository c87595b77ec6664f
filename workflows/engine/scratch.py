"""The directory of one pod, and where in it the paths are that a template declares.

Made by the executor for each attempt. A pod on a cluster has a file system of its own; local processes share one, so a
declared `/retrain/outputs/x` becomes a file below this directory, and the step learns of it through the path tags only.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from workflows.engine.model import Template
from workflows.errors import RetrainError


class ArtifactError(RetrainError):
    """An input or output of a step cannot be loaded or saved; its node becomes Error."""


class OutputMissingError(ArtifactError):
    """A declared output is not there."""


@dataclass(frozen=True, slots=True)
class Scratch:
    """`root` is the step's working directory; below it `files` (what the template declares), `tmp` and `staging`."""

    root: Path

    @property
    def temporary(self) -> Path:
        """The step's TMPDIR."""
        return self.root / "tmp"

    def staged(self, name: str) -> Path:
        """A place to pack or unpack an artifact, on the same device as what it becomes; its directory is made."""
        directory = self.root / "staging"
        directory.mkdir(exist_ok=True)
        return directory / name

    @property
    def script(self) -> Path:
        """The file with a script template's source."""
        return self.root / "script"

    def local(self, declared: str) -> Path:
        """The file that stands for an absolute path of the template; ArtifactError if the path climbs with '..'.

        Argo refuses a '..' only where it leaves the directory before it (CleanPath); no manifest needs the others.
        """
        path = PurePosixPath(declared)
        if not path.is_absolute() or ".." in path.parts or path.parts == ("/",):
            raise ArtifactError(f"path {declared!r} is not an absolute path without '..'")
        return self.root.joinpath("files", *path.parts[1:])

    def paths(self, template: Template) -> dict[str, str]:
        """The path tags of the template (`inputs.artifacts.X.path`, `outputs.parameters.X.path`, …) with our paths."""
        declared = {f"inputs.artifacts.{item.name}.path": item.path for item in template.inputs.artifacts}
        declared |= {f"outputs.artifacts.{item.name}.path": item.path for item in template.outputs.artifacts}
        for item in template.outputs.parameters:
            declared[f"outputs.parameters.{item.name}.path"] = item.value_from.path if item.value_from else None
        return {tag: str(self.local(path)) for tag, path in declared.items() if path}

    def prepare(self, template: Template) -> None:
        """Make the directory with the parents of all declared paths: in an image they exist, or the step makes them."""
        self.temporary.mkdir(parents=True, exist_ok=True)
        for directory in {Path(path).parent for path in self.paths(template).values()}:
            directory.mkdir(parents=True, exist_ok=True)

    def found(self, declared: str, what: str) -> Path:
        """The real file or directory an output was written to. Links are followed, but not out of the pod's directory.

        Raises OutputMissingError, or ArtifactError for a link that leads out or what is neither file nor directory.
        """
        path = self.local(declared)
        try:
            real = path.resolve(strict=True)
        except (FileNotFoundError, NotADirectoryError):
            raise OutputMissingError(f"{what}: open {declared}: no such file or directory") from None
        except (OSError, RuntimeError) as error:
            raise ArtifactError(f"{what}: open {declared}: {error}") from error
        return self.inside(real, f"{what}: {declared}")

    def inside(self, real: Path, what: str) -> Path:
        """Return a resolved path if it is a regular file or directory of this pod; ArtifactError otherwise."""
        if not real.is_relative_to(self.root.resolve()):
            raise ArtifactError(f"{what} is a link that leads out of the pod")
        if not real.is_file() and not real.is_dir():
            raise ArtifactError(f"{what} is not a regular file or directory")
        return real
