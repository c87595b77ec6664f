"""Why no document can be drafted: a sentence and the next act. Raised all over this package, shown by `retrain new`."""

from __future__ import annotations


class NoDraft(Exception):  # noqa: N818 - an answer about a sample, not an error of ours
    """Nothing can be drafted from the sample; the message says what is wrong with it, `hint` what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
