from __future__ import annotations

import math
import sys
from collections import Counter

import pytest
from qdrant_client import models

from norm_aware.errors import MissingExtraError, QueryError
from norm_aware.qdrant import bm25
from norm_aware.qdrant.bm25 import Bm25
from norm_aware.qdrant.calls import run
from norm_aware.qdrant.collection import Contract, create_collection
from norm_aware.qdrant.sparse import SPARSE, sparse_config

TEXTS = [
    "the wind blows and the rain falls",
    "rain rain rain",
    "snow falls on the mountain in winter, and wind blows snow",
    "a dry desert",
]


def okapi(query: list[str], document: list[str], texts: list[list[str]], model: Bm25) -> float:
    """BM25 by its formula, on words."""
    counts, score = Counter(document), 0.0
    for word in set(query):
        present = sum(word in text for text in texts)
        idf = math.log(1 + (len(texts) - present + 0.5) / (present + 0.5))
        norm = model.k * (1 - model.b + model.b * len(document) / model.average_length)
        score += idf * counts[word] * (model.k + 1) / (counts[word] + norm)
    return score


@pytest.mark.parametrize("model", [Bm25(), Bm25(k=2.0, b=0.3, average_length=5)])
def test_qdrants_scores_of_our_vectors_are_bm25s(client, model):
    run(client, create_collection("c", Contract("e", "f", 1), payload_index=False, sparse=sparse_config()))
    points = [
        models.PointStruct(id=i, vector={"": [1.0], SPARSE: vector}, payload={"norm": 1.0})
        for i, vector in enumerate(model.documents(TEXTS))
    ]
    client.upsert("c", points)
    # words that the stemmer and the stop words leave as they are
    words = {"wind", "rain", "snow", "dry", "desert"}
    stems = {"blows": "blow", "falls": "fall", "mountain": "mountain", "winter": "winter"}
    texts = [
        [stems.get(w, w) for w in text.replace(",", "").split() if w in words or w in stems] for text in TEXTS
    ]
    asked = "rain and snow in the wind"
    found = client.query_points("c", query=model.query(asked), using=SPARSE, limit=9).points
    expected = {i: okapi(["rain", "snow", "wind"], text, texts, model) for i, text in enumerate(texts)}
    assert {p.id: p.score for p in found} == pytest.approx(
        {i: score for i, score in expected.items() if score > 0}, rel=1e-5
    )


def test_a_text_without_terms_has_no_weights():
    (vector,) = Bm25().documents(["the of and"])
    assert vector.indices == Bm25().query("").indices == []


def test_a_language_has_its_own_stop_words_and_stems():
    german, english = Bm25(language="german"), Bm25()
    assert german.query("der die das").indices == []
    assert english.query("der die das").indices != []
    assert german.query("Häuser").indices == german.query("Häusern").indices


@pytest.mark.parametrize("options", [{"language": "klingon"}, {"b": 2.0}, {"k": -1.0}, {"average_length": 0}])
def test_what_the_tokenizer_does_not_take_is_refused(options):
    with pytest.raises(QueryError, match="does not take bm25 language="):
        Bm25(**options)


def test_without_the_tokenizer_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "qdrant_edge", None)
    bm25._model.cache_clear()
    with pytest.raises(MissingExtraError, match=r"norm-aware\[embedded\]"):
        Bm25()
