"""The language of `when`: govaluate, quirks included, as Argo uses it (bare words are strings).

Called by the state machine after substitution, and by the validator. It is not the language of `{{=…}}`: the two differ
in quoting, equality and dates, so each has its own module.
"""

from __future__ import annotations


def judge(text: str) -> bool:
    """Say whether `text`, a `when` after substitution, holds; empty text does.

    Raises ConditionError with `stage` "parse", "eval" or "nonbool"; its message is Argo's node message.
    """
    raise NotImplementedError
