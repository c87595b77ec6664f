"""The `images:` of an overlay's kustomization: which build of each image an environment runs. `images.build` writes it.

The text is edited and not parsed: comments and order of what people wrote stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

BLOCK = re.compile(r"^images:.*\n(?:[ #-].*\n|\n(?=[ -]))*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Pin:
    """One image as an environment runs it: `name` is what the manifests say; a digest, else a tag, says which build."""

    name: str
    repository: str
    tag: str
    digest: str = ""


def pinned(text: str, pins: Sequence[Pin]) -> str:
    """Return the kustomization's text with these images in place of those it had."""
    block = "images:\n" + "".join(_entry(pin) for pin in pins)
    plain = text if text.endswith("\n") else text + "\n"
    return BLOCK.sub(lambda _: block, plain, count=1) if BLOCK.search(plain) else plain + block


def _entry(pin: Pin) -> str:
    moved = "" if pin.repository == pin.name else f"    newName: {pin.repository}\n"
    build = f"    digest: {pin.digest}\n" if pin.digest else f"    newTag: {pin.tag!r}\n".replace("'", '"')
    return f"  - name: {pin.name}\n{moved}{build}"
