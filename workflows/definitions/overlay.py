"""Corrections to Hera's models of Argo Events, whose generated types do not match what Argo Events reads.

Each class repeats one of Hera's with the right type, or says one that Hera lacks, and refuses keys it does not know:
the CRDs of Argo Events check nothing, and one wrong type stops the controller for every EventSource in the namespace.
"""

from __future__ import annotations

from typing import Any, Literal

import hera.events.models as hera
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

API_VERSION = "argoproj.io/v1alpha1"
STRICT = ConfigDict(extra="forbid", populate_by_name=True)


class Backoff(hera.Backoff):
    """Hera types duration and factor as Go's internal structs; Argo Events reads `2s` and a number."""

    model_config = STRICT
    duration: int | str | None = None  # type: ignore[assignment]
    factor: float | None = None  # type: ignore[assignment]
    jitter: float | None = None  # type: ignore[assignment]


class ArtifactLocation(hera.ArtifactLocation):
    """Hera types `resource` as base64 text; Argo Events reads the object itself."""

    model_config = STRICT
    resource: dict[str, Any] | None = None  # type: ignore[assignment]


class SQSEventSource(hera.SQSEventSource):
    """Hera types `waitTimeSeconds` as text; Argo Events reads an integer (seconds, 1 to 20)."""

    model_config = STRICT
    wait_time_seconds: int | None = Field(default=None, alias="waitTimeSeconds")  # type: ignore[assignment]


class Sensor(hera.Sensor):
    """Hera drops `apiVersion` and `kind`."""

    model_config = STRICT
    api_version: str = Field(default=API_VERSION, alias="apiVersion")
    kind: Literal["Sensor"] = "Sensor"


class EventSource(hera.EventSource):
    """Hera drops `apiVersion` and `kind`."""

    model_config = STRICT
    api_version: str = Field(default=API_VERSION, alias="apiVersion")
    kind: Literal["EventSource"] = "EventSource"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", validate_by_name=True, alias_generator=to_camel)


class Persistence(_Model):
    access_mode: str = "ReadWriteOnce"
    volume_size: str = "10Gi"


class JetStreamBus(_Model):
    """The bus that keeps what it was given: never without `persistence`, or a restart leaves it dead (seen)."""

    version: str
    replicas: int
    persistence: Persistence
    stream_config: str
    security_context: dict[str, Any]
    container_template: dict[str, Any]
    reloader_container_template: dict[str, Any]
    metrics_container_template: dict[str, Any]


class EventBusSpec(_Model):
    jetstream: JetStreamBus


class EventBus(_Model):
    """Hera has no EventBus at all."""

    api_version: str = API_VERSION
    kind: Literal["EventBus"] = "EventBus"
    metadata: dict[str, Any]
    spec: EventBusSpec


def manifest(model: BaseModel) -> dict[str, Any]:
    """Return the model as the manifest's mapping, apiVersion and kind first."""
    value = model.model_dump(mode="json", by_alias=True, exclude_none=True, serialize_as_any=True)
    head = {key: value.pop(key) for key in ("apiVersion", "kind", "metadata")}
    return {**head, **value}
