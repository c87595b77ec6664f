"""The fields Argo v4.1 knows and this engine does not honour yet, by the model they would stand in.

Read only by `refusal.py`: a name listed here is refused as "not supported yet", any other unknown name as a typo.
Kept as names rather than models, so that supporting a field means moving it into the model and out of here.
"""

from __future__ import annotations

from collections.abc import Mapping

from workflows.engine import container, cronworkflow, model, values

_CONTAINER = (
    "lifecycle livenessProbe readinessProbe startupProbe resizePolicy restartPolicy restartPolicyRules stdin stdinOnce "
    "tty volumeDevices workingDir"
)

_UNSUPPORTED: Mapping[type[values.Model], str] = {
    model.ObjectMeta: "selfLink deletionTimestamp deletionGracePeriodSeconds",
    model.WorkflowSpec: (
        "executorPlugins hooks hostAliases parallelism retryStrategy shutdown suspend templateDefaults volumeClaimGC "
        "volumeClaimTemplates"
    ),
    cronworkflow.CronWorkflowSpec: "stopStrategy when",
    model.WorkflowMetadata: "labelsFrom",
    model.WorkflowTemplateRef: "clusterScope",
    model.Template: (
        "archiveLocation containerSet daemon data failFast hostAliases http initContainers memoize parallelism plugin "
        "resource sidecars steps suspend synchronization"
    ),
    model.DAGTask: "hooks inline onExit templateRef",
    model.Synchronization: "semaphores",
    model.Mutex: "database",
    model.Volume: (
        "awsElasticBlockStore azureDisk azureFile cephfs cinder configMap csi downwardAPI ephemeral fc flexVolume "
        "flocker gcePersistentDisk gitRepo glusterfs hostPath image iscsi nfs persistentVolumeClaim "
        "photonPersistentDisk portworxVolume projected quobyte rbd scaleIO secret storageos vsphereVolume"
    ),
    container.Container: _CONTAINER,
    container.Script: _CONTAINER,
    container.EnvVarSource: "fileKeyRef resourceFieldRef",
    values.ValueFrom: "configMapKeyRef event jqFilter jsonPath supplied",
    values.Artifact: ("archiveLogs artifactory azure deleted fromExpression gcs git hdfs http oss plugin recurseMode"),
    values.S3Artifact: "createBucketIfNotPresent",
}

_ADVICE: Mapping[tuple[type[values.Model], str], str] = {
    (cronworkflow.CronWorkflowSpec, "schedule"): "Argo 4.0 removed it: write schedules: […]",
    (model.Synchronization, "mutex"): "Argo 4.0 removed it: write mutexes: [{name: …}]",
    (model.Synchronization, "semaphore"): "Argo 4.0 removed it: write semaphores: […]",
}


def known(owner: type[values.Model]) -> frozenset[str]:
    """The names Argo has in this place and the engine refuses."""
    return frozenset(_UNSUPPORTED.get(owner, "").split())


def supported(owner: type[values.Model]) -> frozenset[str]:
    """The names the engine accepts in this place, as documents spell them."""
    return frozenset(field.alias or name for name, field in owner.model_fields.items())


def advice(owner: type[values.Model], name: str) -> str:
    """What to write instead of a field that Argo once had; empty if there is nothing to say."""
    return _ADVICE.get((owner, name), "")
