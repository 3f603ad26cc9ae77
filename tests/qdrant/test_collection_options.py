from __future__ import annotations

import pytest
from qdrant_client import models

from norm_aware import CollectionOptions
from norm_aware.errors import QueryError
from norm_aware.qdrant.collection import Contract, create_collection


def test_options_reach_qdrant_and_those_not_given_do_not():
    options = CollectionOptions(shard_number=6, replication_factor=2, write_consistency_factor=2)
    wanted = next(create_collection("docs", Contract("e", "f", 3), payload_index=True, options=options))
    assert wanted.method == "create_collection"
    assert wanted.arguments["vectors_config"].distance == models.Distance.DOT
    given = {name: wanted.arguments[name] for name in options.arguments() if name != "hnsw_config"}
    assert given == {"shard_number": 6, "replication_factor": 2, "write_consistency_factor": 2}
    assert (wanted.arguments["hnsw_config"].m, wanted.arguments["hnsw_config"].ef_construct) == (64, 300)
    plain = next(create_collection("docs", Contract("e", "f", 3), payload_index=True))
    assert not {"shard_number", "replication_factor"} & set(plain.arguments)


def test_a_store_creates_its_collection_by_its_options_and_hands_them_on(hash_embedding, monkeypatch, client):
    from llama_index.core.schema import TextNode

    from norm_aware import NormAwareVectorStore

    asked = []
    plain = client.create_collection
    monkeypatch.setattr(client, "create_collection", lambda **given: asked.append(given) or plain(**given))
    options = CollectionOptions(shard_number=1)
    store = NormAwareVectorStore(
        "docs", client=client, embed_model=hash_embedding, collection_options=options
    )
    store.add([TextNode(text="a", embedding=[1.0, 2.0])])
    assert asked[0]["shard_number"] == 1


@pytest.mark.parametrize("name", ["shard_number", "replication_factor", "write_consistency_factor"])
def test_a_number_below_one_is_refused(name):
    with pytest.raises(QueryError, match=f"{name} is 0"):
        CollectionOptions(**{name: 0})


def test_a_write_that_could_never_be_acknowledged_is_refused():
    with pytest.raises(QueryError, match="keeps 1 copy"):
        CollectionOptions(write_consistency_factor=2)
    with pytest.raises(QueryError, match="keeps 2 copies"):
        CollectionOptions(replication_factor=2, write_consistency_factor=3)
