from __future__ import annotations

import asyncio

import pytest
from llama_index.core import VectorStoreIndex
from llama_index.core.schema import QueryBundle, TextNode
from llama_index.core.vector_stores.types import VectorStoreQuery, VectorStoreQueryMode
from tests.calibrations import make_calibration

from norm_aware import Bm25, NormAwareRerank, NormAwareRetriever, NormAwareVectorStore
from norm_aware.errors import QueryError
from norm_aware.llamaindex.plan import Plan, plan_of
from norm_aware.qdrant.diversity import Diversity
from norm_aware.qdrant.hybrid import Fusion

WORDS = ["rain", "snow", "wind", "hail", "fog", "storm"]
TEXTS = [f"{WORDS[i % 6]} and {WORDS[i * i % 5]} number{i}" for i in range(60)]
MODE = VectorStoreQueryMode


@pytest.fixture
def store(client, hash_embedding) -> NormAwareVectorStore:
    store = NormAwareVectorStore("docs", client=client, embed_model=hash_embedding, sparse=Bm25())
    store.add(nodes(hash_embedding))
    return store


def nodes(embedding) -> list[TextNode]:
    return [
        TextNode(id_=f"n{i}", text=text, embedding=embedding.get_text_embedding(text))
        for i, text in enumerate(TEXTS)
    ]


def index(store, embedding) -> VectorStoreIndex:
    return VectorStoreIndex.from_vector_store(store, embed_model=embedding)


def both_ways(retriever, text: str) -> list[tuple[str, float]]:
    """What is found, after checking that the async way finds the same."""
    found = [(node.node_id, node.score) for node in retriever.retrieve(QueryBundle(text))]
    again = asyncio.run(retriever.aretrieve(QueryBundle(text)))
    assert [(node.node_id, node.score) for node in again] == found
    return found


@pytest.mark.parametrize(
    ("query", "options", "plan"),
    [
        (VectorStoreQuery(similarity_top_k=3), {}, Plan(3)),
        (VectorStoreQuery(similarity_top_k=3, mode=MODE.SPARSE), {}, Plan(3, Fusion(alpha=0))),
        (
            VectorStoreQuery(similarity_top_k=3, mode=MODE.SPARSE, sparse_top_k=9),
            {},
            Plan(9, Fusion(alpha=0)),
        ),
        (VectorStoreQuery(similarity_top_k=3, mode=MODE.HYBRID), {}, Plan(3, Fusion())),
        (VectorStoreQuery(similarity_top_k=3, mode=MODE.HYBRID, alpha=0), {}, Plan(3, Fusion(alpha=0))),
        (
            VectorStoreQuery(
                similarity_top_k=3, mode=MODE.HYBRID, alpha=0.2, sparse_top_k=70, hybrid_top_k=5
            ),
            {"fusion": "standardized"},
            Plan(5, Fusion("standardized", 0.2, 70)),
        ),
        (VectorStoreQuery(similarity_top_k=3, mode=MODE.MMR), {}, Plan(3, None, Diversity(0.5))),
        (
            VectorStoreQuery(similarity_top_k=3, mode=MODE.MMR, mmr_threshold=0.0),
            {},
            Plan(3, None, Diversity(0.0)),
        ),
        (
            VectorStoreQuery(similarity_top_k=3, mode=MODE.MMR),
            {"mmr_threshold": 0.9, "mmr_prefetch_k": 8},
            Plan(3, None, Diversity(0.9, 8)),
        ),
        (
            VectorStoreQuery(similarity_top_k=3, mode=MODE.MMR),
            {"mmr_prefetch_factor": 2.5},
            Plan(3, None, Diversity(0.5, 8)),
        ),
    ],
)
def test_a_mode_means_what_llamaindex_says_it_means(query, options, plan):
    assert plan_of(query, options) == plan


@pytest.mark.parametrize(
    ("query", "options", "message"),
    [
        (VectorStoreQuery(mode=MODE.TEXT_SEARCH), {}, "'text_search' is not supported; 'default', 'sparse'"),
        (VectorStoreQuery(mode=MODE.HYBRID, alpha=2), {}, "alpha is 2"),
        (VectorStoreQuery(mode=MODE.SPARSE, sparse_top_k=0), {}, "sparse_top_k is 0"),
        (VectorStoreQuery(mode=MODE.MMR, mmr_threshold=-1), {}, "threshold of diversity is -1"),
        (VectorStoreQuery(mode=MODE.MMR), {"mmr_prefetch_k": 5, "mmr_prefetch_factor": 2}, "leave one of"),
        (VectorStoreQuery(mode=MODE.HYBRID), {"fusion": "dbsf"}, "choose one of rrf, standardized"),
    ],
)
def test_a_mode_that_has_no_answer_is_refused(query, options, message):
    with pytest.raises(QueryError, match=message):
        plan_of(query, options)


def test_a_stock_retriever_in_every_mode_finds_what_ours_finds(store, hash_embedding):
    stock, ours = index(store, hash_embedding), index(store, hash_embedding)
    pairs = [
        ({"vector_store_query_mode": "hybrid", "alpha": 0.5}, {"hybrid": "rrf"}),
        ({"vector_store_query_mode": "hybrid", "alpha": 0.3}, {"hybrid": "rrf", "alpha": 0.3}),
        ({"vector_store_query_mode": "hybrid", "alpha": 0}, {"hybrid": "rrf", "alpha": 0}),
        ({"vector_store_query_mode": "hybrid", "alpha": 1}, {"hybrid": "standardized", "alpha": 1}),
        (
            {
                "vector_store_query_mode": "hybrid",
                "alpha": 0.7,
                "vector_store_kwargs": {"fusion": "standardized"},
            },
            {"hybrid": "standardized", "alpha": 0.7},
        ),
        ({"vector_store_query_mode": "sparse"}, {"hybrid": "rrf", "alpha": 0}),
        (
            {"vector_store_query_mode": "mmr", "vector_store_kwargs": {"mmr_threshold": 0.3}},
            {"diversity": 0.3},
        ),
    ]
    for theirs, mine in pairs:
        retriever = stock.as_retriever(similarity_top_k=5, **theirs)
        expected = both_ways(NormAwareRetriever(ours, similarity_top_k=5, **mine), "snow storm")
        assert both_ways(retriever, "snow storm") == expected
        assert len(expected) == 5


def test_hybrid_and_diversity_go_together(store, hash_embedding):
    plain = NormAwareRetriever(index(store, hash_embedding), hybrid="rrf", similarity_top_k=20)
    chosen = NormAwareRetriever(
        index(store, hash_embedding),
        hybrid="rrf",
        diversity=Diversity(0.2, candidates=20),
        similarity_top_k=6,
    )
    pool, found = dict(both_ways(plain, "fog")), both_ways(chosen, "fog")
    assert len(found) == 6
    assert all(pool[name] == pytest.approx(score) for name, score in found)
    assert [name for name, _ in found] != list(pool)[:6]


def test_with_a_diversity_of_one_the_ranking_is_the_plain_one(store, hash_embedding):
    for similarity in ("cosine", "dot"):
        options = {"similarity": similarity, "similarity_top_k": 8}
        plain = NormAwareRetriever(index(store, hash_embedding), **options)
        diverse = NormAwareRetriever(index(store, hash_embedding), diversity=1, **options)
        assert both_ways(diverse, "hail") == both_ways(plain, "hail")


@pytest.mark.parametrize("kind", ["rrf", "standardized"])
def test_a_hybrid_hit_can_be_reranked_whichever_branch_found_it(store, hash_embedding, kind):
    retriever = NormAwareRetriever(index(store, hash_embedding), hybrid=kind, similarity_top_k=60)
    found = retriever.retrieve("snow storm")
    reranked = NormAwareRerank(similarity="cosine", top_n=60).postprocess_nodes(found)
    plain = NormAwareRetriever(index(store, hash_embedding), similarity_top_k=60).retrieve("snow storm")
    assert [n.score for n in reranked] == pytest.approx([n.score for n in plain], abs=1e-4)
    assert all(node.node.embedding is None for node in found)


@pytest.mark.parametrize("bias", [0.0, 0.25])
def test_a_calibrated_collection_is_hybrid_too(client, hash_embedding, bias):
    from norm_aware.llamaindex.embedding import encoder_identity

    calibration = make_calibration(encoder_identity(hash_embedding), bias=bias)
    options = {"embed_model": hash_embedding, "calibration": calibration, "sparse": Bm25()}
    store = NormAwareVectorStore("docs", client=client, **options)
    store.add(nodes(hash_embedding))
    dense = NormAwareRetriever(index(store, hash_embedding), similarity_top_k=60)
    scores = dict(both_ways(dense, "wind"))
    for kind in ("rrf", "standardized"):
        options = {"similarity_top_k": 5}
        found = both_ways(NormAwareRetriever(index(store, hash_embedding), hybrid=kind, **options), "wind")
        assert len(found) == 5
    weighted = NormAwareRetriever(
        index(store, hash_embedding), hybrid=Fusion("standardized", 0.999999), similarity_top_k=5
    )
    assert [n for n, _ in both_ways(weighted, "wind")] == list(scores)[:5]


def test_bm25_without_sparse_vectors_or_without_a_text_is_refused(client, store, hash_embedding):
    plain = NormAwareVectorStore("docs", client=client, embed_model=hash_embedding)
    query = VectorStoreQuery([1.0] * 16, mode=MODE.HYBRID, query_str="rain")
    with pytest.raises(QueryError, match=r"no sparse vectors; index with.*sparse=Bm25"):
        plain.query(query)
    with pytest.raises(QueryError, match="no sparse vectors"):
        NormAwareRetriever(index(plain, hash_embedding), hybrid="rrf")
    with pytest.raises(QueryError, match="no text"):
        store.query(VectorStoreQuery([1.0] * 16, mode=MODE.SPARSE))
    with pytest.raises(QueryError, match="no embedding"):
        store.query(VectorStoreQuery(None, mode=MODE.HYBRID, query_str="rain"))


def test_a_probability_is_not_asked_of_a_fused_score(hash_embedding):
    from norm_aware.llamaindex.plan import require_fusible

    assert require_fusible(Bm25()) == Bm25()
    with pytest.raises(QueryError, match="min_probability was given beside hybrid"):
        require_fusible(Bm25(), 0.5)


def test_sparse_search_needs_no_embedding(store):
    query = VectorStoreQuery(None, similarity_top_k=3, mode=MODE.SPARSE, query_str="number7")
    assert store.query(query).ids == ["n7"]
    assert asyncio.run(store.aquery(query)).ids == ["n7"]
