from __future__ import annotations

import numpy as np
import pytest

from norm_aware.calibration.corpus import PseudoQueries
from norm_aware.calibration.hubness import AntiHubness, HubBias
from norm_aware.numeric.hubness_norm import FLOOR, NEAREST
from norm_aware.numeric.transform import Transform

GENERATOR = np.random.default_rng(0)
DOCUMENTS = GENERATOR.normal(size=(30, 5)).astype(np.float32)
IDS = [f"d{i}" for i in range(30)]
SOURCES = GENERATOR.integers(30, size=80)
SPANS = (DOCUMENTS[SOURCES] + 0.5 * GENERATOR.normal(size=(80, 5))).astype(np.float32)
TRANSFORM = Transform(*GENERATOR.normal(0, 0.2, size=(2, 5)), GENERATOR.normal(size=(5, 5)))
GIVEN = AntiHubness(TRANSFORM, PseudoQueries(SPANS, tuple(IDS[i] for i in SOURCES)), 0.3)


def expected(*, own: bool) -> np.ndarray:
    cosines = TRANSFORM.documents(DOCUMENTS).astype(np.float64) @ TRANSFORM.queries(SPANS).T
    lengths = []
    for document, of_document in enumerate(cosines):
        others = of_document if own else of_document[document != SOURCES]
        lengths.append(max(FLOOR, np.sort(others)[-NEAREST:].mean()) ** -0.3)
    return np.array(lengths)


def test_a_documents_length_is_what_its_nearest_pseudo_queries_say_without_its_own():
    np.testing.assert_allclose(GIVEN.lengths(DOCUMENTS, IDS), expected(own=False), rtol=1e-5)
    assert (GIVEN.lengths(DOCUMENTS, IDS) != GIVEN.lengths(DOCUMENTS)).any()


def test_a_document_of_no_name_or_a_new_one_has_no_pseudo_queries_of_its_own():
    np.testing.assert_allclose(GIVEN.lengths(DOCUMENTS), expected(own=True), rtol=1e-5)
    new = [f"new{i}" for i in range(30)]
    np.testing.assert_array_equal(GIVEN.lengths(DOCUMENTS, new), GIVEN.lengths(DOCUMENTS))


def test_a_document_added_later_gets_the_length_it_would_have_had_from_the_start():
    whole = GIVEN.lengths(DOCUMENTS, IDS)
    parts = [GIVEN.lengths(DOCUMENTS[i : i + 7], IDS[i : i + 7]) for i in range(0, 30, 7)]
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-5)


def test_a_document_nearer_to_the_bank_is_shorter():
    towards = TRANSFORM.queries(SPANS).mean(axis=0) @ np.linalg.inv(TRANSFORM.matrix)
    pair = np.stack([TRANSFORM.document_mean + towards, TRANSFORM.document_mean - towards])
    pair = pair / np.linalg.norm(pair, axis=1, keepdims=True)
    identity = AntiHubness(Transform.identity(5), PseudoQueries(pair[:1], ("x",)), 0.3)
    near, far = identity.lengths(pair.astype(np.float32))
    assert near == pytest.approx(1)
    assert far > near


def test_a_zero_vector_gets_a_length_all_the_same():
    assert GIVEN.lengths(np.zeros((1, 5), np.float32)).tolist() == pytest.approx([FLOOR**-0.3])


def test_the_hub_bias_is_minus_the_weight_times_the_mean_cosine_to_the_nearest_queries():
    mapped = TRANSFORM.documents(DOCUMENTS)
    cosines = mapped.astype(np.float64) @ TRANSFORM.queries(SPANS[:25]).T
    nearest = np.sort(cosines, axis=1)[:, -10:].mean(axis=1)
    found = HubBias(SPANS[:25], 0.25).values(mapped, TRANSFORM)
    np.testing.assert_allclose(found, -0.25 * nearest, atol=1e-6)
