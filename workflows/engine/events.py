"""The documents of Argo Events the local sensor runs: EventSource (sqs), Sensor and EventBus, as v1.9 names fields.

Read by the listener, the event rules and the commands. A field is here if the sensor honours it or has no use for it
(`NoEffect`); `elsewhere` names those that only a cluster honours, so that they are refused as such and not as typos:
the CRDs of Argo Events check nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt

from workflows.engine.eventfilter import Filters
from workflows.engine.eventvalues import EventModel
from workflows.engine.loader import Document, Other, build, load
from workflows.engine.model import ObjectMeta
from workflows.engine.triggers import Trigger
from workflows.engine.values import KeySelector, NoEffect

BUS_STAND_IN = "no EventBus runs here: the sensor's own inbox keeps every event until it is dealt with"


class SQS(EventModel):
    """A queue to drain; `json_body` says that a message's body is JSON (else it becomes base64 text)."""

    elsewhere = "roleARN filter"
    region: str = Field(min_length=1)
    queue: str = Field(min_length=1)
    wait_time_seconds: Annotated[StrictInt, Field(ge=0, le=20)] = 0
    json_body: StrictBool = False
    dlq: StrictBool = False
    queue_account_id: str | None = None
    endpoint: str | None = None
    access_key: KeySelector | None = None
    secret_key: KeySelector | None = None
    session_token: KeySelector | None = None
    metadata: dict[str, str] = Field(default_factory=dict)


class EventSourceSpec(EventModel):
    """Named events, each from one queue."""

    elsewhere = (
        "service minio calendar file resource webhook amqp kafka mqtt nats sns pubSub github gitlab hdfs slack "
        "storageGrid azureEventsHub stripe emitter redis nsq pulsar generic bitbucketserver bitbucket redisStream "
        "azureServiceBus azureQueueStorage sftp gerrit mns"
    )
    sqs: dict[str, SQS] = Field(min_length=1)
    event_bus_name: NoEffect = None
    replicas: NoEffect = None
    template: NoEffect = None


class Transform(EventModel):
    """A jq program whose first output, an object, takes the place of the event's data."""

    elsewhere = "script"
    jq: str = Field(min_length=1)


class Dependency(EventModel):
    """One kind of event the Sensor waits for, normalised and filtered."""

    name: str
    event_source_name: str
    event_name: str
    transform: Transform | None = None
    filters: Filters | None = None
    filters_logical_operator: Literal["and", "or", ""] = ""


class SensorSpec(EventModel):
    """Dependencies and triggers."""

    elsewhere = "errorOnFailedRound"
    dependencies: tuple[Dependency, ...] = Field(min_length=1)
    triggers: tuple[Trigger, ...] = Field(min_length=1)
    event_bus_name: NoEffect = None
    replicas: NoEffect = None
    revision_history_limit: NoEffect = None
    logging_fields: NoEffect = None
    template: NoEffect = None


class JetStream(EventModel):
    """A bus on a cluster. Locally the sensor's inbox takes its place."""

    version: str
    replicas: NoEffect = None
    container_template: NoEffect = None
    reloader_container_template: NoEffect = None
    metrics_container_template: NoEffect = None
    persistence: NoEffect = None
    metadata: NoEffect = None
    node_selector: NoEffect = None
    tolerations: NoEffect = None
    security_context: NoEffect = None
    image_pull_secrets: NoEffect = None
    priority_class_name: NoEffect = None
    priority: NoEffect = None
    affinity: NoEffect = None
    service_account_name: NoEffect = None
    settings: NoEffect = None
    start_args: NoEffect = None
    stream_config: NoEffect = None
    max_payload: NoEffect = None


class EventBusSpec(EventModel):
    """Only JetStream: STAN is at its end, the others need servers of their own."""

    elsewhere = "nats kafka jetstreamExotic"
    jetstream: JetStream


class EventSource(EventModel):
    """Where events come from."""

    api_version: Literal["argoproj.io/v1alpha1"]
    kind: Literal["EventSource"]
    metadata: ObjectMeta
    spec: EventSourceSpec


class Sensor(EventModel):
    """What is done with them."""

    api_version: Literal["argoproj.io/v1alpha1"]
    kind: Literal["Sensor"]
    metadata: ObjectMeta
    spec: SensorSpec


class EventBus(EventModel):
    """What carries them from one to the other."""

    api_version: Literal["argoproj.io/v1alpha1"]
    kind: Literal["EventBus"]
    metadata: ObjectMeta
    spec: EventBusSpec


KINDS: dict[str, type[EventSource] | type[Sensor] | type[EventBus]] = {
    "EventSource": EventSource,
    "Sensor": Sensor,
    "EventBus": EventBus,
}


@dataclass(frozen=True, slots=True)
class EventDocument:
    """A document and the file it came from."""

    source: str
    body: EventSource | Sensor | EventBus

    @property
    def title(self) -> str:
        """Kind and name, as problems call it."""
        return f"{self.body.kind} {self.body.metadata.name!r}"


def load_events(paths: Sequence[Path]) -> tuple[EventDocument, ...]:
    """The event documents in the files and folders; other kinds are left to others. Raises DocumentError."""
    return events_among(load(paths))


def events_among(documents: Iterable[Document]) -> tuple[EventDocument, ...]:
    """The event documents among what was loaded, typed. Raises DocumentError with file, line and field."""
    others = [document for document in documents if isinstance(document, Other) and document.kind in KINDS]
    return tuple(EventDocument(other.source, build(KINDS[other.kind], other)) for other in others)
