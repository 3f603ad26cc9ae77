"""Every kind of system over one set of embeddings, against rankings computed by numpy."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import NodeRelationship, NodeWithScore, RelatedNodeInfo, TextNode

from norm_aware.benchmark.systems.encoder import Encoder
from norm_aware.benchmark.systems.indexes import Indexes
from norm_aware.benchmark.systems.ranker import Ranker, ranking_fingerprint
from norm_aware.benchmark.systems.system import System, parse_system
from norm_aware.errors import BenchmarkError
from norm_aware.numeric.similarity import COSINE, DOT
from tests.benchmark.test_collect import DATASET, silent

QUERY = DATASET.queries[3]


class Fixed(BaseRetriever):
    """Returns given nodes, whatever is asked."""

    def __init__(self, nodes):
        self._nodes = nodes
        super().__init__()

    def _retrieve(self, query_bundle):
        return list(self._nodes)


class Backwards(BaseNodePostprocessor):
    """Keeps the last two, the last first."""

    def _postprocess_nodes(self, nodes, query_bundle=None):
        return nodes[::-1][:2]


def parts_of_documents(material):
    related = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id="d1")}
    parts = [TextNode(id_=f"part{i}", text="part", relationships=related) for i in range(2)]
    return Fixed([NodeWithScore(node=n, score=1.0) for n in (*parts, TextNode(id_="d2", text="whole"))])


def by_default(material):
    return material.index.as_retriever(similarity_top_k=material.top_k)


def strangers(_material):
    return Fixed([NodeWithScore(node=TextNode(id_="stranger", text="x"), score=1.0)])


def nothing(_material):
    return None


backwards = Backwards()


@pytest.fixture
def indexes(static, tmp_path):
    indexes = Indexes(DATASET, Encoder.of(static), tmp_path / "index", progress=silent)
    yield indexes
    indexes.close()


def ranked(indexes, system, query=QUERY):
    identity = indexes.encoder.identity()
    fingerprint = ranking_fingerprint(system, dataset=DATASET.digest, encoder=identity)
    vector = indexes.encoder.embedding.embed_queries([query.text])[0]
    return Ranker(system, indexes, fingerprint=fingerprint).retrieve(query, vector)


def ids(found):
    return [document.id for document in found]


@pytest.fixture
def oracle(static):
    """The order of documents by a function of dot and document norm."""
    embedded = np.array(static.get_text_embedding_batch([d.content for d in DATASET.documents]))
    norms = np.linalg.norm(embedded, axis=1)

    def order(score):
        query = np.array(static.embed_queries([QUERY.text])[0])
        return [f"d{i}" for i in np.argsort(-score(embedded @ query, norms), kind="stable")]

    order.norms = norms
    return order


@pytest.mark.parametrize("exact", [True, False])
def test_stock_is_cosine_over_the_same_embeddings_and_knows_no_norm(indexes, oracle, exact):
    found = ranked(indexes, replace(parse_system("stock"), exact=exact))
    assert ids(found) == oracle(lambda dot, norm: dot / norm)
    assert all(document.norm is None for document in found)
    assert ids(found) == ids(ranked(indexes, parse_system("cosine")))


def test_a_similarity_ranks_as_numpy_does_and_knows_the_norms(indexes, oracle):
    found = ranked(indexes, parse_system("document_power=0.5"))
    assert ids(found) == oracle(lambda dot, norm: dot / norm * np.sqrt(norm))
    assert {d.id: d.norm for d in found} == {
        f"d{i}": pytest.approx(norm, rel=1e-5) for i, norm in enumerate(oracle.norms)
    }
    assert [d.text for d in found] == [
        next(document.content for document in DATASET.documents if document.id == d.id) for d in found
    ]


def test_bm25_finds_the_documents_that_share_a_word_with_the_query(indexes):
    assert ids(ranked(indexes, parse_system("bm25"))) == ["d3"]


def test_hybrid_lies_between_its_two_ends(indexes):
    dense = replace(parse_system("hybrid"), similarity=DOT, alpha=1.0)
    assert ids(ranked(indexes, dense)) == ids(ranked(indexes, parse_system("dot")))
    assert ids(ranked(indexes, replace(dense, alpha=0.5)))[0] == "d3"
    assert len(ranked(indexes, replace(dense, alpha=0.5))) == len(DATASET.documents)


def test_a_factory_named_by_its_import_path_is_given_the_index_and_retrieves(indexes):
    assert set(ids(ranked(indexes, System("mine", retriever=f"{__name__}:by_default")))) == {
        document.id for document in DATASET.documents
    }


def test_parts_of_a_document_stand_for_it_once(indexes):
    found = ranked(indexes, System("mine", retriever=f"{__name__}:parts_of_documents"))
    assert ids(found) == ["d1", "d2"]
    assert found[0].text == DATASET.documents[1].content


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("strangers", "found node 'stranger', which is no document of 'weather'"),
        ("nothing", "returned a NoneType; it must return a LlamaIndex BaseRetriever"),
    ],
)
def test_a_factory_that_gives_something_else_is_refused_by_what_it_gave(indexes, path, message):
    with pytest.raises(BenchmarkError, match=message):
        ranked(indexes, System("mine", retriever=f"{__name__}:{path}"))


def test_reranking_by_a_similarity_reorders_the_first_and_keeps_the_rest_behind(indexes):
    by_cosine = ids(ranked(indexes, parse_system("cosine")))
    by_dot = ids(ranked(indexes, parse_system("dot")))
    reranked = System("reranked", COSINE, reranker="dot", rerank_depth=4)
    found = ids(ranked(indexes, reranked))
    assert found == sorted(by_cosine[:4], key=by_dot.index) + by_cosine[4:]
    assert ids(ranked(indexes, replace(reranked, rerank_depth=100))) == by_dot


def test_what_a_reranker_drops_stays_behind_what_it_keeps(indexes):
    first, second, third, *rest = ids(ranked(indexes, parse_system("cosine")))
    reranked = System("reranked", COSINE, reranker=f"{__name__}:backwards", rerank_depth=3)
    assert ids(ranked(indexes, reranked)) == [third, second, first, *rest]


def test_a_reranker_that_is_none_is_refused(indexes):
    with pytest.raises(BenchmarkError, match="'cosin' is no reranker; give a similarity such as dot"):
        ranked(indexes, System("reranked", COSINE, reranker="cosin"))
    with pytest.raises(BenchmarkError, match="Cross-encoder 'cross-encoder/absent' cannot be loaded"):
        ranked(indexes, System("reranked", COSINE, reranker="cross-encoder/absent"))


def test_a_fingerprint_changes_with_all_that_ranks_and_with_nothing_else(tmp_path, monkeypatch):
    plain = System("a", COSINE)

    def of(system, dataset="d", encoder=("e", "1")):
        return ranking_fingerprint(system, dataset=dataset, encoder=encoder)

    same = [replace(plain, name="b"), replace(plain, llm="x", context_k=9), replace(plain, rerank_depth=9)]
    assert {of(system) for system in same} == {of(plain)}
    assert of(plain, encoder=("another name", "1")) == of(plain)
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "mine_to_hash.py"
    module.write_text("def make(m): ...\n")
    mine = System("mine", retriever="mine_to_hash:make")
    before = of(mine)
    module.write_text("def make(m): return m\n")
    others = [
        before, of(mine), of(plain), of(plain, dataset="x"), of(plain, encoder=("e", "2")),
        of(replace(plain, similarity=DOT)), of(replace(plain, exact=False)),
        of(replace(plain, reranker="dot")), of(replace(plain, reranker="dot", rerank_depth=5)),
        of(System("s", retriever="stock")), of(System("s", retriever="hybrid")),
        of(System("s", retriever="hybrid", alpha=0.1)),
    ]  # fmt: skip
    assert len(set(others)) == len(others)


def test_a_fingerprint_changes_with_the_files_of_a_cross_encoder_in_a_folder(tmp_path):
    weights = tmp_path / "sub" / "weights"
    weights.parent.mkdir()

    def of(content, changed):
        weights.write_bytes(content)
        os.utime(weights, (changed, changed))
        reranked = System("s", COSINE, reranker=str(tmp_path))
        return ranking_fingerprint(reranked, dataset="d", encoder=("e", "1"))

    first = of(b"one", 1)
    assert len({first, of(b"two", 2), of(b"three", 1)}) == 3
    assert of(b"one", 1) == first


def test_a_fingerprint_changes_with_any_source_of_a_package_that_is_named(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path / "package_to_hash"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").write_text("from package_to_hash.parts import make\n")

    def of():
        mine = System("mine", retriever="package_to_hash:make")
        return ranking_fingerprint(mine, dataset="d", encoder=("e", "1"))

    found = [of()]
    for path, content in (("parts.py", "a"), ("parts.py", "b"), ("inner/deep.py", "a"), ("inner/x.py", "a")):
        (package / path).write_text(content)
        found.append(of())
    assert len(set(found)) == len(found)
    (package / "notes.txt").write_text("no source")
    assert of() == found[-1]


def test_an_import_path_that_leads_nowhere_is_named():
    for path, message in (
        ("absent_module:make", "There is no module 'absent_module'"),
        ("absent.module:make", "'absent.module:make' cannot be found"),
    ):
        with pytest.raises(BenchmarkError, match=message):
            ranking_fingerprint(System("x", retriever=path), dataset="d", encoder=("e", "1"))


def test_nothing_is_opened_before_a_system_is_asked(tmp_path):
    def load():
        raise AssertionError("the encoder was loaded")

    indexes = Indexes(DATASET, Encoder(load, source="s"), tmp_path / "index", progress=silent)
    Ranker(parse_system("cosine"), indexes, fingerprint="f")
    indexes.close()
    assert not (tmp_path / "index").exists()


def test_an_index_that_is_complete_is_not_built_again(static, tmp_path):
    built = {"Embedding documents", "Storing as LlamaIndex does", "Indexing words"}
    for expected in (built, set()):
        told = []
        indexes = Indexes(
            DATASET, Encoder.of(static), tmp_path / "index", progress=lambda *step, to=told: to.append(step)
        )
        for name in ("cosine", "stock", "bm25"):
            assert ranked(indexes, parse_system(name))
        indexes.close()
        assert {stage for stage, _, _ in told} == expected
