"""`make images`: builds both images, pushes them if there is a registry, and writes which builds the overlays run.

IMAGE_REGISTRY   where to push, such as registry.example.com/ml; empty: the images stay on this machine
IMAGE_TAG        the tag; default: the version. Never `latest`
IMAGE_OVERLAYS   overlays that get the digests of what was pushed; default: staging
IMAGE_BUILDER    docker, podman or buildah; default: the first that works
IMAGE_FLAGS      further flags of the build, such as --platform linux/amd64
IMAGE_EXTRAS     `onnx`: the image of the steps also has what documents with `export: onnx` need
IMAGE_BASE       another Python image to build from, such as one by digest
IMAGE_LOAD       a command that brings an image, its last word, to the nodes of a trial: kind load docker-image
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from images.bill import Built, bill
from images.builder import BuildError, Recipe, Run, build_command, choose, push, run, size
from images.overlay import Pin, pinned

ROOT = Path(__file__).parents[1]
NAMES: Mapping[str, str] = {"steps": "retrain-steps", "retrain": "retrain"}
"""What the manifests call the image of each folder."""
LARGEST = 600_000_000
"""Bytes of an image at most, unpacked: a node pulls it before the first pod of a run starts."""
EXTRAS: Mapping[str, int] = {"": 0, "onnx": 150_000_000}
"""Bytes more that the image of the steps may have with an extra."""
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
SOURCES = ("images", "steps", "workflows")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the environment asks for."""

    registry: str
    tag: str
    overlays: tuple[str, ...]
    builder: str
    flags: tuple[str, ...]
    base: str
    extras: str = ""
    load: tuple[str, ...] = ()


def wanted(environment: Mapping[str, str], version: str) -> Wanted:
    """Read the environment. Raises BuildError."""
    tag = environment.get("IMAGE_TAG") or version
    if tag == "latest" or not TAG.fullmatch(tag):
        raise BuildError(f"IMAGE_TAG is {tag!r}; expected the name of one build, never `latest`")
    registry = environment.get("IMAGE_REGISTRY", "").rstrip("/")
    overlays = tuple(environment.get("IMAGE_OVERLAYS", "staging" if registry else "local").split())
    for overlay in overlays:
        if not (ROOT / "manifests/overlays" / overlay / "kustomization.yaml").is_file():
            raise BuildError(f"IMAGE_OVERLAYS names {overlay!r}; there is no manifests/overlays/{overlay}")
    extras = environment.get("IMAGE_EXTRAS", "")
    if extras not in EXTRAS:
        raise BuildError(f"IMAGE_EXTRAS is {extras!r}; expected {' or '.join(filter(None, EXTRAS))}, or nothing")
    return Wanted(
        registry=registry,
        tag=tag,
        overlays=overlays,
        builder=environment.get("IMAGE_BUILDER", ""),
        flags=tuple(shlex.split(environment.get("IMAGE_FLAGS", ""))),
        base=environment.get("IMAGE_BASE", ""),
        load=tuple(shlex.split(environment.get("IMAGE_LOAD", ""))),
        extras=extras,
    )


def recipe(folder: str, asked: Wanted, git_sha: str) -> Recipe:
    """Return how the image of the folder is built."""
    name = NAMES[folder]
    reference = f"{asked.registry}/{name}:{asked.tag}" if asked.registry else f"{name}:{asked.tag}"
    told = {"GIT_SHA": git_sha, "VERSION": asked.tag, "IMAGE": reference}
    base = {"PYTHON": asked.base} if asked.base else {}
    locked = {"LOCK": lock(folder, asked)} if asked.extras else {}
    return Recipe(Path("images", folder, "Dockerfile"), reference, {**told, **base, **locked}, asked.flags)


def lock(folder: str, asked: Wanted) -> str:
    """Return the name of the lock file that the image of the folder installs."""
    return f"requirements-{asked.extras}.lock" if asked.extras and folder == "steps" else "requirements.lock"


def revision(do: Run = run) -> str:
    """Return the commit of the sources, with `-dirty` if they are not what was committed."""
    sha = do(["git", "rev-parse", "HEAD"]).strip()
    changed = do(["git", "status", "--porcelain", "--", *SOURCES]).strip()
    return f"{sha}-dirty" if changed else sha


def build(folder: str, asked: Wanted, builder: str, do: Run = run) -> Pin:
    """Build one image, push it if there is a registry, bring it to the nodes if there is a way, write its bill of
    materials; return which build it is."""
    git_sha = revision(do)
    how = recipe(folder, asked, git_sha)
    do(build_command(builder, how))
    large = size(builder, how.reference, do)
    most = LARGEST + (EXTRAS[asked.extras] if folder == "steps" else 0)
    if large > most:
        raise BuildError(f"{how.reference} has {large:,} bytes unpacked; {most:,} at most: what did the lock add?")
    digest = push(builder, how.reference, do) if asked.registry else ""
    if asked.load:
        do([*asked.load, how.reference])
    file = ROOT / "build/images" / f"{NAMES[folder]}.cdx.json"
    place = Path(folder, lock(folder, asked))
    _bill(place, Built(NAMES[folder], asked.tag, git_sha, digest), file)
    print(f"{how.reference}: {large:,} bytes unpacked{f', {digest}' if digest else ''}; {file.relative_to(ROOT)}")  # noqa: T201
    return Pin(NAMES[folder], how.reference.rpartition(":")[0], asked.tag, digest)


def _bill(locked: Path, built: Built, file: Path) -> None:
    place = ROOT / "images" / locked.parent
    file.parent.mkdir(parents=True, exist_ok=True)
    dockerfile, pins = ((place / name).read_text(encoding="utf-8") for name in ("Dockerfile", locked.name))
    file.write_text(bill(built, dockerfile, pins, datetime.now(UTC)), encoding="utf-8")


def pin(overlays: Sequence[str], pins: Sequence[Pin]) -> None:
    """Write into the overlays which builds they run."""
    for overlay in overlays:
        file = ROOT / "manifests/overlays" / overlay / "kustomization.yaml"
        text = file.read_text(encoding="utf-8")
        if (new := pinned(text, pins)) != text:
            file.write_text(new, encoding="utf-8")
            print(f"wrote {file.relative_to(ROOT)}; commit it")  # noqa: T201


def main() -> int:
    """Build everything; exit code 0, or 1 after one sentence."""
    os.chdir(ROOT)
    version = re.search(r'^version = "(.+)"$', Path("pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    try:
        asked = wanted(os.environ, version[1] if version else "")
        builder = choose(asked.builder)
        pin(asked.overlays, [build(folder, asked, builder) for folder in NAMES])
    except BuildError as error:
        print(f"images: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
