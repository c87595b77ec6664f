"""What a Sensor does with an event: triggers, their parameters and retries, as Argo Events v1.9 names the fields.

Part of `events.Sensor`. Only a Kubernetes object can be created here, and only http and log can tell of an event that
nobody could deal with; every other kind of trigger is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, JsonValue, StrictBool, StrictInt, model_validator
from pydantic_core import PydanticCustomError

from workflows.engine.duration import parse_duration
from workflows.engine.eventvalues import Duration, EventModel, GPath, Number, only
from workflows.engine.values import unsupported


class ParameterSource(EventModel):
    """Where a value comes from: a path into the event's data or context, or else a fixed `value`."""

    elsewhere = "dataTemplate contextTemplate"
    dependency_name: str
    data_key: GPath | None = None
    context_key: GPath | None = None
    value: str | None = None
    use_raw_data: StrictBool = False

    @model_validator(mode="after")
    def _some_source(self) -> Self:
        if self.data_key is None and self.context_key is None and self.value is None:
            raise unsupported("a source without dataKey, contextKey or value (the whole event)")
        return self


class TriggerParameter(EventModel):
    """A value of the event put at a path of what the trigger sends."""

    src: ParameterSource
    dest: GPath
    operation: Literal["overwrite", "append", "prepend", ""] = ""


class ResourceSource(EventModel):
    """The object to create, as written in the document."""

    elsewhere = "s3 inline file url configmap git"
    resource: dict[str, JsonValue]


class KubernetesTrigger(EventModel):
    """Create the object, or patch it: then one that exists already is left as it is."""

    elsewhere = "patchStrategy liveObject"
    source: ResourceSource
    operation: Annotated[Literal["create", "patch", ""], BeforeValidator(only("create", "patch", ""))] = ""
    parameters: tuple[TriggerParameter, ...] = ()


class HTTPTrigger(EventModel):
    """A request whose body is built from the event."""

    elsewhere = "tls parameters basicAuth secureHeaders dynamicHeaders host"
    url: str = Field(pattern=r"^https?://")
    method: Literal["", "GET", "DELETE", "PATCH", "POST", "PUT"] = ""
    payload: tuple[TriggerParameter, ...] = ()
    timeout: Annotated[StrictInt, Field(ge=0)] = 0
    headers: dict[str, str] = Field(default_factory=dict)


class LogTrigger(EventModel):
    """A log line with the whole event."""

    interval_seconds: Annotated[StrictInt, Field(ge=0)] = 0


_OTHER_TRIGGERS = "argoWorkflow awsLambda custom kafka nats slack openWhisk azureEventHubs pulsar azureServiceBus email"


class TriggerTemplate(EventModel):
    """What is done with an event: a Kubernetes object is made."""

    elsewhere = f"conditionsReset http log {_OTHER_TRIGGERS}"
    name: str
    conditions: str = ""
    k8s: KubernetesTrigger = Field(alias="k8s")


class DeadLetterTemplate(EventModel):
    """What is done with an event that could not be dealt with: it is told, by HTTP or in the log."""

    elsewhere = f"conditions conditionsReset k8s {_OTHER_TRIGGERS}"
    name: str
    http: HTTPTrigger | None = None
    log: LogTrigger | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.http is None) == (self.log is None):
            raise PydanticCustomError("dlq", "a dlqTrigger needs one of http and log")
        return self


class Backoff(EventModel):
    """How often and when to try: `steps` counts all attempts; a whole-number `duration` is nanoseconds, as in Go."""

    steps: Annotated[StrictInt, Field(ge=0)] = 0
    duration: Duration = "1s"
    factor: Number = 1.0
    jitter: Number = 1.0

    @property
    def attempts(self) -> int:
        """How many attempts there are in all; Argo Events takes 5 when `steps` is left out."""
        return self.steps or 5

    def delay(self, attempt: int, random: Callable[[], float]) -> float:
        """Seconds to wait after attempt number `attempt` (from 1): exponential, plus up to `jitter` of itself."""
        plain = (
            self.duration * 1e-9 if isinstance(self.duration, int) else parse_duration(self.duration).total_seconds()
        )
        plain *= self.factor ** (attempt - 1)
        return plain + random() * self.jitter * plain


ONCE = Backoff(steps=1)


class DeadLetterTrigger(EventModel):
    """Runs when every attempt of its trigger failed."""

    elsewhere = "parameters policy rateLimit dlqTrigger"
    template: DeadLetterTemplate
    at_least_once: StrictBool = False
    retry_strategy: Backoff = ONCE


class Trigger(EventModel):
    """What is done with an event, how often it is tried, and what then."""

    elsewhere = "parameters policy rateLimit"
    template: TriggerTemplate
    at_least_once: StrictBool = False
    retry_strategy: Backoff | None = None
    dlq_trigger: DeadLetterTrigger | None = None
