from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from safetensors.numpy import save_file

from norm_aware.errors import CalibrationError, DimensionError, EmbeddingError
from norm_aware.numeric.transform import Transform, directions

GENERATOR = np.random.default_rng(0)
PLAIN = Transform(*GENERATOR.normal(0, 0.3, size=(2, 4)), GENERATOR.normal(size=(4, 4)))
ROWS = GENERATOR.normal(size=(7, 4)).astype(np.float32)

whole_numbers = arrays(np.float64, (5, 3), elements=st.integers(-9, 9).map(float))


def mapped(transform: Transform, row: np.ndarray, mean: np.ndarray) -> np.ndarray:
    moved = (row / np.sqrt(sum(x * x for x in row)) - mean) @ transform.matrix
    return moved / np.sqrt(sum(x * x for x in moved))


@given(whole_numbers, whole_numbers)
@settings(max_examples=50)
def test_the_identitys_cosine_is_the_plain_cosine_and_0_with_a_zero_vector(left, right):
    identity = Transform.identity(3)
    lengths = np.outer(np.linalg.norm(left, axis=1), np.linalg.norm(right, axis=1))
    expected = left @ right.T / np.where(lengths > 0, lengths, 1.0)
    np.testing.assert_allclose(identity.queries(left) @ identity.documents(right).T, expected, atol=1e-6)


def test_each_side_is_centred_by_its_own_mean_and_then_mapped():
    rows = ROWS.astype(np.float64)
    for found, mean in (
        (PLAIN.queries(ROWS), PLAIN.query_mean),
        (PLAIN.documents(ROWS), PLAIN.document_mean),
    ):
        np.testing.assert_allclose(found, [mapped(PLAIN, row, mean) for row in rows], atol=1e-6)
    assert not np.allclose(PLAIN.queries(ROWS), PLAIN.documents(ROWS), atol=0.01)


@given(st.floats(1e-6, 1e6))
@settings(max_examples=30)
def test_the_length_of_an_embedding_changes_nothing(factor):
    np.testing.assert_allclose(PLAIN.queries(ROWS * factor), PLAIN.queries(ROWS), atol=1e-5)


def test_a_zero_vector_and_one_that_is_its_sides_mean_map_to_zero():
    mean = np.array([0.6, 0.0, 0.8])
    transform = Transform(mean, np.zeros(3), np.eye(3))
    rows = [[0.0, 0.0, 0.0], [0.0, 2.0, 0.0]]
    assert transform.queries(rows)[0].tolist() == [0, 0, 0]
    exact = Transform([0.0, 1.0, 0.0], [0.0, 0.0, 0.0], np.eye(3))
    assert exact.queries(rows).tolist() == [[0, 0, 0], [0, 0, 0]]
    assert exact.documents(rows)[1].tolist() == [0, 1, 0]


def test_every_mapped_vector_has_length_1_or_0():
    singular = Transform(np.zeros(4), np.zeros(4), np.diag([1.0, 1.0, 0.0, 0.0]))
    rows = np.concatenate([ROWS, [[0, 0, 1, 1], [0, 0, 0, 0]]])
    lengths = np.linalg.norm(singular.documents(rows), axis=1)
    np.testing.assert_allclose(lengths, [1] * 7 + [0, 0], atol=1e-6)


def test_many_rows_map_in_blocks_as_they_do_one_by_one():
    rows = np.random.default_rng(1).normal(size=(20_000, 4)).astype(np.float32)
    some = np.array([0, 8191, 8192, 16_383, 16_384, 19_999])
    np.testing.assert_allclose(
        PLAIN.documents(rows)[some], [PLAIN.documents(rows[i])[0] for i in some], atol=1e-6
    )


def test_a_transform_and_a_matrix_after_it_are_one_transform():
    matrix = np.random.default_rng(2).normal(size=(4, 4))
    both = PLAIN.then(matrix)
    expected = directions(PLAIN.queries(ROWS).astype(np.float64) @ matrix)
    np.testing.assert_allclose(both.queries(ROWS), expected, atol=1e-5)
    with pytest.raises(DimensionError, match=r"shape \(3, 3\) cannot follow one of \(4, 4\)"):
        PLAIN.then(np.eye(3))


def test_a_transform_is_a_value_that_nobody_can_change():
    matrix = np.eye(2)
    transform = Transform(np.zeros(2), np.zeros(2), matrix)
    matrix[0, 0] = 7
    assert transform.is_identity
    with pytest.raises(ValueError, match="read-only"):
        transform.matrix[0, 0] = 7


def test_every_number_enters_the_fingerprint():
    assert Transform.identity(2).fingerprint == Transform.identity(2).fingerprint
    moved = [
        Transform([0.0, 1e-9], [0.0, 0.0], np.eye(2)),
        Transform([0.0, 0.0], [0.0, 1e-9], np.eye(2)),
        Transform([0.0, 0.0], [0.0, 0.0], [[1.0, 1e-9], [0.0, 1.0]]),
    ]
    assert len({t.fingerprint for t in [*moved, Transform.identity(2), Transform.identity(3)]}) == 5
    assert not any(t.is_identity for t in moved)


def test_a_saved_transform_is_read_back_to_the_bit(tmp_path):
    path = tmp_path / "transform.safetensors"
    PLAIN.save(path)
    read = Transform.load(path)
    assert read.fingerprint == PLAIN.fingerprint
    np.testing.assert_array_equal(read.queries(ROWS), PLAIN.queries(ROWS))
    np.testing.assert_array_equal(read.documents(ROWS), PLAIN.documents(ROWS))


def test_a_file_with_any_byte_changed_or_cut_off_is_refused(tmp_path):
    path = tmp_path / "transform.safetensors"
    PLAIN.save(path)
    content = path.read_bytes()
    for position in range(len(content)):
        changed = bytearray(content)
        changed[position] ^= 1
        path.write_bytes(changed)
        with pytest.raises(CalibrationError):
            Transform.load(path)
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        with pytest.raises(CalibrationError, match="cannot be read as a transform"):
            Transform.load(path)


@pytest.mark.parametrize(
    "tensors",
    [
        {"weights": np.eye(2)},
        {"query_mean": np.zeros(2), "document_mean": np.zeros(3), "matrix": np.eye(2)},
        {"query_mean": np.zeros(2), "document_mean": np.zeros(2), "matrix": np.full((2, 2), np.nan)},
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path, tensors):
    path = tmp_path / "other.safetensors"
    save_file(tensors, path)
    with pytest.raises(CalibrationError, match="cannot be read as a transform"):
        Transform.load(path)


def test_a_file_that_is_missing_or_cannot_be_written_is_named(tmp_path):
    for path in (tmp_path / "none" / "transform", tmp_path):
        with pytest.raises(CalibrationError, match="cannot be read as a transform"):
            Transform.load(path)
        with pytest.raises(CalibrationError, match="cannot be written"):
            PLAIN.save(path)


@pytest.mark.parametrize("rows", [np.ones((2, 3)), np.ones((2, 4, 4)), [[]], [1.0, 2.0]])
def test_embeddings_of_another_dimension_are_refused(rows):
    with pytest.raises(DimensionError, match="the transform was fitted on dimension 4"):
        PLAIN.queries(rows)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_an_embedding_that_is_not_finite_in_float32_is_refused(value):
    with pytest.raises(EmbeddingError, match="NaN or infinite"):
        PLAIN.documents([[value, 1.0, 1.0, 1.0]])


def test_numbers_that_make_no_transform_are_refused():
    with pytest.raises(EmbeddingError, match="document_mean holds NaN"):
        Transform([0.0], [np.nan], [[1.0]])
    for shapes in (((2,), (3,), (2, 2)), ((2,), (2,), (2, 3)), ((1, 2), (2,), (2, 2))):
        with pytest.raises(DimensionError, match="one dimension is needed"):
            Transform(*(np.zeros(shape) for shape in shapes))


def test_no_embeddings_map_to_none():
    assert PLAIN.queries(np.empty((0, 4))).shape == (0, 4)


def test_a_row_without_length_has_no_direction():
    assert directions([[0.0, 0.0], [1e-13, 0.0], [0.0, -1e-6]]).tolist() == [[0, 0], [0, 0], [0, -1]]
