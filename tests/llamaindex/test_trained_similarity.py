"""From a model's `norm_aware.json` to the ranking of a retriever."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from llama_index.core import VectorStoreIndex
from llama_index.core.schema import TextNode
from llama_index.core.vector_stores.types import VectorStoreQuery
from qdrant_client import AsyncQdrantClient
from sentence_transformers import SentenceTransformer
from tests.losses.models import WORDS, table

from norm_aware import Calibration, NormAwareRerank, NormAwareRetriever, NormAwareVectorStore, RawEmbedding
from norm_aware.benchmark.systems.calibrated_index import open_calibrated_index
from norm_aware.errors import TrainingError
from norm_aware.llamaindex.embedding import encoder_identity, trained_similarity
from norm_aware.model_record import FILE, write_record
from norm_aware.numeric.similarity import COSINE, DOT, PowerSimilarity
from norm_aware.qdrant.backfill import backfill
from norm_aware.qdrant.calls import run
from norm_aware.qdrant.collection import open_collection

HALF = PowerSimilarity(document_power=0.5)
QUERIES = ["a b", "c", "p"]


@pytest.fixture
def folder(tmp_path):
    """A model that was trained by half of the document's norm."""
    table(dimension=8).save_pretrained(str(tmp_path / "model"))
    write_record(tmp_path / "model", HALF, {})
    return tmp_path / "model"


@pytest.fixture
def trained(folder):
    return RawEmbedding(str(folder), device="cpu")


@pytest.fixture
def untold(folder):
    """The same weights, which do not say what they were trained by."""
    return RawEmbedding(str(folder), model=SentenceTransformer(str(folder), device="cpu"))


def nodes(embedding):
    texts = [f"{a} {b}" for i, a in enumerate(WORDS) for b in WORDS[i + 1 :]]  # no two have equal vectors
    vectors = embedding.get_text_embedding_batch(texts)
    return [TextNode(id_=t, text=t, embedding=v) for t, v in zip(texts, vectors, strict=True)]


def filled(client, embedding, **options):
    store = NormAwareVectorStore("docs", client=client, embed_model=embedding, **options)
    store.add(nodes(embedding))
    return store


def over(store):
    return VectorStoreIndex.from_vector_store(store, embed_model=store.embed_model)


def answers(retriever):
    return [[(n.node_id, n.score) for n in retriever.retrieve(query)] for query in QUERIES]


def recorded(client):
    return client.get_collection("docs").config.metadata["norm_aware"]


def test_a_model_loaded_by_name_says_what_it_was_trained_by(folder, trained):
    assert trained.trained_similarity == trained_similarity(trained) == HALF.name
    assert RawEmbedding.from_dict(trained.to_dict()).trained_similarity == HALF.name
    (folder / FILE).unlink()
    assert RawEmbedding(str(folder)).trained_similarity is None


def test_a_model_given_is_trained_by_what_is_said(folder, untold):
    assert untold.trained_similarity is None
    model = SentenceTransformer(str(folder), device="cpu")
    assert RawEmbedding("mine", model=model, trained_similarity=DOT).trained_similarity == "dot"
    assert RawEmbedding(str(folder), trained_similarity="cosine").trained_similarity == "cosine"


def test_a_broken_record_is_refused_by_name(folder):
    (folder / FILE).write_text("{")
    with pytest.raises(TrainingError, match=f"{FILE} cannot be read"):
        RawEmbedding(str(folder))


def test_other_embeddings_and_packaged_ones_say_nothing(hash_embedding, static):
    assert trained_similarity(hash_embedding) is trained_similarity(static) is None


def test_what_a_model_was_trained_by_ranks_unless_another_is_chosen(client, trained):
    index = over(filled(client, trained))
    by = {name: answers(NormAwareRetriever(index, similarity=name)) for name in (HALF, COSINE, DOT)}
    assert len({str(found) for found in by.values()}) == 3
    default = NormAwareRetriever(index)
    assert default.similarity == HALF
    assert answers(default) == by[HALF]
    assert NormAwareRetriever(index, similarity="cosine").similarity == COSINE


def test_a_stock_retriever_ranks_by_it_too_and_by_the_stores_choice_before_it(client, trained):
    store = filled(client, trained)
    query = VectorStoreQuery(trained.get_query_embedding("a b"), similarity_top_k=5)
    told = NormAwareVectorStore("docs", client=client, embed_model=trained, similarity="dot")
    for asked, similarity in ((store, HALF), (told, DOT)):
        expected = asked.query(query, similarity=similarity)
        assert asked.query(query).similarities == expected.similarities


def test_the_scores_by_default_are_those_of_exact_arithmetic(client, trained):
    vectors = np.array([node.embedding for node in nodes(trained)], dtype=np.float64)
    found = NormAwareRetriever(over(filled(client, trained)), similarity_top_k=7).retrieve("a b")
    query = np.array(trained.get_query_embedding("a b"))
    scores = vectors @ query / np.linalg.norm(query) * np.linalg.norm(vectors, axis=1) ** -0.5
    assert [node.score for node in found] == pytest.approx(np.sort(scores)[::-1][:7], rel=1e-5)


def test_the_contract_remembers_it_for_an_encoder_that_does_not_say(client, trained, untold):
    filled(client, trained)
    assert (recorded(client)["trained_similarity"], recorded(client)["schema_version"]) == (HALF.name, 4)
    store = NormAwareVectorStore("docs", client=client, embed_model=untold)
    assert NormAwareRetriever(over(store)).similarity == HALF


def test_the_encoders_own_word_comes_before_the_contracts(client, folder, trained):
    filled(client, trained)
    other = RawEmbedding(str(folder), trained_similarity="dot")
    store = NormAwareVectorStore("docs", client=client, embed_model=other)
    assert NormAwareRetriever(over(store)).similarity == DOT


def test_an_encoder_that_says_nothing_leaves_the_contract_as_older_readers_know_it(client, untold):
    store = filled(client, untold)
    assert "trained_similarity" not in recorded(client)
    assert recorded(client)["schema_version"] == 1
    assert NormAwareRetriever(over(store)).similarity == COSINE


def test_a_collection_emptied_or_given_its_encoder_later_remembers_it_too(client, trained, untold):
    store = filled(client, untold)
    store.delete_nodes([node.node_id for node in nodes(untold)])
    filled(client, trained)
    assert recorded(client)["trained_similarity"] == HALF.name
    client.update_collection("docs", metadata={"norm_aware": {**recorded(client), "fingerprint": None}})
    run(
        client,
        backfill("docs", payload_index=False, encoder=encoder_identity(trained), trained_similarity="dot"),
    )
    assert run(client, open_collection("docs"))[0].trained_similarity == "dot"


def test_an_async_client_alone_ranks_by_it(trained):
    async def work():
        store = NormAwareVectorStore("docs", aclient=AsyncQdrantClient(":memory:"), embed_model=trained)
        await store.async_add(nodes(trained))
        default, half = (NormAwareRetriever(over(store), similarity=s) for s in (None, HALF))
        assert await default.aretrieve("a b") == await half.aretrieve("a b")

    asyncio.run(work())


def test_a_calibration_takes_its_place_and_cosines_does_too(client, trained):
    store = filled(client, trained)
    cosine = Calibration.cosine(encoder_identity(trained), dimension=8)
    assert NormAwareRetriever(over(store), calibration=cosine).similarity == COSINE
    told = NormAwareVectorStore("docs", client=client, embed_model=trained, calibration=cosine)
    assert NormAwareRetriever(over(told)).similarity == COSINE
    index = open_calibrated_index(store, cosine, documents=136, progress=lambda *_: None)
    assert NormAwareRetriever(index).similarity == COSINE


def test_a_reranker_that_is_given_the_encoder_rescores_by_it_unless_told_otherwise(trained, hash_embedding):
    assert NormAwareRerank(embed_model=trained).similarity == HALF.name
    assert NormAwareRerank(embed_model=trained, similarity="dot").similarity == "dot"
    assert NormAwareRerank(embed_model=hash_embedding).similarity == NormAwareRerank().similarity == "cosine"
    cosine = Calibration.cosine(encoder_identity(trained), dimension=8)
    assert NormAwareRerank(embed_model=trained, calibration=cosine).similarity.startswith("calibration")
