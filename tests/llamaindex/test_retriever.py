from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from llama_index.core import VectorStoreIndex
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.schema import QueryBundle, TextNode
from llama_index.core.vector_stores.types import MetadataFilter, MetadataFilters
from llama_index.vector_stores.qdrant import QdrantVectorStore
from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.event_handlers import BaseEventHandler
from qdrant_client import QdrantClient, models

from norm_aware import (
    NormAwareRerank,
    NormAwareRetriever,
    NormAwareVectorStore,
    PowerSimilarity,
    parse_similarity,
)
from norm_aware.errors import CollectionError, ContractError, DimensionError, MissingNormError, QueryError
from norm_aware.llamaindex.events import NormRetrievalEvent
from norm_aware.llamaindex.nodes import NodeWithNorms

SIZE = 400
POWERS = [-0.5, 0.0, 0.3, 1.0, 1.5]


@pytest.fixture
def index(client, hash_embedding) -> VectorStoreIndex:
    store = NormAwareVectorStore("docs", client=client, embed_model=hash_embedding)
    store.add(
        [
            TextNode(
                id_=f"n{i}",
                text=f"t{i}",
                metadata={"i": i},
                embedding=hash_embedding.get_text_embedding(f"t{i}"),
            )
            for i in range(SIZE)
        ]
    )
    return VectorStoreIndex.from_vector_store(store, embed_model=hash_embedding)


def brute_force(embedding, query: str, document_power: float) -> list[str]:
    vectors = np.array([embedding.get_text_embedding(f"t{i}") for i in range(SIZE)])
    q, lengths = np.array(embedding.get_query_embedding(query)), np.linalg.norm(vectors, axis=1)
    scores = (vectors @ q) / np.linalg.norm(q) * lengths ** (document_power - 1)
    return [f"n{i}" for i in np.argsort(-scores, kind="stable")]


@pytest.mark.parametrize("options", [{}, {"candidates": 25}, {"exact": True}])
@pytest.mark.parametrize("document_power", POWERS)
def test_retrieval_is_brute_force_for_every_document_power(index, hash_embedding, document_power, options):
    retriever = NormAwareRetriever(
        index, similarity=PowerSimilarity(document_power=document_power), similarity_top_k=10, **options
    )
    for query in ("one", "two", "three"):
        found = [node.node_id for node in retriever.retrieve(query)]
        assert found == brute_force(hash_embedding, query, document_power)[:10]


def test_async_retrieval_finds_what_sync_retrieval_finds(index):
    retriever = NormAwareRetriever(index, similarity="document_power=0.5", similarity_top_k=7)

    async def both() -> list[list[tuple[str, float]]]:
        found = await asyncio.gather(*(retriever.aretrieve("why") for _ in range(5)))
        return [[(node.node_id, node.score) for node in nodes] for nodes in found]

    expected = [(node.node_id, node.score) for node in retriever.retrieve("why")]
    assert asyncio.run(both()) == [expected] * 5


def test_a_retrieved_node_carries_the_three_numbers_that_give_its_score(index, hash_embedding):
    for name in ("cosine", "dot", "query_normalized", "document_normalized", "document_power=-0.5"):
        retriever = NormAwareRetriever(index, similarity=name, similarity_top_k=5)
        for node in retriever.retrieve("why"):
            assert isinstance(node, NodeWithNorms)
            vector = np.array(hash_embedding.get_text_embedding(node.text))
            query = np.array(hash_embedding.get_query_embedding("why"))
            assert node.dot == pytest.approx(vector @ query, rel=1e-4, abs=1e-4)
            assert node.document_norm == pytest.approx(np.linalg.norm(vector), rel=1e-6)
            assert node.query_norm == pytest.approx(np.linalg.norm(query), rel=1e-6)
            score = retriever.similarity.from_dot(node.dot, node.query_norm, node.document_norm)
            assert node.score == pytest.approx(float(score), rel=1e-4)


@pytest.mark.parametrize(
    "name",
    [
        "euclidean",
        "radial slope=1 norm_mean=5 norm_scale=3",
        "scaled alpha=0.9 query_mean=5 query_scale=3 document_mean=5 document_scale=3",
    ],
)
def test_the_literatures_other_similarities_retrieve_and_rerank_alike(index, name):
    retriever = NormAwareRetriever(index, similarity=name, similarity_top_k=SIZE)
    assert retriever.similarity == parse_similarity(name)
    nodes = retriever.retrieve("why")
    reranked = NormAwareRerank(similarity=retriever.similarity, top_n=SIZE).postprocess_nodes(nodes)
    assert [node.score for node in reranked] == pytest.approx([node.score for node in nodes], abs=1e-4)
    back = NormAwareRerank(similarity="cosine", top_n=SIZE).postprocess_nodes(nodes)
    stock = NormAwareRetriever(index, similarity="cosine", similarity_top_k=SIZE).retrieve("why")
    assert [node.score for node in back] == pytest.approx([node.score for node in stock], abs=1e-4)


def test_a_similarity_for_rescoring_alone_is_refused_by_the_retriever_and_taken_by_the_reranker(index):
    with pytest.raises(QueryError, match="cannot compute word_rotator weight=1.0"):
        NormAwareRetriever(index, similarity="word_rotator weight=1")
    nodes = NormAwareRetriever(index, similarity_top_k=10).retrieve("why")
    reranked = NormAwareRerank(similarity="word_rotator weight=1", top_n=10).postprocess_nodes(nodes)
    assert {node.node_id for node in reranked} == {node.node_id for node in nodes}


def test_the_callers_query_bundle_is_not_written_to(index):
    bundle = QueryBundle("why")
    retriever = NormAwareRetriever(index)
    retriever.retrieve(bundle)
    asyncio.run(retriever.aretrieve(bundle))
    assert bundle.embedding is None


def test_an_embedding_in_the_bundle_is_used_and_one_of_another_dimension_refused(index, hash_embedding):
    retriever = NormAwareRetriever(index, similarity_top_k=3)
    given = QueryBundle("ignored", embedding=hash_embedding.get_query_embedding("why"))
    assert [n.node_id for n in retriever.retrieve(given)] == [n.node_id for n in retriever.retrieve("why")]
    with pytest.raises(DimensionError, match=r"dimension 3; .*QueryBundle"):
        retriever.retrieve(QueryBundle("why", embedding=[1.0, 2.0, 3.0]))


def test_filters_narrow_what_is_searched(index):
    filters = MetadataFilters(filters=[MetadataFilter(key="i", value=10, operator="<")])
    low = models.Filter(must=[models.FieldCondition(key="i", range=models.Range(lt=10))])
    for options in (
        {"filters": filters},
        {"qdrant_filters": low},
        {"node_ids": [f"n{i}" for i in range(10)]},
    ):
        for exact in (False, True):
            retriever = NormAwareRetriever(index, similarity_top_k=50, exact=exact, **options)
            assert {node.node_id for node in retriever.retrieve("why")} == {f"n{i}" for i in range(10)}


def test_a_filter_that_nothing_matches_finds_nothing(index):
    filters = MetadataFilters(filters=[MetadataFilter(key="i", value=-1)])
    assert NormAwareRetriever(index, filters=filters).retrieve("why") == []


@pytest.mark.parametrize("query", ["", "   "])
def test_an_empty_query_is_refused(index, query):
    with pytest.raises(QueryError, match="The query is empty"):
        NormAwareRetriever(index).retrieve(query)


def test_a_top_k_or_candidates_below_one_is_refused(index):
    for options in ({"similarity_top_k": 0}, {"similarity_top_k": -1}, {"candidates": 0}):
        with pytest.raises(QueryError, match="at least 1"):
            NormAwareRetriever(index, **options)
    retriever = NormAwareRetriever(index)
    retriever.similarity_top_k = 4
    assert len(retriever.retrieve("why")) == 4
    with pytest.raises(QueryError, match="at least 1"):
        retriever.similarity_top_k = 0


def test_an_index_over_another_store_is_refused(hash_embedding):
    stock = QdrantVectorStore("docs", client=QdrantClient(":memory:"))
    index = VectorStoreIndex.from_vector_store(stock, embed_model=hash_embedding)
    with pytest.raises(CollectionError, match=r"QdrantVectorStore.*NormAwareVectorStore"):
        NormAwareRetriever(index)


def test_an_encoder_other_than_the_stores_is_refused(index, encoder):
    with pytest.raises(ContractError, match=r"raw:all-MiniLM-L6-v2.*HashEmbedding:hash"):
        NormAwareRetriever(index, embed_model=encoder)


def test_fusion_recognises_a_node_that_two_of_our_retrievers_found(index):
    retrievers = [
        NormAwareRetriever(index, similarity=PowerSimilarity(document_power=power), similarity_top_k=SIZE)
        for power in (0, 1)
    ]
    fusion = QueryFusionRetriever(
        retrievers,
        mode="reciprocal_rerank",
        num_queries=1,
        similarity_top_k=2 * SIZE,
        use_async=False,
        llm=_llm(),
    )
    nodes = fusion.retrieve("why")
    assert len(nodes) == len({node.node_id for node in nodes}) == SIZE


def test_a_query_engine_takes_the_retriever_and_the_reranker(index):
    engine = RetrieverQueryEngine.from_args(
        retriever=NormAwareRetriever(index, similarity="dot", similarity_top_k=20),
        node_postprocessors=[NormAwareRerank(similarity="cosine", top_n=3)],
        llm=_llm(),
    )
    response = engine.query("why")
    assert str(response)
    assert len(response.source_nodes) == 3
    assert all(abs(node.score) <= 1 for node in response.source_nodes)
    assert len(asyncio.run(engine.aquery("why")).source_nodes) == 3


@contextmanager
def told() -> Iterator[list[NormRetrievalEvent]]:
    """The events of searches meanwhile."""
    seen: list[NormRetrievalEvent] = []

    class Handler(BaseEventHandler):
        def handle(self, event, **_: object) -> None:
            if isinstance(event, NormRetrievalEvent):
                seen.append(event)

    handler = Handler()
    dispatcher = get_dispatcher()
    dispatcher.add_event_handler(handler)
    try:
        yield seen
    finally:
        dispatcher.event_handlers.remove(handler)


def test_an_event_tells_figures_and_no_text(index):
    with told() as seen:
        NormAwareRetriever(index, similarity="dot", similarity_top_k=3).retrieve("a secret question")
    (event,) = seen
    assert (event.similarity, event.similarity_top_k, event.found, event.exact) == ("dot", 3, 3, False)
    assert (event.certified, event.rounds, event.missing_norms) == (True, 1, 0)
    assert event.seconds > 0
    # nothing but figures, and the names of what was asked
    record = event.model_dump()
    words = {key for key, value in record.items() if not isinstance(value, (int, float, bool, type(None)))}
    assert words == {"collection", "similarity", "timestamp", "id_", "span_id", "tags", "class_name"}
    assert record["tags"] == {}
    assert "secret" not in event.model_dump_json()


def test_a_refused_search_tells_how_many_norms_are_missing(index):
    client = index.vector_store.client
    client.upsert("docs", [models.PointStruct(id=i, vector=[1.0] * 16, payload={}) for i in (1, 2)])
    with told() as seen, pytest.raises(MissingNormError, match="2 points without 'norm'"):
        NormAwareRetriever(index).retrieve("why")
    (event,) = seen
    assert (event.missing_norms, event.certified, event.rounds, event.found) == (2, False, 0, 0)


def test_nodes_and_the_event_say_whether_the_answer_is_certified(index):
    for options, certified, rounds in (
        ({"candidates": 25}, True, None),
        ({"candidates": 1, "max_candidates": 1}, False, 1),
        ({"candidates": 25, "certify": False}, False, 1),
        ({"exact": True}, True, 1),
    ):
        with told() as seen:
            nodes = NormAwareRetriever(index, similarity_top_k=10, **options).retrieve("why")
        assert [node.certified for node in nodes] == [certified] * 10
        assert seen[0].certified is certified
        assert rounds in (None, seen[0].rounds)


def _llm() -> object:
    from llama_index.core.llms import MockLLM

    return MockLLM()
