"""How the commands meet the bucket: a store by the ordinary AWS chain, its errors as a person's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from steps.document import Document
from steps.registry.objects import Store, connect
from steps.verdict import StoreError as Unusable
from workflows.errors import StoreError

SHORT = 5
"""Seconds for an answer to what a person waits for."""
TWICE = 2


@contextmanager
def bucket_of(document: Document, *, quick: bool = False) -> Iterator[Store]:
    """Yield the document's bucket; what goes wrong with it inside the block ends as one clear text, exit code 2.

    A `quick` one soon says that it gets no answer: for what only reads, while a person waits.
    """
    bucket = document.data.bucket
    try:
        yield connect(bucket, SHORT, TWICE) if quick else connect(bucket)
    except Unusable as error:
        hint = "while `retrain up` runs, set the exports it printed; elsewhere the ordinary AWS variables"
        raise StoreError(str(error), where=f"bucket {bucket!r}", hint=hint) from None
