"""Which artifact repository a Workflow uses: the text below a key of a ConfigMap, read.

Asked once by the driver. The ConfigMap is the same that a cluster has, so the same keys come out.
"""

from __future__ import annotations

from textwrap import indent

from workflows.engine.loader import build, read
from workflows.engine.model import WorkflowSpec
from workflows.engine.objects import Objects
from workflows.engine.pod import ArtifactRepository
from workflows.engine.values import Model
from workflows.errors import DocumentError

CONFIG_MAP = "artifact-repositories"
DEFAULT_KEY = "workflows.argoproj.io/default-artifact-repository"


class _Document(Model):
    api_version: str
    kind: str
    repository: ArtifactRepository


def repository_of(spec: WorkflowSpec, objects: Objects) -> ArtifactRepository | None:
    """The repository that the spec refers to, or the namespace's default; None if there is neither.

    DocumentError for a reference to what is not there, or a text that is no repository.
    """
    reference = spec.artifact_repository_ref
    name = (reference and reference.config_map) or CONFIG_MAP
    found = objects.config_maps.get(name)
    key = (reference and reference.key) or (found.metadata.annotations.get(DEFAULT_KEY) if found else None)
    if found is None or key is None or key not in found.data:
        if reference is None:
            return None
        raise DocumentError(
            f"there is no artifact repository {key!r} in ConfigMap {name!r}",
            where="field 'spec.artifactRepositoryRef'",
            hint=f"it has: {', '.join(sorted(found.data))}" if found else "give the file that has the ConfigMap too",
        )
    # Read as part of a document, because only the loader knows YAML, its duplicate keys and its breadcrumbs.
    text = f"apiVersion: v1\nkind: ArtifactRepository\nrepository:\n{indent(found.data[key], '  ')}\n"
    document = next(read(text, f"ConfigMap {name!r}, key {key!r}"))
    return build(_Document, document).repository
