"""What is embedded and uploaded, by how many threads, and how far the one may run ahead of the other."""

from __future__ import annotations

import threading
import time

import pytest
from llama_index.core.schema import TextNode
from qdrant_client import AsyncQdrantClient, QdrantClient

from norm_aware import IndexOptions, NormAwareVectorStore
from norm_aware.errors import QueryError
from norm_aware.ingestion.indexer import Indexer
from tests.qdrant.misbehaving_server import MisbehavingServer

NODES = [TextNode(id_=f"d{i}", text=f"text {i}") for i in range(64)]


@pytest.fixture
def watched(monkeypatch):
    """How many uploads were embedded and not yet done, at most, and by which threads they were sent."""
    waiting, most, threads, lock = 0, 0, set(), threading.Lock()
    embed, add = Indexer._embed, NormAwareVectorStore.add

    def embedded(indexer, nodes, outcome):
        nonlocal waiting, most
        found = embed(indexer, nodes, outcome)
        with lock:
            waiting += 1
            most = max(most, waiting)
        return found

    def added(store, nodes, **kwargs):
        nonlocal waiting
        time.sleep(0.02)  # slower than embedding
        done = add(store, nodes, **kwargs)
        with lock:
            threads.add(threading.current_thread().name)
            waiting -= 1
        return done

    monkeypatch.setattr(Indexer, "_embed", embedded)
    monkeypatch.setattr(NormAwareVectorStore, "add", added)
    return lambda: (most, threads)


def test_a_server_is_sent_to_by_several_threads_and_embedding_waits_for_a_slow_one(hash_embedding, watched):
    with MisbehavingServer() as server:
        client = QdrantClient(url=server.url, check_compatibility=False)
        store = NormAwareVectorStore("docs", client=client, embed_model=hash_embedding)
        with Indexer(store, IndexOptions(upload_size=2, uploaders=3)) as indexer:
            outcome = indexer.index(NODES)
        assert sorted(outcome.new) == sorted(node.node_id for node in NODES)
        assert server.engine.count("docs").count == len(NODES)
        client.close()
    most, threads = watched()
    assert len(threads) == 3
    assert most == 2 * 3 + 1  # those underway or waiting, and the one just embedded


def test_embedded_storage_is_written_by_one_thread(client, hash_embedding, watched):
    store = NormAwareVectorStore("docs", client=client, embed_model=hash_embedding)
    with Indexer(store, IndexOptions(upload_size=8, uploaders=3)) as indexer:
        assert len(indexer.index(NODES)) == len(NODES)
    assert len(watched()[1]) == 1


def test_no_thread_is_left_behind(client, hash_embedding):
    store = NormAwareVectorStore("docs", client=client, embed_model=hash_embedding)
    with Indexer(store, IndexOptions()) as indexer:
        indexer.index(NODES)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("norm-aware-upload")]


def test_a_store_without_a_sync_client_is_refused(hash_embedding):
    aclient = AsyncQdrantClient(":memory:")
    store = NormAwareVectorStore("docs", aclient=aclient, embed_model=hash_embedding)
    with pytest.raises(QueryError, match="only an async client"):
        Indexer(store, IndexOptions())
