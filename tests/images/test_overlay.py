"""The pins stand in an overlay's kustomization, and nothing else of it changes."""

from __future__ import annotations

import pytest
import yaml

from images.overlay import Pin, pinned

DIGEST = f"sha256:{'a' * 64}"
PINS = [
    Pin("retrain-steps", "registry.example.com/ml/retrain-steps", "0.1.0", DIGEST),
    Pin("retrain", "retrain", "0.1.0"),
]
ENTRIES = [
    {"name": "retrain-steps", "newName": "registry.example.com/ml/retrain-steps", "digest": DIGEST},
    {"name": "retrain", "newTag": "0.1.0"},
]
TEXTS = {
    "none yet": "# Ours.\nnamespace: retrain\nresources:\n  - ../../base\n",
    "at the end": "# Ours.\nresources:\n  - ../../base\nimages:\n  - name: retrain\n    newTag: 0.0.9\n",
    "in the middle": (
        "# Ours.\nimages:\n  - name: retrain\n    # by hand\n    newTag: 0.0.9\n\n  - name: x\nresources:\n  - base\n"
    ),
    "not indented": "# Ours.\nimages:\n- name: retrain\n  newTag: 0.0.9\nresources:\n  - ../../base\n",
    "empty": "# Ours.\nimages: []\nresources:\n  - ../../base\n",
    "without a last newline": "# Ours.\nresources:\n  - ../../base",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_images_are_replaced_and_the_rest_stays(text: str) -> None:
    found = pinned(text, PINS)
    before, after = yaml.safe_load(text), yaml.safe_load(found)
    assert after.pop("images") == ENTRIES
    before.pop("images", None)
    assert after == before
    assert found.startswith("# Ours.\n")


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_pinning_twice_changes_nothing(text: str) -> None:
    once = pinned(text, PINS)
    assert pinned(once, PINS) == once


def test_a_tag_that_looks_like_a_number_stays_text() -> None:
    assert yaml.safe_load(pinned("", [Pin("retrain", "retrain", "1.10")]))["images"][0]["newTag"] == "1.10"
