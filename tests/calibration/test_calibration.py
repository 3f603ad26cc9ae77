from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from norm_aware.calibration.calibration import Calibration
from norm_aware.calibration.corpus import PseudoQueries
from norm_aware.calibration.evidence import Evidence
from norm_aware.calibration.hubness import HubBias
from norm_aware.errors import CalibrationError, DimensionError, EmbeddingError
from norm_aware.numeric.euclidean import EuclideanSimilarity
from norm_aware.numeric.radial import RadialSimilarity
from norm_aware.numeric.scaled_similarity import ScaledSimilarity
from norm_aware.numeric.similarity import COSINE, DOCUMENT_NORMALIZED, DOT, PowerSimilarity
from norm_aware.numeric.transform import Transform
from tests.calibration.kinds import (
    BANK,
    BIAS,
    DOCUMENTS,
    GIVEN,
    IDS,
    KINDS,
    LOGISTIC,
    QUERIES,
    SCALED,
    SOURCES,
    SPACE,
    SPANS,
    TRANSFORM,
    kinds,
    made,
)


def mapped(transform: Transform, rows: np.ndarray, mean: np.ndarray) -> np.ndarray:
    rows = rows.astype(np.float64)
    moved = (rows / np.linalg.norm(rows, axis=1, keepdims=True) - mean) @ transform.matrix
    return moved / np.linalg.norm(moved, axis=1, keepdims=True)


def ten_nearest(cosines: np.ndarray) -> float:
    return float(np.sort(cosines)[-10:].mean())


def by_hand(similarity, cosine: float, bias: float, query_norm: float, norm: float) -> float:
    """What ranks a query's documents as the similarity does, without what is the query's alone."""
    z = (norm - 2) / 1.5
    if isinstance(similarity, PowerSimilarity):
        return (cosine + bias) * query_norm**similarity.query_power * norm**similarity.document_power
    if isinstance(similarity, EuclideanSimilarity):
        return 2 * query_norm * norm * cosine - norm**2
    if isinstance(similarity, ScaledSimilarity):
        return 0.9 * (cosine + bias) + 0.1 * z
    if isinstance(similarity, RadialSimilarity):
        return (cosine + bias) * float(expit(0.5 * (norm - 2)))
    z = max(-3.0, min(3.0, z))
    return (8 + 1.5 * z) * (cosine + bias) - 0.7 * z


@kinds
def test_scores_are_the_formula_evaluated_pair_by_pair(calibration):
    transform = calibration.transform
    asked = mapped(transform, QUERIES, transform.query_mean)
    stored = mapped(transform, DOCUMENTS, transform.document_mean)
    bank = mapped(transform, BANK, transform.query_mean)
    in_space = mapped(SPACE, DOCUMENTS, SPACE.document_mean) @ mapped(SPACE, SPANS, SPACE.query_mean).T
    expected = np.empty((6, 25))
    for d in range(25):
        bias = -0.25 * ten_nearest(bank @ stored[d]) if calibration.hub_bias else 0.0
        length = (
            max(0.02, ten_nearest(in_space[d][d != SOURCES])) ** -0.3 if calibration.anti_hubness else 1.0
        )
        for q in range(6):
            norms = [float(np.linalg.norm(rows.astype(np.float64))) for rows in (QUERIES[q], DOCUMENTS[d])]
            expected[q, d] = length * by_hand(calibration.similarity, asked[q] @ stored[d], bias, *norms)
    found = calibration.scores(QUERIES, DOCUMENTS, ids=IDS)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "similarity",
    [
        COSINE,
        DOT,
        PowerSimilarity(0, -0.5),
        EuclideanSimilarity(),
        SCALED,
        LOGISTIC,
        KINDS["radial"].similarity,
    ],
    ids=str,
)
def test_without_further_terms_documents_rank_as_the_similarity_ranks_them(similarity):
    found = Calibration("encoder", "", Transform.identity(4), similarity).scores(QUERIES, DOCUMENTS)
    norms = [np.linalg.norm(rows, axis=1).astype(np.float64) for rows in (QUERIES, DOCUMENTS)]
    cosines = (QUERIES @ DOCUMENTS.T).astype(np.float64) / np.outer(*norms)
    expected = similarity.score(cosines, norms[0][:, None], norms[1])
    np.testing.assert_array_equal(np.argsort(found, axis=1), np.argsort(expected, axis=1))


@kinds
def test_documents_added_later_get_what_they_would_have_had_from_the_start(calibration):
    whole = calibration.documents(DOCUMENTS, ids=IDS)
    for rows in np.array_split(np.random.default_rng(1).permutation(25), 4):
        part = calibration.documents(DOCUMENTS[rows], ids=[IDS[i] for i in rows])
        np.testing.assert_allclose(part.vectors, whole.vectors[rows], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(part.offsets, whole.offsets[rows], rtol=1e-5, atol=1e-6)


def test_a_documents_own_spans_do_not_count_for_it_and_for_a_new_document_all_do():
    known, new = (np.linalg.norm(KINDS["dot"].documents(DOCUMENTS, ids=of)[0], axis=1) for of in (IDS, None))
    without = [i for i in range(25) if i not in SOURCES]
    np.testing.assert_allclose(known[without], new[without], rtol=1e-6)
    cut = np.unique(SOURCES)
    assert (known[cut] >= new[cut] * (1 - 1e-6)).all()
    assert (known[cut] > new[cut] * 1.001).any()


@kinds
def test_zero_vectors_score_like_documents_at_cosine_0_and_nothing_is_nan(calibration):
    rows = np.concatenate([np.zeros((1, 4)), DOCUMENTS])
    scores = calibration.scores(np.concatenate([np.zeros((1, 4)), QUERIES]), rows)
    assert np.isfinite(scores).all()
    offsets = calibration.documents(rows).offsets
    np.testing.assert_array_equal(scores[0], offsets)
    np.testing.assert_array_equal(scores[:, 0], offsets[0])


def test_only_plain_cosine_is_cosine():
    assert KINDS["cosine"].is_cosine
    assert not any(calibration.is_cosine for name, calibration in KINDS.items() if name != "cosine")
    plain = KINDS["cosine"]
    for part in ({"similarity": DOT}, {"anti_hubness": GIVEN}, {"hub_bias": BIAS}, {"transform": TRANSFORM}):
        assert not replace(plain, **part).is_cosine


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({}, False),
        ({"similarity": DOT}, False),
        ({"anti_hubness": GIVEN}, False),
        ({"similarity": RadialSimilarity(0.5, norm_mean=2, norm_scale=1)}, False),
        ({"similarity": EuclideanSimilarity()}, True),
        ({"similarity": SCALED}, True),
        ({"similarity": replace(SCALED, alpha=1)}, False),
        ({"similarity": LOGISTIC}, True),
        ({"similarity": replace(LOGISTIC, document_norm=0)}, False),
        ({"hub_bias": BIAS}, True),
    ],
)
def test_it_knows_whether_a_plain_dot_search_will_do(parts, expected):
    calibration = made(**parts)
    assert calibration.has_offsets is expected
    assert calibration.documents(DOCUMENTS).offsets.any() == expected


def test_everything_that_changes_a_score_changes_the_digest():
    moved = SPANS.copy()
    moved[0, 0] += 1e-3
    others = [
        *KINDS.values(),
        made(similarity=DOCUMENT_NORMALIZED),
        replace(KINDS["everything"], fingerprint="4567"),
        replace(KINDS["everything"], hub_bias=HubBias(BANK, 0.5)),
        replace(KINDS["everything"], hub_bias=HubBias(BANK[:14], 0.25)),
        replace(KINDS["everything"], anti_hubness=replace(GIVEN, gamma=0.2)),
        replace(KINDS["everything"], anti_hubness=replace(GIVEN, transform=TRANSFORM)),
        *(
            replace(KINDS["everything"], anti_hubness=replace(GIVEN, pseudo_queries=pseudo))
            for pseudo in (
                PseudoQueries(moved, GIVEN.pseudo_queries.sources),
                PseudoQueries(SPANS, GIVEN.pseudo_queries.sources[::-1]),
            )
        ),
    ]
    assert len({calibration.digest for calibration in others}) == len(others)
    noted = replace(KINDS["everything"], evidence=Evidence(choice="other words"))
    assert noted.digest == KINDS["everything"].digest


def test_another_encoder_or_dimension_is_refused_by_name():
    calibration = made()
    calibration.require_encoder(("renamed", "0123"), dimension=4)
    calibration.require_encoder(("encoder", "0123"))
    for encoder, dimension in ((("encoder", "9999"), None), (("encoder", "0123"), 5)):
        with pytest.raises(CalibrationError, match=r"made for encoder 'encoder' .0123, 4 dim.*; this is"):
            calibration.require_encoder(encoder, dimension=dimension)
    Calibration.cosine(("unnamed", ""), dimension=4).require_encoder(("any", "9999"))


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        (np.ones((2, 3)), DimensionError, "fitted on dimension 4"),
        ([[np.nan] * 4], EmbeddingError, "Row 0 of the"),
        ([[1e300] * 4], EmbeddingError, "Row 0 of the"),
        ([1.0, 2.0, 3.0, 4.0], EmbeddingError, r"have shape \(4,\)"),
    ],
)
def test_embeddings_it_was_not_made_for_are_refused(rows, error, message):
    for side in (made().queries, made().documents):
        with pytest.raises(error, match=message):
            side(rows)


def test_ids_that_are_not_one_a_document_are_refused():
    with pytest.raises(CalibrationError, match="25 documents have 3 ids"):
        KINDS["dot"].documents(DOCUMENTS, ids=IDS[:3])


def test_no_documents_and_no_queries_have_no_scores():
    empty = np.empty((0, 4))
    assert KINDS["everything"].scores(empty, empty, ids=[]).shape == (0, 0)
    assert KINDS["everything"].scores(QUERIES, empty).shape == (6, 0)


def test_it_is_called_what_was_chosen():
    assert str(made(evidence=Evidence(choice="centred"))) == "centred"
    assert str(KINDS["cosine"]) == "cosine"
    assert str(made(similarity=DOT)) == "dot"
