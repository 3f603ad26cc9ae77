from __future__ import annotations

import asyncio
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from llama_index.core.instrumentation.events.rerank import ReRankEndEvent, ReRankStartEvent
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.event_handlers import BaseEventHandler

from norm_aware import DOT, NodeWithNorms, NormAwareRerank, PowerSimilarity, Similarity
from norm_aware.errors import MissingNormError, QueryError

numbers = st.lists(st.tuples(st.floats(-50, 50), st.floats(0.01, 20)), min_size=1, max_size=30)


def node(name: str, dot: float, document_norm: float, query_norm: float = 2.0) -> NodeWithNorms:
    return NodeWithNorms(
        node=TextNode(id_=name, text=name),
        score=0.0,
        dot=dot,
        query_norm=query_norm,
        document_norm=document_norm,
    )


@given(numbers, st.floats(-1, 2), st.integers(1, 10))
def test_reranking_sorts_by_the_similarity_and_keeps_the_best(pairs, document_power, top_n):
    nodes = [node(f"{i:02}", dot, length) for i, (dot, length) in enumerate(pairs)]
    similarity = PowerSimilarity(document_power=document_power)
    kept = NormAwareRerank(similarity=similarity, top_n=top_n).postprocess_nodes(nodes)
    expected = sorted((dot / 2 * length ** (document_power - 1) for dot, length in pairs), reverse=True)
    assert [n.score for n in kept] == pytest.approx(expected[:top_n])


def test_zero_and_negative_scores_rank_where_they_belong():
    nodes = [node("negative", -3, 1), node("zero", 0, 1), node("positive", 3, 1)]
    kept = NormAwareRerank(similarity=DOT, top_n=3).postprocess_nodes(nodes)
    assert [(n.node_id, n.score) for n in kept] == [("positive", 3.0), ("zero", 0.0), ("negative", -3.0)]


def test_ties_keep_the_order_of_node_ids_however_the_nodes_come():
    nodes = [node(name, 1, 1) for name in "dacb"]
    for seed in range(5):
        random.Random(seed).shuffle(nodes)
        kept = NormAwareRerank(similarity="cosine", top_n=3).postprocess_nodes(nodes)
        assert [n.node_id for n in kept] == ["a", "b", "c"]


def test_the_nodes_given_are_not_changed_and_no_metadata_is_added():
    given_node = node("a", 6, 3)
    (kept,) = NormAwareRerank(similarity="dot", top_n=1).postprocess_nodes([given_node])
    assert (given_node.score, kept.score) == (0.0, 6.0)
    assert kept.node is given_node.node
    assert kept.metadata == {}


def test_a_reranker_survives_its_own_serialisation():
    reranker = NormAwareRerank(similarity=PowerSimilarity(document_power=0.25), top_n=7)
    again = NormAwareRerank.from_dict(reranker.to_dict())
    assert (again.similarity, again.top_n) == ("document_power=0.25", 7)
    assert again.to_dict() == reranker.to_dict()
    assert NormAwareRerank.from_json(reranker.to_json()).to_dict() == reranker.to_dict()


def test_nodes_without_norms_are_refused_with_what_to_do():
    plain = NodeWithScore(node=TextNode(id_="bm25", text="x"), score=3.0)
    with pytest.raises(MissingNormError, match=r"Node bm25 is a NodeWithScore.*NormAwareRetriever"):
        NormAwareRerank(top_n=1).postprocess_nodes([plain])


@pytest.mark.parametrize("top_n", [0, -1])
def test_a_top_n_below_one_is_refused(top_n):
    with pytest.raises(QueryError, match="top_n is"):
        NormAwareRerank(top_n=top_n)


def test_an_unknown_similarity_is_refused():
    with pytest.raises(QueryError, match="No similarity is named"):
        NormAwareRerank(similarity="cosin")


def test_no_nodes_rerank_to_none():
    assert NormAwareRerank().postprocess_nodes([]) == []


def test_rerank_events_are_emitted_sync_and_async():
    seen: list[object] = []

    class Handler(BaseEventHandler):
        def handle(self, event, **_: object) -> None:
            seen.append(event)

    handler, dispatcher = Handler(), get_dispatcher()
    dispatcher.add_event_handler(handler)
    try:
        reranker = NormAwareRerank(similarity="dot", top_n=1)
        reranker.postprocess_nodes([node("a", 1, 1), node("b", 2, 1)], query_str="why")
        asyncio.run(reranker.apostprocess_nodes([node("a", 1, 1)], query_str="why"))
    finally:
        dispatcher.event_handlers.remove(handler)
    starts = [event for event in seen if isinstance(event, ReRankStartEvent)]
    ends = [event for event in seen if isinstance(event, ReRankEndEvent)]
    assert [(event.top_n, event.model_name, len(event.nodes)) for event in starts] == [
        (1, "norm-aware:dot", 2),
        (1, "norm-aware:dot", 1),
    ]
    assert [[n.node_id for n in event.nodes] for event in ends] == [["b"], ["a"]]


def test_any_similarity_reranks_also_one_of_the_users_own():
    class Shortest(Similarity):
        name = "shortest"

        def score(self, cosine, query_norm, document_norm):
            return -np.asarray(document_norm, dtype=np.float64)

    kept = NormAwareRerank(similarity=Shortest(), top_n=1).postprocess_nodes(
        [node("a", 9, 3), node("b", 1, 2)]
    )
    assert [n.node_id for n in kept] == ["b"]
    assert NormAwareRerank(similarity=PowerSimilarity(document_power=np.float64(0.5))).similarity == (
        "document_power=0.5"
    )
