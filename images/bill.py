"""The bill of materials of an image, in CycloneDX: every Python package that its lock file installs. `build` writes it.

The lock is the truth: the build installs by hash and nothing else. Markers are decided as in the image, which may have
another Python than this machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.markers import Marker

PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)(?:\s*;\s*(?P<marker>[^\\\n]+))?", re.MULTILINE)
BASE = re.compile(r"^ARG PYTHON=(?P<name>\S+?):(?P<tag>(?P<python>\d+\.\d+)\S*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Built:
    """The image that is billed: its name, version, the sources' git SHA and, once pushed, its digest."""

    name: str
    version: str
    git_sha: str
    digest: str = ""


def packages(lock: str, python: str) -> Iterator[tuple[str, str]]:
    """Yield name and version of what the lock installs with that Python (`3.11`) on 64-bit Linux."""
    image = environment(python)
    for pin in PIN.finditer(lock):
        if pin["marker"] is None or Marker(pin["marker"].strip()).evaluate(dict(image)):
            yield pin["name"], pin["version"]


def environment(python: str) -> Mapping[str, str]:
    """Return what a lock's markers ask of, for the image."""
    return {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": "linux",
    }


def bill(built: Built, dockerfile: str, lock: str, at: datetime) -> str:
    """Return the bill as JSON (CycloneDX 1.6). Raises `ValueError` if the Dockerfile names no Python image."""
    base = BASE.search(dockerfile)
    if base is None:
        raise ValueError("the Dockerfile says no `ARG PYTHON=<image>:<python>…`")
    image = Component(
        name=built.name,
        version=f"{built.version}+{built.git_sha}",
        type=ComponentType.CONTAINER,
        bom_ref="image",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=built.digest.removeprefix("sha256:"))]
        if built.digest
        else [],
    )
    below = Component(name=base["name"], version=base["tag"], type=ComponentType.CONTAINER, bom_ref="base")
    libraries = [
        Component(
            name=name,
            version=version,
            type=ComponentType.LIBRARY,
            purl=PackageURL("pypi", name=name, version=version),
            bom_ref=f"pkg:pypi/{name}@{version}",
        )
        for name, version in packages(lock, base["python"])
    ]
    bom = Bom(components=[below, *libraries], serial_number=uuid5(NAMESPACE_URL, f"{image.name}@{image.version}"))
    bom.metadata.component = image
    bom.metadata.timestamp = at
    bom.register_dependency(image, [below, *libraries])
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"
