"""An encoder is loaded when something must be embedded, and held to what it was said to be."""

from __future__ import annotations

import pytest

from norm_aware.benchmark.systems.encoder import Encoder
from norm_aware.errors import BenchmarkError
from norm_aware.llamaindex.embedding import encoder_identity


def never():
    raise AssertionError("the encoder was loaded")


def test_an_identity_that_is_known_needs_no_loading():
    encoder = Encoder(never, source="s")
    assert encoder.identity(("name", "fingerprint")) == ("name", "fingerprint")
    assert encoder.identity() == ("name", "fingerprint")


def test_an_identity_that_is_not_known_is_the_loaded_encoders(static):
    loads = []
    encoder = Encoder(lambda: loads.append(1) or static)
    assert encoder.identity() == encoder_identity(static)
    assert encoder.embedding is static
    assert len(loads) == 1
    assert Encoder.of(encoder) is encoder
    assert Encoder.of(static).embedding is static


def test_an_encoder_that_turns_out_to_be_another_is_refused(static):
    encoder = Encoder(lambda: static)
    encoder.identity(("name", "fingerprint"))
    with pytest.raises(BenchmarkError, match="this run was made with 'name' of fingerprint"):
        encoder.embedding  # noqa: B018
