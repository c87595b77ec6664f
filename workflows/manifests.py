"""Renders pipeline documents into manifest texts, and compares texts with files; `render`, `check` and tests call it.

Pure text: the same documents give the same bytes on any day, in any time zone, under any hash seed. The committed files
are the goldens, and a missing one is a difference, never an invitation to write it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from steps.document import Document

BANNER = "# Rendered by `retrain render` from workflows/pipelines; edit the pipeline, then run `make manifests`.\n"


class ManifestDumper(yaml.SafeDumper):
    """A dumper of our own: importing Hera changes PyYAML's default ones for the whole process."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - PyYAML's signature
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


ManifestDumper.add_representer(str, _text)


@dataclass(frozen=True, slots=True)
class Difference:
    """A committed file that is not what the documents render to."""

    file: Path
    kind: Literal["differs", "missing", "stray"]


def dump(manifest: Mapping[str, Any]) -> str:
    """Return one manifest as YAML, keys in the order given."""
    return yaml.dump(dict(manifest), Dumper=ManifestDumper, sort_keys=False, width=120, allow_unicode=True)


def render(documents: Iterable[Document]) -> dict[str, str]:
    """Return every generated file, by name: one object a file, a kustomization that lists them."""
    from workflows.definitions.events import event_bus, event_source, sensor
    from workflows.definitions.pipeline import workflow_template
    from workflows.definitions.schedule import cron_workflows

    ordered = sorted(documents, key=lambda document: document.name)
    manifests: dict[str, Mapping[str, Any]] = {"default-eventbus.yaml": event_bus()}
    for bucket in sorted({document.data.bucket for document in ordered}):
        manifests[f"{bucket}-eventsource.yaml"] = event_source(bucket)
    for document in ordered:
        manifests[f"{document.name}-workflowtemplate.yaml"] = workflow_template(document)
        manifests[f"{document.name}-sensor.yaml"] = sensor(document)
        for duty, cron in cron_workflows(document).items():
            manifests[f"{document.name}-{duty}-cronworkflow.yaml"] = cron
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": sorted(manifests),
    }
    return {
        name: BANNER + dump(value) for name, value in sorted({**manifests, "kustomization.yaml": kustomization}.items())
    }


def schema() -> str:
    """Return the JSON Schema of a pipeline document, for editors."""
    return (
        json.dumps(
            {"$schema": "https://json-schema.org/draft/2020-12/schema", **Document.model_json_schema()}, indent=2
        )
        + "\n"
    )


def differences(files: Mapping[str, str], folder: Path) -> tuple[Difference, ...]:
    """Compare rendered texts with a folder: what differs, what is missing, what is there without a document."""
    found = {path.name: path for path in sorted(folder.glob("*.yaml"))} if folder.is_dir() else {}
    changed = [
        Difference(folder / name, "differs" if name in found else "missing")
        for name, text in files.items()
        if name not in found or found[name].read_text(encoding="utf-8") != text
    ]
    return (*changed, *(Difference(path, "stray") for name, path in found.items() if name not in files))
