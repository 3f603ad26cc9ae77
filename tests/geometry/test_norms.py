from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from norm_aware.errors import DimensionError, EmbeddingError, NormalizedEmbeddingError
from norm_aware.geometry.norms import (
    is_normalized,
    norm_edges,
    norms,
    require_embeddings,
    require_matrix,
    require_one_dimension,
    require_unnormalized,
    unit_vectors,
)


@given(st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=8))
def test_a_norm_is_the_root_of_the_sum_of_squares_of_the_float32_values(vector):
    assert norms(vector) == pytest.approx(math.sqrt(math.fsum(x * x for x in vector)), rel=1e-12)


def test_a_norm_is_that_of_the_float32_vector_and_not_of_what_it_was_before():
    assert norms([0.1]) == float(np.float32(0.1))


@given(st.lists(st.floats(0, 100), min_size=1, max_size=200), st.integers(1, 10))
def test_norm_ranges_cover_every_norm_exactly_once(lengths, ranges):
    edges = norm_edges(lengths, ranges=ranges)
    assert len(edges) < max(ranges, 1)
    assert list(edges) == sorted(set(edges))
    bounds = [-math.inf, *edges, math.inf]
    for length in lengths:
        assert sum(low <= length < high for low, high in pairwise(bounds)) == 1


def test_norm_ranges_hold_about_equally_many_documents():
    lengths = np.random.default_rng(0).lognormal(size=4000)
    counts = np.histogram(lengths, [0, *norm_edges(lengths, ranges=8), np.inf])[0]
    assert counts.min() > 480
    assert counts.max() < 520


def test_no_norms_have_no_edges_and_equal_norms_need_none():
    assert norm_edges([], ranges=8) == ()
    assert norm_edges([2.0, 2.0, 2.0], ranges=8) == ()


def test_unit_vectors_are_refused_with_the_reason_and_the_way_out():
    with pytest.raises(
        NormalizedEmbeddingError, match=r"All 2 .* The flag did it\. .* allow_normalized=True"
    ):
        require_unnormalized([[1, 0], [0.6, 0.8]], reason="The flag did it.")


def test_one_vector_of_another_length_is_enough_to_be_raw():
    assert not is_normalized([[1, 0], [0, 1.01]])
    require_unnormalized([[1, 0], [0, 1.01]], reason="")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e39])
def test_a_vector_that_is_not_finite_in_float32_is_refused_by_its_documents_name(bad):
    with pytest.raises(EmbeddingError, match="second has an embedding with NaN or infinite"):
        require_embeddings([[1.0, 2.0], [1.0, bad]], names=["first", "second"])


def test_a_vector_of_another_dimension_is_refused_by_its_documents_name():
    with pytest.raises(DimensionError, match="second has an embedding of dimension 3 where 2 is needed"):
        require_embeddings([[1.0, 2.0], [1.0, 2.0, 3.0]], names=["first", "second"])
    with pytest.raises(DimensionError, match="first has an embedding of dimension 0"):
        require_embeddings([[]], names=["first"])


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e39, -1e30])
def test_a_matrix_counts_the_rows_that_no_inner_product_can_be_taken_of(bad):
    with pytest.raises(EmbeddingError, match=r"2 of 3 queries have an embedding with NaN, infinite or huge"):
        require_matrix([[1.0, bad], [bad, bad], [1.0, 2.0]], of="queries")


@pytest.mark.parametrize("rows", [[], [[]], [1.0, 2.0], [[1.0], [1.0, 2.0]], [["a"]], [[[1.0]]]])
def test_what_is_no_matrix_of_numbers_is_refused_with_what_the_rows_were_to_be(rows):
    with pytest.raises(EmbeddingError, match=r"documents"):
        require_matrix(rows, of="documents")


def test_too_few_rows_are_refused():
    with pytest.raises(EmbeddingError, match=r"shape \(1, 2\); at least 2 rows"):
        require_matrix([[1.0, 2.0]], of="documents", least=2)


def test_a_float32_matrix_is_not_copied():
    matrix = np.ones((3, 2), dtype=np.float32)
    assert require_matrix(matrix, of="documents") is matrix


def test_queries_and_documents_of_two_dimensions_are_refused():
    with pytest.raises(DimensionError, match="queries have dimension 2, the documents 3"):
        require_one_dimension(np.ones((1, 2), dtype=np.float32), np.ones((1, 3), dtype=np.float32))


@given(st.lists(st.lists(st.floats(-10, 10, width=32), min_size=3, max_size=3), min_size=1, max_size=5))
def test_unit_vectors_have_length_one_and_zero_stays_zero(rows):
    for row, unit in zip(np.array(rows), unit_vectors(rows), strict=True):
        length = np.linalg.norm(row)
        expected = row / length if length > 1e-12 else np.zeros(3)
        np.testing.assert_allclose(unit, expected, atol=1e-6)


def test_unit_vectors_of_many_rows_are_those_of_each():
    rows = np.random.default_rng(0).normal(size=(20_000, 3)).astype(np.float32)
    np.testing.assert_array_equal(
        unit_vectors(rows)[[0, 9000, 19_999]], unit_vectors(rows[[0, 9000, 19_999]])
    )
