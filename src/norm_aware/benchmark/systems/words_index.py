"""The index of a system that looks for words: BM25's vectors beside every system's embeddings."""

from __future__ import annotations

from llama_index.core import VectorStoreIndex

from norm_aware.benchmark.systems.index import COLLECTION
from norm_aware.errors import ContractError
from norm_aware.llamaindex.store import NormAwareVectorStore
from norm_aware.progress import Progress
from norm_aware.qdrant.bm25 import Bm25
from norm_aware.qdrant.calls import run
from norm_aware.qdrant.sparse import require_sparse


def open_words_index(
    raw: NormAwareVectorStore, *, progress: Progress, allow_normalized: bool = False
) -> VectorStoreIndex:
    """The run's index with sparse vectors, which are added unless all points have them.

    Args:
        raw: store of the run's raw vectors.
        progress: told that words are indexed.
        allow_normalized: take embeddings that all have length 1.

    Raises:
        MissingExtraError: when Qdrant's tokenizer is not installed.
    """
    bm25 = Bm25()
    store = NormAwareVectorStore(
        COLLECTION,
        client=raw.client,
        embed_model=raw.embed_model,
        sparse=bm25,
        allow_normalized=allow_normalized,
    )
    try:
        run(raw.client, require_sparse(COLLECTION, bm25))
    except ContractError:  # it has none yet, or a killed run left some
        progress("Indexing words", 0, 1)
        store.index_words()
        progress("Indexing words", 1, 1)
    return VectorStoreIndex.from_vector_store(store, embed_model=raw.embed_model)
