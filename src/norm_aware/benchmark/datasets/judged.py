"""A dataset from what a hub hands over: documents, queries and grades, each a stream."""

from __future__ import annotations

from collections.abc import Iterable

from norm_aware.benchmark.datasets.dataset import Dataset, Document, Query
from norm_aware.errors import DatasetError


def judged_dataset(
    name: str,
    documents: Iterable[Document],
    queries: Iterable[Query],
    grades: Iterable[tuple[str, str, float]],
) -> Dataset:
    """The dataset of the queries that have a relevant document.

    Args:
        name: for reports.
        documents: with ids that differ.
        queries: judged or not.
        grades: query id, document id, score; of two for the same pair the higher counts. Those of documents
            that are absent, as hubs have them, are dropped and counted.

    Raises:
        DatasetError: for an id used twice, a score that is no whole number, or when nothing is relevant.
    """
    by_id: dict[str, Document] = {}
    for document in documents:
        if document.id in by_id:
            raise DatasetError(f"{name}: document {document.id!r} is there twice; ids must differ.")
        by_id[document.id] = document
    asked: dict[str, Query] = {}
    for query in queries:
        if query.id in asked:
            raise DatasetError(f"{name}: query {query.id!r} is there twice; ids must differ.")
        if query.text.strip():
            asked[query.id] = query
    qrels: dict[str, dict[str, int]] = {}
    dropped = 0
    for query_id, document_id, score in grades:
        if score != int(score):
            raise DatasetError(f"{name}: the score {score} of query {query_id!r} is not a whole number.")
        if query_id not in asked or document_id not in by_id:
            dropped += query_id in asked
            continue
        of_query = qrels.setdefault(query_id, {})
        of_query[document_id] = max(int(score), of_query.get(document_id, int(score)))
    judged = {query: found for query, found in qrels.items() if any(grade > 0 for grade in found.values())}
    if not judged:
        raise DatasetError(f"{name}: no query has a relevant document here; nothing can be measured.")
    kept = tuple(query for query in asked.values() if query.id in judged)
    return Dataset(name, tuple(by_id.values()), kept, judged, dropped)
