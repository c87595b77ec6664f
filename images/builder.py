"""The program that builds images: docker, podman or buildah, whichever works here. `images.build` calls it.

Each is spoken to in its own words; the answers are made the same: a digest as the registry knows it, a size in bytes.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

BUILDERS = ("docker", "podman", "buildah")
Run = Callable[[Sequence[str]], str]


class BuildError(Exception):
    """What a person can mend: no builder, a build that failed. The text says where, what and the next act."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One image: its Dockerfile, the name to give it, and what its build is told."""

    dockerfile: Path
    reference: str
    arguments: Mapping[str, str]
    flags: tuple[str, ...] = ()


def run(command: Sequence[str]) -> str:
    """Run a command, its messages going where ours go; return what it printed. Raises BuildError."""
    try:
        done = subprocess.run(list(command), stdout=subprocess.PIPE, text=True, check=False)
    except OSError as error:
        raise BuildError(f"{command[0]} cannot be started: {error}") from None
    if done.returncode:
        raise BuildError(f"`{' '.join(command[:3])} …` ended with exit code {done.returncode}; its messages are above")
    return done.stdout


def works(name: str) -> bool:
    """Say whether the builder is there and answers: a docker without its daemon does not."""
    if shutil.which(name) is None:
        return False
    return subprocess.run([name, "info"], capture_output=True, check=False).returncode == 0


def choose(wanted: str = "", answers: Callable[[str], bool] = works) -> str:
    """Return the builder to use: the one that is wanted, else the first that answers. Raises BuildError."""
    if wanted and wanted not in BUILDERS:
        raise BuildError(f"IMAGE_BUILDER is {wanted!r}; expected one of {', '.join(BUILDERS)}")
    for name in (wanted,) if wanted else BUILDERS:
        if answers(name):
            return name
    raise BuildError(f"none of {wanted or ', '.join(BUILDERS)} works here: install one, or start docker's daemon")


def build_command(builder: str, recipe: Recipe) -> list[str]:
    """Return the command that builds the recipe from the current folder."""
    told = [word for name, value in recipe.arguments.items() for word in ("--build-arg", f"{name}={value}")]
    verb = "bud" if builder == "buildah" else "build"
    return [builder, verb, *recipe.flags, "-f", str(recipe.dockerfile), *told, "-t", recipe.reference, "."]


def push(builder: str, reference: str, do: Run = run) -> str:
    """Push the image and return the digest by which the registry knows it, `sha256:…`. Raises BuildError."""
    if builder == "docker":
        do([builder, "push", reference])
        name = reference.rpartition(":")[0]
        known = json.loads(do([builder, "image", "inspect", "--format", "{{json .RepoDigests}}", reference]))
        digest = next((entry.partition("@")[2] for entry in known or () if entry.startswith(f"{name}@")), "")
    else:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "digest")
            do([builder, "push", "--digestfile", str(file), reference])
            digest = file.read_text(encoding="ascii").strip()
    if not digest.startswith("sha256:"):
        raise BuildError(f"{builder} pushed {reference} and told no digest, but {digest!r}")
    return digest


def size(builder: str, reference: str, do: Run = run) -> int:
    """Return the bytes of the image's layers, unpacked."""
    if builder != "buildah":
        return int(do([builder, "image", "inspect", "--format", "{{.Size}}", reference]))
    manifest = json.loads(do([builder, "inspect", "--type", "image", "--format", "{{.Manifest}}", reference]))
    return sum(layer["size"] for layer in manifest["layers"])
