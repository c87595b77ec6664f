"""What Pod Security's level `restricted` (Kubernetes 1.34) refuses in a pod, and the pods that our objects become.

Called by `admission`. Source: the table of kubernetes.io/docs/concepts/security/pod-security-standards; a field left
out is refused where the table says that it must be set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Pod = Mapping[str, Any]
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
SECCOMP = {"RuntimeDefault", "Localhost"}


def violations(pod: Pod) -> list[str]:
    """Return what admission would say of the pod's spec; empty where it lets it in."""
    context = pod.get("securityContext") or {}
    found = [f"{field} is set" for field in ("hostNetwork", "hostPID", "hostIPC") if pod.get(field)]
    for volume in pod.get("volumes") or ():
        found += [f"volume {volume['name']}: {kind}" for kind in volume.keys() - {"name"} - VOLUMES]
    found += [f"sysctl {entry['name']}" for entry in context.get("sysctls") or ()]
    if context.get("runAsUser") == 0:
        found.append("runAsUser is 0")
    for container in (*(pod.get("initContainers") or ()), *pod["containers"]):
        found += [f"{container['name']}: {problem}" for problem in _container(container, context)]
    return found


def _container(container: Mapping[str, Any], pod: Mapping[str, Any]) -> Iterator[str]:
    own = container.get("securityContext") or {}
    both = {**pod, **own}
    if own.get("privileged"):
        yield "privileged"
    if own.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation is not false"
    capabilities = own.get("capabilities") or {}
    if "ALL" not in (capabilities.get("drop") or ()):
        yield "capabilities do not drop ALL"
    if set(capabilities.get("add") or ()) - {"NET_BIND_SERVICE"}:
        yield "capabilities are added"
    if both.get("runAsNonRoot") is not True:
        yield "runAsNonRoot is not true"
    if own.get("runAsUser") == 0:
        yield "runAsUser is 0"
    if (both.get("seccompProfile") or {}).get("type") not in SECCOMP:
        yield "no seccompProfile"
    if own.get("procMount", "Default") != "Default":
        yield "procMount"
    if any(port.get("hostPort") for port in container.get("ports") or ()):
        yield "hostPort"


def pods(thing: Mapping[str, Any]) -> Iterator[tuple[str, Pod]]:
    """Yield the pods an object becomes, named. Argo's init and wait containers are the controller's affair."""
    name, spec = f"{thing['kind']} {thing['metadata']['name']}", thing.get("spec") or {}
    match thing["kind"]:
        case "Deployment" | "StatefulSet" | "Job":
            yield name, spec["template"]["spec"]
        case "WorkflowTemplate" | "Workflow":
            yield from _workflow(name, spec)
        case "CronWorkflow":
            yield from _workflow(name, spec.get("workflowSpec") or {})
        case "EventSource" | "Sensor":
            template = spec.get("template") or {}
            yield name, {**template, "containers": [{"name": "main", **template.get("container", {})}]}
        case "EventBus":
            stream = spec.get("jetstream") or {}
            parts = ("containerTemplate", "reloaderContainerTemplate", "metricsContainerTemplate")
            yield name, {**stream, "containers": [{"name": part, **(stream.get(part) or {})} for part in parts]}


def _workflow(name: str, spec: Mapping[str, Any]) -> Iterator[tuple[str, Pod]]:
    for template in spec.get("templates") or ():
        container = template.get("container") or template.get("script")
        if container is None:
            continue
        yield (
            f"{name}/{template['name']}",
            {
                **{
                    field: spec[field]
                    for field in ("hostNetwork", "securityContext", "serviceAccountName")
                    if field in spec
                },
                **{field: template[field] for field in ("securityContext", "serviceAccountName") if field in template},
                "volumes": [*(spec.get("volumes") or ()), *(template.get("volumes") or ())],
                "initContainers": template.get("initContainers") or [],
                "containers": [{"name": "main", **container}, *(template.get("sidecars") or ())],
            },
        )
