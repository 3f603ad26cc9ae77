"""Stores whose vectors lie at a power of their norm."""

from __future__ import annotations

import numpy as np
import pytest
from llama_index.core.vector_stores.types import (
    VectorStoreQuery,
)
from tests.calibrations import make_calibration
from tests.llamaindex.stored import nodes, store

from norm_aware import NormAwareRerank, NormAwareVectorStore
from norm_aware.errors import (
    ContractError,
    QueryError,
)
from norm_aware.geometry.norms import norms
from norm_aware.llamaindex.embedding import encoder_identity
from norm_aware.qdrant.calls import run
from norm_aware.qdrant.options import SearchOptions
from norm_aware.qdrant.store_power import store_power


@pytest.mark.parametrize("power", [0.0, 0.5, -0.5])
def test_a_store_at_another_power_finds_what_a_raw_one_does_and_gives_the_raw_embeddings_back(
    client, hash_embedding, power
):
    NormAwareVectorStore("raw", client=client, embed_model=hash_embedding).add(nodes(hash_embedding))
    powered = store(client, hash_embedding, stored_power=power)
    powered.add(nodes(hash_embedding)[:12])
    store(client, hash_embedding).add(nodes(hash_embedding)[12:])  # which takes the collection's
    raw = NormAwareVectorStore("raw", client=client, embed_model=hash_embedding)
    query = VectorStoreQuery(hash_embedding.get_query_embedding("rain"), similarity_top_k=7)
    for similarity in ("cosine", "dot", f"document_power={power}", "document_power=-1", "euclidean"):
        options = SearchOptions(similarity)
        expected, found = raw.search(query, options), powered.search(query, options)
        assert [node.node_id for node in found] == [node.node_id for node in expected]
        for node, other in zip(found, expected, strict=True):
            assert node.score == pytest.approx(other.score, rel=1e-4, abs=1e-5)
            assert node.dot == pytest.approx(other.dot, rel=1e-3, abs=1e-3)
            assert node.document_norm == pytest.approx(other.document_norm, rel=1e-6)
        back = NormAwareRerank(similarity="dot", top_n=7).postprocess_nodes(found)
        again = NormAwareRerank(similarity="dot", top_n=7).postprocess_nodes(expected)
        assert [node.node_id for node in back] == [node.node_id for node in again]
    for node in powered.get_nodes(limit=100):
        expected_embedding = np.array(hash_embedding.get_text_embedding(node.text))
        error = np.linalg.norm(np.array(node.embedding) - expected_embedding)
        assert error <= 1e-6 * np.linalg.norm(expected_embedding)
        assert not any(key.startswith("norm_aware") for key in node.metadata)


def test_another_power_than_the_collections_is_refused(client, hash_embedding):
    store(client, hash_embedding, stored_power=0).add(nodes(hash_embedding))
    with pytest.raises(ContractError, match=r"at power 0, 0.5 was asked .*store-power 0.5 --collection docs"):
        store(client, hash_embedding, stored_power=0.5)
    assert store(client, hash_embedding, stored_power=0.0).add(nodes(hash_embedding)[:1])
    with pytest.raises(QueryError, match="from -16 to 16"):
        store(client, hash_embedding, stored_power=99)


def test_an_empty_collection_takes_the_power_asked_for(client, hash_embedding):
    first = store(client, hash_embedding, stored_power=0.5)
    first.add(nodes(hash_embedding)[:1])
    first.delete_nodes(["node-0"])
    second = store(client, hash_embedding, stored_power=0.0)
    second.add(nodes(hash_embedding))
    lengths = norms([record.vector for record in client.scroll("docs", limit=100, with_vectors=True)[0]])
    np.testing.assert_allclose(lengths, 1, rtol=1e-6)


def test_a_power_beside_a_calibration_is_refused_and_a_store_under_rewriting_neither_reads_nor_writes(
    client, hash_embedding
):
    calibration = make_calibration(encoder_identity(hash_embedding))
    with pytest.raises(QueryError, match="beside a calibration"):
        store(client, hash_embedding, calibration=calibration, stored_power=0)
    opened = store(client, hash_embedding)
    opened.add(nodes(hash_embedding))

    def kill(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(client, store_power("docs", 0, progress=kill))
    query = VectorStoreQuery(hash_embedding.get_query_embedding("rain"), similarity_top_k=2)
    with pytest.raises(ContractError, match="store-power 0"):
        opened.add(nodes(hash_embedding)[:1])
    with pytest.raises(ContractError, match="store-power 0"):
        store(client, hash_embedding).search(query)
    run(client, store_power("docs", 0))
    assert len(store(client, hash_embedding).search(query)) == 2
