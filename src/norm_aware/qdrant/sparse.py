"""The sparse vector beside the dense ones: how a collection gets it, says what it is and is asked for it."""

from __future__ import annotations

from typing import Any

from qdrant_client import models

from norm_aware.errors import ContractError
from norm_aware.qdrant.bm25 import Bm25
from norm_aware.qdrant.calls import Steps, call

SPARSE = "bm25"
"""Name of the sparse vector."""

METADATA = "norm_aware_sparse"
"""Key in the collection's metadata under which stands what made its sparse vectors."""


def sparse_config() -> dict[str, models.SparseVectorParams]:
    """The sparse vector as a collection is created with it: Qdrant multiplies in each term's rarity."""
    return {SPARSE: models.SparseVectorParams(modifier=models.Modifier.IDF)}


def record_sparse(collection: str, bm25: Bm25) -> Steps[None]:
    """Write into the collection's metadata what makes its sparse vectors."""
    yield call("update_collection", collection_name=collection, metadata={METADATA: str(bm25)})


def add_sparse(collection: str) -> Steps[None]:
    """Give an existing collection the sparse vector, if it has none.

    Raises:
        ContractError: when this Qdrant cannot.
    """
    info: models.CollectionInfo = yield call("get_collection", collection_name=collection)
    if SPARSE in (info.config.params.sparse_vectors or {}):
        return
    try:
        yield call(
            "create_vector_name",
            collection_name=collection,
            vector_name=SPARSE,
            vector_name_config=models.SparseVectorNameConfig(
                sparse=models.SparseVectorConfig(modifier=models.Modifier.IDF)
            ),
        )
    except (AttributeError, NotImplementedError) as error:
        raise ContractError(
            f"Collection {collection!r} has no sparse vectors and this Qdrant cannot add them; index into a "
            "collection of another name with sparse=…, or upgrade Qdrant and qdrant-client."
        ) from error


def require_sparse(collection: str, bm25: Bm25) -> Steps[None]:
    """Refuse a collection whose sparse vectors are missing or made otherwise.

    Raises:
        ContractError: naming both.
    """
    info: models.CollectionInfo = yield call("get_collection", collection_name=collection)
    found = (info.config.metadata or {}).get(METADATA)
    if SPARSE not in (info.config.params.sparse_vectors or {}) or found is None:
        raise ContractError(
            f"Collection {collection!r} has no sparse vectors, or not of all its points; "
            "NormAwareVectorStore(…, sparse=…).index_words() makes them from the texts stored."
        )
    if found != str(bm25):
        raise ContractError(
            f"Collection {collection!r} has sparse vectors of {found}, this is {bm25}; their weights cannot "
            "be compared. Use the collection's, or make them anew: NormAwareVectorStore(…, "
            "sparse=…).index_words()."
        )


def sparse_query(
    vector: models.SparseVector,
    *,
    limit: int,
    query_filter: models.Filter | None,
    scope: models.Filter | None,
) -> dict[str, Any]:
    """The search by a sparse vector, as arguments of a request or of a prefetch.

    Args:
        vector: of the query.
        limit: how many points are wanted.
        query_filter: only points that match are searched.
        scope: the points among which a term's rarity is measured; None takes all.
    """
    params = None
    if scope is not None and hasattr(models, "IdfCorpusParams"):  # older clients measure it among all
        params = models.SearchParams(idf=models.IdfCorpusParams(corpus=scope))
    return {"query": vector, "using": SPARSE, "limit": limit, "filter": query_filter, "params": params}
