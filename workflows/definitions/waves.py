"""In which order a GitOps controller applies the objects: Argo CD's sync waves, lowest first. The definitions call it.

A wave is applied when the one before is well. `base/` (accounts, rights, policies) has wave -2. A Sensor hears nothing
that was published before it first ran, so the EventSource, which publishes, comes last. By `kubectl apply` all come at
once, and `reconcile` finds what was not heard.
"""

from __future__ import annotations

ANNOTATION = "argocd.argoproj.io/sync-wave"
WAVES = {"EventBus": "-1", "WorkflowTemplate": "0", "CronWorkflow": "1", "Sensor": "1", "EventSource": "2"}


def wave(kind: str) -> dict[str, str]:
    """Return the annotation of an object of the kind."""
    return {ANNOTATION: WAVES[kind]}
