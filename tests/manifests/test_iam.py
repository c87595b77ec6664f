"""The policies of AWS say what the table of docs/storage.md says, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from workflows.config import pipelines_in

ROOT = Path(__file__).parents[2]
IAM = ROOT / "manifests/overlays/production/iam"
BUCKET = "arn:aws:s3:::retrain"
READ = ("s3:GetObject", "s3:ListBucket")
FILES = {
    "producer": "producer",
    "steps (claim, validate, train, evaluate, reject, record)": "steps",
    "deploy": "deploy",
    "reconcile, a person who replays": "reconcile",
    "a person who freezes or rolls back": "operator",
    "notify": "notify",
    "watch": "watch",
    "reader (`runs`, `history`, `audit`)": None,
    "reader (`why`, `assets`)": "reader",
}
"""The table's roles and their files; the narrower reader has none of its own."""
Right = tuple[str, str]


def rows() -> Iterator[tuple[str, str, str]]:
    """Yield role, actions and keys of each row; a row without a role goes on with the one above."""
    text = (ROOT / "docs/storage.md").read_text(encoding="utf-8")
    table = text.partition("## What each role may do")[2].partition("|---|---|---|\n")[2].partition("\n\n")[0]
    role = ""
    for line in table.splitlines():
        first, actions, keys = (cell.strip() for cell in line.strip("|").split("|"))
        role = first or role
        yield role, actions, keys


def patterns(cell: str) -> list[str]:
    found = re.findall(r"`([^`]+)`", cell)
    return [key.replace("<prefix>", "incoming").replace("<pointer>", "production") for key in found if "/" in key]


def wanted() -> dict[str, set[Right]]:
    """Return what the table gives each role, by its words."""
    found: dict[str, set[Right]] = {}
    for role, actions, keys in sorted(rows(), key=lambda row: row[1].startswith("as ")):
        rights = found.setdefault(role, set())
        if base := re.match(r"as (\w+)", actions):
            like = next(name for name in found if name.split(" (")[0] == base[1])
            without = patterns("".join(re.findall(r"\(not on ([^)]*)\)", actions)))
            rights |= {(action, key) for action, key in found[like] if key not in without}
        if also := re.search(r"also on (.*?)(, and|$)", actions):
            rights |= {(action, key) for action in READ for key in patterns(also[1])}
        named = re.findall(r"s3:\w+", actions) or ([] if "and" in actions else list(READ))
        rights |= {(action, key) for action in named for key in patterns(keys)}
    return found


def policy(name: str) -> set[Right]:
    """Return what a policy allows; the right to list is the bucket's."""
    value = json.loads((IAM / f"{name}.json").read_text())
    assert value["Version"] == "2012-10-17"
    rights: set[Right] = set()
    for statement in value["Statement"]:
        assert statement["Effect"] == "Allow"
        actions, resources = (
            [found] if isinstance(found := statement[part], str) else found for part in ("Action", "Resource")
        )
        rights |= {(action, resource) for action in actions for resource in resources}
    return rights


@pytest.mark.parametrize(("role", "name"), [entry for entry in FILES.items() if entry[1]])
def test_a_policy_is_its_row_of_the_table(role: str, name: str) -> None:
    rights = wanted()[role]
    found = policy(name)
    keys = {(action, resource.removeprefix(f"{BUCKET}/")) for action, resource in found if resource != BUCKET}
    assert keys == {right for right in rights if right[0] != "s3:ListBucket"}
    assert {right for right in found if right[1] == BUCKET} == (
        {("s3:ListBucket", BUCKET)} if any(action == "s3:ListBucket" for action, _ in rights) else set()
    )


def test_every_role_of_the_table_has_a_policy() -> None:
    assert set(wanted()) == set(FILES)


def test_only_deploy_writes_versions_and_nobody_deletes() -> None:
    for file in IAM.glob("*.json"):
        text = file.read_text()
        assert "Delete" not in text.replace("sqs:DeleteMessage", "")
        assert ("versions/*" in text) == (file.name == "deploy.json")
        assert not re.search(r'"(s3|sqs|secretsmanager):\*"|"Resource": "\*"', text)


def test_the_policies_are_for_the_pipelines_that_there_are() -> None:
    for document in pipelines_in(ROOT / "workflows/pipelines"):
        assert document.data.bucket == BUCKET.rpartition(":")[2]
        assert document.data.prefix.startswith("incoming/")
        assert document.deploy.pointer == "production"


def test_the_event_source_drains_its_own_queue_only() -> None:
    queue = "arn:aws:sqs:eu-west-1:111122223333:retrain-markers"
    assert policy("eventsource") == {
        (action, queue) for action in ("sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:DeleteMessage")
    }
    (sends,) = json.loads((IAM / "queue.json").read_text())["Statement"]
    assert (sends["Resource"], sends["Condition"]["ArnEquals"]["aws:SourceArn"]) == (queue, BUCKET)
