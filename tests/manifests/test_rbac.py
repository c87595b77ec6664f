"""Who may do what at the API server is written down whole; the roles give that and nothing else."""

from __future__ import annotations

import yaml
from accesses import RESOURCES, VERBS, WANTED, granted
from overlays import Objects

from workflows.cluster.podsecurity import pods

OUTSIDE = {"retrain-secrets"}
"""The External Secrets Operator's account for its own reading; it has no right in the cluster."""


def test_the_roles_give_what_is_wanted_and_nothing_else(objects: Objects) -> None:
    found = granted(objects)
    assert {account: rights for account, rights in found.items() if account not in OUTSIDE} == {
        account: rights for account, rights in WANTED.items() if account != "default"
    }
    assert all(not found.get(account) for account in OUTSIDE)


def test_nothing_is_for_all_and_nothing_for_the_cluster(objects: Objects) -> None:
    assert not [thing for thing in objects if thing["kind"].startswith("ClusterRole")]
    for thing in objects:
        if thing["kind"] == "Role":
            assert "*" not in yaml.safe_dump(thing["rules"])
        if thing["kind"] == "RoleBinding":
            assert thing["roleRef"]["kind"] == "Role"
            assert {subject["kind"] for subject in thing["subjects"]} == {"ServiceAccount"}


def test_nobody_deletes_and_nobody_reads_secrets() -> None:
    for rights in WANTED.values():
        assert not [access for access in rights if access[1] == "secrets" or access[2].startswith("delete")]


def test_the_matrix_asks_of_all_that_it_grants() -> None:
    for rights in WANTED.values():
        assert {(group, resource) for group, resource, _ in rights} <= set(RESOURCES)
        assert {verb for _, _, verb in rights} <= set(VERBS)


def test_every_pod_runs_as_an_account_of_its_role(objects: Objects) -> None:
    steps = {"deploy": "retrain-deploy", "notify": "retrain-notify"}
    for thing in objects:
        for name, pod in pods(thing):
            account = pod.get("serviceAccountName", "retrain-steps")
            match thing["kind"]:
                case "WorkflowTemplate":
                    assert account == steps.get(name.rpartition("/")[2], "retrain-steps"), name
                case "CronWorkflow":
                    assert account == "retrain-reconcile", name
                case "Sensor" | "EventSource":
                    assert account == f"retrain-{thing['kind'].lower()}"


def test_who_asks_the_api_server_nothing_carries_no_token(objects: Objects) -> None:
    accounts = {
        thing["metadata"]["name"]: thing.get("automountServiceAccountToken", True)
        for thing in objects
        if thing["kind"] == "ServiceAccount"
    }
    assert {name for name, mounted in accounts.items() if not mounted} == {
        name for name in accounts if not WANTED.get(name)
    }
