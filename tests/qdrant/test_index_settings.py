from __future__ import annotations

import numpy as np
import pytest
from qdrant_client import models

from norm_aware import CollectionOptions, IndexSettings, NormAwareVectorStore
from norm_aware.errors import QueryError
from norm_aware.qdrant.embedded import EmbeddedClient
from norm_aware.qdrant.index_settings import search_params


def test_a_search_is_twice_as_wide_as_what_it_wants_and_never_narrower_than_96():
    assert [search_params(limit=k).hnsw_ef for k in (1, 48, 49, 1000)] == [96, 96, 98, 2000]
    assert search_params(limit=1000, ef=16).hnsw_ef == 16


def test_exact_search_passes_over_quantised_vectors():
    exact = search_params(limit=10, exact=True)
    assert exact.exact
    assert exact.quantization.ignore


@pytest.mark.parametrize("kind", ["binary", "product"])
def test_quantisation_that_loses_the_norm_is_refused_with_the_reason(kind):
    with pytest.raises(QueryError, match=r"does not tell its length.*'scalar'"):
        IndexSettings(quantization=kind)


@pytest.mark.parametrize(("name", "value"), [("m", 1), ("ef_construct", 3)])
def test_numbers_that_no_graph_can_be_built_with_are_refused(name, value):
    with pytest.raises(QueryError, match=f"{name} is {value}"):
        IndexSettings(**{name: value})


def test_a_new_collection_is_indexed_as_the_settings_say(hash_embedding, tmp_path):
    from llama_index.core.schema import TextNode

    client = EmbeddedClient(tmp_path)
    options = CollectionOptions(index=IndexSettings(m=24, ef_construct=111, quantization="scalar"))
    store = NormAwareVectorStore(
        "docs", client=client, embed_model=hash_embedding, collection_options=options
    )
    store.add([TextNode(text="a", embedding=[1.0, 2.0])])
    config = client.get_collection("docs").config
    assert (config.hnsw_config.m, config.hnsw_config.ef_construct) == (24, 111)
    assert config.quantization_config.scalar.type == models.ScalarType.INT8
    client.close()


def clusters(sigma: float, count: int = 4000, dimension: int = 48) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(3)
    centres = generator.normal(size=(40, dimension))

    def near(rows: int) -> np.ndarray:
        found = centres[generator.integers(40, size=rows)] + 0.7 * generator.normal(size=(rows, dimension))
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    lengths = generator.lognormal(0, sigma, size=(count, 1))
    return (near(count) * lengths).astype(np.float32), near(50).astype(np.float32)


@pytest.mark.parametrize(
    "settings", [IndexSettings(), IndexSettings(quantization="scalar")], ids=["full", "int8"]
)
@pytest.mark.parametrize("sigma", [0.0, 0.5, 1.0])
def test_the_graph_alone_finds_what_exact_search_finds_however_norms_are_spread(tmp_path, sigma, settings):
    documents, queries = clusters(sigma)
    creation = settings.creation()
    creation["hnsw_config"].full_scan_threshold = 10
    client = EmbeddedClient(tmp_path)
    client.create_collection(
        "c",
        vectors_config=models.VectorParams(size=48, distance=models.Distance.DOT),
        optimizers_config=models.OptimizersConfigDiff(indexing_threshold=10),
        **creation,
    )
    client.upload_collection("c", documents, batch_size=500)
    client.optimize("c")
    assert client.get_collection("c").indexed_vectors_count == len(documents)
    for k, least in ((10, 0.99), (100, 0.95)):
        held = 0
        for query in queries:
            scores = documents @ query
            bound = np.sort(scores)[-k]
            points = client.query_points(
                "c", query=query.tolist(), limit=k, search_params=search_params(limit=k)
            ).points
            held += sum(scores[point.id] >= bound - 1e-5 * abs(bound) for point in points)
        assert held / (k * len(queries)) >= least
    client.close()
