import numpy as np
import pytest

from norm_aware.benchmark.datasets.dataset import Dataset, Document, Query
from norm_aware.benchmark.norms import norm_distribution

DOCUMENTS = tuple(Document(f"d{i}", "", "x" * (i + 1)) for i in range(40))
NORMS = {document.id: 1.0 + i / 10 for i, document in enumerate(DOCUMENTS)}
RELEVANT = {"q": ["d0", "d1", "d2"]}


@pytest.fixture
def dataset():
    return Dataset("made", DOCUMENTS, (Query("q", "which", ()),), {"q": dict.fromkeys(RELEVANT["q"], 1)})


def test_every_known_norm_is_counted_once_on_its_side(dataset):
    found = norm_distribution(dataset, RELEVANT, NORMS)
    assert (sum(found["relevant"]), sum(found["other"])) == (3, 37)
    assert found["mean_relevant"] == pytest.approx(np.mean([1.0, 1.1, 1.2]))
    assert found["length_correlation"] == pytest.approx(1.0)


def test_documents_of_unknown_norm_are_left_out(dataset):
    some = {**NORMS, "d0": None}
    del some["d39"]
    found = norm_distribution(dataset, RELEVANT, some)
    assert (sum(found["relevant"]), sum(found["other"])) == (2, 36)


def test_where_no_norm_is_known_there_is_no_distribution(dataset):
    assert norm_distribution(dataset, RELEVANT, {}) is None
    assert norm_distribution(dataset, RELEVANT, dict.fromkeys(NORMS)) is None


def test_norms_that_are_all_the_same_have_neither_effect_nor_correlation(dataset):
    found = norm_distribution(dataset, RELEVANT, dict.fromkeys(NORMS, 2.0))
    assert (found["cv"], found["length_correlation"]) == (0.0, None)
