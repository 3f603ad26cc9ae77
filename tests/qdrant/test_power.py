from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from norm_aware.errors import ContractError, EmbeddingError, QueryError
from norm_aware.geometry.norms import norms
from norm_aware.qdrant.collection import Contract
from norm_aware.qdrant.power import (
    from_power,
    power_mark,
    require_no_calibration,
    require_power,
    require_stored_power,
    to_power,
)


@given(st.integers(0, 10_000), st.floats(-2, 2), st.floats(0, 1.5))
def test_raw_embeddings_come_back_from_any_power_to_float32_accuracy(seed, power, spread):
    generator = np.random.default_rng(seed)
    raw = (generator.normal(size=(20, 8)) * generator.lognormal(0, spread, (20, 1))).astype(np.float32)
    raw[0] = 0
    stored = to_power(raw, power)
    lengths = norms(raw)
    np.testing.assert_allclose(norms(stored)[1:], lengths[1:] ** power, rtol=1e-6)
    for vector, length, expected in zip(stored, lengths.tolist(), raw, strict=True):
        back = from_power(vector.tolist(), length)
        assert np.linalg.norm(back - expected) <= 3e-7 * length
    assert not stored[0].any()


def test_a_length_that_float32_cannot_hold_is_refused_with_the_norm_and_the_power():
    raw = np.array([[1.0, 0], [1e-8, 0]], np.float32)
    with pytest.raises(EmbeddingError, match=r"norm 1e-08 .* length 1e\+64 at power -8.*nearer to 0"):
        to_power(raw, -8)
    with pytest.raises(EmbeddingError, match="norm 1e-08 .* power 8"):
        to_power(raw, 8)


def test_powers_that_are_none_or_are_not_the_collections_are_refused():
    assert require_power(0) == 0.0
    assert power_mark(require_power(-1e-9)) == "0"
    assert power_mark(require_power(-0.31831)) == "-0.3183"
    assert power_mark(require_power(1 + 1e-9)) is None
    with pytest.raises(QueryError, match="from -16 to 16"):
        require_power(17)
    contract = Contract("e", "f", 3, stored_power=0.5)
    require_stored_power(contract, None, collection="c")
    require_stored_power(contract, 0.5, collection="c")
    with pytest.raises(ContractError, match=r"at power 0.5, 0 was asked .*norm-aware store-power 0 --col"):
        require_stored_power(contract, 0.0, collection="c")
    require_no_calibration(None, object())
    require_no_calibration(0.5, None)
    with pytest.raises(QueryError, match=r"0.5.* beside a calibration"):
        require_no_calibration(0.5, object())
