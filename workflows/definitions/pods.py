"""What every pod that we define has alike: who it is, what it may not, where it writes, how it finds the store.

The steps of a pipeline and the commands that look after it call it, so that one cannot be stricter than the other.
"""

from __future__ import annotations

from hera.workflows import models

ROOT = "/retrain"
"""Where a pod's inputs and outputs are."""
STORAGE = "retrain-storage"
USER = 8737


def security() -> models.PodSecurityContext:
    """Return what Pod Security `restricted` wants of a pod."""
    return models.PodSecurityContext(
        run_as_non_root=True,
        run_as_user=USER,
        run_as_group=USER,
        fs_group=USER,
        seccomp_profile=models.SeccompProfile(type="RuntimeDefault"),
    )


def container_security() -> models.SecurityContext:
    """Return what `restricted` wants of a container, and a root file system that nothing writes to."""
    return models.SecurityContext(
        allow_privilege_escalation=False,
        read_only_root_filesystem=True,
        capabilities=models.Capabilities(drop=["ALL"]),
    )


def volumes() -> list[models.Volume]:
    """Return the only places that a pod can write to; they end with it."""
    return [models.Volume(name=name, empty_dir=models.EmptyDirVolumeSource()) for name in ("work", "tmp")]


def mounts() -> list[models.VolumeMount]:
    return [
        models.VolumeMount(name="work", mount_path=ROOT),
        models.VolumeMount(name="tmp", mount_path="/tmp"),  # noqa: S108 - the pod's own
    ]


def storage() -> list[models.EnvFromSource]:
    """Return where a pod that speaks to S3 itself finds it; where the platform does (IRSA), neither object exists."""
    return [
        models.EnvFromSource(config_map_ref=models.ConfigMapEnvSource(name=STORAGE, optional=True)),
        models.EnvFromSource(secret_ref=models.SecretEnvSource(name=STORAGE, optional=True)),
    ]


def secret(variable: str, name: str, key: str) -> models.EnvVar:
    """Return a variable from a key of a Secret that may not be there."""
    selector = models.SecretKeySelector(name=name, key=key, optional=True)
    return models.EnvVar(name=variable, value_from=models.EnvVarSource(secret_key_ref=selector))
