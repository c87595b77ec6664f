"""The fields of Argo's objects and their types, where no library and no API server checks them. `fieldwalk` reads it.

Argo Events' CRDs preserve unknown fields and check no type, so its own Go types (v1.9, pkg/apis/events/v1alpha1) count:
one wrong type stops the controller for every EventSource it watches. Of Argo Workflows (v4.1) only those fields stand
here that the engine carries along unread; the rest it types itself. Names that begin with `V1` are Kubernetes' own, as
its client library types them.
"""

from __future__ import annotations

from collections.abc import Mapping

OPEN = "*"
"""As a field's name: other fields may stand there, and are checked elsewhere."""
UNKNOWN = "?"
"""As a type: Argo knows the field, this table does not say what is in it."""

_OBJECT = "apiVersion:str kind:str metadata:V1ObjectMeta"
_OTHER_SOURCES = (
    "amqp azureEventsHub azureQueueStorage azureServiceBus bitbucket bitbucketserver calendar emitter file generic "
    "gerrit github gitlab hdfs kafka minio mns mqtt nats nsq pubSub pulsar redis redisStream resource sftp slack sns "
    "storageGrid stripe"
)
_OTHER_TRIGGERS = "awsLambda azureEventHubs azureServiceBus custom email kafka nats openWhisk pulsar slack"


def _unknown(names: str) -> str:
    return " ".join(f"{name}:{UNKNOWN}" for name in names.split())


EVENTS: Mapping[str, str] = {
    "EventSource": f"{_OBJECT} spec:EventSourceSpec",
    "EventSourceSpec": (
        "eventBusName:str replicas:int service:Service sqs:Dict[SQSEventSource] template:Template "
        f"webhook:Dict[WebhookEventSource] {_unknown(_OTHER_SOURCES)}"
    ),
    "SQSEventSource": (
        "accessKey:V1SecretKeySelector dlq:bool endpoint:str filter:EventSourceFilter jsonBody:bool metadata:Dict[str] "
        "queue:str queueAccountId:str region:str roleARN:str secretKey:V1SecretKeySelector "
        "sessionToken:V1SecretKeySelector waitTimeSeconds:int"
    ),
    "WebhookEventSource": (
        "authSecret:V1SecretKeySelector endpoint:str filter:EventSourceFilter maxPayloadSize:int metadata:Dict[str] "
        "method:str port:str serverCertSecret:V1SecretKeySelector serverKeySecret:V1SecretKeySelector url:str"
    ),
    "EventSourceFilter": "expression:str",
    "Service": "clusterIP:str metadata:Metadata ports:List[V1ServicePort]",
    "Template": (
        "affinity:V1Affinity container:V1Container imagePullSecrets:List[V1LocalObjectReference] metadata:Metadata "
        "nodeSelector:Dict[str] priority:int priorityClassName:str securityContext:V1PodSecurityContext "
        "serviceAccountName:str tolerations:List[V1Toleration] volumes:List[V1Volume]"
    ),
    "Metadata": "annotations:Dict[str] labels:Dict[str]",
    "Sensor": f"{_OBJECT} spec:SensorSpec",
    "SensorSpec": (
        "dependencies:List[EventDependency] errorOnFailedRound:bool eventBusName:str loggingFields:Dict[str] "
        "replicas:int revisionHistoryLimit:int template:Template triggers:List[Trigger]"
    ),
    "EventDependency": (
        "eventName:str eventSourceName:str filters:EventDependencyFilter filtersLogicalOperator:str name:str "
        "transform:EventDependencyTransformer"
    ),
    "EventDependencyFilter": (
        "context:EventContext data:List[DataFilter] dataLogicalOperator:str exprLogicalOperator:str "
        "exprs:List[ExprFilter] script:str time:TimeFilter"
    ),
    "EventDependencyTransformer": "jq:str script:str",
    "EventContext": "datacontenttype:str id:str source:str specversion:str subject:str time:str type:str",
    "ExprFilter": "expr:str fields:List[PayloadField]",
    "PayloadField": "name:str path:str",
    "DataFilter": "comparator:str path:str template:str type:str value:List[str]",
    "TimeFilter": "start:str stop:str timezone:str",
    "Trigger": (
        "atLeastOnce:bool dlqTrigger:Trigger parameters:List[TriggerParameter] policy:TriggerPolicy "
        "rateLimit:RateLimit retryStrategy:Backoff template:TriggerTemplate"
    ),
    "TriggerPolicy": "k8s:K8SResourcePolicy status:StatusPolicy",
    "K8SResourcePolicy": "backoff:Backoff errorOnBackoffTimeout:bool labels:Dict[str]",
    "StatusPolicy": "allow:List[int]",
    "RateLimit": "requestsPerUnit:int unit:str",
    "Backoff": "duration:int-or-string factor:number jitter:number steps:int",
    "TriggerTemplate": (
        "argoWorkflow:ArgoWorkflowTrigger conditions:str conditionsReset:List[ConditionsReset] http:HTTPTrigger "
        f"k8s:StandardK8STrigger log:LogTrigger name:str {_unknown(_OTHER_TRIGGERS)}"
    ),
    "ConditionsReset": "byTime:ConditionsResetByTime",
    "ConditionsResetByTime": "cron:str timezone:str",
    "StandardK8STrigger": (
        "liveObject:bool operation:str parameters:List[TriggerParameter] patchStrategy:str source:ArtifactLocation"
    ),
    "ArgoWorkflowTrigger": "args:List[str] operation:str parameters:List[TriggerParameter] source:ArtifactLocation",
    "ArtifactLocation": (
        f"configmap:V1ConfigMapKeySelector file:FileArtifact git:{UNKNOWN} inline:str resource:object s3:{UNKNOWN} "
        "url:URLArtifact"
    ),
    "FileArtifact": "path:str",
    "URLArtifact": "path:str verifyCert:bool",
    "HTTPTrigger": (
        "basicAuth:BasicAuth dynamicHeaders:List[TriggerParameter] headers:Dict[str] host:str method:str "
        "parameters:List[TriggerParameter] payload:List[TriggerParameter] secureHeaders:List[SecureHeader] timeout:int "
        "tls:TLSConfig url:str"
    ),
    "BasicAuth": "password:V1SecretKeySelector username:V1SecretKeySelector",
    "SecureHeader": "name:str valueFrom:ValueFromSource",
    "ValueFromSource": "configMapKeyRef:V1ConfigMapKeySelector secretKeyRef:V1SecretKeySelector",
    "TLSConfig": (
        "caCertSecret:V1SecretKeySelector clientCertSecret:V1SecretKeySelector clientKeySecret:V1SecretKeySelector "
        "enabled:bool insecureSkipVerify:bool"
    ),
    "LogTrigger": "intervalSeconds:int",
    "TriggerParameter": "dest:str operation:str src:TriggerParameterSource",
    "TriggerParameterSource": (
        "contextKey:str contextTemplate:str dataKey:str dataTemplate:str dependencyName:str useRawData:bool value:str"
    ),
    "EventBus": f"{_OBJECT} spec:EventBusSpec",
    "EventBusSpec": f"jetstream:JetStreamBus jetstreamExotic:JetStreamConfig {_unknown('kafka nats')}",
    "JetStreamConfig": "accessSecret:V1SecretKeySelector streamConfig:str tls:TLSConfig url:str",
    "JetStreamBus": (
        "affinity:V1Affinity containerTemplate:ContainerTemplate imagePullSecrets:List[V1LocalObjectReference] "
        "maxPayload:str metadata:Metadata metricsContainerTemplate:ContainerTemplate nodeSelector:Dict[str] "
        "persistence:PersistenceStrategy priority:int priorityClassName:str "
        "reloaderContainerTemplate:ContainerTemplate replicas:int securityContext:V1PodSecurityContext "
        "serviceAccountName:str settings:str startArgs:List[str] streamConfig:str tolerations:List[V1Toleration] "
        "version:str"
    ),
    "ContainerTemplate": ("imagePullPolicy:str resources:V1ResourceRequirements securityContext:V1SecurityContext"),
    "PersistenceStrategy": "accessMode:str storageClassName:str volumeSize:quantity",
}

_WORKFLOW_POD = (
    "affinity:V1Affinity automountServiceAccountToken:bool executor:ExecutorConfig metrics:Metrics "
    "nodeSelector:Dict[str] podResources:V1ResourceRequirements podSpecPatch:str priorityClassName:str "
    "resourceClaims:List[V1PodResourceClaim] schedulerName:str securityContext:V1PodSecurityContext "
    "serviceAccountName:str tolerations:List[V1Toleration] volumes:List[V1Volume]"
)
WORKFLOWS: Mapping[str, str] = {
    "Workflow": f"{_OBJECT} spec:WorkflowSpec {OPEN}:object",
    "WorkflowTemplate": f"{_OBJECT} spec:WorkflowSpec {OPEN}:object",
    "CronWorkflow": f"{_OBJECT} spec:CronWorkflowSpec {OPEN}:object",
    "CronWorkflowSpec": (
        "failedJobsHistoryLimit:int startingDeadlineSeconds:int successfulJobsHistoryLimit:int suspend:bool "
        f"workflowMetadata:V1ObjectMeta workflowSpec:WorkflowSpec {OPEN}:object"
    ),
    "WorkflowSpec": (
        f"{_WORKFLOW_POD} artifactGC:WorkflowLevelArtifactGC dnsConfig:V1PodDNSConfig dnsPolicy:str hostNetwork:bool "
        "imagePullSecrets:List[V1LocalObjectReference] podDisruptionBudget:V1PodDisruptionBudgetSpec podGC:PodGC "
        "podMetadata:Metadata podPriorityClassName:str templates:List[WorkflowTemplateEntry] ttlStrategy:TTLStrategy "
        f"{OPEN}:object"
    ),
    "WorkflowTemplateEntry": (
        f"{_WORKFLOW_POD} annotations:Dict[str] container:V1Container metadata:Metadata pendingTimeout:str "
        f"script:ScriptTemplate {OPEN}:object"
    ),
    "ScriptTemplate": (
        "resources:V1ResourceRequirements securityContext:V1SecurityContext volumeMounts:List[V1VolumeMount] "
        f"{OPEN}:object"
    ),
    "ExecutorConfig": "serviceAccountName:str",
    "WorkflowLevelArtifactGC": (
        "forceFinalizerRemoval:bool podMetadata:Metadata podSpecPatch:str serviceAccountName:str strategy:str"
    ),
    "PodGC": "deleteDelayDuration:str labelSelector:V1LabelSelector strategy:str",
    "TTLStrategy": "secondsAfterCompletion:int secondsAfterFailure:int secondsAfterSuccess:int",
    "Metrics": "prometheus:List[Prometheus]",
    "Prometheus": (
        "counter:MetricValue gauge:Gauge help:str histogram:Histogram labels:List[MetricLabel] name:str when:str"
    ),
    "MetricValue": "value:str",
    "Gauge": "operation:str realtime:bool value:str",
    "Histogram": "buckets:List[number] value:str",
    "MetricLabel": "key:str value:str",
}

KUBERNETES: Mapping[str, str] = {
    "V1ResourceRequirements": "claims:List[CoreV1ResourceClaim] limits:Dict[quantity] requests:Dict[quantity]",
    "V1VolumeResourceRequirements": "limits:Dict[quantity] requests:Dict[quantity]",
    "V1EmptyDirVolumeSource": "medium:str sizeLimit:quantity",
    "V1ResourceQuotaSpec": "hard:Dict[quantity] scopeSelector:V1ScopeSelector scopes:List[str]",
    "V1LimitRangeItem": (
        "default:Dict[quantity] defaultRequest:Dict[quantity] max:Dict[quantity] maxLimitRequestRatio:Dict[quantity] "
        "min:Dict[quantity] type:str"
    ),
}
"""Where the library types a quantity as text and Kubernetes takes a number too."""

TYPES: Mapping[str, Mapping[str, str]] = {
    name: dict(field.split(":", 1) for field in fields.split())
    for name, fields in {**EVENTS, **WORKFLOWS, **KUBERNETES}.items()
}
