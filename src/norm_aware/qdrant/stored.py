"""What a collection holds already, so that ingestion sends and embeds nothing twice."""

from __future__ import annotations

from collections.abc import Sequence

from qdrant_client import models

from norm_aware.qdrant.calls import Steps, call
from norm_aware.qdrant.collection import HASH

_BATCH = 512  # ids asked for at once


def stored_hashes(collection: str, ids: Sequence[str]) -> Steps[dict[str, str | None]]:
    """The content hash of each of these points that is stored.

    Args:
        collection: name of the collection, which need not exist.
        ids: of points.

    Returns:
        Steps that end in `{id: hash}`; None for a point without one, which an older version stored.
    """
    if not (yield call("collection_exists", collection_name=collection)):
        return {}
    found: dict[str, str | None] = {}
    for start in range(0, len(ids), _BATCH):
        records: list[models.Record] = yield call(
            "retrieve",
            collection_name=collection,
            ids=list(ids[start : start + _BATCH]),
            with_payload=[HASH],
            with_vectors=False,
        )
        found |= {str(record.id): (record.payload or {}).get(HASH) for record in records}
    return found


def delete_other_parts(collection: str, *, files: Sequence[str], ids: Sequence[str]) -> Steps[None]:
    """Delete what earlier versions of files left: points of these files other than the given ones.

    Args:
        collection: name of the collection.
        files: the files' names, which their points have as `doc_id`.
        ids: of the points that the files consist of now.
    """
    of_files = models.FieldCondition(key="doc_id", match=models.MatchAny(any=list(files)))
    left = models.Filter(must=[of_files], must_not=[models.HasIdCondition(has_id=list(ids))])
    yield call("delete", collection_name=collection, points_selector=models.FilterSelector(filter=left))
