"""How the commands meet the bucket: a store by the ordinary AWS chain, its errors as a person's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from steps.document import Document
from steps.registry.objects import PATIENCE, Store, connect
from steps.verdict import StoreError as Unusable
from workflows.errors import StoreError


@contextmanager
def bucket_of(document: Document, patience: float = PATIENCE, attempts: int | None = None) -> Iterator[Store]:
    """Yield the document's bucket; what goes wrong with it inside the block ends as one clear text, exit code 2.

    A request is tried `attempts` times, and each waits `patience` seconds for an answer.
    """
    try:
        yield connect(document.data.bucket, patience, attempts)
    except Unusable as error:
        hint = "while `retrain up` runs, set the exports it printed; elsewhere the ordinary AWS variables"
        raise StoreError(str(error), where=f"bucket {document.data.bucket!r}", hint=hint) from None
