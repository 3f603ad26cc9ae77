from __future__ import annotations

import pytest
from qdrant_client import QdrantClient, models

from norm_aware.errors import UnsupportedError
from norm_aware.qdrant.embedded import EmbeddedClient

DENSE = models.DenseVectorNameConfig(dense=models.DenseVectorConfig(size=3, distance=models.Distance.DOT))
SPARSE = models.SparseVectorNameConfig(sparse=models.SparseVectorConfig(modifier=models.Modifier.IDF))
WORDS = models.SparseVector(indices=[1, 5], values=[1.0, 2.0])


def work(client: QdrantClient) -> list[object]:
    """Everything that can be asked of a collection whose vectors change, and the answers."""
    client.create_collection("c", vectors_config=models.VectorParams(size=2, distance=models.Distance.DOT))
    client.upsert("c", [models.PointStruct(id=i, vector=[i, 1.0], payload={}) for i in (1, 2)])
    client.create_vector_name("c", "title", DENSE)
    client.create_vector_name("c", "words", SPARSE)
    vectors = {"title": [1.0, 2.0, 3.0], "words": WORDS}
    client.update_vectors("c", [models.PointVectors(id=1, vector=vectors)])
    client.upsert("c", [models.PointStruct(id=3, vector=vectors, payload={})])
    answers: list[object] = [client.scroll("c", with_vectors=True)[0]]
    scope = models.IdfCorpusParams(corpus=models.Filter(must=[models.HasIdCondition(has_id=[1])]))
    for query, using, params in (
        ([1.0, 1.0, 1.0], "title", None),
        (WORDS, "words", None),
        (WORDS, "words", models.SearchParams(idf=scope)),
    ):
        points = client.query_points("c", query=query, using=using, search_params=params).points
        answers.append(sorted((p.id, pytest.approx(p.score, rel=1e-5)) for p in points))
    info = client.get_collection("c").config.params
    answers.append((set(info.vectors), set(info.sparse_vectors)))
    client.delete_vector_name("c", "title")
    client.delete_vector_name("c", "words")
    answers.append(client.scroll("c", with_vectors=True)[0][:2])
    return answers


def test_vectors_come_and_go_as_in_local_mode(tmp_path):
    embedded = EmbeddedClient(tmp_path)
    assert work(embedded) == work(QdrantClient(":memory:"))
    embedded.close()


def test_added_vectors_outlive_the_process_and_adding_them_again_changes_nothing(tmp_path):
    first = EmbeddedClient(tmp_path)
    first.create_collection("c", vectors_config=models.VectorParams(size=2, distance=models.Distance.DOT))
    for _ in range(2):
        first.create_vector_name("c", "title", DENSE)
        first.create_vector_name("c", "words", SPARSE)
        point = models.PointStruct(id=1, vector={"title": [1.0, 2.0, 3.0], "words": WORDS}, payload={})
        first.upsert("c", [point])
    before = first.scroll("c", with_vectors=True)
    first.close()
    second = EmbeddedClient(tmp_path)
    assert second.scroll("c", with_vectors=True) == before
    assert set(second.get_collection("c").config.params.vectors) == {"", "title"}
    second.close()


def test_what_a_vector_cannot_be_here_is_refused_by_name(tmp_path):
    client = EmbeddedClient(tmp_path)
    client.create_collection("c", vectors_config=models.VectorParams(size=2, distance=models.Distance.DOT))
    half = models.DenseVectorConfig(
        size=3, distance=models.Distance.DOT, datatype=models.VectorStorageDatatype.FLOAT16
    )
    with pytest.raises(UnsupportedError, match="datatype in create_vector_name"):
        client.create_vector_name("c", "title", models.DenseVectorNameConfig(dense=half))
    client.close()
