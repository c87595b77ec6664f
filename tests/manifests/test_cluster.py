"""A real API server takes every overlay, strictly, and gives each account what the matrix says, and nothing else.

Needs KUBECONFIG and the full custom resource definitions of Argo. It makes the namespace where there is none, and takes
it away again, applies accounts and roles, and leaves the rest at dry runs. `make cluster` runs it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import overlays
import pytest
from accesses import NAMESPACE, RESOURCES, VERBS, WANTED
from kubectl import SERVER_SIDE, done, kubectl, listed, served
from overlays import ROOT

from workflows.cluster.podsecurity import pods

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif("KUBECONFIG" not in os.environ, reason="KUBECONFIG names no cluster to ask"),
]


@pytest.fixture(scope="module", autouse=True)
def namespace() -> Iterator[None]:
    """A dry run in a namespace needs the namespace."""
    missing = kubectl("get", "namespace", NAMESPACE).returncode != 0
    if missing:
        done("apply", *SERVER_SIDE, "-f", str(ROOT / "base/namespace.yaml"))
    yield
    if missing:
        done("delete", "namespace", NAMESPACE)


@pytest.mark.parametrize("name", overlays.OVERLAYS)
def test_the_server_takes_the_overlay(name: str) -> None:
    known = served()
    objects = overlays.overlay(name)
    unknown = {thing["kind"] for thing in objects if (thing["apiVersion"], thing["kind"]) not in known}
    assert unknown <= {"ExternalSecret", "PodMonitor", "PrometheusRule", "SecretStore"}, "are Argo's CRDs installed?"
    items = [thing for thing in objects if thing["kind"] not in unknown]
    ran = kubectl("apply", *SERVER_SIDE, "--dry-run=server", "--validate=strict", "-f", "-", given=listed(items))
    assert ran.returncode == 0, ran.stderr
    assert len(ran.stdout.splitlines()) == len(items)
    assert not re.search("PodSecurity|deprecated|unknown field|duplicate", ran.stderr), ran.stderr


def reviews(namespace: str = NAMESPACE) -> Iterator[tuple[str, tuple[str, str, str], dict[str, Any]]]:
    for account, (group, resource), verb in product(WANTED, RESOURCES, VERBS):
        plain, _, part = resource.partition("/")
        asked = {"namespace": namespace, "group": group, "resource": plain, "subresource": part, "verb": verb}
        yield (
            account,
            (group, resource, verb),
            {
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SubjectAccessReview",
                "spec": {
                    "user": f"system:serviceaccount:{NAMESPACE}:{account}",
                    "groups": ["system:serviceaccounts", f"system:serviceaccounts:{NAMESPACE}", "system:authenticated"],
                    "resourceAttributes": asked,
                },
            },
        )


def test_each_account_may_do_what_is_wanted_and_nothing_else() -> None:
    kinds = ("Role", "RoleBinding", "ServiceAccount")
    roles = {
        "apiVersion": "v1",
        "kind": "List",
        "items": [thing for thing in overlays.overlay("local") if thing["kind"] in kinds],
    }
    applied = kubectl("apply", *SERVER_SIDE, "-f", "-", given=json.dumps(roles))
    assert applied.returncode == 0, applied.stderr
    assert allowed(list(reviews())) == WANTED


def test_no_account_may_do_in_another_namespace_what_it_may_in_its_own() -> None:
    wanted = [one for one in reviews("kube-system") if one[1] in WANTED[one[0]]]
    assert len(wanted) > 10
    assert not any(allowed(wanted).values())


def allowed(asked: list[tuple[str, tuple[str, str, str], dict[str, Any]]]) -> dict[str, set[tuple[str, str, str]]]:
    """What the server says that each account may do, of what is asked."""
    given = "\n---\n".join(json.dumps(review) for _, _, review in asked)
    ran = kubectl("create", "-o", "json", "-f", "-", given=given)
    assert ran.returncode == 0, ran.stderr
    answers = list(_documents(ran.stdout))
    assert len(answers) == len(asked)
    found: dict[str, set[tuple[str, str, str]]] = {account: set() for account in WANTED}
    for (account, access, _), answer in zip(asked, answers, strict=True):
        if answer["status"].get("allowed"):
            found[account].add(access)
    return found


def _documents(text: str) -> Iterator[dict[str, Any]]:
    decoder, place = json.JSONDecoder(), 0
    while place < len(text.rstrip()):
        value, place = decoder.raw_decode(text, place)
        yield from value.get("items", [value])
        place = len(text) - len(text[place:].lstrip())


def test_the_admission_of_the_namespace_takes_the_pods() -> None:
    known = [(name, pod) for thing in overlays.overlay("local") for name, pod in pods(thing)]
    made = []
    for index, (_, pod) in enumerate(known):
        fields = ("securityContext", "volumes", "containers")
        spec = {field: pod[field] for field in fields if field in pod}
        containers = [
            {key: container[key] for key in ("name", "securityContext", "resources") if key in container}
            | {"name": container["name"].lower(), "image": "x:1"}
            for container in spec["containers"]
        ]
        made.append(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": f"asked-{index}", "namespace": NAMESPACE},
                "spec": {**spec, "containers": containers},
            }
        )
    ran = kubectl(
        "create", "--dry-run=server", "-f", "-", given=json.dumps({"apiVersion": "v1", "kind": "List", "items": made})
    )
    assert ran.returncode == 0, ran.stderr
    assert len(ran.stdout.splitlines()) == len(known)
