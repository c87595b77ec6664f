"""The bill names what the lock installs in the image, and nothing that it does not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from images.bill import Built, bill, packages

IMAGES = Path(__file__).parents[2] / "images"
BUILT = Built("retrain-steps", "0.1.0", "0a1b2c3d", f"sha256:{'e' * 64}")
AT = datetime(2026, 2, 23, tzinfo=UTC)
DOCKERFILE = "ARG PYTHON=docker.io/library/python:3.11-slim\nFROM ${PYTHON}\n"
LOCK = """\
boto3==1.44.5 \\
    --hash=sha256:66
    # via retrain
numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash=sha256:77
numpy==2.5.5 ; python_full_version >= '3.12' \\
    --hash=sha256:88
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:99
"""


def test_a_package_that_the_image_does_not_get_is_not_billed() -> None:
    assert list(packages(LOCK, "3.11")) == [("boto3", "1.44.5"), ("numpy", "2.4.6")]
    assert ("numpy", "2.5.5") in list(packages(LOCK, "3.12"))


def test_the_bill_says_which_image_it_is_of() -> None:
    found = json.loads(bill(BUILT, DOCKERFILE, LOCK, AT))
    image = found["metadata"]["component"]
    assert (found["bomFormat"], found["specVersion"]) == ("CycloneDX", "1.6")
    assert (image["name"], image["version"], image["type"]) == ("retrain-steps", "0.1.0+0a1b2c3d", "container")
    assert image["hashes"] == [{"alg": "SHA-256", "content": "e" * 64}]
    assert {part["name"]: part.get("purl") for part in found["components"]} == {
        "docker.io/library/python": None,
        "boto3": "pkg:pypi/boto3@1.44.5",
        "numpy": "pkg:pypi/numpy@2.4.6",
    }
    assert {entry["ref"]: len(entry.get("dependsOn", ())) for entry in found["dependencies"]}["image"] == 3


def test_the_same_image_has_the_same_bill() -> None:
    assert bill(BUILT, DOCKERFILE, LOCK, AT) == bill(BUILT, DOCKERFILE, LOCK, AT)


@pytest.mark.parametrize("folder", ["steps", "retrain"])
def test_the_real_locks_and_dockerfiles_are_read(folder: str) -> None:
    place = IMAGES / folder
    text = bill(BUILT, (place / "Dockerfile").read_text(), (place / "requirements.lock").read_text(), AT)
    names = [part["name"] for part in json.loads(text)["components"]]
    assert "boto3" in names
    assert len(names) == len(set(names)) > 20


def test_a_dockerfile_without_a_python_base_is_refused() -> None:
    with pytest.raises(ValueError, match="ARG PYTHON"):
        bill(BUILT, "FROM scratch\n", LOCK, AT)
