"""Fixtures of the registry's tests: what somebody with write access did to the ledger."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from steps.registry import ledger
from steps.registry.objects import Store


@pytest.fixture
def rewrite() -> Callable[..., None]:
    """Return what replaces parts of record n of the pipeline `loans`."""

    def act(store: Store, n: int, /, **changes: Any) -> None:
        found = store.get(ledger.key("loans", n))
        assert found is not None
        value = {**json.loads(found[0]), **changes}
        store.put(ledger.key("loans", n), json.dumps(value, sort_keys=True, separators=(",", ":")).encode())

    return act
