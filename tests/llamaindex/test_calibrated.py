"""A calibrated collection through the LlamaIndex classes, against the calibration's own arithmetic."""

from __future__ import annotations

import asyncio
import dataclasses

import numpy as np
import pytest
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index.core.vector_stores.types import VectorStoreQuery
from llama_index.vector_stores.qdrant import QdrantVectorStore
from qdrant_client import QdrantClient, models
from tests.calibrations import make_calibration

from norm_aware import NormAwareRerank, NormAwareRetriever, NormAwareVectorStore
from norm_aware.calibration.calibration import Calibration
from norm_aware.calibration.relevance import RelevanceProbability, score_moments
from norm_aware.errors import CalibrationError, ContractError, MissingNormError, QueryError
from norm_aware.llamaindex.corpus import embed_corpus, read_corpus
from norm_aware.llamaindex.embedding import encoder_identity
from norm_aware.llamaindex.points import point_id
from norm_aware.qdrant.backfill import backfill
from norm_aware.qdrant.calls import run
from norm_aware.qdrant.collection import open_collection
from norm_aware.qdrant.options import SearchOptions
from norm_aware.qdrant.recalibrate import recalibrate
from norm_aware.qdrant.store_power import store_power

TEXTS = [f"Text number {i} on {subject}." for i, subject in enumerate(["rain", "snow", "wind"] * 20)]
IDS = [f"node-{i}" for i in range(len(TEXTS))]


@pytest.fixture(params=[0.0, 0.25], ids=["length alone", "with offsets"])
def calibration(request, hash_embedding) -> Calibration:
    own = [point_id(name) for name in IDS[:10]]
    return make_calibration(encoder_identity(hash_embedding), own=own, bias=request.param)


def nodes(embedding) -> list[TextNode]:
    return [
        TextNode(id_=name, text=text, embedding=embedding.get_text_embedding(text))
        for name, text in zip(IDS, TEXTS, strict=True)
    ]


def expected(calibration, embedding, query: str) -> dict[str, float]:
    documents = [embedding.get_text_embedding(text) for text in TEXTS]
    scores = calibration.scores(
        [embedding.get_query_embedding(query)], documents, ids=[point_id(name) for name in IDS]
    )[0]
    return dict(zip(IDS, scores.tolist(), strict=True))


def check(found, scores: dict[str, float], k: int) -> None:
    best = sorted(scores.values(), reverse=True)[:k]
    assert [node.score for node in found] == pytest.approx(best, abs=1e-5)
    assert [scores[node.node_id] for node in found] == pytest.approx(best, abs=1e-5)


@pytest.mark.parametrize("ranges", [False, True])
@pytest.mark.parametrize("stored", ["as they come", "rewritten in place"])
def test_a_calibrated_collection_is_searched_by_the_calibrated_score(
    client, hash_embedding, calibration, stored, ranges, tmp_path
):
    if stored == "rewritten in place":
        NormAwareVectorStore("docs", client=client, embed_model=hash_embedding).add(nodes(hash_embedding))
        run(client, recalibrate("docs", calibration))
        store = NormAwareVectorStore(
            "docs", client=client, embed_model=hash_embedding, calibration=calibration.save(tmp_path / "c")
        )
    else:
        store = NormAwareVectorStore(
            "docs", client=client, embed_model=hash_embedding, calibration=calibration
        )
        store.add(nodes(hash_embedding))
    index = VectorStoreIndex.from_vector_store(store, embed_model=hash_embedding)
    retriever = NormAwareRetriever(index, similarity_top_k=8, candidates=40 if ranges else None)
    scores = expected(calibration, hash_embedding, "what falls?")
    check(retriever.retrieve("what falls?"), scores, 8)
    check(asyncio.run(retriever.aretrieve("what falls?")), scores, 8)
    check(index.as_retriever(similarity_top_k=8).retrieve("what falls?"), scores, 8)


def test_documents_added_later_get_what_they_would_have_had_from_the_start(
    client, hash_embedding, calibration
):
    store = NormAwareVectorStore("docs", client=client, embed_model=hash_embedding, calibration=calibration)
    all_nodes = nodes(hash_embedding)
    store.add(all_nodes[:20])
    for node in all_nodes[20:]:
        store.add([node])
    index = VectorStoreIndex.from_vector_store(store, embed_model=hash_embedding)
    found = NormAwareRetriever(index, similarity_top_k=60).retrieve("hail")
    check(found, expected(calibration, hash_embedding, "hail"), 60)


def test_nodes_come_back_with_their_raw_embeddings_and_no_key_of_ours(client, hash_embedding, calibration):
    store = NormAwareVectorStore("docs", client=client, embed_model=hash_embedding, calibration=calibration)
    store.add(nodes(hash_embedding))
    for node in store.get_nodes():
        np.testing.assert_allclose(node.embedding, hash_embedding.get_text_embedding(node.text), rtol=1e-6)
        assert not any(key.startswith("norm_aware") for key in node.metadata)


def test_a_collection_is_neither_read_nor_written_by_another_calibration_than_its_own(
    client, hash_embedding, calibration
):
    other = make_calibration(encoder_identity(hash_embedding), seed=5)
    NormAwareVectorStore("docs", client=client, embed_model=hash_embedding, calibration=calibration).add(
        nodes(hash_embedding)
    )
    plain = NormAwareVectorStore("docs", client=client, embed_model=hash_embedding)
    index = VectorStoreIndex.from_vector_store(plain, embed_model=hash_embedding)
    with pytest.raises(ContractError, match="no calibration was given"):
        NormAwareRetriever(index).retrieve("hail")
    with pytest.raises(ContractError, match="no calibration was given"):
        plain.add(nodes(hash_embedding)[:1])
    assert len(NormAwareRetriever(index, calibration=calibration).retrieve("hail")) == 2
    with pytest.raises(ContractError, match=other.digest):
        NormAwareVectorStore("docs", client=client, embed_model=hash_embedding, calibration=other)
    raw = NormAwareVectorStore("raw", client=client, embed_model=hash_embedding)
    raw.add(nodes(hash_embedding))
    with pytest.raises(ContractError, match="norm-aware apply"):
        NormAwareRetriever(
            VectorStoreIndex.from_vector_store(raw, embed_model=hash_embedding), calibration=other
        )


def test_a_store_that_was_open_when_the_collection_was_rewritten_does_not_write_into_it(
    client, hash_embedding, calibration
):
    store = NormAwareVectorStore("docs", client=client, embed_model=hash_embedding)
    store.add(nodes(hash_embedding)[:30])
    run(client, recalibrate("docs", calibration))
    with pytest.raises(ContractError, match="no calibration was given"):
        store.add(nodes(hash_embedding)[30:])
    assert run(client, open_collection("docs"))[0].calibration == calibration.digest
    assert run(client, recalibrate("docs", None)) == 30
    assert store.add(nodes(hash_embedding)[30:])


def test_a_calibrated_collection_is_searched_by_no_other_similarity(client, hash_embedding, calibration):
    store = NormAwareVectorStore("docs", client=client, embed_model=hash_embedding, calibration=calibration)
    store.add(nodes(hash_embedding))
    query = VectorStoreQuery(query_embedding=hash_embedding.get_query_embedding("hail"), similarity_top_k=3)
    with pytest.raises(QueryError, match="ranks by that alone"):
        store.query(query, similarity="cosine")
    with pytest.raises(QueryError, match="ranks by that alone"):
        store.search(query, SearchOptions())
    found = store.search(query)
    with pytest.raises(MissingNormError, match="say nothing of another similarity"):
        NormAwareRerank(similarity="cosine").postprocess_nodes(found)


def test_an_empty_collection_is_taken_over_by_a_calibration_and_back(client, hash_embedding, calibration):
    client.create_collection(
        "docs", vectors_config=models.VectorParams(size=16, distance=models.Distance.DOT)
    )
    store = NormAwareVectorStore("docs", client=client, embed_model=hash_embedding, calibration=calibration)
    store.add(nodes(hash_embedding))
    index = VectorStoreIndex.from_vector_store(store, embed_model=hash_embedding)
    scores = expected(calibration, hash_embedding, "hail")
    check(NormAwareRetriever(index, similarity_top_k=9).retrieve("hail"), scores, 9)
    store.delete_nodes(IDS)
    raw = NormAwareVectorStore("docs", client=client, embed_model=hash_embedding)
    raw.add(nodes(hash_embedding))
    assert run(client, open_collection("docs"))[0].calibration is None


def test_backfill_leaves_a_calibrated_collection_as_it_is(client, hash_embedding, calibration):
    store = NormAwareVectorStore("docs", client=client, embed_model=hash_embedding, calibration=calibration)
    store.add(nodes(hash_embedding))
    before = run(client, open_collection("docs"))
    assert run(client, backfill("docs", payload_index=False)) == 0
    assert run(client, open_collection("docs")) == before


def test_a_rewriting_that_was_cut_off_is_not_searched(client, hash_embedding, calibration):
    NormAwareVectorStore("docs", client=client, embed_model=hash_embedding).add(nodes(hash_embedding))
    with pytest.raises(KeyboardInterrupt):
        run(client, recalibrate("docs", calibration, progress=_kill))
    with pytest.raises(ContractError, match="cut off"):
        NormAwareVectorStore("docs", client=client, embed_model=hash_embedding, calibration=calibration)


def _kill(_done: int, _total: int) -> None:
    raise KeyboardInterrupt


def test_a_calibration_for_another_encoder_is_refused(client, hash_embedding):
    other = make_calibration(("other", "9999"))
    with pytest.raises(CalibrationError, match="made for encoder 'other'"):
        NormAwareVectorStore("docs", client=client, embed_model=hash_embedding, calibration=other)


def test_a_similarity_beside_a_calibration_is_refused(client, hash_embedding, calibration):
    with pytest.raises(QueryError, match="leave one of the two out"):
        NormAwareVectorStore(
            "docs", client=client, embed_model=hash_embedding, calibration=calibration, similarity="dot"
        )
    with pytest.raises(QueryError, match="leave one of the two out"):
        NormAwareRerank(similarity="dot", calibration=calibration, embed_model=hash_embedding)


def test_a_calibration_that_is_cosine_searches_raw_vectors_by_cosine(client, hash_embedding):
    cosine = Calibration.cosine(encoder_identity(hash_embedding), dimension=16)
    store = NormAwareVectorStore("docs", client=client, embed_model=hash_embedding, calibration=cosine)
    store.add(nodes(hash_embedding))
    index = VectorStoreIndex.from_vector_store(store, embed_model=hash_embedding)
    found = NormAwareRetriever(index, similarity_top_k=5).retrieve("hail")
    plain = NormAwareRetriever(index, similarity="cosine", similarity_top_k=5).retrieve("hail")
    assert [(n.node_id, n.score) for n in found] == [(n.node_id, n.score) for n in plain]


def test_a_calibration_reranks_the_nodes_of_a_stock_cosine_index(hash_embedding, calibration):
    stock = QdrantVectorStore("stock", client=QdrantClient(":memory:"), index_doc_id=False)
    context = StorageContext.from_defaults(vector_store=stock)
    unnamed = [node.model_copy(update={"id_": point_id(node.node_id)}) for node in nodes(hash_embedding)]
    index = VectorStoreIndex(unnamed, storage_context=context, embed_model=hash_embedding)
    found = index.as_retriever(similarity_top_k=60).retrieve("what falls?")
    rerank = NormAwareRerank(calibration=calibration, embed_model=hash_embedding, top_n=10)
    kept = rerank.postprocess_nodes(found, query_str="what falls?")
    scores = {point_id(k): v for k, v in expected(calibration, hash_embedding, "what falls?").items()}
    check(kept, scores, 10)
    assert rerank.postprocess_nodes([], query_str="what falls?") == []


def test_a_calibration_needs_its_encoder_and_a_query_to_rerank_by(hash_embedding, calibration):
    with pytest.raises(QueryError, match="embed_model"):
        NormAwareRerank(calibration=calibration)
    rerank = NormAwareRerank(calibration=calibration, embed_model=hash_embedding)
    with pytest.raises(QueryError, match="The query is empty"):
        rerank.postprocess_nodes([NodeWithScore(node=TextNode(text="a"))])


def test_nodes_less_probably_relevant_than_asked_for_are_left_out(client, hash_embedding, calibration):
    stored = calibration.documents([hash_embedding.get_text_embedding(text) for text in TEXTS])
    probability = RelevanceProbability(*score_moments(*stored), np.array([0.0, 3.0]), np.array([0.0, 1.0]))
    judged = dataclasses.replace(calibration, probability=probability)
    store = NormAwareVectorStore("docs", client=client, embed_model=hash_embedding, calibration=judged)
    store.add(nodes(hash_embedding))
    index = VectorStoreIndex.from_vector_store(store, embed_model=hash_embedding)

    def found(least: float | None) -> list[str]:
        retriever = NormAwareRetriever(index, similarity_top_k=60, min_probability=least)
        sync = [node.node_id for node in retriever.retrieve("hail")]
        assert [node.node_id for node in asyncio.run(retriever.aretrieve("hail"))] == sync
        return sync

    everything = found(None)
    assert found(0.0) == everything
    some = found(0.4)
    assert 0 < len(some) < 30
    assert some == everything[: len(some)]
    with pytest.raises(QueryError, match="from 0 to 1"):
        found(1.5)
    unjudged = NormAwareVectorStore(
        "docs", client=client, embed_model=hash_embedding, calibration=calibration
    )
    with pytest.raises(QueryError, match="made from judged queries"):
        NormAwareRetriever(
            VectorStoreIndex.from_vector_store(unjudged, embed_model=hash_embedding), min_probability=0.5
        )


def test_a_corpus_read_from_a_collection_is_the_one_that_was_embedded(client, static):
    store = NormAwareVectorStore("docs", client=client, embed_model=static)
    store.add(nodes(static))
    embedded = embed_corpus(IDS, TEXTS, static)
    calibrate = recalibrate("docs", make_calibration(encoder_identity(static), dimension=256))
    for steps in (None, store_power("docs", 0), calibrate):
        if steps is not None:  # the raw vectors come back
            run(client, steps)
        found = read_corpus(client, "docs", static)
        order = [found.ids.index(name) for name in embedded.ids]
        np.testing.assert_allclose(found.embeddings[order], embedded.embeddings, rtol=1e-5, atol=1e-6)
        assert found.lengths[order].tolist() == embedded.lengths.tolist()
        assert set(found.pseudo_queries.sources) <= set(found.ids)
        assert found.encoder == encoder_identity(static)
