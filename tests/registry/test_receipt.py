"""A receipt settles one version of one marker; the first one stands."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from stores import Memory

from steps.registry import receipt
from steps.registry.objects import connect
from steps.registry.receipt import Receipt
from steps.verdict import StoreError

MARKER = "incoming/loans/b1/_READY.json"
ONE = Receipt("b1", "e1", MARKER, "rejected", "gate", "loans-b1", "2026-02-23T06:00:00+00:00")


def test_the_first_receipt_stands(s3: Any) -> None:
    store = connect("retrain")
    assert receipt.read(store, "loans", "b1", "e1") is None
    assert receipt.write(store, "loans", ONE)
    assert receipt.write(store, "loans", ONE)
    assert not receipt.write(store, "loans", replace(ONE, reason="promoted"))
    assert receipt.read(store, "loans", "b1", "e1") == ONE
    assert receipt.read(store, "loans", "b1", "e2") is None


@pytest.mark.parametrize(("etag", "name"), [('"e1"', "e1"), ("E1", "e1"), ("d41d8-2", "d41d82")])
def test_an_etag_is_known_as_an_event_s_run_knows_it(etag: str, name: str) -> None:
    """The Sensor keeps letters and digits: a multipart upload's hyphen must not make two receipts of one marker."""
    assert receipt.key("loans", "b1", etag) == f"registry/loans/receipts/b1/{name}.json"


@pytest.mark.parametrize("etag", ["../../production", "a/b", "", "x" * 65, "é"])
def test_no_etag_leaves_its_place(etag: str) -> None:
    place, name = receipt.key("loans", "b1", etag).rsplit("/", 1)
    assert place == "registry/loans/receipts/b1"
    assert re.fullmatch(r"[a-z0-9]{2,64}\.json", name)


def test_a_marker_without_a_batch_is_receipted_by_its_whole_key() -> None:
    store = Memory()
    receipt.write(store, "loans", replace(ONE, batch="", marker="incoming/loans/A B/_READY.json"))
    (key,) = store.bodies
    assert key == receipt.refusal_key("loans", "incoming/loans/A B/_READY.json", "e1")
    assert key.startswith("registry/loans/refusals/")


def test_what_is_no_receipt_is_named() -> None:
    store = Memory()
    store.put(receipt.key("loans", "b1", "e1"), b"{}")
    with pytest.raises(StoreError, match="is no receipt"):
        receipt.read(store, "loans", "b1", "e1")
