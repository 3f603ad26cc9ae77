import numpy as np
import pytest

from norm_aware.geometry import self_dominance as module
from norm_aware.geometry.self_dominance import dominated_share

GENERATOR = np.random.default_rng(0)
DOCUMENTS = GENERATOR.normal(size=(300, 5)) * GENERATOR.lognormal(0, 0.7, size=(300, 1))


@pytest.mark.parametrize("block", [1 << 23, 1000])
def test_the_share_is_that_of_documents_beaten_in_their_own_row(block, monkeypatch):
    monkeypatch.setattr(module, "_BLOCK", block)
    products = DOCUMENTS @ DOCUMENTS.T
    expected = np.mean(products.argmax(axis=1) != np.arange(300))
    assert 0 < expected < 1
    assert dominated_share(DOCUMENTS) == pytest.approx(expected)


def test_unit_vectors_and_repeats_are_never_dominated():
    unit = DOCUMENTS / np.linalg.norm(DOCUMENTS, axis=1, keepdims=True)
    assert dominated_share(np.concatenate([unit, unit, np.zeros((2, 5))])) == 0


@pytest.mark.parametrize("scale", [1e-15, 1e15])
def test_the_share_does_not_depend_on_the_scale(scale):
    assert dominated_share(DOCUMENTS * scale) == pytest.approx(
        dominated_share(DOCUMENTS) if scale > 1e-12 else 0, abs=0.01
    )


def test_a_sample_stands_for_all(monkeypatch):
    full = dominated_share(DOCUMENTS)
    monkeypatch.setattr(module, "SAMPLE", 150)
    assert dominated_share(DOCUMENTS) == pytest.approx(full, abs=0.1)
    assert dominated_share(DOCUMENTS, seed=5) == dominated_share(DOCUMENTS, seed=5)
