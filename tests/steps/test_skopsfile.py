from __future__ import annotations

import io
import zipfile

import numpy as np
import skops.io

from steps import skopsfile
from steps.skopsfile import EPOCH

PADDED = np.dtype([("small", "u1"), ("large", "f8")], align=True)


def normalised(data: bytes, extra: dict[str, bytes]) -> bytes:
    return skopsfile.zipped({**skopsfile.members(data), **extra})


def records(noise: int) -> np.ndarray:
    """Return the same two records over memory that holds other noise in the padding."""
    raw = np.full(2 * PADDED.itemsize, noise, dtype=np.uint8).view(PADDED)
    raw["small"], raw["large"] = [1, 2], [0.5, 1.5]
    return raw


def test_addresses_times_and_padding_do_not_show() -> None:
    one = normalised(skops.io.dumps({"a": records(0), "b": [records(1)]}), {"note": b"x"})
    two = normalised(skops.io.dumps({"a": records(255), "b": [records(7)]}), {"note": b"x"})
    assert one == two


def test_what_is_read_stays_the_same() -> None:
    shared = np.arange(3)
    back = skops.io.loads(normalised(skops.io.dumps({"a": shared, "b": shared, "c": records(1)}), {"note": b"x"}), [])
    np.testing.assert_array_equal(back["a"], shared)
    np.testing.assert_array_equal(back["b"], shared)
    np.testing.assert_array_equal(back["c"], records(0))


def test_members_carry_no_time_and_the_extra_ones_are_there() -> None:
    with zipfile.ZipFile(io.BytesIO(normalised(skops.io.dumps({"a": np.arange(3)}), {"note": b"x"}))) as archive:
        assert {member.date_time for member in archive.infolist()} == {EPOCH}
        assert archive.namelist() == ["schema.json", "0.npy", "note"]
        assert archive.read("note") == b"x"


def test_how_many_threads_fitted_it_does_not_show() -> None:
    assert normalised(skops.io.dumps({"n_threads": 1}), {}) == normalised(skops.io.dumps({"n_threads": 2}), {})
