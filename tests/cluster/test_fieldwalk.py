"""A wrong field or type is found without a server: in Kubernetes' kinds, in Argo's, and where no server looks."""

from __future__ import annotations

import pytest
import yaml

from workflows.cluster.fieldwalk import known, walk

SOURCE = """
apiVersion: argoproj.io/v1alpha1
kind: EventSource
metadata: {name: a}
spec:
  replicas: 1
  template: {container: {resources: {limits: {cpu: 1, memory: 1Gi}}, securityContext: {runAsUser: 5}}}
  sqs: {marker: {region: eu-west-1, queue: a, waitTimeSeconds: 20, jsonBody: true}}
"""
SENSOR = """
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {name: a}
spec:
  dependencies: [{name: d, eventSourceName: s, eventName: e, filters: {data: [{path: a, type: string, value: [b]}]}}]
  triggers:
    - atLeastOnce: true
      retryStrategy: {steps: 5, duration: 2s, factor: 2, jitter: 0.2}
      dlqTrigger: {atLeastOnce: true, template: {name: dead, http: {url: 'http://a', timeout: 5}}}
      template: {name: t, k8s: {operation: patch, source: {resource: {any: thing}}}}
"""
BUS = """
apiVersion: argoproj.io/v1alpha1
kind: EventBus
metadata: {name: default}
spec: {jetstream: {version: 2.9.16, replicas: 3, persistence: {volumeSize: 10Gi}, startArgs: [-D]}}
"""
WORKFLOW = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: a, labels: {b: c}}
spec:
  entrypoint: main
  ttlStrategy: {secondsAfterCompletion: 5}
  podGC: {strategy: OnPodSuccess}
  templates:
    - name: main
      tolerations: [{key: nvidia.com/gpu, operator: Exists}]
      container: {image: a, command: [b], resources: {limits: {cpu: 500m}}, volumeMounts: [{name: a, mountPath: /a}]}
      metrics: {prometheus: [{name: a, help: b, histogram: {value: '1', buckets: [1, 2.5]}}]}
"""
QUOTA = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: a}\nspec: {hard: {pods: 5, memory: 1Gi}}\n"
POLICY = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: a}
spec: {podSelector: {}, egress: [{ports: [{port: 443, protocol: TCP}]}]}
"""
GOOD = {"EventSource": SOURCE, "Sensor": SENSOR, "EventBus": BUS, "Workflow": WORKFLOW, "ResourceQuota": QUOTA}


@pytest.mark.parametrize("text", [*GOOD.values(), POLICY], ids=[*GOOD, "NetworkPolicy"])
def test_a_right_object_has_nothing_wrong(text: str) -> None:
    assert walk(yaml.safe_load(text)) == ()


WRONG = {
    "text for a number": (SOURCE, "waitTimeSeconds: 20", "waitTimeSeconds: '20'", "expected a whole number, got '20'"),
    "replicas as text": (SOURCE, "replicas: 1", "replicas: '1'", "expected a whole number, got '1'"),
    "a boolean in quotes": (SOURCE, "jsonBody: true", "jsonBody: 'true'", "expected true or false, got 'true'"),
    "a typo deep down": (SOURCE, "runAsUser", "runasUser", "unknown field 'runasUser'"),
    "no quantity": (SOURCE, "1Gi", "1 GB", "expected a quantity such as 500m or 2Gi, got '1 GB'"),
    "half a CPU as a number": (SOURCE, "cpu: 1,", "cpu: 0.5,", "expected a quantity such as 500m or 2Gi, got 0.5"),
    "a trigger's typo": (SENSOR, "- atLeastOnce", "- atLeastOnze", "unknown field 'atLeastOnze'"),
    "a list for a duration": (SENSOR, "2s", "[1]", "expected a whole number or text, got [1]"),
    "a factor in quotes": (SENSOR, "factor: 2", "factor: '2'", "expected a number, got '2'"),
    "a timeout with a unit": (SENSOR, "timeout: 5", "timeout: 5s", "expected a whole number, got '5s'"),
    "one for many": (SENSOR, "value: [b]", "value: b", "expected a list, got 'b'"),
    "a list for a mapping": (SENSOR, "k8s: {", "log: [], k8s: {", "expected a mapping, got []"),
    "what is only named": (SENSOR, "k8s: {", "kafka: {a: b}, k8s: {", "what is in it is not checked here"),
    "a version as a number": (BUS, "2.9.16", "2.10", "expected text, got 2.1"),
    "a bus's typo": (BUS, "volumeSize", "size", "unknown field 'size'"),
    "a label as a number": (WORKFLOW, "{b: c}", "{b: 1}", "expected text, got 1"),
    "seconds as text": (WORKFLOW, "secondsAfterCompletion: 5", "secondsAfterCompletion: 5s", "expected a whole number"),
    "a toleration's typo": (WORKFLOW, "operator", "op", "unknown field 'op'"),
    "a mount's typo": (WORKFLOW, "mountPath", "mount", "unknown field 'mount'"),
    "a metric's typo": (WORKFLOW, "buckets", "bucket", "unknown field 'bucket'"),
    "a policy's typo": (POLICY, "podSelector", "podSelectors", "unknown field 'podSelectors'"),
    "a quota that is none": (QUOTA, "pods: 5", "pods: many", "expected a quantity"),
}


@pytest.mark.parametrize(("text", "old", "new", "says"), WRONG.values(), ids=WRONG)
def test_a_wrong_field_or_type_is_found(text: str, old: str, new: str, says: str) -> None:
    assert old in text
    ((place, message, _),) = walk(yaml.safe_load(text.replace(old, new, 1)))
    assert says in message
    assert place


def test_a_near_name_is_offered() -> None:
    ((place, _, hint),) = walk(yaml.safe_load(SENSOR.replace("- atLeastOnce", "- atLeastOnze")))
    assert (place, hint) == ("spec.triggers[0].atLeastOnze", "did you mean 'atLeastOnce'?")


def test_a_kind_of_another_operator_is_left_alone() -> None:
    assert not known("monitoring.coreos.com/v1", "PrometheusRule")
    assert walk({"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "spec": 1}) == ()
