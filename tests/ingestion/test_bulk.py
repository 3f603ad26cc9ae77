"""Indexing in bulk, on each embedded engine."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llama_index.core.schema import Document, TextNode
from qdrant_client import QdrantClient

from norm_aware import EmbeddedClient, IndexOptions, NormAwareVectorStore, bulk_index
from norm_aware.errors import ContractError, DatasetError, NormalizedEmbeddingError
from norm_aware.llamaindex.points import point_id

SMALL = IndexOptions(window=16, upload_size=4)


class Counting:
    """Wraps an encoder's batches to remember what was embedded."""

    def __init__(self, embedding, monkeypatch) -> None:
        self.texts: list[str] = []
        plain = type(embedding)._get_text_embeddings

        def counted(model, texts):
            self.texts += texts
            return plain(model, texts)

        monkeypatch.setattr(type(embedding), "_get_text_embeddings", counted)


@pytest.fixture
def embedded(hash_embedding, monkeypatch) -> list[str]:
    return Counting(hash_embedding, monkeypatch).texts


@pytest.fixture
def store(client, hash_embedding) -> NormAwareVectorStore:
    return NormAwareVectorStore("docs", client=client, embed_model=hash_embedding)


def records(count: int, start: int = 0) -> list[dict]:
    return [
        {"_id": f"d{i}", "title": f"T{i}", "text": f"text {i} " * (1 + i % 7), "metadata": {"n": i}}
        for i in range(start, start + count)
    ]


def points(store) -> dict[str, tuple[list[float], dict]]:
    found, _ = store.client.scroll("docs", limit=10_000, with_vectors=True)
    return {str(point.id): (point.vector, point.payload) for point in found}


def test_documents_are_stored_raw_with_their_norms_and_metadata(store, hash_embedding):
    summary = bulk_index(records(50), store, options=SMALL)
    assert str(summary) == "50 new, 0 replaced, 0 unchanged, 0 skipped"
    found = points(store)
    assert set(found) == {point_id(f"d{i}") for i in range(50)}
    for i in range(50):
        vector, payload = found[point_id(f"d{i}")]
        expected = hash_embedding.get_text_embedding(f"T{i}\n" + f"text {i} " * (1 + i % 7))
        np.testing.assert_allclose(vector, expected, rtol=1e-6)
        assert payload["norm"] == pytest.approx(np.linalg.norm(expected))
        assert payload["n"] == i


def test_running_again_embeds_nothing_and_changes_nothing(store, embedded):
    bulk_index(records(40), store, options=SMALL)
    before, count = points(store), len(embedded)
    again = bulk_index(records(40), store, options=SMALL)
    assert (again.new, again.replaced, again.unchanged) == (0, 0, 40)
    assert len(embedded) == count == 40
    assert points(store) == before


def test_only_what_changed_is_embedded_again_and_replaced(store, embedded):
    bulk_index(records(30), store, options=SMALL)
    del embedded[:]
    changed = records(32)
    changed[3]["text"] = "another text"
    changed[4]["metadata"] = {"n": -1}
    summary = bulk_index(changed, store, options=SMALL)
    assert (summary.new, summary.replaced, summary.unchanged) == (2, 2, 28)
    assert len(embedded) == 4
    found = points(store)
    assert len(found) == 32
    assert "another text" in found[point_id("d3")][1]["_node_content"]
    assert found[point_id("d4")][1]["n"] == -1


def test_what_the_stock_path_stored_is_known_too(store, embedded, hash_embedding):
    node = TextNode(id_="a", text="stored by hand", embedding=hash_embedding.get_text_embedding("x"))
    store.add([node])
    del embedded[:]
    assert bulk_index([TextNode(id_="a", text="stored by hand")], store).unchanged == 1
    assert embedded == []


def test_what_is_unfit_is_left_out_with_its_reason(store, tmp_path):
    good = records(1)[0]
    lines = [
        json.dumps(good).encode(),
        b'{"_id": "half", ',
        b"[1]",
        b'{"_id": "latin", "text": "\xe9"}',
        b'{"_id": "half", "text": "\\ud83d"}',
        b'{"text": "no id"}',
        b'{"_id": "e", "text": "  "}',
        json.dumps({"id": "long", "text": "x" * 101}).encode(),
        json.dumps({**good, "_id": "copy"}).encode(),
        json.dumps({**good, "text": "other"}).encode(),
        b'{"_id": "m", "text": "x", "metadata": {"norm": 1}}',
        b'{"_id": "m2", "text": "x", "metadata": [1]}',
        b'{"_id": "m3", "text": "x", "metadata": {"a": NaN}}',
        b"[" * 50_000,
        b"",
    ]
    path, manifest = tmp_path / "c.jsonl", tmp_path / "m.jsonl"
    path.write_bytes(b"\n".join(lines))
    summary = bulk_index(path, store, options=IndexOptions(max_characters=100), manifest=manifest)
    assert summary.new == 1
    assert summary.skipped == {
        "malformed": 6,
        "bad encoding": 2,
        "empty": 1,
        "too long": 1,
        "duplicate": 1,
        "duplicate id": 1,
        "reserved name": 1,
    }
    assert summary.documents == len(lines) - 1
    rows = [json.loads(line) for line in manifest.read_text().splitlines()]
    assert len(rows) == sum(summary.skipped.values())
    assert rows[0]["where"] == f"{path}, line 2"
    assert [row["where"] for row in rows if row["reason"] == "empty"] == [f"{path}, line 7"]
    assert {row["id"] for row in rows if row["reason"].startswith("duplicate")} == {"copy", "d0"}


def test_no_more_than_a_window_is_ever_in_memory(store):
    """At each document read, all but a window of those read before are acknowledged."""
    most = 0

    def endless():
        nonlocal most
        for i, record in enumerate(records(200)):
            stored = store.client.count("docs").count if store.client.collection_exists("docs") else 0
            most = max(most, i + 1 - stored)
            yield record

    assert bulk_index(endless(), store, options=SMALL).new == 200
    assert most == SMALL.window


def test_documents_are_embedded_long_ones_first_within_a_window(store, embedded):
    bulk_index(records(32), store, options=SMALL)
    for window in (embedded[:16], embedded[16:]):
        assert [len(text) for text in window] == sorted((len(text) for text in window), reverse=True)


def test_progress_ends_at_all_documents(store, tmp_path):
    path = tmp_path / "c.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in [*records(40), {"_id": "e", "text": ""}]))
    said: list[tuple[str, int, int]] = []
    bulk_index(path, store, options=SMALL, progress=lambda *told: said.append(told))
    assert said[-1] == ("Embedding documents", 41, 41)
    assert [done for _, done, _ in said] == sorted(done for _, done, _ in said)
    assert all(done <= total for _, done, total in said)


def test_an_embedding_that_is_not_finite_leaves_out_its_document_alone(store, hash_embedding, monkeypatch):
    plain = type(hash_embedding)._vector
    monkeypatch.setattr(
        type(hash_embedding),
        "_vector",
        lambda model, text: [float("nan")] * 16 if "T7" in text else plain(model, text),
    )
    summary = bulk_index(records(20), store, options=SMALL)
    assert (summary.new, summary.skipped) == (19, {"not finite": 1})


def test_unit_vectors_are_refused(store, hash_embedding, monkeypatch):
    plain = type(hash_embedding)._vector
    monkeypatch.setattr(
        type(hash_embedding),
        "_vector",
        lambda model, text: (np.array(plain(model, text)) / np.linalg.norm(plain(model, text))).tolist(),
    )
    with pytest.raises(NormalizedEmbeddingError, match="length 1"):
        bulk_index(records(20), store, options=SMALL)


def test_a_collection_of_another_encoder_is_refused(store, client, static):
    bulk_index(records(5), store)
    with pytest.raises(ContractError, match="made with encoder"):
        bulk_index(records(5), NormAwareVectorStore("docs", client=client, embed_model=static))


def test_an_upload_that_fails_ends_the_run_and_keeps_what_was_acknowledged(store, monkeypatch):
    plain, calls = type(store).add, []

    def failing(self, nodes, **kwargs):
        calls.append(len(nodes))
        if len(calls) == 3:
            raise OSError("disk full")
        return plain(self, nodes, **kwargs)

    monkeypatch.setattr(type(store), "add", failing)
    with pytest.raises(OSError, match="disk full"):
        bulk_index(records(160), store, options=SMALL)
    assert len(calls) < 160 // SMALL.upload_size
    monkeypatch.undo()
    kept = len(points(store))
    assert kept >= 8
    summary = bulk_index(records(160), store, options=SMALL)
    assert (summary.unchanged, summary.new) == (kept, 160 - kept)


def test_llamaindex_documents_and_nodes_are_taken_as_they_are(store):
    given_ = [Document(text="a document", doc_id="a"), TextNode(text="a node", id_="b"), 3]
    summary = bulk_index(given_, store)
    assert (summary.new, summary.skipped) == (2, {"malformed": 1})
    assert {node.node_id for node in store.get_nodes(["a", "b"])} == {"a", "b"}


def test_a_source_without_documents_is_refused(store, tmp_path):
    (tmp_path / "empty.jsonl").write_text("\n")
    for source in (tmp_path / "empty.jsonl", [], tmp_path / "nowhere"):
        with pytest.raises(DatasetError, match="no documents in"):
            bulk_index(source, store)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ids=st.lists(st.integers(0, 12), max_size=40),
    texts=st.lists(st.sampled_from(["a", "b", "c", " "]), min_size=40, max_size=40),
    window=st.integers(1, 9),
    upload=st.integers(1, 4),
)
def test_any_order_of_windows_and_uploads_stores_the_first_document_of_each_id_and_content(
    hash_embedding, ids, texts, window, upload
):
    store = NormAwareVectorStore("docs", client=QdrantClient(":memory:"), embed_model=hash_embedding)
    given_ = [{"id": i, "text": f"{text}{i % 3}" if text.strip() else text}
              for i, text in zip(ids, texts, strict=False)]  # fmt: skip
    kept: dict[str, str] = {}
    seen: set[str] = set()
    for record in given_:
        if not record["text"].strip() or str(record["id"]) in seen:
            continue
        seen.add(str(record["id"]))
        if record["text"] not in kept.values():
            kept[str(record["id"])] = record["text"]
    options = IndexOptions(window=window, upload_size=upload)
    if not given_:
        return
    summary = bulk_index(given_, store, options=options)
    assert summary.new == len(kept)
    assert summary.documents == len(given_)
    assert {n.node_id: n.text for n in store.get_nodes([*kept, "none"])} == kept if kept else True


CHILD = """
import sys, time
from qdrant_client import QdrantClient
from norm_aware import EmbeddedClient, IndexOptions, NormAwareVectorStore, bulk_index
from tests.conftest import HashEmbedding

plain = HashEmbedding._get_text_embeddings

def slow(model, texts):
    time.sleep(0.01)
    return plain(model, texts)

HashEmbedding._get_text_embeddings = slow
client = EmbeddedClient(sys.argv[1]) if sys.argv[3] == "embedded" else QdrantClient(path=sys.argv[1])
store = NormAwareVectorStore("docs", client=client, embed_model=HashEmbedding(model_name="hash"))
print("ready", flush=True)
bulk_index(sys.argv[2], store, options=IndexOptions(window=32, upload_size=4),
           progress=lambda _, done, total: print(done, flush=True))
"""


@pytest.mark.parametrize("engine", ["disk", "embedded"])
def test_a_run_killed_at_any_moment_goes_on_with_nothing_lost_or_doubled(
    tmp_path, embedded, hash_embedding, engine
):
    corpus, chance = tmp_path / "c.jsonl", random.Random(0)
    corpus.write_text("".join(json.dumps(record) + "\n" for record in records(300)))
    storage, acknowledged = str(tmp_path / "qdrant"), 0
    for _ in range(2):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, storage, str(corpus), engine],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout.readline() == "ready\n"
        stop = acknowledged + chance.randint(20, 70)
        for line in child.stdout:
            acknowledged = int(line)
            if acknowledged >= stop:
                break
        time.sleep(chance.random() * 0.02)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
    client = EmbeddedClient(storage) if engine == "embedded" else QdrantClient(path=storage)
    with closing(client):
        resumed(client, corpus, hash_embedding, embedded, acknowledged)


def resumed(client, corpus, hash_embedding, embedded, acknowledged) -> None:
    store = NormAwareVectorStore("docs", client=client, embed_model=hash_embedding)
    kept = points(store)
    assert acknowledged <= len(kept) < 300
    summary = bulk_index(corpus, store)
    assert (summary.unchanged, summary.new) == (len(kept), 300 - len(kept))
    assert len(embedded) == 300 - len(kept)
    found = points(store)
    assert set(found) == {point_id(f"d{i}") for i in range(300)}
    for i, record in enumerate(records(300)):
        expected = hash_embedding.get_text_embedding(f"{record['title']}\n{record['text']}")
        np.testing.assert_allclose(found[point_id(f"d{i}")][0], expected, rtol=1e-6)
