"""What a folder of manifests holds for this machine: the objects that a cluster would have been given.

The local commands read `base/` and `generated/` below the manifests folder, or every file of a folder that has neither;
overlays are patches for clusters and are not read.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from workflows.engine.cronworkflow import CronWorkflow
from workflows.engine.loader import Document, Other, load
from workflows.engine.model import ConfigMap, Workflow, WorkflowTemplate
from workflows.errors import DocumentError

PARTS = ("base", "generated")


@dataclass(frozen=True, slots=True)
class Manifests:
    """The documents of a folder by kind; `others` are of kinds that only a cluster or the sensor runs."""

    templates: tuple[WorkflowTemplate, ...]
    config_maps: tuple[ConfigMap, ...]
    workflows: tuple[Workflow, ...]
    cron_workflows: tuple[CronWorkflow, ...]
    others: tuple[Other, ...]

    def template(self, name: str) -> WorkflowTemplate:
        """Return the WorkflowTemplate `name`; raises `DocumentError` with the names there are."""
        known = {template.metadata.name or "": template for template in self.templates}
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(sorted(known)) or 'none'}"
            raise DocumentError(f"there is no WorkflowTemplate {name!r} among the manifests", hint=hint)
        return known[name]


def files_in(folder: Path) -> list[Path]:
    """Return the manifest files of a folder, without kustomize's own."""
    if folder.is_file():
        return [folder]
    parts = [folder / part for part in PARTS if (folder / part).is_dir()] or [folder]
    found = [file for part in parts for file in sorted(part.glob("*.yaml")) if file.name != "kustomization.yaml"]
    if not found:
        raise DocumentError(
            "found no manifest (*.yaml)", where=str(folder), hint="run `retrain render`, or name --manifests"
        )
    return found


def read(folder: Path) -> Manifests:
    """Read what `files_in` finds; raises `DocumentError`."""
    return sort(load(files_in(folder)))


def sort(documents: Iterable[Document]) -> Manifests:
    """Return the documents by kind."""
    known = tuple(documents)
    return Manifests(
        templates=tuple(document for document in known if isinstance(document, WorkflowTemplate)),
        config_maps=tuple(document for document in known if isinstance(document, ConfigMap)),
        workflows=tuple(document for document in known if isinstance(document, Workflow)),
        cron_workflows=tuple(document for document in known if isinstance(document, CronWorkflow)),
        others=tuple(document for document in known if isinstance(document, Other)),
    )
