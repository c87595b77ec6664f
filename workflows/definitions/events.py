"""The event side: one EventBus, one EventSource and queue a bucket, one Sensor a pipeline. `manifests.render` calls it.

Nothing in the Workflow that a Sensor creates depends on the event's id or time, only on the marker's key and etag: the
name is deterministic and the trigger patches, so a second delivery changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import hera.events.models as hera
from hera.workflows import Parameter, Workflow, models

from steps.document import BATCH_NAME, Document
from steps.registry.runs import ETAG_LENGTH
from workflows.catalog import RUN_PARAMETERS, queue_name
from workflows.definitions import overlay
from workflows.definitions.pipeline import SHARED, labels, labels_of
from workflows.definitions.waves import wave

BUS = "default"
EVENT = "marker"
DEPENDENCY = "marker"
REGION = "us-east-1"
USER = 9731
BUS_USER = 10001
SENT_PARAMETERS = ("marker", "etag", "trigger")
"""What the created Workflow is given, in this order: the trigger's parameters fill the first two by index."""

CONTAINER_SECURITY: dict[str, Any] = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}

NORMALISE = r"""
(if .body.Records then {{s3: .body.Records[0].s3, encoded: true}}
 elif .body.detail then {{s3: .body.detail, encoded: false}}
 else error("not an S3 event") end)
| . as $event
| ($event.s3.object.key | if $event.encoded then (gsub("\\+"; " ") | @urid) else . end) as $key
| (($event.s3.object.eTag // $event.s3.object.etag // "") | ascii_downcase | gsub("[^a-z0-9]"; "")) as $etag
| (($key | capture("/(?<batch>{batch})/[^/]+$").batch) // "") as $batch
| {{bucket: $event.s3.bucket.name, key: $key, etag: $etag, batch: $batch,
   name: ("{pipeline}-" + $batch + "-" + ($etag | .[0:{length}]))}}
"""


def event_bus() -> dict[str, Any]:
    """Return the EventBus: JetStream, three replicas, kept on disk."""
    stream = "maxAge: 168h\nmaxMsgs: 100000\nreplicas: 3\nduplicates: 300s\n"
    pod = {
        "runAsNonRoot": True,
        "runAsUser": BUS_USER,
        "fsGroup": BUS_USER,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    part = {"securityContext": CONTAINER_SECURITY}
    bus = overlay.JetStreamBus(
        version="2.9.16",
        replicas=3,
        persistence=overlay.Persistence(),
        stream_config=stream,
        security_context=pod,
        container_template=part,
        reloader_container_template=part,
        metrics_container_template=part,
    )
    metadata = {"name": BUS, "labels": dict(SHARED), "annotations": wave("EventBus")}
    return overlay.manifest(overlay.EventBus(metadata=metadata, spec=overlay.EventBusSpec(jetstream=bus)))


def event_source(bucket: str) -> dict[str, Any]:
    """Return the EventSource that drains the bucket's queue; a message leaves the queue once the bus holds it."""
    source = overlay.SQSEventSource(
        region=REGION, queue=queue_name(bucket), json_body=True, dlq=True, wait_time_seconds=20
    )
    return overlay.manifest(
        overlay.EventSource(
            metadata={"name": queue_name(bucket), "labels": dict(SHARED), "annotations": wave("EventSource")},
            spec=hera.EventSourceSpec(event_bus_name=BUS, template=_pod("retrain-eventsource"), sqs={EVENT: source}),
        )
    )


def sensor(document: Document) -> dict[str, Any]:
    """Return the pipeline's Sensor: normalise, let only this pipeline's markers through, create by name."""
    return overlay.manifest(
        overlay.Sensor(
            metadata={"name": document.name, "labels": labels(document), "annotations": wave("Sensor")},
            spec=hera.SensorSpec(
                event_bus_name=BUS,
                replicas=1,
                revision_history_limit=3,
                template=_pod("retrain-sensor"),
                dependencies=[_dependency(document)],
                triggers=[_trigger(document)],
            ),
        )
    )


def transform(document: Document) -> str:
    """Return the jq program that makes one flat object of every S3 event's shape (SQS, EventBridge)."""
    return NORMALISE.format(pipeline=document.name, batch=BATCH_NAME, length=ETAG_LENGTH).lstrip()


def _pod(service_account: str) -> Any:
    return hera.Template(
        service_account_name=service_account,
        security_context={"runAsNonRoot": True, "runAsUser": USER, "seccompProfile": {"type": "RuntimeDefault"}},
        container={"securityContext": CONTAINER_SECURITY},
    )


def _dependency(document: Document) -> Any:
    """Filter on anchored patterns: a Sensor's patterns match anywhere, and a key may hold what Argo expands."""
    bucket = document.data.bucket.replace(".", r"\.")
    patterns = {"bucket": f"^{bucket}$", "key": document.data.marker_pattern, "etag": "^[a-z0-9]{12,}$"}
    return hera.EventDependency(
        name=DEPENDENCY,
        event_source_name=queue_name(document.data.bucket),
        event_name=EVENT,
        transform=hera.EventDependencyTransformer(jq=transform(document)),
        filters=hera.EventDependencyFilter(
            data_logical_operator="and",
            data=[
                hera.DataFilter(path=path, type="string", comparator="=", value=[pattern])
                for path, pattern in patterns.items()
            ],
        ),
    )


def _trigger(document: Document) -> Any:
    return hera.Trigger(
        at_least_once=True,
        retry_strategy=overlay.Backoff(steps=8, duration="2s", factor=2, jitter=0.2),
        dlq_trigger=hera.Trigger(at_least_once=True, template=hera.TriggerTemplate(name="dead-letter", log={})),
        template=hera.TriggerTemplate(
            name=document.name,
            conditions=DEPENDENCY,
            k8s=hera.StandardK8STrigger(
                operation="patch",
                source=overlay.ArtifactLocation(resource=workflow(document)),
                parameters=[
                    _parameter("name", "metadata.name"),
                    _parameter("key", "spec.arguments.parameters.0.value"),
                    _parameter("etag", "spec.arguments.parameters.1.value"),
                ],
            ),
        ),
    )


def _parameter(key: str, destination: str) -> Any:
    source = hera.TriggerParameterSource(dependency_name=DEPENDENCY, data_key=key)
    return hera.TriggerParameter(src=source, dest=destination)


def workflow(document: Document) -> dict[str, Any]:
    """Return the Workflow that the Sensor creates, before the event's key, etag and name are put in."""
    assert set(SENT_PARAMETERS) <= set(RUN_PARAMETERS)  # noqa: S101 - a slip of ours, caught while rendering
    values = {"marker": "", "etag": "", "trigger": "event"}
    return created(document.name, "replaced-by-the-event", {name: values[name] for name in SENT_PARAMETERS})


def created(pipeline: str, name: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return a Workflow of the pipeline as whoever starts one creates it: labels, a reference, arguments, no more."""
    manifest: dict[str, Any] = Workflow(
        name=name,
        labels=labels_of(pipeline),
        workflow_template_ref=models.WorkflowTemplateRef(name=pipeline),
        arguments=[Parameter(name=name, value=value) for name, value in parameters.items()],
    ).to_dict()
    return manifest
